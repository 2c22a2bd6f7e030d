//! The peer: stock rustls over a blocking socket.

use std::io::{ErrorKind, Read, Write};
use std::thread;
use std::time::Duration;

use ring::digest::{Context, Digest, SHA256};

use crate::Error;
use crate::random::Rng;

/// What the peer has received.
#[derive(Debug)]
pub struct Received {
    /// The plaintext, in bytes.
    pub bytes: u64,
    /// The plaintext's SHA-256 digest.
    pub digest: Digest,
    /// How often the peer stopped reading for a while.
    pub pauses: u32,
    /// The total duration of all pauses.
    pub paused: Duration,
}

/// Reads until `close_notify`, with occasional pauses, and answers it.
///
/// # Errors
/// An error of rustls or the socket, including an end without `close_notify`.
pub fn receive(
    mut tls: rustls::Connection,
    mut socket: impl Read + Write,
    seed: u64,
) -> Result<Received, Error> {
    let mut rng = Rng::new(!seed);
    let mut digest = Context::new(&SHA256);
    let mut received = 0;
    let (mut pauses, mut paused) = (0, Duration::ZERO);
    let mut next_pause = rng.up_to(MAX_BETWEEN_PAUSES);
    let mut buf = vec![0; READ_SIZE];

    loop {
        let len = match tls.reader().read(&mut buf) {
            Ok(0) => break,
            Ok(len) => len,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                tls.complete_io(&mut socket)?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        digest.update(&buf[..len]);
        received += u64::try_from(len)?;
        if received >= next_pause {
            let pause = Duration::from_micros(rng.up_to(MAX_PAUSE_MICROS));
            thread::sleep(pause);
            pauses += 1;
            paused += pause;
            next_pause = received + rng.up_to(MAX_BETWEEN_PAUSES);
        }
    }
    tls.send_close_notify();
    while tls.wants_write() {
        tls.write_tls(&mut socket)?;
    }
    Ok(Received { bytes: received, digest: digest.finish(), pauses, paused })
}

const READ_SIZE: usize = 16 * 1024;

/// In bytes.
const MAX_BETWEEN_PAUSES: u64 = 1 << 20;

const MAX_PAUSE_MICROS: u64 = 1_000;
