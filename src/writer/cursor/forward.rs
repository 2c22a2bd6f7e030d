//! Simulates the records after the next one, without sealing anything.
//!
//! Records that are begun alike are simulated in one step, and so are buffers that are filled
//! alike, so the cost depends neither on the capacity nor on the number of records. While the key's
//! limits are far away, which is nearly always, only memory counts (`plain`). Otherwise a KeyUpdate
//! starts a new step, because it shifts everything after it. Under the limits of RFC 9846 §5.5
//! there is at most one KeyUpdate in 16 million records.

mod plain;
#[cfg(test)]
mod sweeps;

use super::{BeginPlan, Begun, Cursor, Plan, tail_needed};
use crate::aead::{Cost, KeyBudget, MAX_RECORD_BLOCKS, blocks};
use crate::num::to_u64;
use crate::record::MAX_FRAGMENT_LEN;

/// What ended the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::writer) enum End {
    AllAccepted,
    NoRoom,
    KeyLimit,
}

impl Cursor<'_> {
    /// How much of `len` bytes would be accepted, and what would stop it. The result can exceed
    /// `len` by what the current record still takes.
    pub(in crate::writer) fn room_up_to(
        mut self,
        begun: Option<Begun>,
        len: usize,
    ) -> (usize, End) {
        let mut room = 0;
        if let Some((record, policy)) = begun {
            room = record.free();
            self.assume_sealed(record.limit(), policy);
        }
        let (more, end) = self.accept(len.saturating_sub(room).min(self.enough()));
        (room + more, end)
    }

    /// More than there can be room for, so that no record is cut short for lack of content.
    #[inline]
    const fn enough(&self) -> usize {
        self.tail + self.fresh * self.segment_len + 2 * MAX_FRAGMENT_LEN
    }

    /// How many wire bytes `len` more bytes would add if they were written and flushed. Whenever
    /// the buffer is full, it is assumed to be drained.
    pub(in crate::writer) fn wire_len(mut self, begun: Option<Begun>, len: usize) -> usize {
        let mut wire = 0_usize;
        let (counted, mut rest) = self.assume_filled(begun, len);
        loop {
            let (accepted, end) = self.accept(rest);
            rest -= accepted;
            wire = wire.saturating_add(self.waiting);
            if end != End::NoRoom {
                break;
            }
            self.assume_drained();
            let (filled, filled_wire) = self.fill_alike(rest);
            rest -= filled;
            wire = wire.saturating_add(filled_wire);
        }
        // A control record that is due goes out alone if no record follows it.
        wire.saturating_add(self.control_len).saturating_sub(counted)
    }

    /// Simulates sealing the current record with the first of `len` more bytes. Returns the wire
    /// bytes that are pending before that or that a flush would seal in any case, and how many of
    /// the `len` bytes are left.
    #[inline]
    fn assume_filled(&mut self, begun: Option<Begun>, len: usize) -> (usize, usize) {
        let (mut counted, mut rest) = (self.waiting + self.control_len, len);
        if let Some((record, policy)) = begun.filter(|_| len > 0) {
            if record.len() > 0 {
                counted += policy.record_len(record.len());
            }
            let n = rest.min(record.free());
            rest -= n;
            self.assume_sealed(record.len() + n, policy);
        }
        (counted, rest)
    }

    /// Simulates filling and draining the empty buffer as often as that gives the same result each
    /// time. Returns how much of `content_len` bytes was accepted, and its wire length.
    fn fill_alike(&mut self, content_len: usize) -> (usize, usize) {
        if self.control_len > 0 {
            return (0, 0);
        }
        let mut filled = Self { budget: KeyBudget::ENDLESS, ..*self };
        let (accepted, _full) = filled.accept_closely(content_len);
        // The last time does not count: its content can be cut differently.
        let times = content_len.checked_div(accepted).unwrap_or(0).saturating_sub(1);
        if times == 0 {
            return (0, 0);
        }
        let cost = filled.budget.spent_of_endless();
        let times = repetitions(to_u64(times), to_u64(accepted), self.shapes.lasts(self.sent));
        let times = self.budget.affords(cost, MAX_RECORD_BLOCKS, times);
        self.budget.spend_times(cost, times);
        self.sent = self.sent.saturating_add(times * to_u64(accepted));
        // At most the number that was converted to a `u64` above.
        let times = usize::try_from(times).unwrap_or(0);
        (times * accepted, times.saturating_mul(filled.waiting))
    }

    /// Simulates writing and sealing `content_len` bytes at a record boundary. Returns how much was
    /// accepted and what stopped it. Then `sent` and `waiting` are right; the rest of the memory is
    /// not, and neither is a budget that does not matter.
    #[inline]
    fn accept(&mut self, content_len: usize) -> (usize, End) {
        if self.is_plain(content_len) {
            return self.accept_plainly(content_len);
        }
        let mut first = 0;
        if self.control_len > 0 && content_len > 0 {
            first = match self.begin(content_len) {
                Ok(plan) => self.seal_begun(plan, content_len),
                Err(end) => return (0, end),
            };
        }
        let rest = content_len - first;
        let (more, end) =
            if self.is_plain(rest) { self.accept_plainly(rest) } else { self.accept_closely(rest) };
        (first + more, end)
    }

    /// [`accept`](Self::accept) for any control record that is due and for any budget.
    #[inline(never)]
    fn accept_closely(&mut self, content_len: usize) -> (usize, End) {
        let mut rest = content_len;
        let end = loop {
            if rest == 0 {
                break End::AllAccepted;
            }
            let plan = match self.begin(rest) {
                Ok(plan) => plan,
                Err(end) => break end,
            };
            rest -= if self.control_len > 0 || plan.content_limit > rest {
                self.seal_begun(plan, rest)
            } else {
                self.accept_alike(plan.content_limit, rest)
            };
        };
        (content_len - rest, end)
    }

    /// Simulates that the buffer is drained.
    #[inline]
    const fn assume_drained(&mut self) {
        (self.tail, self.fresh, self.waiting) = (0, self.max_segments, 0);
    }

    /// Simulates that a record is begun for `rest` bytes.
    fn begin(&mut self, rest: usize) -> Result<BeginPlan, End> {
        match self.plan(rest) {
            Plan::Begin(plan) => {
                self.assume_begun(plan);
                Ok(plan)
            }
            Plan::NoRoom => Err(End::NoRoom),
            Plan::KeyLimit => Err(End::KeyLimit),
        }
    }

    /// Simulates that the record that was begun is sealed with as much of `rest` bytes as it can
    /// hold, and returns how much that is.
    fn seal_begun(&mut self, plan: BeginPlan, rest: usize) -> usize {
        let n = plan.content_limit.min(rest);
        self.assume_sealed(n, self.policy);
        n
    }

    /// Simulates the record that was begun and those after it that are begun alike: without a
    /// control record, and full at `content_len` bytes. Returns how much of `rest` was accepted.
    fn accept_alike(&mut self, content_len: usize, rest: usize) -> usize {
        let (inner_len, longest_inner) = self.policy.inner_lens(content_len);
        let needed = tail_needed(self.format(), longest_inner);
        let record_len = self.format().sealed_len(inner_len);
        let held = |len: usize| len.checked_sub(needed).map_or(0, |more| 1 + more / record_len);
        let in_tail = held(self.tail);
        // A shortened record is begun only if there is no other segment.
        let in_segment = if self.fresh > 0 { held(self.segment_len) } else { 0 };
        let in_memory = to_u64(in_tail + self.fresh * in_segment);
        let content = to_u64(content_len);
        let count = repetitions(in_memory, content, to_u64(rest));
        // The last of them is begun before the size changes or too much is pending.
        let count = repetitions_up(count, content, self.shapes.lasts(self.sent));
        let ahead = match self.shapes.sealed_ahead() {
            usize::MAX => u64::MAX,
            ahead => to_u64(ahead - self.waiting),
        };
        let count = repetitions_up(count, to_u64(record_len), ahead);
        let cost = Cost { records: 1, blocks: blocks(inner_len) };
        // A shortened record needs the allowance of a whole one. The first one has it already.
        let asked = match self.fresh {
            0 if count > 1 => blocks(self.shape().longest_inner()),
            _ => blocks(longest_inner),
        };
        let count = self.budget.affords(cost, asked.saturating_sub(cost.blocks), count);
        self.budget.spend_times(cost, count);
        self.sent = self.sent.saturating_add(count * content);
        // At most as many as there is memory for.
        let count = usize::try_from(count).unwrap_or(0);
        self.waiting += count * record_len;
        if count <= in_tail {
            self.tail -= count * record_len;
        } else {
            let behind = count - in_tail;
            let segments = behind.div_ceil(in_segment);
            self.fresh -= segments;
            self.tail = self.segment_len - (behind - (segments - 1) * in_segment) * record_len;
        }
        count * content_len
    }
}

/// How often `each` fits into `whole`, at most `most` times.
#[inline]
fn repetitions(most: u64, each: u64, whole: u64) -> u64 {
    // A division would take longer than everything else here.
    if most * each <= whole { most } else { whole / each }
}

/// The same, except that the last time can exceed `whole`; `u64::MAX` means no limit.
#[inline]
fn repetitions_up(most: u64, each: u64, whole: u64) -> u64 {
    if whole == u64::MAX || most * each <= whole { most } else { whole.div_ceil(each) }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::aead::{CipherSuite, KeyLimits, MAX_GENERATION, NextKeys, TrafficSecret};
    use crate::record::{RecordFormat, Version};
    use crate::writer::cursor::NextBudgets;
    use crate::writer::policy::{Cap, RecordPolicy};
    use crate::writer::shape::{Dynamic, Shape, Shapes};
    use crate::writer::sizing::Sizer;
    use crate::writer::{Conditions, Congestion, Padding, Sizing, SlowStart, Window};

    pub(super) const SEGMENT_LEN: usize = 16_702;
    const SUITE: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;

    /// The result of [`Cursor::accept`], found record by record.
    pub(super) fn accept_each(cursor: &mut Cursor<'_>, content_len: usize) -> (usize, End) {
        let mut accepted = 0;
        while accepted < content_len {
            let plan = match cursor.plan(content_len - accepted) {
                Plan::Begin(plan) => plan,
                Plan::NoRoom => return (accepted, End::NoRoom),
                Plan::KeyLimit => return (accepted, End::KeyLimit),
            };
            let n = plan.content_limit.min(content_len - accepted);
            cursor.assume_begun(plan);
            cursor.assume_sealed(n, cursor.policy);
            accepted += n;
        }
        (accepted, End::AllAccepted)
    }

    /// The result of [`Cursor::wire_len`], found record by record.
    pub(super) fn wire_len_each(mut cursor: Cursor<'_>, len: usize) -> usize {
        let (mut wire, mut rest) = (0, len);
        loop {
            let before = cursor.waiting;
            let (accepted, end) = accept_each(&mut cursor, rest);
            rest -= accepted;
            wire += cursor.waiting - before;
            if end != End::NoRoom {
                return wire + cursor.control_len;
            }
            (cursor.tail, cursor.fresh, cursor.waiting) = (0, cursor.max_segments, 0);
        }
    }

    /// Numbers without a pattern, the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from((self.0 >> 33) % to_u64(end)).unwrap()
        }

        fn of<T: Copy>(&mut self, items: &[T]) -> T {
            items[self.below(items.len())]
        }
    }

    fn sizer(numbers: &mut Numbers) -> (Sizer, u64) {
        let slow_start = SlowStart {
            record_len: numbers.of(&[94, 1369, 5000]),
            threshold: to_u64(numbers.of(&[1, 50, 5_000, 100_000, 1 << 40])),
            idle: Duration::MAX,
        };
        let windows_ahead = 1 + numbers.below(3);
        let mut sizer = Sizer::new(match numbers.below(7) {
            0 => Sizing::Max,
            1 => Sizing::SlowStart(slow_start),
            2 => Sizing::Congestion(Congestion { windows_ahead }),
            3 => Sizing::Fixed(1 + numbers.below(MAX_FRAGMENT_LEN)),
            _ => Sizing::Fixed(numbers.of(&[1, 63, 100, 1_000, 1_024, 5_461, 8_191, 16_383])),
        });
        let window = Window { mss: numbers.of(&[100, 1_448]), cwnd: numbers.of(&[0, 1, 10, 44]) };
        sizer.observe(Conditions::default().with_window(window));
        (sizer, numbers.of(&[0, 0, 10, 4_999, 5_000]))
    }

    fn policy(numbers: &mut Numbers) -> RecordPolicy {
        let padding = match numbers.below(8) {
            0 => Padding::Multiple(numbers.of(&[1, 16, 100, 1_500, 5_000, 1 << 20])),
            1 => Padding::Sizes(numbers.of(&[
                &[100, 1_000][..],
                &[1_024, 2_048, 4_096, 16_385],
                &[1_030, 1_031, 1_032, 20_000],
                &[7_000, 9_000],
            ])),
            2 => Padding::With(|len| len.max(300)),
            _ => Padding::None,
        };
        let format = numbers.of(&[
            RecordFormat::new(Version::Tls13, 0),
            RecordFormat::new(Version::Tls12, 8),
            RecordFormat::new(Version::Tls12, 0),
        ]);
        let max_len = numbers.of(&[64, 100, 5_000, 16_383, 16_384, 16_384]);
        RecordPolicy::new(Cap::new(format, max_len), padding)
    }

    pub(super) fn shapes(sizer: &Sizer, policy: RecordPolicy) -> (Shape, Dynamic) {
        let full = Shape::full(sizer, policy, SEGMENT_LEN);
        (full, Dynamic::new(sizer, policy, SEGMENT_LEN, full))
    }

    fn limits(numbers: &mut Numbers) -> KeyLimits {
        let standard = KeyLimits::for_suite(SUITE);
        let records = numbers.of(&[3, 4, 10, 163, 1_000, standard.records, standard.records]);
        let blocks = numbers.of(&[1_030, 2_000, 30_000, standard.blocks, u64::MAX, u64::MAX]);
        KeyLimits { records, blocks }
    }

    /// Sources of few and of many keys.
    pub(super) fn next_keys() -> [NextKeys; 6] {
        [0, 0, 1, 2, MAX_GENERATION, MAX_GENERATION].map(|left| {
            let secret = TrafficSecret::new(SUITE, &[0; 32]).unwrap();
            NextKeys::of(Some(secret.at_generation(MAX_GENERATION - left)), None)
        })
    }

    fn cursor<'a>(
        numbers: &mut Numbers,
        sent: u64,
        policy: RecordPolicy,
        shapes: Shapes<'a>,
        next_keys: &'a [NextKeys],
        max_segments: usize,
    ) -> Cursor<'a> {
        let limits = limits(numbers);
        let seq = limits.records.min(to_u64(numbers.of(&[0, 0, 0, 5, 150])));
        let next_keys = match policy.format().version() {
            Version::Tls13 => &next_keys[numbers.below(next_keys.len())],
            Version::Tls12 => &NextKeys::NONE,
        };
        Cursor {
            shapes,
            sent,
            policy,
            tail: numbers.below(SEGMENT_LEN + 1) * numbers.below(2),
            fresh: numbers.below(max_segments + 1),
            segment_len: SEGMENT_LEN,
            max_segments,
            waiting: numbers.of(&[0, 0, 1_000, 20_000]),
            control_len: numbers.of(&[0, 0, 0, 27]),
            budget: KeyBudget::of_key(limits, seq, 40 * seq),
            next: NextBudgets::new(limits, next_keys),
        }
    }

    #[test]
    fn accepting_in_bulk_equals_accepting_record_by_record() {
        let (mut numbers, next_keys) = (Numbers(7), next_keys());
        for case in 0..30_000 {
            let (sizer, sent) = sizer(&mut numbers);
            let max_segments = numbers.of(&[1, 2, 3, 8]);
            let policy = policy(&mut numbers);
            let (full, dynamic) = shapes(&sizer, policy);
            let shapes = Shapes::new(&full, &dynamic);
            let cursor = cursor(&mut numbers, sent, policy, shapes, &next_keys, max_segments);
            let len = numbers.of(&[0, 1, 99, 5_000, 16_384, 60_000, 200_000]);
            let len = len + numbers.below(len + 1);
            for len in [len, usize::MAX / 2] {
                let (mut once, mut closely, mut each) = (cursor, cursor, cursor);
                let accepted = accept_each(&mut each, len);
                assert_eq!(once.accept(len), accepted, "{case}: {len} of {cursor:?}");
                let pending = |cursor: Cursor<'_>| (cursor.sent, cursor.waiting);
                assert_eq!(pending(once), pending(each), "{case}: {len} of {cursor:?}");
                assert_eq!(closely.accept_closely(len), accepted, "{case}: {len} of {cursor:?}");
                let left = |cursor: Cursor<'_>| {
                    (cursor.sent, cursor.tail, cursor.fresh, cursor.waiting, cursor.budget)
                };
                assert_eq!(left(closely), left(each), "{case}: {len} of {cursor:?}");
            }
            let each = wire_len_each(cursor, len) - wire_len_each(cursor, 0);
            assert_eq!(cursor.wire_len(None, len), each, "{case}: {len} of {cursor:?}");
            let plain = cursor.plain_wire_len(None, len);
            assert_eq!(plain.unwrap_or(each), each, "{case}: {len} of {cursor:?}");
        }
    }

    #[test]
    fn the_largest_buffer_is_planned_like_a_small_one() {
        let (mut numbers, next_keys) = (Numbers(11), next_keys());
        for case in 0..40 {
            let (_, sent) = sizer(&mut numbers);
            let sizer = Sizer::new(Sizing::Fixed(900 + numbers.below(5_000)));
            let policy = policy(&mut numbers);
            let (full, dynamic) = shapes(&sizer, policy);
            let shapes = Shapes::new(&full, &dynamic);
            let cursor = cursor(&mut numbers, sent, policy, shapes, &next_keys, 1 << 16);
            let len = 1 << 30;
            let (mut once, mut each) = (cursor, cursor);
            assert_eq!(once.accept(len), accept_each(&mut each, len), "{case}: {cursor:?}");
            assert_eq!(once.waiting, each.waiting, "{case}");
            let mut closely = cursor;
            closely.accept_closely(len);
            assert_eq!((closely.waiting, closely.budget), (each.waiting, each.budget), "{case}");
        }
    }
}
