//! The files of a corpus.

use std::fs;
use std::path::{Path, PathBuf};

/// The inputs in a directory, in the same order on every machine.
pub(crate) fn inputs(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Writes an input if `WANTWRITE_RENEW` is set.
pub(crate) fn renew(path: &Path, input: &[u8]) {
    if std::env::var_os("WANTWRITE_RENEW").is_some() {
        fs::write(path, input).unwrap();
    }
}
