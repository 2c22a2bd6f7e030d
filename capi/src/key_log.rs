//! The secrets of connections in a file, for tools that decrypt recorded traffic.

use core::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use wantwrite::rustls::KeyLog;

use crate::error::{Failure, ww_status};

/// A file in the SSLKEYLOGFILE format (RFC 9850), to which connections append lines.
pub(crate) struct KeyLogFile(Mutex<File>);

impl KeyLogFile {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        match OpenOptions::new().append(true).create(true).open(path) {
            Ok(file) => Ok(Self(Mutex::new(file))),
            Err(error) => {
                let text = format!("the key log: {}: {error}", path.display());
                Err(Failure::of_caller(ww_status::WW_ERROR_FILE, text))
            }
        }
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = format!("{label} {} {}\n", Hex(client_random), Hex(secret));
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A failure to log must not fail the connection.
        let _unlogged = file.write_all(line.as_bytes());
    }
}

impl fmt::Debug for KeyLogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLogFile").finish_non_exhaustive()
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
