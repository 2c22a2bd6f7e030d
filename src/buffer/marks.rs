//! How much plaintext each range of pending bytes carries.

use alloc::collections::VecDeque;
use core::mem;
use core::num::NonZeroU32;

use crate::num::{to_u32, to_usize};

/// `wire` bytes that carry `plaintext` bytes of plaintext. The plaintext counts as drained once all
/// of the wire bytes are.
#[derive(Clone, Copy, Debug)]
struct Mark {
    wire: NonZeroU32,
    plaintext: u32,
}

/// The marks of pending bytes, and of bytes that were taken out and can still be put back.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Can be partly drained, by `into_first` bytes. Kept separately, because it is the only mark
    /// if each record is drained before the next one.
    first: Option<Mark>,
    into_first: u32,
    /// How many of `others` are before `first`.
    behind: u32,
    /// The completely drained marks, oldest first, then the marks after `first`. While `first` is
    /// `None`, there are none of the latter.
    others: VecDeque<Mark>,
    /// The wire bytes of the marks before `first`.
    behind_len: usize,
    drained_plaintext: u64,
}

impl Mark {
    fn wire(self) -> usize {
        to_usize(self.wire.get())
    }
}

impl Marks {
    /// Plaintext whose marks have been drained completely.
    pub(super) const fn drained_plaintext(&self) -> u64 {
        self.drained_plaintext
    }

    /// `wire` more bytes are pending.
    #[inline]
    pub(super) fn push(&mut self, wire: u32, plaintext: u32) {
        if let Some(wire) = NonZeroU32::new(wire) {
            let mark = Mark { wire, plaintext };
            match self.first {
                None => self.first = Some(mark),
                Some(_) => self.others.push_back(mark),
            }
        }
    }

    /// Whether any marks can be [forgotten](Self::forget).
    #[inline]
    pub(super) const fn may_forget(&self) -> bool {
        self.behind > 0
    }

    /// `len` bytes are gone for good, and so are all before them.
    #[inline]
    pub(super) fn drain(&mut self, len: usize) {
        if self.behind > 0 {
            self.others.drain(..to_usize(self.behind));
            (self.behind, self.behind_len) = (0, 0);
        }
        self.go_forward(len, |this, _| this.others.pop_front());
    }

    /// `len` bytes are gone but can be put back.
    pub(super) fn take(&mut self, len: usize) {
        self.go_forward(len, |this, mark| {
            let next = this.others.get_mut(to_usize(this.behind));
            let next = next.map(|next| mem::replace(next, mark));
            if next.is_none() {
                this.others.push_back(mark);
            }
            this.behind += 1;
            this.behind_len += mark.wire();
            next
        });
    }

    /// Keeps the marks of only the last `keep` bytes that can be put back.
    #[inline(never)]
    pub(super) fn forget(&mut self, keep: usize) {
        while self.behind_len > keep {
            match self.others.pop_front() {
                Some(mark) => self.behind_len -= mark.wire(),
                None => break,
            }
            self.behind -= 1;
        }
    }

    /// How many bytes could be put back.
    pub(super) fn remembered(&self) -> usize {
        self.behind_len + to_usize(self.into_first)
    }

    /// The last `len` bytes taken are pending again. At most [`remembered`](Self::remembered).
    pub(super) fn put_back(&mut self, len: usize) {
        let mut rest = len;
        while rest > to_usize(self.into_first) && self.behind > 0 {
            self.behind -= 1;
            let mark = match self.first {
                Some(first) => {
                    let last = self.others.get_mut(to_usize(self.behind));
                    last.map(|last| mem::replace(last, first))
                }
                None => self.others.pop_back(),
            };
            let Some(mark) = mark else { break };
            rest -= to_usize(self.into_first);
            self.behind_len -= mark.wire();
            self.drained_plaintext -= u64::from(mark.plaintext);
            (self.first, self.into_first) = (Some(mark), mark.wire.get());
        }
        self.into_first = self.into_first.saturating_sub(to_u32(rest));
    }

    /// The pending bytes will never be drained. Bytes that were taken can still be put back.
    pub(super) fn discard(&mut self) {
        self.others.truncate(to_usize(self.behind));
        if self.into_first == 0 {
            self.first = None;
        }
    }

    /// Frees the memory for more than `kept` marks, which a burst of small records used.
    pub(super) fn shrink(&mut self, kept: usize) {
        if self.others.capacity() > kept {
            self.others.shrink_to(kept);
        }
    }

    /// Moves `len` bytes forward. `next` returns the mark after one that ended.
    #[inline]
    fn go_forward(&mut self, len: usize, mut next: impl FnMut(&mut Self, Mark) -> Option<Mark>) {
        let mut into_first = to_usize(self.into_first) + len;
        while let Some(mark) = self.first {
            if mark.wire() > into_first {
                self.into_first = to_u32(into_first);
                return;
            }
            into_first -= mark.wire();
            self.drained_plaintext += u64::from(mark.plaintext);
            self.first = next(self, mark);
        }
        // Nothing is pending.
        self.into_first = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn putting_back_restores_the_drained_plaintext() {
        let mut marks = Marks::default();
        for (wire, plaintext) in [(10, 1), (20, 2), (5, 0), (30, 3)] {
            marks.push(wire, plaintext);
        }
        let delivered_at = |at| match at {
            0..10 => 0,
            10..30 => 1,
            30..65 => 3,
            _ => 6,
        };
        for (from, to) in [(0, 65), (3, 64), (9, 30), (10, 11), (29, 36)] {
            marks.take(from);
            assert_eq!(marks.drained_plaintext(), delivered_at(from));
            marks.take(to - from);
            assert_eq!((marks.drained_plaintext(), marks.remembered()), (delivered_at(to), to));
            marks.put_back(to - from);
            assert_eq!(marks.drained_plaintext(), delivered_at(from));
            marks.put_back(from);
            assert_eq!((marks.drained_plaintext(), marks.remembered()), (0, 0));
        }
    }

    #[test]
    fn a_burst_gives_back_its_memory() {
        let mut marks = Marks::default();
        (0..1000).for_each(|_| marks.push(1, 1));
        marks.take(900);
        marks.drain(100);
        marks.shrink(10);
        assert!(marks.others.capacity() <= 10, "{marks:?}");
    }

    #[test]
    fn bytes_that_are_drained_for_good_are_not_remembered() {
        let mut marks = Marks::default();
        marks.push(10, 1);
        marks.push(10, 1);
        marks.take(10);
        marks.drain(5);
        assert_eq!((marks.drained_plaintext(), marks.remembered()), (1, 5));
    }
}
