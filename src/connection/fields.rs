//! Reading the fields of a message (RFC 9846 §3).
#![deny(clippy::indexing_slicing)]

use core::ops::Range;

/// The rest of a message, or of one of its fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    /// Where in the message it begins.
    start: usize,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, start: 0 }
    }

    pub(super) const fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) const fn rest(self) -> &'a [u8] {
        self.bytes
    }

    /// The range in the message.
    pub(super) fn range(self) -> Range<usize> {
        self.start..self.start + self.bytes.len()
    }

    fn split_off(&mut self, len: usize) -> Option<Self> {
        let (bytes, rest) = self.bytes.split_at_checked(len)?;
        let field = Self { bytes, ..*self };
        *self = Self { bytes: rest, start: self.start + len };
        Some(field)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.split_off(N)?.bytes.first_chunk().copied()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// A vector preceded by a one-byte length.
    pub(super) fn vector_u8(&mut self) -> Option<Self> {
        let len = self.u8()?;
        self.split_off(len.into())
    }

    /// A vector preceded by a two-byte length.
    pub(super) fn vector_u16(&mut self) -> Option<Self> {
        let len = self.u16()?;
        self.split_off(len.into())
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A vector preceded by a four-byte length.
    pub(super) fn vector_u32(&mut self) -> Option<Self> {
        let len = self.array().map(u32::from_be_bytes)?;
        self.split_off(usize::try_from(len).ok()?)
    }

    /// The next extension: its type and its data.
    pub(super) fn extension(&mut self) -> Option<(u16, Self)> {
        Some((self.u16()?, self.vector_u16()?))
    }
}

/// All values of a list of 16-bit values. An odd last byte is ignored.
pub(super) fn values_u16(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    let mut fields = Fields::new(bytes);
    core::iter::from_fn(move || fields.u16())
}
