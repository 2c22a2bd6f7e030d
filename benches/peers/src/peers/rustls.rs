//! rustls with its own buffers.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::sync::Arc;

use rustls::ClientConnection;
use wantwrite::MAX_FRAGMENT_LEN;

use crate::Error;
use crate::peer::Peer;
use crate::server::Setup;
use crate::transport::Transport;

pub(crate) struct Rustls {
    connection: ClientConnection,
    transport: Transport,
}

impl Peer for Rustls {
    const NAME: &str = "rustls";

    fn new(setup: &Setup, transport: Transport) -> Result<Self, Error> {
        let (config, name) = (Arc::clone(&setup.rustls_client), Setup::NAME.try_into()?);
        Ok(Self { connection: ClientConnection::new(config, name)?, transport })
    }

    fn negotiate(&mut self) -> Result<bool, Error> {
        loop {
            match self.connection.read_tls(&mut self.transport) {
                Ok(_) => _ = self.connection.process_new_packets()?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.drain()?;
        Ok(!self.connection.is_handshaking())
    }

    fn write(&mut self, mut plaintext: &[u8]) -> Result<(), Error> {
        while !plaintext.is_empty() {
            match self.connection.writer().write(plaintext)? {
                0 => self.drain()?,
                n => plaintext = &plaintext[n..],
            }
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), Error> {
        while self.connection.wants_write() {
            self.connection.write_tls(&mut self.transport)?;
        }
        Ok(())
    }
}

/// What you would use for small writes that share a record, if you know when to flush.
pub(crate) struct RustlsBehindBufWriter(BufWriter<Rustls>);

impl Peer for RustlsBehindBufWriter {
    const NAME: &str = "rustls behind `BufWriter`";

    fn new(setup: &Setup, transport: Transport) -> Result<Self, Error> {
        Ok(Self(BufWriter::with_capacity(MAX_FRAGMENT_LEN, Rustls::new(setup, transport)?)))
    }

    fn negotiate(&mut self) -> Result<bool, Error> {
        self.0.get_mut().negotiate()
    }

    fn write(&mut self, plaintext: &[u8]) -> Result<(), Error> {
        Ok(self.0.write_all(plaintext)?)
    }

    fn drain(&mut self) -> Result<(), Error> {
        self.0.flush()?;
        self.0.get_mut().drain()
    }
}

impl Write for Rustls {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.connection.writer().write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
