//! rustls 0.23 sealing into the void, through both of its APIs.

use core::hint::black_box;
use std::io::{self, Write};

use rustls::ClientConnection;
use rustls::client::UnbufferedClientConnection;
use rustls::unbuffered::{ConnectionState, UnbufferedStatus};

use super::Error;

/// Uses its own buffers, and a transport that accepts every record.
pub fn seal_buffered(tls: &mut ClientConnection, plaintext: &[u8]) -> Result<(), Error> {
    tls.writer().write_all(black_box(plaintext))?;
    drain(tls)
}

pub fn drain(tls: &mut ClientConnection) -> Result<(), Error> {
    while tls.wants_write() {
        tls.write_tls(&mut io::sink())?;
    }
    Ok(())
}

/// Seals into the caller's memory, which must be long enough.
pub fn seal_unbuffered(
    tls: &mut UnbufferedClientConnection,
    plaintext: &[u8],
    wire: &mut [u8],
) -> Result<(), Error> {
    let UnbufferedStatus { state, .. } = tls.process_tls_records(&mut []);
    let ConnectionState::WriteTraffic(mut traffic) = state? else {
        return Err("rustls cannot write".into());
    };
    let len = traffic.encrypt(black_box(plaintext), wire)?;
    black_box(&wire[..len]);
    Ok(())
}
