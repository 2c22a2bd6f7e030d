//! Reads the same records with different orders of calls.

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use wantwrite::{CipherSuite, Coalescing, Padding, Reader, ReaderConfig, WriterConfig};

use super::Error;
use super::halves::{reader, writer};

/// The total size of all records: few enough to be read within one time slice of a busy machine.
const TOTAL: usize = 160 * 1024;

/// When records are opened.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// All of them, after every read, as soon as they have arrived.
    AtOnce,
    /// All of them, when the buffer is full.
    WhenFull,
    /// One, when the buffer is full, as in a loop that reads until it would block.
    OneWhenFull,
    /// One after every read.
    OneAfterRead,
}

/// Sealed records on the wire.
pub struct Records {
    suite: CipherSuite,
    wire: Vec<u8>,
    /// The number of records with content.
    count: usize,
}

impl Records {
    pub fn new(suite: CipherSuite, content_len: usize) -> Result<Self, Error> {
        Self::by_turns(suite, &[content_len], Padding::None)
    }

    pub fn padded(suite: CipherSuite, content_len: usize, padding: Padding) -> Result<Self, Error> {
        Self::by_turns(suite, &[content_len], padding)
    }

    /// Seals records with these content lengths, repeatedly. 0 stands for a record without content.
    pub fn by_turns(
        suite: CipherSuite,
        content_lens: &[usize],
        padding: Padding,
    ) -> Result<Self, Error> {
        let mut config = WriterConfig::default();
        config.padding = padding;
        config.coalescing = Coalescing::Off;
        let mut writer = writer(suite, config)?;
        let (mut wire, mut count) = (Vec::new(), 0);
        for &content_len in content_lens.iter().cycle() {
            if wire.len() >= TOTAL {
                break;
            }
            match content_len {
                0 => writer.write_cover(0)?,
                _ => {
                    writer.write_atomic(&vec![1; content_len])?;
                    count += 1;
                }
            }
            let mut drain = writer.drain();
            wire.extend_from_slice(drain.chunk());
            drain.advance(drain.remaining()).expect("no more than is pending");
        }
        Ok(Self { suite, wire, count })
    }

    /// Returns the time to read the records, at most `read_len` bytes per read, with `capacity`
    /// bytes of memory.
    pub fn read(&self, order: Order, read_len: usize, capacity: usize) -> Result<Duration, Error> {
        let mut config = ReaderConfig::default();
        config.capacity = capacity;
        let mut reader = reader(self.suite, config)?;
        // Maps the memory before the measured time.
        reader.inbound().ok_or("no memory")?.fill(1);
        let (mut rest, mut opened) = (&self.wire[..], 0);
        let start = Instant::now();
        while opened < self.count {
            let n = read_len.min(rest.len());
            let taken = if reader.wants_input() { reader.receive(&rest[..n]) } else { 0 };
            rest = &rest[taken..];
            let may_open = match order {
                Order::AtOnce => usize::MAX,
                Order::OneAfterRead => 1,
                _ if taken > 0 => 0,
                Order::WhenFull => usize::MAX,
                Order::OneWhenFull => 1,
            };
            opened += open(&mut reader, may_open)?;
        }
        Ok(start.elapsed())
    }
}

fn open(reader: &mut Reader, may_open: usize) -> Result<usize, Error> {
    let mut opened = 0;
    while opened < may_open && reader.wants_process() {
        let _events = reader.process()?;
        // Records without content are skipped.
        opened += usize::from(!black_box(reader.plaintext()).is_empty());
        reader.consume_all();
    }
    Ok(opened)
}
