//! Records read in different orders of calls.

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use wantwrite::{CipherSuite, Coalescing, Padding, Reader, ReaderConfig, WriterConfig};

use super::Error;
use super::halves::{reader, writer};

/// Bytes of all records together: read in less time than a busy machine gives in one piece.
const TOTAL: usize = 160 * 1024;

/// When records are opened.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// As soon as they are here: all of them, after every read.
    AtOnce,
    /// All of them, when there is no more room.
    WhenFull,
    /// One, when there is no more room: a loop that reads until it would block.
    OneWhenFull,
    /// One after every read.
    OneAfterRead,
}

/// Records on the wire.
pub struct Records {
    suite: CipherSuite,
    wire: Vec<u8>,
    /// Those with content.
    count: usize,
}

impl Records {
    pub fn new(suite: CipherSuite, content_len: usize) -> Result<Self, Error> {
        Self::by_turns(suite, &[content_len], Padding::None)
    }

    pub fn padded(suite: CipherSuite, content_len: usize, padding: Padding) -> Result<Self, Error> {
        Self::by_turns(suite, &[content_len], padding)
    }

    /// Records with these lengths of content, again and again; 0 for one without content.
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
            drain.advance(drain.remaining()).expect("no more than there is");
        }
        Ok(Self { suite, wire, count })
    }

    /// The time that reading them takes, at most `read_len` bytes at a time, with so much memory.
    pub fn read(&self, order: Order, read_len: usize, capacity: usize) -> Result<Duration, Error> {
        let mut config = ReaderConfig::default();
        config.capacity = capacity;
        let mut reader = reader(self.suite, config)?;
        // Its memory is mapped before the time is taken.
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
        // A record without content is skipped.
        opened += usize::from(!black_box(reader.plaintext()).is_empty());
        reader.consume_all();
    }
    Ok(opened)
}
