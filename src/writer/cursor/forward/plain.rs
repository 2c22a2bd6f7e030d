//! Simulates records when neither a control record nor the key's limits matter.

use super::{Begun, Cursor, End};
use crate::num::to_u64;
use crate::writer::plan::{MIN_TAIL, tail_needed};
use crate::writer::shape::Shape;

impl Cursor<'_> {
    /// [`room_up_to`](Cursor::room_up_to) if it is plain. Then it does not matter what the next
    /// keys may seal.
    #[inline]
    pub(in crate::writer) fn plain_room_up_to(
        mut self,
        begun: Option<Begun>,
        len: usize,
    ) -> Option<(usize, End)> {
        if self.control_len > 0 {
            return None;
        }
        let mut room = 0;
        if let Some((record, policy)) = begun {
            room = record.free();
            self.assume_sealed(record.limit(), policy);
        }
        let rest = len.saturating_sub(room).min(self.enough());
        self.is_plain(rest).then(|| {
            let (more, end) = self.accept_plainly(rest);
            (room + more, end)
        })
    }

    /// [`wire_len`](Cursor::wire_len) if it is plain. Then it does not matter what the next keys
    /// may seal.
    #[inline]
    pub(in crate::writer) fn plain_wire_len(
        mut self,
        begun: Option<Begun>,
        len: usize,
    ) -> Option<usize> {
        if self.control_len > 0 {
            return None;
        }
        let (counted, rest) = self.assume_filled(begun, len);
        self.is_plain(rest).then(|| self.wire_len_plainly(rest).saturating_sub(counted))
    }

    /// Whether no control record is due and the key certainly allows `content_len` more bytes,
    /// however they are cut.
    #[inline]
    pub(super) fn is_plain(&self, content_len: usize) -> bool {
        self.control_len == 0 && self.shapes.are_allowed(self.budget, content_len)
    }

    /// [`accept`](Cursor::accept) if it [`is_plain`](Cursor::is_plain).
    #[inline(always)]
    pub(super) fn accept_plainly(&mut self, content_len: usize) -> (usize, End) {
        let Self { shapes, segment_len, .. } = *self;
        let (mut tail, mut fresh, mut sent, mut waiting) =
            (self.tail, self.fresh, self.sent, self.waiting);
        let (ahead, mut rest) = (shapes.sealed_ahead(), content_len);
        let end = loop {
            let (shape, lasts) = (shapes.at(sent), shapes.lasts(sent));
            let (content, record_len) = (shape.content_len(), shape.record_len());
            let in_tail = shape.held(tail);
            let in_memory = in_tail + fresh * shape.in_segment();
            // The last of them is begun before too much is pending or the size changes.
            let most = match ahead {
                usize::MAX => in_memory,
                _ => in_memory.min(ahead.saturating_sub(waiting).div_ceil(record_len)),
            };
            let count = if to_u64(most * content) <= lasts {
                most
            } else {
                // At most `most`.
                usize::try_from(lasts.div_ceil(to_u64(content))).unwrap_or(most)
            };
            if rest < count * content {
                // There is memory for one more whole record, so the last one is not cut short.
                let whole = rest / content;
                let part = rest - whole * content;
                waiting += whole * record_len;
                if part > 0 {
                    waiting += self.policy.record_len(part);
                }
                (sent, rest) = (sent + to_u64(rest), 0);
                break End::AllAccepted;
            }
            (sent, rest) = (sent + to_u64(count * content), rest - count * content);
            waiting += count * record_len;
            if rest == 0 {
                break End::AllAccepted;
            }
            if waiting >= ahead {
                break End::NoRoom;
            }
            if count <= in_tail {
                tail -= count * record_len;
            } else {
                let (behind, in_segment) = (count - in_tail, shape.in_segment());
                let segments = if count == in_memory { fresh } else { behind.div_ceil(in_segment) };
                fresh -= segments;
                tail = segment_len - (behind - (segments - 1) * in_segment) * record_len;
                let last = shape.last();
                let left = shapes.lasts(sent);
                if count == in_memory
                    && ahead == usize::MAX
                    && rest >= last.content_len()
                    && left > to_u64(last.content_len())
                    // It is still the same shape.
                    && left <= lasts
                {
                    sent += to_u64(last.content_len());
                    waiting += last.wire_len();
                    rest -= last.content_len();
                    break if rest == 0 { End::AllAccepted } else { End::NoRoom };
                }
            }
            if shapes.lasts(sent) > lasts {
                // The short ones at the start are over.
                continue;
            }
            // Only shortened records can follow.
            let least = content.min(MIN_TAIL);
            let space = tail.saturating_sub(tail_needed(self.policy.format(), 0));
            if space < least {
                break End::NoRoom;
            }
            let limit = self.policy.content_within(content, space);
            if limit < least {
                break End::NoRoom;
            }
            if rest <= limit {
                waiting += self.policy.record_len(rest);
                (sent, rest) = (sent + to_u64(rest), 0);
                break End::AllAccepted;
            }
            let (inner_len, longest_inner) = self.policy.inner_lens(limit);
            let record_len = self.policy.format().sealed_len(inner_len);
            let needed = tail_needed(self.policy.format(), longest_inner);
            loop {
                if rest <= limit {
                    waiting += self.policy.record_len(rest);
                    (sent, rest) = (sent + to_u64(rest), 0);
                    break;
                }
                (sent, rest) = (sent + to_u64(limit), rest - limit);
                (tail, waiting) = (tail - record_len, waiting + record_len);
                if tail < needed || waiting >= ahead || shapes.lasts(sent) > lasts {
                    break;
                }
            }
            if rest == 0 {
                break End::AllAccepted;
            }
            if waiting >= ahead {
                break End::NoRoom;
            }
        };
        (self.sent, self.waiting) = (sent, waiting);
        (content_len - rest, end)
    }

    /// How many wire bytes are pending after `content_len` more bytes, in addition to those drained
    /// whenever the buffer is full.
    #[inline(always)]
    fn wire_len_plainly(&mut self, content_len: usize) -> usize {
        let (accepted, end) = self.accept_plainly(content_len);
        let (mut sent, mut wire, mut rest) = (self.sent, self.waiting, content_len - accepted);
        if end != End::NoRoom {
            return wire;
        }
        loop {
            let (filled, filled_wire) = self.fill_plainly(sent, rest);
            (sent, rest) = (sent.saturating_add(to_u64(filled)), rest - filled);
            wire = wire.saturating_add(filled_wire);
            if let Some(last_wire) = self.last_fill(sent, rest) {
                return wire.saturating_add(last_wire);
            }
            let (filled, filled_wire) =
                self.fill_across(sent, rest).unwrap_or_else(|| self.fill_once(sent, rest));
            (sent, rest) = (sent.saturating_add(to_u64(filled)), rest - filled);
            wire = wire.saturating_add(filled_wire);
            if rest == 0 {
                return wire;
            }
        }
    }

    /// The wire length of `content_len` bytes in the empty buffer, if they are cut into records of
    /// one size and one shorter record.
    #[inline]
    fn last_fill(&self, sent: u64, content_len: usize) -> Option<usize> {
        if to_u64(content_len) > self.shapes.lasts(sent) {
            return None;
        }
        let (shape, ahead) = (self.shapes.at(sent), self.shapes.sealed_ahead());
        let (content, record_len) = (shape.content_len(), shape.record_len());
        let whole = self.max_segments * shape.in_segment();
        let most = if whole * record_len <= ahead { whole } else { ahead.div_ceil(record_len) };
        (content_len <= most * content).then(|| self.wire_len_alike(content_len, shape))
    }

    /// The wire length of records of one size and a shorter one.
    #[inline(always)]
    fn wire_len_alike(&self, content_len: usize, shape: &Shape) -> usize {
        let count = content_len / shape.content_len();
        match content_len - count * shape.content_len() {
            0 => count * shape.record_len(),
            part => count * shape.record_len() + self.policy.record_len(part),
        }
    }

    /// [`fill_alike`](Cursor::fill_alike) if it [`is_plain`](Cursor::is_plain).
    #[inline]
    fn fill_plainly(&self, sent: u64, content_len: usize) -> (usize, usize) {
        let (shape, ahead) = (self.shapes.at(sent), self.shapes.sealed_ahead());
        let (record_len, last) = (shape.record_len(), shape.last());
        let whole = self.max_segments * shape.in_segment();
        let (each, wire) = if whole * record_len >= ahead {
            let count = ahead.div_ceil(record_len);
            (count * shape.content_len(), count * record_len)
        } else if last.content_len() == 0 || ahead >= whole * record_len + last.wire_len() {
            let content = whole * shape.content_len() + last.content_len();
            (content, whole * record_len + last.wire_len())
        } else {
            // Too much is pending between the shortened records.
            self.fill_once(sent, content_len)
        };
        // The size must not change before the end.
        let lasts = to_u64(content_len).min(self.shapes.lasts(sent) - 1);
        // A division would take longer than everything else here.
        let times = match to_u64(each) {
            each if lasts < each => 0,
            each if lasts - each < each => 1,
            each => lasts / each,
        };
        // At most the number of bytes, which is a `usize`.
        let times = usize::try_from(times).unwrap_or(0);
        (times * each, times.saturating_mul(wire))
    }

    /// How much of `content_len` bytes the empty buffer takes if the size changes on the way, and
    /// its wire length.
    #[inline]
    fn fill_across(&self, sent: u64, content_len: usize) -> Option<(usize, usize)> {
        let (shape, lasts) = (self.shapes.at(sent), self.shapes.lasts(sent));
        let most = self.max_segments * shape.in_segment();
        if self.shapes.sealed_ahead() != usize::MAX || lasts > to_u64(most * shape.content_len()) {
            return None;
        }
        // At most `most`.
        let lasts = usize::try_from(lasts).unwrap_or(most);
        // Two divisions that do not wait for each other.
        let count = lasts.div_ceil(shape.content_len());
        let segments = lasts.div_ceil(shape.in_segment() * shape.content_len());
        let in_last = count - (segments - 1) * shape.in_segment();
        let next = self.shapes.full();
        let behind = next.held(self.segment_len - in_last * shape.record_len())
            + (self.max_segments - segments) * next.in_segment();
        let rest = content_len.checked_sub(count * shape.content_len())?;
        let more = behind * next.content_len() + next.last().content_len();
        let (more, more_wire) = if segments < self.max_segments && rest >= more {
            (more, behind * next.record_len() + next.last().wire_len())
        } else if rest <= behind * next.content_len() {
            (rest, self.wire_len_alike(rest, next))
        } else {
            return None;
        };
        Some((count * shape.content_len() + more, count * shape.record_len() + more_wire))
    }

    /// How many of `content_len` bytes fill the empty buffer, and their wire length.
    #[inline(never)]
    fn fill_once(mut self, sent: u64, content_len: usize) -> (usize, usize) {
        self.sent = sent;
        self.assume_drained();
        let (accepted, _full) = self.accept_plainly(content_len);
        (accepted, self.waiting)
    }
}
