//! A writer next to a model of it: what was accepted, what was drained, and what must hold after
//! each call. [`Opener`] opens the output.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::LazyLock;

use bytes::{Buf, Bytes, BytesMut};
use wantwrite::*;

use super::batch::{Help, seal_batch};
use super::opener::{ALERT, APPLICATION_DATA, HANDSHAKE, Opened, Opener};
use super::writer::{self, writer_and_reader};

/// One call, or a few that belong together.
#[derive(Clone, Debug)]
pub enum Op {
    Write(usize),
    WriteVectored([usize; 3]),
    WriteAll(usize),
    /// Commits this much to a slot, or as much as fits.
    SlotCommit(usize),
    SlotDropped,
    SlotOverrun(usize),
    /// Like `SlotCommit`, but the slot is lent twice and committed by another call.
    SlotLent(usize),
    WriteOwned {
        len: usize,
        spare: usize,
    },
    /// As much as there is room for plus `over`, in the caller's memory.
    FillOwned {
        over: usize,
        spare: usize,
    },
    SealBatch {
        len: usize,
        help: Help,
    },
    /// A batch that is never finished.
    BatchDropped(usize),
    Cover(usize),
    Final(usize),
    Flush,
    /// Drains at most this many bytes.
    Drain(usize),
    DrainAll,
    Take(usize),
    /// Puts back the last chunk taken, after this many of its bytes were sent.
    PutBack {
        sent: usize,
    },
    /// Puts back a chunk that is not the last one taken, or that predates a drain.
    PutBackWrong,
    UpdateKeys(KeyUpdateRequest),
    PeerUpdate(KeyUpdateRequest),
    RenegotiationRequest,
    Observe(Conditions),
    SetSizing(Sizing),
    SetPadding(Padding),
    SetMaxFragmentLen(usize),
    /// Flushes, then compares `wire_len` for a part of the room with what is actually sealed.
    WireLen(usize),
    Shrink,
    /// Moves the writer through `into_parts` and `from_parts`.
    Move,
    Close,
    Abort,
}

/// The keys that a writer starts with.
#[derive(Clone, Copy, Debug)]
pub enum Keys {
    /// Those of [`writer_and_reader`](super::writer::writer_and_reader).
    Fresh,
    /// A key without a secret that has already sealed this many records. TLS 1.2 has only this
    /// kind.
    Raw { used: u64 },
    /// The same, with a limit that allows this many more records, including an alert.
    Exhausted { used: u64, left: u64 },
    /// A secret that can be updated this many more times. In TLS 1.2, the same as `Fresh`.
    LastGenerations(u64),
}

/// The blocks of a record of the largest size. A record of unknown size counts as this many.
const MAX_BLOCKS: u64 = 1026;
/// RFC 9846 §4.7.3.
const MAX_GENERATION: u64 = (1 << 48) - 1;

/// The observable state of a writer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snapshot {
    pub room: usize,
    pub wire_len: usize,
    pub state: WriterState,
    pub buffer: BufferState,
    pub progress: Progress,
    pub next_seq: u64,
    pub wants_drain: bool,
}

impl Snapshot {
    pub fn of(writer: &Writer) -> Self {
        Self {
            room: writer.room(),
            wire_len: writer.wire_len(300),
            state: writer.state(),
            buffer: writer.buffer_state(),
            progress: writer.progress(),
            next_seq: writer.next_seq(),
            wants_drain: writer.wants_drain(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Open,
    Closed,
    Failed,
}

/// What a record must look like, from a position in the plaintext on.
#[derive(Clone, Copy, Debug)]
struct Policies {
    from: u64,
    /// How many records had been sealed when this was set. A cap binds the record that is current
    /// then.
    records: u64,
    max_fragment_len: usize,
    padding: Padding,
    sizing: Sizing,
}

/// The application record with this number must use this generation or a later one.
struct Obligation {
    record: u64,
    generation: u64,
}

pub struct Run {
    suite: CipherSuite,
    keys: Keys,
    config: WriterConfig,
    writer: Option<Writer>,
    life: Life,
    accepted: u64,
    wire: Wire,
    in_flight: Vec<Chunk>,
    stale: Option<Chunk>,
    opener: Opener,
    /// The sums of the counters of the writers before this one.
    before: Progress,
    in_force: VecDeque<Policies>,
    /// Cover records: their numbers among the application records, and their lengths in zeros.
    covers: VecDeque<(u64, usize)>,
    obligations: Vec<Obligation>,
    /// For each KeyUpdate sealed: how many of the peer's KeyUpdates had been seen.
    peer_updates_at: Vec<u64>,
    peer_updates: u64,
    last_request_at: Option<u64>,
    renegotiations: u64,
    key_records: u64,
    key_blocks: u64,
    opened_plaintext: u64,
    opened_records: u64,
    opened_key_updates: u64,
    alerts: Vec<[u8; 2]>,
    /// The alert that must be the very last record.
    last_alert: Option<[u8; 2]>,
}

impl Run {
    pub fn new(suite: CipherSuite, config: WriterConfig) -> Self {
        Self::with_keys(suite, config, Keys::Fresh)
    }

    /// The limits in `config` apply to what this run seals, except with exhausted keys. Only the
    /// number of records that a key has already sealed is known.
    pub fn with_keys(suite: CipherSuite, mut config: WriterConfig, keys: Keys) -> Self {
        let mut opener = Opener::new(suite);
        let mut write_keys = writer::keys(suite).0;
        match keys {
            Keys::Raw { used } | Keys::Exhausted { used, .. } => {
                write_keys = WriteKeys::new(suite, opener.key(), opener.iv(), used).unwrap();
                opener.seq = used;
            }
            Keys::LastGenerations(left) if suite.version() == Version::Tls13 => {
                let secret = TrafficSecret::new(suite, &[7; 48][..suite.secret_len()]).unwrap();
                write_keys = WriteKeys::from_secret(secret.at_generation(MAX_GENERATION - left));
            }
            Keys::Fresh | Keys::LastGenerations(_) => {}
        }
        let key_records = write_keys.seq();
        let key_blocks = key_records * MAX_BLOCKS;
        if let Keys::Exhausted { used, left } = keys {
            config.key_limits = Some(KeyLimits { records: used + left, blocks: u64::MAX });
        } else if let Some(limits) = &mut config.key_limits {
            limits.records = limits.records.saturating_add(key_records);
            limits.blocks = limits.blocks.saturating_add(key_blocks);
        }
        let policies = Policies {
            from: 0,
            records: 0,
            max_fragment_len: config.max_fragment_len,
            padding: config.padding,
            sizing: config.sizing,
        };
        Self {
            suite,
            keys,
            writer: Some(Writer::new(write_keys, config.clone()).unwrap()),
            config,
            life: Life::Open,
            accepted: 0,
            wire: Wire::default(),
            in_flight: Vec::new(),
            stale: None,
            opener,
            before: Progress::default(),
            in_force: VecDeque::from([policies]),
            covers: VecDeque::new(),
            obligations: Vec::new(),
            peer_updates_at: Vec::new(),
            peer_updates: 0,
            last_request_at: None,
            renegotiations: 0,
            key_records,
            key_blocks,
            opened_plaintext: 0,
            opened_records: 0,
            opened_key_updates: 0,
            alerts: Vec::new(),
            last_alert: None,
        }
    }

    pub fn writer(&mut self) -> &mut Writer {
        self.writer.as_mut().expect("empty only inside a move")
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.writer.as_ref().expect("empty only inside a move"))
    }

    /// The wire bytes that are still needed to judge what follows; earlier ones are dropped.
    pub fn wire(&self) -> &[u8] {
        &self.wire.bytes
    }

    pub fn opened(&self) -> (u64, u64, u64) {
        (self.opened_records, self.opened_key_updates, self.opened_plaintext)
    }

    pub fn step(&mut self, op: &Op) {
        let before = self.snapshot();
        self.call(op, before);
        self.check();
    }

    fn call(&mut self, op: &Op, before: Snapshot) {
        match *op {
            Op::Write(len) => {
                let result = self.write(len);
                self.wrote(result, len, before);
            }
            Op::WriteVectored(lens) => {
                let total = lens.iter().sum();
                let (a, rest) = plaintext(self.accepted, total).split_at(lens[0]);
                let (b, c) = rest.split_at(lens[1]);
                let result = self.writer().write_vectored(&[a, b, c]);
                self.wrote(result, total, before);
            }
            Op::WriteAll(len) => {
                let buf = plaintext(self.accepted, len);
                let result = self.writer().write_atomic(buf);
                self.wrote_all(result, len, before);
            }
            Op::Final(0) if self.is_mute() && self.life == Life::Open => {
                let result = self.writer().write_and_close(&[]);
                self.ended_without_a_word(result);
            }
            Op::Final(len) => {
                let buf = plaintext(self.accepted, len);
                let result = self.writer().write_and_close(buf);
                self.wrote_all(result, len, before);
                if result.is_ok() {
                    self.closed();
                }
            }
            Op::SlotCommit(len) => self.slot(before, in_one_call, |available| len.min(available)),
            Op::SlotDropped => self.slot(before, in_one_call, |_| 0),
            Op::SlotOverrun(len) => {
                self.slot(before, in_one_call, |available| available + len.max(1));
            }
            Op::SlotLent(len) => self.slot(before, in_two_calls, |available| len.min(available)),
            Op::WriteOwned { len, spare } => self.write_owned(len, spare, before),
            Op::FillOwned { over, spare } => self.write_owned(before.room + over, spare, before),
            Op::SealBatch { len, help } => {
                let data = plaintext(self.accepted, len);
                let mut owned = Bytes::from_static(data);
                let result = seal_batch(self.writer(), &mut owned, help);
                self.wrote(result, len, before);
                let accepted = result.unwrap_or_else(WriteError::accepted);
                assert!(owned == data[accepted..], "bytes that were not accepted stay");
            }
            Op::BatchDropped(len) => {
                let data = plaintext(self.accepted, len);
                let mut owned = Bytes::from_static(data);
                let result = self.writer().seal_batch(&mut owned).map(drop);
                assert!(data.ends_with(&owned), "bytes that were not accepted stay");
                self.wrote(result.map(|()| len - owned.len()), len, before);
            }
            Op::Cover(zeros) => self.cover(zeros, before),
            Op::Flush => {
                let result = self.writer().flush();
                assert_eq!(result.is_err(), self.life == Life::Failed);
                if self.life != Life::Open {
                    self.unchanged(before);
                }
            }
            Op::Drain(max) => self.drain(max),
            Op::DrainAll => self.drain_all(),
            Op::Take(max) => {
                let offset = self.wire.drained - self.before.drained;
                let chunk = self.writer().drain().take_chunk(max);
                let expected = before.wants_drain && max > 0;
                assert_eq!(chunk.is_some(), expected, "wants_drain predicts the drain");
                if let Some(chunk) = chunk {
                    assert!(!chunk.is_empty() && chunk.len() <= max);
                    assert_eq!(chunk.offset(), offset);
                    self.drained(&chunk);
                    self.in_flight.push(chunk);
                }
            }
            Op::PutBack { sent } => self.put_back(sent),
            Op::PutBackWrong => self.put_back_wrong(),
            Op::UpdateKeys(request) => {
                let result = self.writer().update_keys(request);
                assert_eq!(result.err(), self.refusal().or_else(|| self.no_key_update()));
                if result.is_err() {
                    self.unchanged(before);
                } else {
                    self.oblige(before);
                }
            }
            Op::PeerUpdate(request) => {
                let result = self.writer().on_key_update(request);
                if request == KeyUpdateRequest::Requested {
                    let refused = self.has_no_secret().then_some(WriteError::NoKeyUpdate);
                    assert_eq!(result.err(), refused);
                }
                if result.is_err() || self.life != Life::Open {
                    self.unchanged(before);
                    return;
                }
                self.peer_updates += 1;
                if request == KeyUpdateRequest::Requested && self.can_update() {
                    self.oblige(before);
                }
            }
            Op::RenegotiationRequest => {
                // TLS 1.3 has no renegotiation.
                if self.suite.version() == Version::Tls12 {
                    self.writer().on_renegotiation_request();
                    self.renegotiations += 1;
                    if self.life != Life::Open {
                        self.unchanged(before);
                    }
                }
            }
            Op::Observe(conditions) => self.writer().observe(conditions),
            Op::SetSizing(sizing) => {
                self.writer().set_sizing(sizing).unwrap();
                self.change_policies(|policies| policies.sizing = sizing);
            }
            Op::SetPadding(padding) => {
                self.writer().set_padding(padding).unwrap();
                self.change_policies(|policies| policies.padding = padding);
            }
            Op::SetMaxFragmentLen(len) => {
                // This comes first, because it can seal the current record.
                self.change_policies(|policies| policies.max_fragment_len = len);
                self.writer().set_max_fragment_len(len).unwrap();
            }
            Op::WireLen(n) => self.wire_len(n),
            Op::Shrink => {
                self.writer().shrink();
                self.unchanged(before);
                assert!(before.wants_drain || self.writer().memory_held() == 0);
            }
            Op::Move => self.move_parts(before),
            Op::Close if self.is_mute() && self.life == Life::Open => {
                let result = self.writer().close();
                self.ended_without_a_word(result);
            }
            Op::Close => {
                let result = self.writer().close();
                assert_eq!(result.is_err(), self.life == Life::Failed);
                match self.life {
                    Life::Open => self.closed(),
                    Life::Closed | Life::Failed => self.unchanged(before),
                }
            }
            Op::Abort => {
                self.writer().abort(AlertDescription::INTERNAL_ERROR);
                match self.life {
                    Life::Open if self.is_mute() => {}
                    Life::Open => self.last_alert = Some([2, 80]),
                    Life::Closed => assert_eq!(self.sealed(), self.sealed_at(before)),
                    Life::Failed => self.unchanged(before),
                }
                self.life = Life::Failed;
            }
        }
    }

    fn write(&mut self, len: usize) -> Result<usize, WriteError> {
        let buf = plaintext(self.accepted, len);
        self.writer().write(buf)
    }

    fn wrote(&mut self, result: Result<usize, WriteError>, len: usize, before: Snapshot) {
        if let Some(refusal) = self.refusal() {
            assert_eq!(result, Err(refusal));
            return self.unchanged(before);
        }
        let fits = len.min(before.room);
        if len > before.room && result.is_err() {
            assert_eq!(result, Err(WriteError::KeyLimit { accepted: fits }));
        } else {
            assert_eq!(result, Ok(fits), "room() is what write() accepts");
        }
        self.accept(fits);
        if fits == 0 {
            self.unchanged(before);
        }
    }

    fn wrote_all(&mut self, result: Result<(), WriteError>, len: usize, before: Snapshot) {
        let no_room = WriteError::NoRoom { needed: len, available: before.room };
        match (self.refusal(), result) {
            (Some(refusal), _) => assert_eq!(result, Err(refusal)),
            (None, Err(error)) if len > before.room => {
                assert!(error == no_room || error == WriteError::KeyLimit { accepted: 0 });
            }
            (None, _) => {
                assert_eq!(result, Ok(()), "{len} bytes into {} of room", before.room);
                self.accept(len);
            }
        }
        if result.is_err() {
            self.unchanged(before);
        }
    }

    fn slot(&mut self, before: Snapshot, lend: Lend, commit: impl Fn(usize) -> usize) {
        let data = plaintext(self.accepted, 16384);
        let refusal = self.refusal();
        let writer = self.writer.as_mut().expect("empty only inside a move");
        let (available, committed, result) = match lend(writer, data, &commit) {
            Ok(lent) => lent,
            Err(error) => {
                let limit = WriteError::KeyLimit { accepted: 0 };
                assert_eq!(error, refusal.unwrap_or(limit));
                assert_eq!(before.room, 0);
                return self.unchanged(before);
            }
        };
        assert_eq!(refusal, None);
        assert_eq!(available > 0, before.room > 0, "a slot is empty exactly when there is no room");
        assert!(available <= before.room);
        if committed > available {
            let overrun = Overrun { claimed: committed, available };
            assert_eq!(result, Err(WriteError::Overrun(overrun)));
        } else {
            assert_eq!(result, Ok(()));
            self.accept(committed);
        }
        if committed == 0 || committed > available {
            let after = self.snapshot();
            assert_eq!(after.progress.records, before.progress.records);
            // A pending control record may have been sealed in its place.
            if after.progress.drained == before.progress.drained
                && after.next_seq == before.next_seq
                && after.progress.key_updates == before.progress.key_updates
            {
                self.unchanged(before);
            }
        }
    }

    fn write_owned(&mut self, len: usize, spare: usize, before: Snapshot) {
        let data = plaintext(self.accepted, len);
        let mut owned = BytesMut::with_capacity(len + spare);
        owned.extend_from_slice(data);
        let result = self.writer().write_owned(&mut owned);
        let accepted = len - owned.len();
        assert!(owned[..] == data[accepted..], "bytes that were not accepted do not change");
        self.wrote(result, len, before);
        assert_eq!(accepted, result.unwrap_or_else(WriteError::accepted));
    }

    fn cover(&mut self, zeros: usize, before: Snapshot) {
        let policies = *self.in_force.back().expect("never empty");
        let type_len = self.type_len();
        let zeros = zeros.min(self.max_inner(policies) - type_len) * type_len;
        let result = self.writer().write_cover(zeros);
        let Err(error) = result else {
            assert_eq!(self.life, Life::Open);
            let records = self.writer().progress().records + self.before.records;
            assert!(records > before.progress.records + self.before.records);
            return self.covers.push_back((records - 1, zeros));
        };
        match self.refusal() {
            Some(refusal) => assert_eq!(error, refusal),
            None => match error {
                WriteError::KeyLimit { accepted: 0 } => {}
                WriteError::NoRoom { needed, available } => {
                    assert!(needed > available);
                    assert!(before.wants_drain, "draining makes room for a cover record");
                }
                error => panic!("{error}"),
            },
        }
        self.unchanged(before);
    }

    fn put_back(&mut self, sent: usize) {
        let Some(mut chunk) = self.in_flight.pop() else {
            return;
        };
        // The engine remembers at least as much as its buffer can hold.
        let sure = !self.wire.may_forget;
        let sent = sent % (chunk.len() + 1);
        chunk.advance(sent);
        let len = chunk.len();
        match self.writer().put_back(chunk) {
            Ok(()) => self.wire.drained -= len as u64,
            Err(PutBackError(chunk)) => {
                assert!(!sure, "the last chunk taken can be put back");
                assert_eq!(chunk.len(), len);
                self.drained_for_good();
            }
        }
        if sent > 0 {
            self.drained_for_good();
        }
    }

    fn put_back_wrong(&mut self) {
        let is_stale = self.in_flight.len() < 2;
        let chunk = if is_stale { self.stale.take() } else { Some(self.in_flight.remove(0)) };
        let Some(chunk) = chunk else {
            return;
        };
        let before = self.snapshot();
        let PutBackError(chunk) = self.writer().put_back(chunk).unwrap_err();
        self.unchanged(before);
        if is_stale {
            self.stale = Some(chunk);
        } else {
            self.in_flight.insert(0, chunk);
        }
    }

    fn drain(&mut self, max: usize) {
        let wanted = self.snapshot().wants_drain;
        let writer = self.writer.as_mut().expect("empty only inside a move");
        let mut drain = writer.drain();
        assert_eq!(drain.remaining() > 0, wanted, "wants_drain predicts the drain");
        let chunks: usize = drain.chunks().map(<[u8]>::len).sum();
        assert_eq!(chunks, drain.remaining());
        let mut left = max.min(drain.remaining());
        if left == 0 {
            drain.advance(0).unwrap();
            return;
        }
        let mut bytes = Vec::with_capacity(left);
        while left > 0 {
            let n = drain.chunk().len().min(left);
            bytes.extend_from_slice(&drain.chunk()[..n]);
            drain.advance(n).unwrap();
            left -= n;
        }
        self.drained(&bytes);
        self.drained_for_good();
    }

    pub fn drain_all(&mut self) {
        while self.snapshot().wants_drain {
            self.drain(usize::MAX);
        }
    }

    fn wire_len(&mut self, n: usize) {
        if self.writer().flush().is_err() {
            return;
        }
        let before = self.snapshot();
        let n = n % (before.room + 1);
        let (sealed, expected) = (self.sealed(), self.writer().wire_len(n));
        let result = self.write(n);
        self.wrote(result, n, before);
        self.writer().flush().unwrap();
        assert_eq!(self.sealed() - sealed, expected as u64, "wire_len({n})");
    }

    fn move_parts(&mut self, before: Snapshot) {
        let at_rest = self.life == Life::Open && !before.wants_drain;
        let total = self.total();
        match self.writer.take().expect("taken only here").into_parts() {
            Ok(parts) => {
                assert!(at_rest);
                self.before = total;
                self.writer = Some(Writer::from_parts(parts, &self.config).unwrap());
                self.drained_for_good();
                self.stale = None;
                let config = self.config.clone();
                self.change_policies(|policies| {
                    policies.max_fragment_len = config.max_fragment_len;
                    (policies.padding, policies.sizing) = (config.padding, config.sizing);
                });
            }
            Err(writer) => {
                assert!(!at_rest);
                self.writer = Some(writer);
                self.unchanged(before);
            }
        }
    }

    /// Drains everything, closes, drains the rest, and judges the whole wire.
    pub fn finish(&mut self) {
        self.drain_all();
        self.check();
        self.step(&Op::Close);
        self.drain_all();
        self.check();
        if self.life == Life::Closed {
            assert_eq!(self.writer().state(), WriterState::Closed);
            assert_eq!(self.opened_plaintext, self.accepted, "nothing accepted is lost");
        }
        let total = self.total();
        assert_eq!(self.wire.opened, total.drained, "whole records");
        assert_eq!(self.opened_records, total.records);
        assert_eq!(self.opened_key_updates, total.key_updates);
        assert!(self.covers.is_empty());
        assert_eq!(self.alerts.last().copied(), self.last_alert, "{:?}", self.alerts);
        let warnings = self.alerts.iter().filter(|alert| alert[1] == 100).count();
        assert!(warnings as u64 <= self.renegotiations);
    }

    /// Checks what must hold after every call.
    fn check(&mut self) {
        let total = self.total();
        for _ in self.peer_updates_at.len() as u64..total.key_updates {
            self.peer_updates_at.push(self.peer_updates);
        }
        self.open_records();
        let snapshot = self.snapshot();
        assert_eq!(total.accepted, self.accepted);
        assert_eq!(total.drained, self.wire.drained);
        assert_eq!(total.drained_plaintext, self.wire.delivered());
        assert!(total.drained_plaintext <= total.accepted);
        assert!(total.records >= self.opened_records);
        if !snapshot.wants_drain && self.life != Life::Failed {
            assert_eq!(total.drained_plaintext, total.accepted);
        }
        let state = match self.life {
            Life::Open => WriterState::Open,
            Life::Closed if snapshot.wants_drain => WriterState::Closing,
            Life::Closed => WriterState::Closed,
            Life::Failed => WriterState::Failed,
        };
        assert_eq!(snapshot.state, state);
        assert!(snapshot.room == 0 || self.life == Life::Open);
        let buffer = match (snapshot.wants_drain, snapshot.room) {
            (false, _) => BufferState::Empty,
            (true, 0) => BufferState::Full,
            (true, _) => BufferState::Holding,
        };
        assert_eq!(snapshot.buffer, buffer);
        assert_eq!(self.writer().wire_len(0), 0);
        let cap = self.in_force.back().expect("never empty").max_fragment_len;
        assert_eq!(self.writer().max_fragment_len(), cap);
        self.check_memory(snapshot);
        if self.life == Life::Open && !snapshot.wants_drain && snapshot.room == 0 {
            let refused = self.writer().write(&[0]);
            assert_eq!(refused, Err(WriteError::KeyLimit { accepted: 0 }), "no room when empty");
        }
    }

    fn check_memory(&mut self, snapshot: Snapshot) {
        let segments = self.config.capacity.div_ceil(16384).max(1);
        let held = self.writer().memory_held();
        assert!(held <= segments * *SEGMENT_LEN, "{held} bytes held by {segments} segments");
        let keeps = self.config.buffers == BufferPolicy::Retain && self.config.pool.is_none();
        if !keeps && !snapshot.wants_drain {
            assert_eq!(held, 0, "an empty buffer holds nothing");
        }
    }

    fn open_records(&mut self) {
        while let Some(record) = self.wire.next_record() {
            assert!(self.alerts.last() != Some(&[1, 0]), "a record after close_notify");
            let opened = self.opener.open(&record);
            assert!(record.len() - opened.inner_len <= 5 + 8 + 16);
            self.judge(&opened);
            self.wire.opened(record.len(), opened_len(&opened));
        }
        if self.in_flight.is_empty() {
            self.wire.forget();
        }
    }

    fn judge(&mut self, opened: &Opened) {
        if opened.seq == 0 {
            (self.key_records, self.key_blocks) = (0, 0);
        }
        self.key_records += 1;
        self.key_blocks += opened.inner_len.div_ceil(16) as u64 + 1;
        if let Some(limits) = self.config.key_limits {
            assert!(self.key_records <= limits.records && self.key_blocks <= limits.blocks);
        }
        match opened.content_type {
            APPLICATION_DATA => self.judge_application_data(opened),
            HANDSHAKE => {
                let update = usize::try_from(self.opened_key_updates).unwrap();
                self.opened_key_updates += 1;
                if opened.content[4] == 1 {
                    let at = Some(self.peer_updates_at[update]);
                    assert!(self.last_request_at < at, "at most one request is outstanding");
                    self.last_request_at = at;
                }
            }
            ALERT => self.alerts.push(opened.content[..].try_into().unwrap()),
            other => panic!("content type {other}"),
        }
    }

    fn judge_application_data(&mut self, opened: &Opened) {
        let (number, len) = (self.opened_records, opened.content.len());
        self.opened_records += 1;
        self.obligations.retain(|due| {
            assert!(number < due.record || opened.generation >= due.generation, "the old key");
            number < due.record
        });
        if len == 0 {
            let (cover, zeros) =
                self.covers.pop_front().expect("an empty record that was not requested");
            assert_eq!((number, opened.inner_len), (cover, zeros + self.type_len()));
            return;
        }
        assert!(opened.content == plaintext(self.opened_plaintext, len), "other plaintext");
        while self.in_force.get(1).is_some_and(|policies| policies.from <= self.opened_plaintext) {
            self.in_force.pop_front();
        }
        let policies = self.in_force[0];
        let inner = len + self.type_len();
        let begun = self.opened_plaintext;
        let caps = self.in_force.iter().take_while(|policies| policies.records <= number);
        let caps = caps.filter_map(|&policies| {
            let held = policies.from.saturating_sub(begun) + self.type_len() as u64;
            let cap = self.max_inner(policies);
            // A record that already held more when the cap was set keeps its earlier cap.
            (policies.records < number || held <= cap as u64).then_some(cap)
        });
        let cap = caps.min().expect("one mark is older");
        self.opened_plaintext += len as u64;
        assert!(inner <= cap, "{inner} bytes in a record of at most {cap}");
        let padded =
            if self.type_len() == 0 { inner } else { padded(inner, cap, policies.padding) };
        assert_eq!(opened.inner_len, padded, "{:?}", policies.padding);
        if let Sizing::Fixed(fixed @ 1..) = policies.sizing {
            assert!(len <= fixed);
        }
    }

    fn accept(&mut self, len: usize) {
        self.accepted += len as u64;
    }

    /// Appends to what was drained.
    fn drained(&mut self, bytes: &[u8]) {
        self.wire.push(bytes);
    }

    /// Forgets the chunk in flight: it can no longer be put back.
    fn drained_for_good(&mut self) {
        if let Some(chunk) = self.in_flight.pop() {
            self.stale = Some(chunk);
        }
        self.in_flight.clear();
        self.wire.put_back_from = self.wire.drained;
        self.wire.may_forget = false;
    }

    /// Whether the key has no record left, not even for an alert.
    const fn is_mute(&self) -> bool {
        matches!(self.keys, Keys::Exhausted { left: 0, .. })
    }

    fn ended_without_a_word(&mut self, result: Result<(), WriteError>) {
        assert_eq!(result, Err(WriteError::Failed { accepted: 0 }));
        assert_eq!(self.writer().error(), Some(Error::KeysExhausted));
        self.life = Life::Failed;
    }

    fn closed(&mut self) {
        self.life = Life::Closed;
        self.last_alert = Some([1, 0]);
    }

    /// Requires the next application record to follow a KeyUpdate.
    fn oblige(&mut self, before: Snapshot) {
        let record = before.progress.records + self.before.records;
        let generation = before.progress.key_updates + self.before.key_updates + 1;
        self.obligations.push(Obligation { record, generation });
    }

    fn change_policies(&mut self, change: impl FnOnce(&mut Policies)) {
        let mut policies = *self.in_force.back().expect("never empty");
        policies.from = self.accepted;
        policies.records = self.total().records;
        change(&mut policies);
        self.in_force.push_back(policies);
    }

    fn refusal(&self) -> Option<WriteError> {
        match self.life {
            Life::Open => None,
            Life::Closed => Some(WriteError::Closed),
            Life::Failed => Some(WriteError::Failed { accepted: 0 }),
        }
    }

    fn no_key_update(&self) -> Option<WriteError> {
        (!self.can_update()).then_some(WriteError::NoKeyUpdate)
    }

    fn has_no_secret(&self) -> bool {
        let is_raw = matches!(self.keys, Keys::Raw { .. } | Keys::Exhausted { .. });
        is_raw || self.suite.version() == Version::Tls12
    }

    fn can_update(&self) -> bool {
        let is_last = match self.keys {
            Keys::LastGenerations(left) => self.total().key_updates >= left,
            _ => false,
        };
        !is_last && !self.has_no_secret()
    }

    #[track_caller]
    fn unchanged(&self, before: Snapshot) {
        assert_eq!(self.snapshot(), before, "something changed");
    }

    fn total(&self) -> Progress {
        let mut total = self.snapshot().progress;
        total.accepted += self.before.accepted;
        total.drained += self.before.drained;
        total.drained_plaintext += self.before.drained_plaintext;
        total.records += self.before.records;
        total.key_updates += self.before.key_updates;
        total
    }

    /// Wire bytes sealed so far by a writer that has no current record.
    fn sealed(&mut self) -> u64 {
        let waiting = self.writer().drain().remaining();
        self.writer().progress().drained + waiting as u64
    }

    fn sealed_at(&mut self, before: Snapshot) -> u64 {
        assert_eq!(self.writer().progress().drained, before.progress.drained);
        self.sealed()
    }

    fn type_len(&self) -> usize {
        usize::from(self.suite.version() == Version::Tls13)
    }

    fn max_inner(&self, policies: Policies) -> usize {
        match policies.max_fragment_len {
            16384.. => 16384 + self.type_len(),
            len => len.max(64),
        }
    }
}

/// How much was lent, how much of that was committed, and the result.
type Lent = (usize, usize, Result<(), WriteError>);
type Lend = fn(&mut Writer, &[u8], &dyn Fn(usize) -> usize) -> Result<Lent, WriteError>;

fn in_one_call(
    writer: &mut Writer,
    data: &[u8],
    commit: &dyn Fn(usize) -> usize,
) -> Result<Lent, WriteError> {
    let mut slot = writer.slot()?;
    let available = slot.len();
    slot.copy_from_slice(&data[..available]);
    let committed = commit(available);
    Ok((available, committed, slot.commit(committed)))
}

fn in_two_calls(
    writer: &mut Writer,
    data: &[u8],
    commit: &dyn Fn(usize) -> usize,
) -> Result<Lent, WriteError> {
    let lent = writer.lend_slot()?;
    let available = lent.len();
    lent.copy_from_slice(&data[..available]);
    assert!(writer.lend_slot()? == &data[..available], "a second loan is the same slot");
    let committed = commit(available);
    Ok((available, committed, writer.commit_slot(committed)))
}

fn opened_len(opened: &Opened) -> usize {
    if opened.content_type == APPLICATION_DATA { opened.content.len() } else { 0 }
}

/// The drained bytes, and how much plaintext their records carry. Bytes that are put back are
/// drained again and must be identical.
#[derive(Default)]
struct Wire {
    /// The bytes from `start` on.
    bytes: Vec<u8>,
    start: u64,
    drained: u64,
    /// Records have been opened up to here.
    opened: u64,
    /// Nothing before this can be put back.
    put_back_from: u64,
    /// More has been taken since then than the smallest buffer holds.
    may_forget: bool,
    /// Where records end, and their plaintext.
    ends: VecDeque<(u64, usize)>,
    /// The plaintext of the records that were dropped.
    settled: u64,
}

impl Wire {
    fn push(&mut self, bytes: &[u8]) {
        let at = usize::try_from(self.drained - self.start).unwrap();
        let again = (self.bytes.len() - at).min(bytes.len());
        assert!(self.bytes[at..][..again] == bytes[..again], "the bytes have changed");
        self.bytes.extend_from_slice(&bytes[again..]);
        self.drained += bytes.len() as u64;
        self.may_forget |= self.drained - self.put_back_from > 16384;
    }

    fn next_record(&self) -> Option<Vec<u8>> {
        let at = usize::try_from(self.opened - self.start).unwrap();
        let rest = &self.bytes[at..];
        let len = 5 + usize::from(u16::from_be_bytes([*rest.get(3)?, *rest.get(4)?]));
        rest.get(..len).map(<[u8]>::to_vec)
    }

    fn opened(&mut self, record_len: usize, plaintext: usize) {
        self.opened += record_len as u64;
        self.ends.push_back((self.opened, plaintext));
    }

    fn delivered(&self) -> u64 {
        let drained = self.ends.iter().take_while(|(end, _)| *end <= self.drained);
        self.settled + drained.map(|(_, len)| *len as u64).sum::<u64>()
    }

    fn forget(&mut self) {
        while let Some(&(end, len)) = self.ends.front().filter(|(end, _)| *end <= self.drained) {
            self.settled += len as u64;
            self.bytes.drain(..usize::try_from(end - self.start).unwrap());
            self.start = end;
            self.ends.pop_front();
        }
    }
}

fn padded(inner: usize, cap: usize, padding: Padding) -> usize {
    let padded = match padding {
        Padding::Multiple(multiple) => inner.div_ceil(multiple) * multiple,
        Padding::Sizes(sizes) => *sizes.iter().find(|&&size| size >= inner).unwrap_or(&inner),
        Padding::With(function) => function(inner),
        _ => inner,
    };
    padded.min(cap).max(inner)
}

/// The plaintext of every run, at any position.
pub fn plaintext(at: u64, len: usize) -> &'static [u8] {
    const PERIOD: usize = 1 << 20;
    const LONGEST: usize = 1 << 19;
    static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let period = super::pattern(PERIOD);
        let again = &period[..LONGEST];
        [&period[..], again].concat()
    });
    &BYTES[usize::try_from(at).unwrap() % PERIOD..][..len]
}

/// The size of one segment of the buffer.
static SEGMENT_LEN: LazyLock<usize> = LazyLock::new(|| {
    let mut config = WriterConfig::default();
    config.capacity = 1;
    let mut writer = writer_and_reader(CipherSuite::TLS_AES_128_GCM_SHA256, config).0;
    writer.write_atomic(b"x").unwrap();
    writer.memory_held()
});

pub const fn at(millis: u64) -> Conditions {
    Conditions::at(Duration::from_millis(millis))
}
