//! Our connection, with one record per write and with coalescing.

use std::collections::VecDeque;
use std::hint::black_box;
use std::io::{Read, Write as _};
use std::sync::Arc;

use bytes::BytesMut;
use wantwrite::{AeadProvider, Coalescing, Connection, ConnectionConfig, WriterState};

use crate::Error;
use crate::peer::Peer;
use crate::server::Setup;
use crate::transport::Transport;

pub(crate) struct Ours<W> {
    connection: Connection,
    transport: Transport,
    way: W,
}

/// A way to write to the writer.
pub(crate) trait Way: Default {
    const NAME: &str;
    const COALESCING: Coalescing = Coalescing::Off;
    const AEAD: AeadProvider = AeadProvider::Ring;

    fn prepare(&mut self, _plaintext: &[u8], _writes: usize) {}

    /// Returns how many bytes were accepted. 0 means that the buffer is full.
    fn write(&mut self, connection: &mut Connection, plaintext: &[u8]) -> Result<usize, Error>;
}

impl<W: Way> Peer for Ours<W> {
    const NAME: &str = W::NAME;

    fn new(setup: &Setup, transport: Transport) -> Result<Self, Error> {
        let mut config = ConnectionConfig::default();
        config.writer.coalescing = W::COALESCING;
        config.writer.aead = W::AEAD;
        let (tls, name) = (Arc::clone(&setup.rustls_client), Setup::NAME.try_into()?);
        let connection = Connection::client_with(tls, name, config)?;
        Ok(Self { connection, transport, way: W::default() })
    }

    fn negotiate(&mut self) -> Result<bool, Error> {
        while let Some(mut inbound) = self.connection.inbound()
            && let Ok(n @ 1..) = self.transport.read(&mut inbound)
        {
            inbound.commit(n)?;
            while self.connection.wants().process {
                self.connection.process()?;
            }
        }
        self.drain()?;
        Ok(self.connection.writer_state() != WriterState::Negotiating)
    }

    fn prepare(&mut self, plaintext: &[u8], writes: usize) {
        self.way.prepare(plaintext, writes);
    }

    fn write(&mut self, mut plaintext: &[u8]) -> Result<(), Error> {
        while !plaintext.is_empty() {
            match self.way.write(&mut self.connection, plaintext)? {
                0 => self.drain()?,
                n => plaintext = &plaintext[n..],
            }
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), Error> {
        let mut drain = self.connection.writer_mut().drain();
        while drain.remaining() > 0 {
            let n = self.transport.write(drain.chunk())?;
            drain.advance(n)?;
        }
        Ok(())
    }
}

/// One copy.
#[derive(Default)]
pub(crate) struct Write;

impl Way for Write {
    const NAME: &str = "wantwrite, `write`";

    fn write(&mut self, connection: &mut Connection, plaintext: &[u8]) -> Result<usize, Error> {
        Ok(connection.writer_mut().write(plaintext)?)
    }
}

/// No copy: the bytes are produced in place. Producing them is not measured.
#[derive(Default)]
pub(crate) struct Slot;

impl Way for Slot {
    const NAME: &str = "wantwrite, `slot`";

    fn write(&mut self, connection: &mut Connection, plaintext: &[u8]) -> Result<usize, Error> {
        let slot = connection.writer_mut().slot()?;
        let n = black_box(&*slot).len().min(plaintext.len());
        slot.commit(n)?;
        Ok(n)
    }
}

/// The same with AWS-LC, which seals whole records from the caller's memory.
#[cfg(feature = "aws-lc")]
#[derive(Default)]
pub(crate) struct WriteByAwsLc(Write);

#[cfg(feature = "aws-lc")]
impl Way for WriteByAwsLc {
    const NAME: &str = "wantwrite, `write`, AWS-LC";
    const AEAD: AeadProvider = AeadProvider::AwsLc;

    fn write(&mut self, connection: &mut Connection, plaintext: &[u8]) -> Result<usize, Error> {
        self.0.write(connection, plaintext)
    }
}

#[cfg(feature = "aws-lc")]
#[derive(Default)]
pub(crate) struct SlotByAwsLc(Slot);

#[cfg(feature = "aws-lc")]
impl Way for SlotByAwsLc {
    const NAME: &str = "wantwrite, `slot`, AWS-LC";
    const AEAD: AeadProvider = AeadProvider::AwsLc;

    fn write(&mut self, connection: &mut Connection, plaintext: &[u8]) -> Result<usize, Error> {
        self.0.write(connection, plaintext)
    }
}

/// No copy: sealed in memory that is allocated before the measured time and freed within it.
#[derive(Default)]
pub(crate) struct WriteOwned {
    made: VecDeque<BytesMut>,
}

impl Way for WriteOwned {
    const NAME: &str = "wantwrite, `write_owned`";

    fn prepare(&mut self, plaintext: &[u8], writes: usize) {
        let make = |_| {
            // One spare byte after the last fragment, for its content type.
            let mut made = BytesMut::with_capacity(plaintext.len() + 1);
            made.extend_from_slice(plaintext);
            made
        };
        // Used in the order of allocation. Freed in the reverse order, each would shrink the heap.
        self.made = (0..writes).map(make).collect();
    }

    fn write(&mut self, connection: &mut Connection, _: &[u8]) -> Result<usize, Error> {
        let plaintext = self.made.front_mut().ok_or("not prepared")?;
        let n = connection.writer_mut().write_owned(plaintext)?;
        if plaintext.is_empty() {
            self.made.pop_front();
        }
        Ok(n)
    }
}

/// The default: writes share a record until the drain reaches it.
#[derive(Default)]
pub(crate) struct Coalesced;

impl Way for Coalesced {
    const NAME: &str = "wantwrite, `write`, coalescing";
    const COALESCING: Coalescing = Coalescing::On;

    fn write(&mut self, connection: &mut Connection, plaintext: &[u8]) -> Result<usize, Error> {
        Ok(connection.writer_mut().write(plaintext)?)
    }
}
