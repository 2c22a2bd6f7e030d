//! A reader opens everything that a writer seals, for all settings and for all splits of the bytes.

use wantwrite::*;

use super::draw::{self, Input, Result};
use wantwrite_testing::model::plaintext;
use wantwrite_testing::writer::{drain_some, keys};

const MAX_OPS: usize = 100;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    if let Ok(mut trip) = Trip::new(&mut input, draw::aeads(data)) {
        let _input_is_used_up = trip.go(&mut input);
        trip.finish();
    }
}

struct Trip {
    writer: Writer,
    reader: Reader,
    /// Bytes in flight.
    wire: Vec<u8>,
    accepted: u64,
    read: u64,
    key_updates: u64,
}

impl Trip {
    fn new(input: &mut Input<'_>, aeads: [AeadProvider; 2]) -> Result<Self> {
        let suite = draw::suite(input)?;
        let mut config = draw::writer_config(input)?;
        let mut reading = ReaderConfig::default();
        reading.capacity = input.int_in_range(0..=3)?.max(1) * MAX_RECORD_LEN;
        reading.buffers = draw::buffers(input)?;
        reading.limits = patient();
        [config.aead, reading.aead] = aeads;
        let (write, read) = keys(suite);
        let writer = Writer::new(write, config).unwrap();
        let reader = Reader::new(read, Role::Server, reading).unwrap();
        Ok(Self { writer, reader, wire: Vec::new(), accepted: 0, read: 0, key_updates: 0 })
    }

    fn go(&mut self, input: &mut Input<'_>) -> Result<()> {
        for _ in 0..MAX_OPS {
            if input.is_empty() {
                break;
            }
            match input.int_in_range(0..=10)? {
                0..=2_u8 => {
                    let buf = plaintext(self.accepted, draw::len(input)?);
                    let accepted = self.writer.write(buf).unwrap_or_else(WriteError::accepted);
                    self.accepted += accepted as u64;
                }
                3 => {
                    let buf = plaintext(self.accepted, draw::len(input)?);
                    if self.writer.write_atomic(buf).is_ok() {
                        self.accepted += buf.len() as u64;
                    }
                }
                4 => self.writer.flush().unwrap(),
                5 => {
                    let _no_key_update = self.writer.update_keys(draw::request(input)?);
                }
                6 => {
                    let _no_room = self.writer.write_cover(draw::len(input)?);
                }
                7 => {
                    drain_some(&mut self.writer, draw::len(input)?, &mut self.wire);
                }
                8 => self.deliver(draw::len(input)?),
                9 => self.consume(draw::len(input)?),
                _ => self.reader.shrink(),
            }
        }
        Ok(())
    }

    fn deliver(&mut self, max: usize) {
        let max = max.min(self.wire.len());
        let taken = self.reader.receive(&self.wire[..max]);
        self.wire.drain(..taken);
        self.process();
    }

    fn consume(&mut self, max: usize) {
        let offered = self.reader.plaintext();
        let n = offered.len().min(max);
        assert!(offered[..n] == *plaintext(self.read, n), "other plaintext");
        self.reader.consume(n).unwrap();
        self.read += n as u64;
        self.process();
    }

    fn process(&mut self) {
        while self.reader.wants_process() {
            let before = (self.reader.records(), self.reader.state());
            let events = self.reader.process().unwrap();
            self.key_updates += u64::from(events.key_update.is_some());
            assert_ne!((self.reader.records(), self.reader.state()), before, "no progress");
        }
    }

    /// Checks that everything arrives.
    fn finish(&mut self) {
        self.writer.close().unwrap();
        while self.reader.state() == ReaderState::Open {
            drain_some(&mut self.writer, usize::MAX, &mut self.wire);
            let before = (self.wire.len(), self.read, self.reader.records());
            self.deliver(usize::MAX);
            self.consume(usize::MAX);
            assert_ne!((self.wire.len(), self.read, self.reader.records()), before, "no progress");
        }
        assert_eq!(self.reader.state(), ReaderState::PeerClosed);
        assert_eq!(self.read, self.accepted);
        assert_eq!(self.writer.state(), WriterState::Closed);
        let progress = self.writer.progress();
        assert_eq!(progress.accepted, self.accepted);
        assert_eq!(self.key_updates, progress.key_updates);
        let close_notify = 1;
        assert_eq!(self.reader.records(), progress.records + progress.key_updates + close_notify);
    }
}

/// The limits of a reader that tolerates any number of cover records and KeyUpdates.
pub fn patient() -> PeerLimits {
    let mut limits = PeerLimits::default();
    let endless = Credit { initial: u32::MAX, saved: u32::MAX, cost: 1 };
    (limits.key_updates, limits.empty_records) = (endless, endless);
    limits
}
