//! One host: a connection, the program that writes to it, and what must hold at any time.

use bytes::{Buf, Bytes, BytesMut};
use wantwrite::*;

use crate::draw::{self, Input};
use crate::wire::{Micros, Wire};
use wantwrite_testing::Rng;
use wantwrite_testing::model::plaintext;

/// KeyUpdates and cover records of one side. Together with the answers to the other side's
/// KeyUpdates, these are fewer than a reader accepts in a row without data.
const MAX_UPDATES: usize = 10;
const MAX_COVERS: usize = 20;

/// How a host ends its connection when its program is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Close,
    Abort,
    /// The transport is shut without a `close_notify`.
    Vanish,
}

/// What a host does, and its progress.
pub struct Host {
    pub tls: Connection,
    /// Calls that are still to be made.
    steps: usize,
    pub ending: Ending,
    /// Whether it can end while negotiating.
    is_rash: bool,
    updates: usize,
    covers: usize,
    longest: usize,

    pub written: u64,
    pub read: u64,
    /// Whether our `close_notify` has been sealed.
    pub is_closed: bool,
    tls12_close: Tls12Close,
    pub has_ended: bool,
    input_ended: bool,
    pub error: Option<ConnectionError>,
    /// Until then, the caller ignores what arrives.
    pub pauses_until: Micros,
    memory_limit: usize,
    /// Whether it holds no memory while its buffers are empty.
    releases: bool,
}

impl Host {
    pub fn new(tls: Connection, config: &ConnectionConfig, longest: usize, rng: &mut Rng) -> Self {
        // Law 10: one segment more than the capacity, each with room for a record's overhead.
        let segments = config.writer.capacity.div_ceil(MAX_FRAGMENT_LEN);
        Self {
            tls,
            steps: rng.up_to(60) - 1,
            ending: match rng.up_to(20) {
                1 => Ending::Abort,
                2 => Ending::Vanish,
                _ => Ending::Close,
            },
            is_rash: rng.up_to(20) == 1,
            updates: 0,
            covers: 0,
            longest,
            written: 0,
            read: 0,
            tls12_close: config.tls12_close,
            is_closed: false,
            has_ended: false,
            input_ended: false,
            error: None,
            pauses_until: 0,
            memory_limit: config.reader.capacity + (segments + 1) * 17_000,
            releases: [config.reader.buffers, config.writer.buffers] == [BufferPolicy::Release; 2],
        }
    }

    /// Whether this host gives no reason for data not to arrive.
    pub fn is_honest(&self) -> bool {
        self.ending == Ending::Close && !self.is_rash
    }

    /// Makes one call of its program. Returns `false` if the program is over.
    pub fn act(&mut self, rng: &mut Rng) -> bool {
        let goes_on = match self.tls.writer_state() {
            WriterState::Negotiating if !self.is_rash => return true,
            WriterState::Negotiating => self.steps > 0,
            WriterState::Open => self.steps > 0 && self.error.is_none(),
            _ => false,
        };
        if !goes_on {
            self.end(rng);
            return false;
        }
        self.steps -= 1;
        self.call(rng).unwrap();
        true
    }

    fn end(&mut self, rng: &mut Rng) {
        self.has_ended = true;
        let state = self.tls.writer_state();
        match self.ending {
            Ending::Close if state == WriterState::Open && rng.up_to(4) == 1 => {
                let len = rng.up_to(300).min(self.tls.writer().room());
                if self.tls.writer_mut().write_and_close(plaintext(self.written, len)).is_ok() {
                    self.written += len as u64;
                    self.is_closed = true;
                } else {
                    self.close();
                }
            }
            Ending::Close => self.close(),
            Ending::Abort => self.tls.abort(AlertDescription::INTERNAL_ERROR),
            Ending::Vanish => {}
        }
    }

    fn close(&mut self) {
        let was = self.tls.writer_state();
        let closed = self.tls.close();
        assert_eq!(closed.is_err(), was == WriterState::Failed);
        self.is_closed |= was == WriterState::Open;
        assert_eq!(self.tls.close(), closed, "repeated");
    }

    fn call(&mut self, rng: &mut Rng) -> draw::Result<()> {
        let bytes = rng.bytes(64);
        let mut input = Input::new(&bytes);
        let len = draw::len(&mut input)?.min(self.longest);
        let buf = plaintext(self.written, len);
        let room = self.tls.writer().room();
        match input.int_in_range(0..=29)? {
            0..=8_u8 => {
                let result = self.tls.writer_mut().write(buf);
                self.accept(result, room.min(len));
            }
            9 | 10 => {
                let (first, second) = buf.split_at(input.int_in_range(0..=len)?);
                let result = self.tls.writer_mut().write_vectored(&[first, &[], second]);
                self.accept(result, room.min(len));
            }
            11 | 12 => {
                let result = self.tls.writer_mut().write_atomic(buf).map(|()| len);
                assert!(result.is_err() || len <= room);
                self.accept(result, len);
            }
            13 | 14 => self.slot(len),
            15 | 16 => {
                let mut owned = BytesMut::from(buf);
                let result = self.tls.writer_mut().write_owned(&mut owned);
                let taken = len - owned.len();
                assert!(owned == buf[taken..], "bytes that were not taken stay");
                self.accept(result, taken);
            }
            17 => {
                let mut owned = Bytes::from_static(buf);
                let result = self.tls.writer_mut().seal_batch(&mut owned).and_then(Batch::finish);
                let taken = len - owned.len();
                self.accept(result, taken);
            }
            18 | 19 => {
                let failed = self.tls.writer_state() == WriterState::Failed;
                assert_eq!(self.tls.writer_mut().flush().is_err(), failed);
            }
            20..=22 if self.updates < MAX_UPDATES => {
                let _refused = self.tls.writer_mut().update_keys(draw::request(&mut input)?);
                self.updates += 1;
            }
            23 if self.covers < MAX_COVERS => {
                let _refused = self.tls.writer_mut().write_cover(len);
                self.covers += 1;
            }
            24 => self.tls.shrink(),
            25 => self.tls.writer_mut().set_sizing(draw::sizing(&mut input)?).unwrap(),
            26 => self.tls.writer_mut().set_padding(draw::padding(&mut input)?).unwrap(),
            27 => {
                let (len, writer) = (draw::max_fragment_len(&mut input)?, self.tls.writer_mut());
                writer.set_max_fragment_len(len).unwrap();
                assert_eq!(writer.max_fragment_len(), len);
            }
            28 => self.tls.writer_mut().observe(draw::conditions(&mut input)?),
            _ => {}
        }
        Ok(())
    }

    fn slot(&mut self, len: usize) {
        let Ok(mut slot) = self.tls.writer_mut().slot() else { return };
        let len = len.min(slot.len());
        slot[..len].copy_from_slice(plaintext(self.written, len));
        let result = slot.commit(len).map(|()| len);
        self.accept(result, len);
    }

    /// Counts what a call accepted. A call that does not fail must accept `expected`.
    #[track_caller]
    fn accept(&mut self, result: Result<usize, WriteError>, expected: usize) {
        if let Ok(accepted) = result {
            assert_eq!(accepted, expected);
        }
        self.written += result.unwrap_or_else(WriteError::accepted) as u64;
    }

    /// Whether a turn would do anything with the wires in their current state.
    pub fn can_turn(&self, from: &Wire, to: &Wire, now: Micros) -> bool {
        let wants = self.tls.wants();
        let is_paused = now < self.pauses_until;
        wants.process
            || wants.drain && to.room() > 0
            || !is_paused
                && (from.holds() && self.takes_input() || !self.tls.plaintext().is_empty())
            || !self.input_ended && from.has_ended(now)
            || self.would_shut(to)
    }

    /// Input after the end of reading is discarded, as a socket does.
    fn takes_input(&self) -> bool {
        self.tls.wants().input || self.reading_is_over()
    }

    fn reading_is_over(&self) -> bool {
        !matches!(self.tls.reader_state(), ReaderState::Negotiating | ReaderState::Open)
    }

    fn would_shut(&self, to: &Wire) -> bool {
        let vanishes = self.has_ended && self.ending == Ending::Vanish;
        let is_over = matches!(self.tls.writer_state(), WriterState::Closed | WriterState::Failed);
        !to.is_shut() && (vanishes || is_over && !self.tls.wants().drain)
    }

    /// Runs one turn of its event loop. Returns the bytes received and sent, and when something
    /// arrives at the other host.
    pub fn turn(
        &mut self,
        from: &mut Wire,
        to: &mut Wire,
        now: Micros,
        rng: &mut Rng,
    ) -> (usize, usize, Option<Micros>) {
        let is_paused = now < self.pauses_until;
        let (mut received, mut sent, mut arrival) = (0, 0, None);
        if from.holds() && !is_paused && self.takes_input() {
            received = self.receive(from, rng);
            from.received(received);
        }
        if from.has_ended(now) && !self.input_ended {
            self.input_ended = true;
            self.tls.end_of_input();
        }
        self.process();
        if !is_paused {
            self.consume(rng);
        }
        if self.tls.wants().drain && to.room() > 0 {
            (sent, arrival) = self.drain(to, now, rng);
        }
        if self.would_shut(to) {
            assert!(self.tls.writer_state() != WriterState::Closed || to.ends_with_a_record());
            arrival = Some(to.shut(now, rng));
        }
        (received, sent, arrival)
    }

    fn receive(&mut self, from: &mut Wire, rng: &mut Rng) -> usize {
        let is_over = self.reading_is_over();
        let bytes = from.held();
        let len = match rng.up_to(3) {
            1 => rng.up_to(bytes.len()),
            2 => rng.up_to(bytes.len().min(10)),
            _ => bytes.len(),
        };
        if is_over {
            assert_ne!(self.tls.reader_state(), ReaderState::PeerClosed, "more than close_notify");
            return bytes.len();
        }
        let inbound = self.tls.inbound();
        let mut inbound = inbound.expect("input is wanted without memory for it");
        let len = len.min(inbound.len());
        inbound[..len].copy_from_slice(&bytes[..len]);
        inbound.commit(len).unwrap();
        len
    }

    fn process(&mut self) {
        if let Err(error) = self.tls.process() {
            let again = self.tls.process().map_err(|error| error.to_string());
            let told_once = self.tls.error().is_none();
            assert!(!told_once || self.tls.reader_state() == ReaderState::Truncated);
            assert_eq!(again, if told_once { Ok(()) } else { Err(error.to_string()) });
            self.error = Some(error);
        }
        assert!(!self.tls.wants().process || !self.tls.plaintext().is_empty(), "once is enough");
        if self.tls12_close == Tls12Close::Answer
            && self.tls.reader_state() == ReaderState::PeerClosed
            && self.tls.protocol_version() == Some(Version::Tls12)
        {
            assert_ne!(self.tls.writer_state(), WriterState::Open);
            self.is_closed = true;
        }
    }

    fn consume(&mut self, rng: &mut Rng) {
        let plain = self.tls.plaintext();
        assert!(plain == plaintext(self.read, plain.len()), "other plaintext");
        let n = if rng.up_to(3) == 1 && !plain.is_empty() {
            rng.up_to(plain.len())
        } else {
            plain.len()
        };
        self.read += n as u64;
        self.tls.consume(n).unwrap();
    }

    fn drain(&mut self, to: &mut Wire, now: Micros, rng: &mut Rng) -> (usize, Option<Micros>) {
        let drained = self.tls.writer().progress().drained;
        let mut drain = self.tls.writer_mut().drain();
        let waiting = drain.remaining();
        assert!(waiting > 0, "a drain is wanted without pending bytes");
        if rng.up_to(3) > 1 {
            let (sent, arrival) = to.send(drain.chunk(), now, rng);
            drain.advance(sent).unwrap();
            assert_eq!(drain.remaining(), waiting - sent);
            return (sent, Some(arrival));
        }
        let mut chunk = drain.take_chunk(rng.up_to(40_000)).unwrap();
        let (sent, arrival) = to.send(&chunk, now, rng);
        chunk.advance(sent);
        if chunk.has_remaining() {
            self.tls.writer_mut().put_back(chunk).unwrap();
        }
        assert_eq!(self.tls.writer().progress().drained, drained + sent as u64);
        (sent, Some(arrival))
    }

    /// Checks what must hold after every event.
    pub fn check(&self, other: &Self) {
        let progress = self.tls.writer().progress();
        assert!(self.read <= other.written, "more was read than was written");
        assert!(progress.drained_plaintext <= progress.accepted);
        let state = self.tls.writer_state();
        if state != WriterState::Negotiating && self.written > 0 {
            assert_eq!(progress.accepted, self.written);
        }
        let wants = self.tls.wants();
        if matches!(state, WriterState::Open | WriterState::Closed) && !wants.drain {
            assert_eq!(progress.drained_plaintext, progress.accepted, "accepted but held back");
        }
        if matches!(state, WriterState::Closed) {
            assert!(!wants.drain);
        }
        match state {
            WriterState::Open => {}
            _ => assert_eq!(self.tls.writer().room(), 0, "{state:?}"),
        }
        if self.tls.reader_state() == ReaderState::PeerClosed {
            assert!(
                other.is_closed && self.read_or_held() == other.written,
                "a truncation looks clean"
            );
        }
        if state != WriterState::Negotiating {
            let held = self.tls.memory_held();
            assert!(held <= self.memory_limit, "{held} bytes held of {}", self.memory_limit);
        }
    }

    fn read_or_held(&self) -> u64 {
        self.read + self.tls.plaintext().len() as u64
    }

    /// Whether both directions have ended for it.
    pub fn is_over(&self, to: &Wire) -> bool {
        to.is_shut() && self.input_ended
    }

    /// Checks what must hold when everything has arrived and both hosts have closed.
    pub fn check_clean(&self, other: &Self) {
        assert_eq!(self.error, None);
        assert_eq!(self.tls.writer_state(), WriterState::Closed);
        assert_eq!(self.tls.reader_state(), ReaderState::PeerClosed);
        assert_eq!(self.read, other.written);
        assert_eq!(self.tls.writer().progress().drained_plaintext, self.written);
        if self.releases {
            assert_eq!(self.tls.memory_held(), 0);
        }
    }

    /// Checks that an error was caused by this host, the other one, or the wire.
    pub fn check_error(&self, other: &Self, wires_are_whole: bool) {
        use ConnectionError::{Handshake, Record};
        use rustls::AlertDescription as RustlsAlert;
        match self.error {
            None => {}
            Some(Record(Error::Truncated)) => {
                // A host that abandons the handshake vanishes too.
                let vanishes = |host: &Self| host.is_rash || host.ending == Ending::Vanish;
                assert!(!wires_are_whole || vanishes(self) || vanishes(other));
            }
            Some(Record(Error::Aborted(_))) => {
                assert!(self.is_rash || self.ending == Ending::Abort);
            }
            Some(Record(Error::PeerAlert(AlertDescription::INTERNAL_ERROR)))
            | Some(Handshake(rustls::Error::AlertReceived(RustlsAlert::InternalError))) => {
                assert_eq!(other.ending, Ending::Abort);
            }
            Some(ref error) => panic!("no one is at fault: {error}"),
        }
    }
}
