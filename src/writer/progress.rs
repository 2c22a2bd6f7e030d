//! What a writer has done so far.

use crate::num::to_u64;

/// Three independent byte counters, and what ended the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Plaintext bytes accepted.
    pub accepted: u64,
    /// Wire bytes drained.
    pub drained: u64,
    /// Plaintext bytes whose records have been drained completely.
    pub drained_plaintext: u64,
    /// Records of application data sealed.
    pub records: u64,
    /// What ended each of these records.
    pub records_ended: RecordEnds,
    /// KeyUpdates sealed.
    pub key_updates: u64,
}

/// How many records ended for each reason. They add up to [`Progress::records`].
///
/// Many `drained` records mean that the transport is faster than you are, so that each write pays
/// for a record of its own: pass more data per call. Many short `flushed` records mean that you
/// flush too often. A key limit never ends a record: the KeyUpdate precedes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordEnds {
    /// The record reached the size that the sizing policy and the memory allow.
    pub full: u64,
    /// [`flush`](crate::Writer::flush) was called, or a call that ends its own record:
    /// `write_owned`, `seal_batch`, `write_parallel` and, with
    /// [`Coalescing::Off`](crate::Coalescing::Off), each writing call.
    pub flushed: u64,
    /// The drain reached the record.
    pub drained: u64,
    /// [`close`](crate::Writer::close) was called.
    pub closed: u64,
    /// [`set_max_fragment_len`](crate::Writer::set_max_fragment_len) lowered the cap to what the
    /// record already held, or less.
    pub capped: u64,
    /// [`write_cover`](crate::Writer::write_cover) was called: this counts the cover records and
    /// the records that they ended.
    pub cover: u64,
}

/// What ended a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordEnd {
    Full,
    Flushed,
    Drained,
    Closed,
    Capped,
    Cover,
}

impl RecordEnds {
    #[inline(always)]
    const fn count(&mut self, end: RecordEnd) {
        *match end {
            RecordEnd::Full => &mut self.full,
            RecordEnd::Flushed => &mut self.flushed,
            RecordEnd::Drained => &mut self.drained,
            RecordEnd::Closed => &mut self.closed,
            RecordEnd::Capped => &mut self.capped,
            RecordEnd::Cover => &mut self.cover,
        } += 1;
    }

    const fn total(&self) -> u64 {
        let Self { full, flushed, drained, closed, capped, cover } = *self;
        full + flushed + drained + closed + capped + cover
    }
}

/// A position in the stream of plaintext, taken after everything accepted so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use = "a flush point does nothing unless you check it"]
pub struct FlushPoint(u64);

impl Progress {
    /// The position after everything accepted so far.
    pub const fn flush_point(&self) -> FlushPoint {
        FlushPoint(self.accepted)
    }

    /// Whether everything accepted before `point` has been drained. Bytes taken as owned chunks
    /// count as drained unless they are put back.
    #[must_use]
    pub const fn is_drained(&self, point: FlushPoint) -> bool {
        self.drained_plaintext >= point.0
    }
}

/// What the writer counts. The buffer counts what is drained.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    accepted: u64,
    records_ended: RecordEnds,
    key_updates: u64,
}

impl Counts {
    #[inline]
    pub(super) fn on_accepted(&mut self, len: usize) {
        self.accepted += to_u64(len);
    }

    #[inline(always)]
    pub(super) const fn on_record(&mut self, end: RecordEnd) {
        self.records_ended.count(end);
    }

    pub(super) const fn on_key_update(&mut self) {
        self.key_updates += 1;
    }

    #[cfg(feature = "parallel")]
    pub(super) const fn key_updates(&self) -> u64 {
        self.key_updates
    }

    pub(super) const fn progress(&self, drained: u64, drained_plaintext: u64) -> Progress {
        let Self { accepted, records_ended, key_updates } = *self;
        let records = records_ended.total();
        Progress { accepted, drained, drained_plaintext, records, records_ended, key_updates }
    }
}
