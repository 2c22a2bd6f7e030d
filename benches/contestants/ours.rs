//! The three ways into our writer.

use core::hint::black_box;

use bytes::{Buf, BytesMut};
use wantwrite::{Coalescing, TrafficSecret, WriteKeys, Writer, WriterConfig};

use super::{Contestant, Suite};
use crate::Error;

fn writer(suite: Suite, size: usize) -> Result<Writer, Error> {
    let secret = [7; 48];
    let secret = secret.get(..suite.tls().secret_len()).ok_or("no such secret")?;
    let secret = TrafficSecret::new(suite.tls(), secret)?;
    let mut config = WriterConfig::default();
    config.coalescing = Coalescing::Off;
    config.capacity = config.capacity.max(size);
    Ok(Writer::new(WriteKeys::from_secret(secret), config))
}

fn drain(writer: &mut Writer) {
    let mut outbound = writer.outbound();
    while outbound.has_remaining() {
        let len = black_box(outbound.chunk()).len();
        outbound.advance(len);
    }
}

/// One copy.
pub(crate) struct Write {
    writer: Writer,
    plaintext: Vec<u8>,
}

impl Write {
    pub(crate) fn new(suite: Suite, size: usize) -> Result<Self, Error> {
        Ok(Self { writer: writer(suite, size)?, plaintext: vec![1; size] })
    }
}

impl Contestant for Write {
    fn name(&self) -> &'static str {
        "write"
    }

    fn seal(&mut self) -> Result<(), Error> {
        self.writer.write_all(black_box(&self.plaintext))?;
        drain(&mut self.writer);
        Ok(())
    }
}

/// No copy: the bytes are made in place, and the making is not counted.
pub(crate) struct Slot {
    writer: Writer,
    size: usize,
}

impl Slot {
    pub(crate) fn new(suite: Suite, size: usize) -> Result<Self, Error> {
        Ok(Self { writer: writer(suite, size)?, size })
    }
}

impl Contestant for Slot {
    fn name(&self) -> &'static str {
        "slot"
    }

    fn seal(&mut self) -> Result<(), Error> {
        let mut left = self.size;
        while left > 0 {
            let slot = self.writer.slot()?;
            let n = black_box(&*slot).len().min(left);
            slot.commit(n)?;
            left -= n;
        }
        drain(&mut self.writer);
        Ok(())
    }
}

/// No copy: sealed in the caller's memory, which is made before the time is taken.
pub(crate) struct WriteOwned {
    writer: Writer,
    size: usize,
    plaintexts: Vec<BytesMut>,
}

/// What `write_owned` does not copy.
const MIN_OWNED: usize = 4096;

impl WriteOwned {
    pub(crate) fn new(suite: Suite, size: usize) -> Result<Self, Error> {
        Ok(Self { writer: writer(suite, size)?, size, plaintexts: Vec::new() })
    }
}

impl Contestant for WriteOwned {
    fn name(&self) -> &'static str {
        "write_owned"
    }

    fn takes(&self, size: usize) -> bool {
        size >= MIN_OWNED
    }

    fn prepare(&mut self, iterations: usize) {
        // A spare byte behind the last fragment, for its type.
        let mut plaintext = BytesMut::zeroed(self.size + 1);
        plaintext.truncate(self.size);
        self.plaintexts = (0..iterations)
            .map(|_| {
                let mut copy = BytesMut::with_capacity(self.size + 1);
                copy.extend_from_slice(&plaintext);
                copy
            })
            .collect();
    }

    fn seal(&mut self) -> Result<(), Error> {
        let mut plaintext = self.plaintexts.pop().ok_or("not prepared")?;
        if self.writer.write_owned(&mut plaintext)? != self.size {
            return Err("not all was accepted".into());
        }
        drain(&mut self.writer);
        Ok(())
    }
}
