//! Compares the simulation in steps with that of each record, at every length and limit of a kind.

use core::time::Duration;

use super::super::NextBudgets;
use super::Cursor;
use super::tests::{SEGMENT_LEN, accept_each, next_keys, shapes, wire_len_each};
use crate::aead::{KeyBudget, KeyLimits, blocks};
use crate::record::{MAX_FRAGMENT_LEN, RecordFormat, Version};
use crate::writer::current::CurrentRecord;
use crate::writer::policy::{Cap, RecordPolicy};
use crate::writer::shape::Shapes;
use crate::writer::sizing::Sizer;
use crate::writer::{Conditions, Congestion, Padding, Sizing, SlowStart, Window};

const NO_WINDOW: Window = Window { mss: 0, cwnd: 0 };

fn policy(version: Version, max_len: usize, padding: Padding) -> RecordPolicy {
    RecordPolicy::new(Cap::new(RecordFormat::new(version, 0), max_len), padding)
}

/// Compares empty buffers of one and two segments, without a key's limits, with simulating
/// record by record.
fn check_empty_buffers(policy: RecordPolicy, sizing: Sizing, window: Window) {
    let mut sizer = Sizer::new(sizing);
    sizer.observe(Conditions::default().with_window(window));
    let (full, dynamic) = shapes(&sizer, policy);
    for max_segments in [1, 2] {
        let cursor = Cursor {
            shapes: Shapes::new(&full, &dynamic),
            sent: 0,
            policy,
            tail: 0,
            fresh: max_segments,
            segment_len: SEGMENT_LEN,
            max_segments,
            waiting: 0,
            control_len: 0,
            budget: KeyBudget::ENDLESS,
            next: NextBudgets::NONE,
        };
        let mut buffers = cursor;
        let (room, _) = accept_each(&mut buffers, 80_000);
        buffers.assume_drained();
        let rooms = room + accept_each(&mut buffers, 80_000).0;
        // One byte less than there is room for ends in the last shortened record.
        for len in [9_000, 17_000, 80_000, room - 1, rooms - 1, rooms] {
            let (mut once, mut each) = (cursor, cursor);
            assert_eq!(once.accept_plainly(len), accept_each(&mut each, len), "{len} {cursor:?}");
            assert_eq!((once.sent, once.waiting), (each.sent, each.waiting), "{len} {cursor:?}");
            let wire_len = wire_len_each(cursor, len);
            assert_eq!(cursor.plain_wire_len(None, len), Some(wire_len), "{len} {cursor:?}");
        }
    }
}

#[test]
fn every_record_length_leaves_the_right_tail() {
    for version in [Version::Tls12, Version::Tls13] {
        let policy = policy(version, MAX_FRAGMENT_LEN, Padding::None);
        for content_len in 500..=MAX_FRAGMENT_LEN {
            check_empty_buffers(policy, Sizing::Fixed(content_len), NO_WINDOW);
        }
    }
}

/// A lent slot is such a record.
#[test]
fn a_record_that_is_begun_but_empty_counts_like_one_that_is_not_begun() {
    let policy = policy(Version::Tls13, 100, Padding::None);
    let (full, dynamic) = shapes(&Sizer::new(Sizing::Max), policy);
    let begun = Some((CurrentRecord::new(policy.max_content()), policy));
    for limits in (3..20).map(|records| KeyLimits { records, blocks: u64::MAX }) {
        let cursor = Cursor {
            shapes: Shapes::new(&full, &dynamic),
            sent: 0,
            policy,
            tail: SEGMENT_LEN,
            fresh: 0,
            segment_len: SEGMENT_LEN,
            max_segments: 1,
            waiting: 0,
            control_len: 0,
            budget: KeyBudget::of_new_key(limits),
            next: NextBudgets::NONE,
        };
        for len in [0, 1, 99, 100, 250, 2_000] {
            assert_eq!(cursor.wire_len(begun, len), cursor.wire_len(None, len), "{len} {limits:?}");
        }
    }
}

#[test]
fn too_much_is_pending_between_shortened_records() {
    // Only short records fit behind one of 9,000 bytes.
    let policy = policy(Version::Tls13, MAX_FRAGMENT_LEN, Padding::Sizes(&[1_030, 9_000]));
    for (windows_ahead, cwnd) in (1..4).flat_map(|ahead| (1_100..9_000).map(move |n| (ahead, n))) {
        let sizing = Sizing::Congestion(Congestion { windows_ahead });
        let window = Window { mss: 1, cwnd };
        check_empty_buffers(policy, sizing, window);
    }
}

#[test]
fn short_records_at_the_start_end_anywhere() {
    // The full records leave a tail that takes no, one and several shortened ones.
    let policies = [
        policy(Version::Tls13, MAX_FRAGMENT_LEN, Padding::None),
        policy(Version::Tls13, 9_000, Padding::None),
        policy(Version::Tls13, 9_000, Padding::Sizes(&[1_030, 9_000])),
    ];
    for (threshold, policy) in (1..34_000).flat_map(|n| policies.map(|policy| (n, policy))) {
        let slow_start = SlowStart { record_len: 5_000, threshold, idle: Duration::MAX };
        check_empty_buffers(policy, Sizing::SlowStart(slow_start), NO_WINDOW);
    }
}

#[test]
fn no_record_is_simulated_beyond_the_last_one_that_a_key_allows() {
    let next_keys = next_keys();
    let policy = policy(Version::Tls13, MAX_FRAGMENT_LEN, Padding::None);
    for content_len in [1, 2, 14, 15, 16, 31, 100, 1_023, 1_024, 5_000, MAX_FRAGMENT_LEN] {
        let sizer = Sizer::new(Sizing::Fixed(content_len));
        let (full, dynamic) = shapes(&sizer, policy);
        let each = blocks(content_len + 1);
        let few = (0..40).map(|records| KeyLimits { records, blocks: u64::MAX });
        let short = (0..12 * each + 10).map(|blocks| KeyLimits { records: 1 << 20, blocks });
        for (limits, next) in few.chain(short).flat_map(|limits| [(limits, 0), (limits, 2)]) {
            let cursor = Cursor {
                shapes: Shapes::new(&full, &dynamic),
                sent: 0,
                policy,
                tail: 0,
                fresh: 8,
                segment_len: SEGMENT_LEN,
                max_segments: 8,
                waiting: 0,
                control_len: 0,
                budget: KeyBudget::of_new_key(limits),
                next: NextBudgets::new(limits, &next_keys[next]),
            };
            for len in [1, content_len, 7 * content_len, 9 * content_len + 1] {
                let (mut once, mut each) = (cursor, cursor);
                assert_eq!(once.accept(len), accept_each(&mut each, len), "{len} {cursor:?}");
            }
        }
    }
}
