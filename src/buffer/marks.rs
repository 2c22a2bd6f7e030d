//! How much plaintext each range of pending bytes carries.

use alloc::collections::VecDeque;

use crate::num::to_u64;

/// `wire` bytes that carry `plaintext` bytes of plaintext. The plaintext counts as drained once all
/// of the wire bytes are.
#[derive(Clone, Copy, Debug)]
struct Mark {
    wire: usize,
    plaintext: usize,
}

/// The marks of pending bytes, and of bytes that were taken out and can still be put back.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Can be partly drained, by `into_first` bytes. Kept separately, because it is the only mark
    /// if each record is drained before the next one.
    first: Option<Mark>,
    into_first: usize,
    /// Empty while `first` is `None`.
    ahead: VecDeque<Mark>,
    /// Completely drained marks, the last one at the end.
    behind: VecDeque<Mark>,
    /// The wire bytes of `behind`.
    behind_len: usize,
    drained_plaintext: u64,
}

impl Marks {
    /// Plaintext whose marks have been drained completely.
    pub(super) const fn drained_plaintext(&self) -> u64 {
        self.drained_plaintext
    }

    /// `wire` more bytes are pending.
    #[inline]
    pub(super) fn push(&mut self, wire: usize, plaintext: usize) {
        if wire > 0 {
            let mark = Mark { wire, plaintext };
            match self.first {
                None => self.first = Some(mark),
                Some(_) => self.ahead.push_back(mark),
            }
        }
    }

    /// Whether any marks can be [forgotten](Self::forget).
    #[inline]
    pub(super) const fn may_forget(&self) -> bool {
        self.behind_len > 0
    }

    /// `len` bytes are gone for good, and so are all before them.
    #[inline]
    pub(super) fn drain(&mut self, len: usize) {
        if self.behind_len > 0 {
            self.behind.clear();
            self.behind_len = 0;
        }
        self.go_forward(len, |_, _| {});
    }

    /// `len` bytes are gone but can be put back.
    pub(super) fn take(&mut self, len: usize) {
        self.go_forward(len, |this, mark| {
            this.behind.push_back(mark);
            this.behind_len += mark.wire;
        });
    }

    /// Keeps the marks of only the last `keep` bytes that can be put back.
    #[inline(never)]
    pub(super) fn forget(&mut self, keep: usize) {
        while self.behind_len > keep {
            match self.behind.pop_front() {
                Some(mark) => self.behind_len -= mark.wire,
                None => break,
            }
        }
    }

    /// How many bytes could be put back.
    pub(super) const fn remembered(&self) -> usize {
        self.behind_len + self.into_first
    }

    /// The last `len` bytes taken are pending again. At most [`remembered`](Self::remembered).
    pub(super) fn put_back(&mut self, len: usize) {
        let mut rest = len;
        while rest > self.into_first {
            let Some(mark) = self.behind.pop_back() else {
                break;
            };
            rest -= self.into_first;
            self.behind_len -= mark.wire;
            self.drained_plaintext -= to_u64(mark.plaintext);
            self.into_first = mark.wire;
            if let Some(first) = self.first.replace(mark) {
                self.ahead.push_front(first);
            }
        }
        self.into_first = self.into_first.saturating_sub(rest);
    }

    /// The pending bytes will never be drained. Bytes that were taken can still be put back.
    pub(super) fn discard(&mut self) {
        self.ahead.clear();
        if self.into_first == 0 {
            self.first = None;
        }
    }

    /// Frees the memory for more than `kept` marks, which a burst of small records used.
    pub(super) fn shrink(&mut self, kept: usize) {
        for marks in [&mut self.ahead, &mut self.behind] {
            if marks.capacity() > kept {
                marks.shrink_to(kept);
            }
        }
    }

    #[inline]
    fn go_forward(&mut self, len: usize, mut on_end: impl FnMut(&mut Self, Mark)) {
        self.into_first += len;
        while let Some(mark) = self.first {
            if mark.wire > self.into_first {
                break;
            }
            self.into_first -= mark.wire;
            self.drained_plaintext += to_u64(mark.plaintext);
            self.first = self.ahead.pop_front();
            on_end(self, mark);
        }
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
        assert!(marks.ahead.capacity() <= 10 && marks.behind.capacity() <= 10, "{marks:?}");
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
