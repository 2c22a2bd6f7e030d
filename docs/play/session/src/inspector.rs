//! The peer, which opens what the writer seals to find out what each record contains.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use wantwrite::{
    Error, ReadKeys, Reader, ReaderConfig, ReaderState, RecordEnds, Role, TrafficSecret, Writer,
};

use crate::settings::{SECRET, SUITE};

/// A record that is pending or has been sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed {
    pub(crate) kind: Kind,
    pub(crate) content: usize,
    pub(crate) wire_len: usize,
    /// How much of it the transport has accepted.
    pub(crate) gone: usize,
}

impl Sealed {
    /// Returns the number of padding zeros after the type byte.
    pub(crate) const fn padding(&self) -> usize {
        match self.kind {
            Kind::Data(_) => self.wire_len - OVERHEAD - self.content,
            Kind::KeyUpdate | Kind::CloseNotify => 0,
        }
    }
}

/// The header, type byte and tag.
const OVERHEAD: usize = HEADER_LEN + 1 + 16;
const HEADER_LEN: usize = 5;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Application data, with the reason why the record ended.
    Data(&'static str),
    KeyUpdate,
    CloseNotify,
}

/// The pending records, oldest first.
#[derive(Debug)]
pub(crate) struct Inspector {
    peer: Reader,
    records: VecDeque<Sealed>,
    /// The bytes of `records` that are pending.
    waiting: usize,
    ends: RecordEnds,
    /// The content of all sealed records.
    sealed_content: u64,
}

impl Inspector {
    pub(crate) fn new() -> Option<Self> {
        let secret = TrafficSecret::new(SUITE, &SECRET).ok()?;
        let keys = ReadKeys::from_secret(secret);
        let mut config = ReaderConfig::default();
        // The page has a button for KeyUpdates, and sends no data in between.
        config.limits.key_updates.initial = 1 << 20;
        config.limits.key_updates.saved = 1 << 20;
        Some(Self {
            peer: Reader::new(keys, Role::Client, config).ok()?,
            records: VecDeque::new(),
            waiting: 0,
            ends: RecordEnds::default(),
            sealed_content: 0,
        })
    }

    pub(crate) const fn records(&self) -> &VecDeque<Sealed> {
        &self.records
    }

    /// Returns the plaintext in the current record.
    pub(crate) fn current(&self, accepted: u64) -> u64 {
        accepted.saturating_sub(self.sealed_content)
    }

    /// Opens a copy of each record sealed since the last call. Does not seal anything itself.
    pub(crate) fn look(&mut self, writer: &mut Writer) -> Result<(), Error> {
        if writer.waiting() == self.waiting {
            return Ok(());
        }
        let mut wire = Vec::with_capacity(writer.waiting());
        writer.drain().chunks().for_each(|chunk| wire.extend_from_slice(chunk));
        let mut ends = NewEnds::between(self.ends, writer.progress().records_ended);
        self.ends = writer.progress().records_ended;
        let mut rest = wire.get(self.waiting..).unwrap_or_default();
        while let Some(&[_, _, _, high, low]) = rest.first_chunk() {
            let wire_len = HEADER_LEN + usize::from(u16::from_be_bytes([high, low]));
            let Some((record, behind)) = rest.split_at_checked(wire_len) else { break };
            let (content, kind) = self.open(record, &mut ends)?;
            self.records.push_back(Sealed { kind, content, wire_len, gone: 0 });
            self.waiting += wire_len;
            rest = behind;
        }
        Ok(())
    }

    fn open(&mut self, record: &[u8], ends: &mut NewEnds) -> Result<(usize, Kind), Error> {
        let _all = self.peer.receive(record);
        let events = self.peer.process()?;
        let content = self.peer.plaintext().len();
        self.peer.consume_all();
        self.sealed_content += u64::try_from(content).unwrap_or(u64::MAX);
        let kind = if events.key_update.is_some() {
            Kind::KeyUpdate
        } else if self.peer.state() == ReaderState::PeerClosed {
            Kind::CloseNotify
        } else {
            Kind::Data(ends.next())
        };
        Ok((content, kind))
    }

    /// Records that the transport has accepted `n` bytes. Returns how many records have been sent
    /// whole.
    pub(crate) fn on_drained(&mut self, n: usize, mut left: impl FnMut(Sealed)) {
        self.waiting = self.waiting.saturating_sub(n);
        let mut rest = n;
        while let Some(record) = self.records.front_mut() {
            let taken = rest.min(record.wire_len - record.gone);
            record.gone += taken;
            rest -= taken;
            if record.gone < record.wire_len {
                break;
            }
            left(*record);
            self.records.pop_front();
        }
    }
}

/// The reasons why the records of one call ended. Full records come first.
struct NewEnds {
    full: u64,
    flushed: u64,
    drained: u64,
}

impl NewEnds {
    const fn between(before: RecordEnds, after: RecordEnds) -> Self {
        Self {
            full: after.full - before.full,
            flushed: after.flushed - before.flushed,
            drained: after.drained - before.drained,
        }
    }

    fn next(&mut self) -> &'static str {
        let counts = [&mut self.full, &mut self.flushed, &mut self.drained];
        for (count, name) in counts.into_iter().zip(["full", "flushed", "drained"]) {
            if *count > 0 {
                *count -= 1;
                return name;
            }
        }
        "closed"
    }
}
