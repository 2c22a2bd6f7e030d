//! Records to open: sealed before the measured time, and opened in place.

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use wantwrite::{CipherSuite, Coalescing, Reader, ReaderConfig, Writer, WriterConfig};

use super::Error;
use super::halves::{reader, writer};
use super::ring_alone::RingAlone;

/// The total size of adjacent records: less than a core's own cache.
const BATCH: usize = 256 * 1024;

/// Seals batches of records that have the same length.
struct Source {
    writer: Writer,
    plaintext: Vec<u8>,
}

impl Source {
    fn new(suite: CipherSuite, record_len: usize) -> Result<Self, Error> {
        let mut config = WriterConfig::default();
        config.coalescing = Coalescing::Off;
        Ok(Self { writer: writer(suite, config)?, plaintext: vec![1; record_len] })
    }

    /// Seals `count` records, and passes each to `take`.
    fn seal(&mut self, count: usize, mut take: impl FnMut(&[u8])) -> Result<(), Error> {
        for _ in 0..count {
            self.writer.write_atomic(&self.plaintext)?;
            let mut drain = self.writer.drain();
            take(drain.chunk());
            drain.advance(drain.remaining()).expect("no more than is pending");
        }
        Ok(())
    }
}

const fn batch_len(record_len: usize) -> usize {
    BATCH / (record_len + 22)
}

/// Our reader: the records are in its buffer, and the plaintext is viewed and consumed there.
pub struct Ours {
    source: Source,
    reader: Reader,
}

impl Ours {
    pub fn new(suite: CipherSuite, record_len: usize) -> Result<Self, Error> {
        let mut config = ReaderConfig::default();
        config.capacity = BATCH;
        Ok(Self { source: Source::new(suite, record_len)?, reader: reader(suite, config)? })
    }

    /// Returns the time that opening `count` records takes.
    pub fn open(&mut self, count: usize) -> Result<Duration, Error> {
        let record_len = self.source.plaintext.len();
        let (mut left, mut time) = (count, Duration::ZERO);
        while left > 0 {
            let batch = batch_len(record_len).min(left);
            let mut taken = 0;
            self.source.seal(batch, |record| taken += self.reader.receive(record))?;
            let start = Instant::now();
            let mut opened = 0;
            while self.reader.wants_process() {
                let _events = self.reader.process()?;
                opened += black_box(self.reader.plaintext()).len();
                self.reader.consume_all();
            }
            time += start.elapsed();
            if opened != batch * record_len {
                return Err(format!("{opened} of {taken} bytes were opened").into());
            }
            left -= batch;
        }
        Ok(time)
    }
}

/// ring's `open_in_place` on the same bytes. The start of each record is known.
pub struct Ring {
    source: Source,
    ring: RingAlone,
    wire: Vec<u8>,
}

impl Ring {
    pub fn new(suite: CipherSuite, record_len: usize) -> Result<Self, Error> {
        let source = Source::new(suite, record_len)?;
        Ok(Self { source, ring: RingAlone::new(suite)?, wire: Vec::with_capacity(BATCH) })
    }

    pub fn open(&mut self, count: usize) -> Result<Duration, Error> {
        let record_len = self.source.plaintext.len();
        let (mut left, mut time) = (count, Duration::ZERO);
        while left > 0 {
            let batch = batch_len(record_len).min(left);
            self.wire.clear();
            self.source.seal(batch, |record| self.wire.extend_from_slice(record))?;
            let wire_len = self.wire.len() / batch;
            let start = Instant::now();
            for record in self.wire.chunks_exact_mut(wire_len) {
                self.ring.open(record)?;
            }
            time += start.elapsed();
            left -= batch;
        }
        Ok(time)
    }
}
