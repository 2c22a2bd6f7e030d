//! The ways to write to our writer.

use core::hint::black_box;

use wantwrite::{Coalescing, TrafficSecret, WriteKeys, Writer, WriterConfig};

use super::plaintexts::Plaintexts;
use super::{Contestant, Suite};
use crate::Error;

fn writer(suite: Suite, size: usize) -> Result<Writer, Error> {
    writer_with(suite, size, Coalescing::Off)
}

fn writer_with(suite: Suite, size: usize, coalescing: Coalescing) -> Result<Writer, Error> {
    let mut config = WriterConfig::default();
    config.coalescing = coalescing;
    writer_of(suite, size, config)
}

#[cfg(feature = "aws-lc")]
fn writer_by_aws_lc(suite: Suite, size: usize) -> Result<Writer, Error> {
    let mut config = WriterConfig::default();
    config.coalescing = Coalescing::Off;
    config.aead = wantwrite::AeadProvider::AwsLc;
    writer_of(suite, size, config)
}

fn writer_of(suite: Suite, size: usize, mut config: WriterConfig) -> Result<Writer, Error> {
    let secret = [7; 48];
    let secret = secret.get(..suite.tls().secret_len()).ok_or("no such secret")?;
    let secret = TrafficSecret::new(suite.tls(), secret)?;
    config.capacity = config.capacity.max(size);
    Ok(Writer::new(WriteKeys::from_secret(secret), config)?)
}

fn drain(writer: &mut Writer) {
    let mut drain = writer.drain();
    while drain.remaining() > 0 {
        let len = black_box(drain.chunk()).len();
        drain.advance(len).expect("no more than is pending");
    }
}

/// One copy.
pub struct Write {
    writer: Writer,
    plaintext: Vec<u8>,
}

impl Write {
    pub fn new(suite: Suite, size: usize) -> Result<Self, Error> {
        Ok(Self { writer: writer(suite, size)?, plaintext: vec![1; size] })
    }
}

#[cfg(feature = "aws-lc")]
impl Write {
    /// The same with AWS-LC's AEAD.
    pub fn by_aws_lc(suite: Suite, size: usize) -> Result<Self, Error> {
        Ok(Self { writer: writer_by_aws_lc(suite, size)?, plaintext: vec![1; size] })
    }
}

impl Contestant for Write {
    fn name(&self) -> &'static str {
        "write"
    }

    fn seal(&mut self) -> Result<(), Error> {
        if self.writer.write(black_box(&self.plaintext))? != self.plaintext.len() {
            return Err("not everything was accepted".into());
        }
        drain(&mut self.writer);
        Ok(())
    }
}

/// No copy: the bytes are produced in place. Producing them is not measured.
pub struct Slot {
    writer: Writer,
    size: usize,
}

impl Slot {
    pub fn new(suite: Suite, size: usize) -> Result<Self, Error> {
        Ok(Self { writer: writer(suite, size)?, size })
    }
}

#[cfg(feature = "aws-lc")]
impl Slot {
    /// The same with AWS-LC's AEAD.
    pub fn by_aws_lc(suite: Suite, size: usize) -> Result<Self, Error> {
        Ok(Self { writer: writer_by_aws_lc(suite, size)?, size })
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

/// One copy, from plaintext that owns its memory.
pub struct WriteFresh {
    writer: Writer,
    plaintexts: Plaintexts,
}

impl WriteFresh {
    pub fn new(suite: Suite, size: usize) -> Result<Self, Error> {
        Ok(Self { writer: writer(suite, size)?, plaintexts: Plaintexts::new(size) })
    }
}

impl Contestant for WriteFresh {
    fn name(&self) -> &'static str {
        "write fresh"
    }

    fn prepare(&mut self, iterations: usize) {
        self.plaintexts.make(iterations);
    }

    fn seal(&mut self) -> Result<(), Error> {
        let plaintext = self.plaintexts.next()?;
        if self.writer.write(&plaintext)? != plaintext.len() {
            return Err("not everything was accepted".into());
        }
        drop(plaintext);
        drain(&mut self.writer);
        Ok(())
    }
}

/// No copy: sealed in the caller's memory.
pub struct WriteOwned {
    writer: Writer,
    plaintexts: Plaintexts,
}

impl WriteOwned {
    pub fn new(suite: Suite, size: usize) -> Result<Self, Error> {
        Ok(Self { writer: writer(suite, size)?, plaintexts: Plaintexts::new(size) })
    }
}

impl Contestant for WriteOwned {
    fn name(&self) -> &'static str {
        "write_owned"
    }

    fn prepare(&mut self, iterations: usize) {
        self.plaintexts.make(iterations);
    }

    fn seal(&mut self) -> Result<(), Error> {
        let mut plaintext = self.plaintexts.next()?;
        self.writer.write_owned(&mut plaintext)?;
        if !plaintext.is_empty() {
            return Err("not everything was accepted".into());
        }
        drain(&mut self.writer);
        Ok(())
    }
}

/// Small writes that share records, drained once at the end.
pub struct Coalesced {
    writer: Writer,
    plaintext: Vec<u8>,
    writes: usize,
}

impl Coalesced {
    pub fn new(suite: Suite, size: usize, writes: usize) -> Result<Self, Error> {
        let writer = writer_with(suite, size * writes, Coalescing::On)?;
        Ok(Self { writer, plaintext: vec![1; size], writes })
    }
}

impl Contestant for Coalesced {
    fn name(&self) -> &'static str {
        "write"
    }

    fn seal(&mut self) -> Result<(), Error> {
        for _ in 0..self.writes {
            if self.writer.write(black_box(&self.plaintext))? != self.plaintext.len() {
                return Err("not everything was accepted".into());
            }
        }
        drain(&mut self.writer);
        Ok(())
    }
}
