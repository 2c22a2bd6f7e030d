//! Plaintexts that own their memory.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use std::collections::VecDeque;

use bytes::BytesMut;

use crate::Error;

/// Plaintexts, allocated before the measured time and freed within it. This is the use case of
/// `write_owned`, and is compared with `write`.
pub(crate) struct Plaintexts {
    size: usize,
    made: VecDeque<BytesMut>,
}

impl Plaintexts {
    pub(crate) const fn new(size: usize) -> Self {
        Self { size, made: VecDeque::new() }
    }

    /// They are used in the order of their allocation. Freed in the reverse order, each of them
    /// would shrink the heap.
    pub(crate) fn make(&mut self, count: usize) {
        let make = |_| {
            // One spare byte after the last fragment, for its content type.
            let mut plaintext = BytesMut::with_capacity(self.size + 1);
            plaintext.resize(self.size, 1);
            plaintext
        };
        self.made = (0..count).map(make).collect();
    }

    pub(crate) fn next(&mut self) -> Result<BytesMut, Error> {
        self.made.pop_front().ok_or_else(|| "not prepared".into())
    }
}
