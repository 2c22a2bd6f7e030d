//! The hard cap and the padding of a record.

use super::padding::Padding;
use crate::record::{MAX_FRAGMENT_LEN, RecordFormat, TAG_LEN, Version};

/// What limits a record and pads it. A record keeps the policy it was begun with.
///
/// This is copied for every record, in words of 16 bytes. If a word straddled two pages, which
/// depends on the caller's memory, the record would take 14 % longer.
#[repr(align(16))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RecordPolicy {
    format: RecordFormat,
    /// The longest inner plaintext: content and, in TLS 1.3, type byte and padding.
    max_inner: u16,
    padding: Padding,
}

impl RecordPolicy {
    pub(super) fn new(format: RecordFormat, max_fragment_len: usize, padding: Padding) -> Self {
        // The protocol's own limit counts only content. A smaller cap includes type byte and
        // padding.
        let max_inner = if max_fragment_len >= MAX_FRAGMENT_LEN {
            MAX_FRAGMENT_LEN + format.inner_type_len()
        } else {
            max_fragment_len
        };
        let padding = match format.version() {
            Version::Tls12 => Padding::None,
            Version::Tls13 => padding,
        };
        // At most 2^14 + 1.
        Self { format, max_inner: u16::try_from(max_inner).unwrap_or(u16::MAX), padding }
    }

    pub(super) fn with_format(self, format: RecordFormat) -> Self {
        Self::new(format, self.max_inner(), self.padding)
    }

    pub(super) fn with_padding(self, padding: Padding) -> Self {
        Self::new(self.format, self.max_inner(), padding)
    }

    pub(super) fn with_max_fragment_len(self, len: usize) -> Self {
        Self::new(self.format, len, self.padding)
    }

    /// This policy with the cap of `other`; `None` unless that is lower.
    pub(super) fn capped_by(self, other: Self) -> Option<Self> {
        (other.max_inner < self.max_inner).then_some(Self { max_inner: other.max_inner, ..self })
    }

    #[inline]
    pub(super) const fn format(self) -> RecordFormat {
        self.format
    }

    #[inline]
    pub(super) const fn pads(self) -> bool {
        !self.padding.is_none()
    }

    #[inline]
    pub(super) fn max_inner(self) -> usize {
        self.max_inner.into()
    }

    /// The longest content.
    #[inline]
    pub(super) fn max_content(self) -> usize {
        self.max_inner() - self.format.inner_type_len()
    }

    /// The wire length of a record with this content, including padding.
    #[inline]
    pub(super) fn record_len(self, content_len: usize) -> usize {
        self.format.prefix_len() + self.inner_len(content_len) + TAG_LEN
    }

    /// The number of zeros after the type byte.
    #[inline]
    pub(super) fn padding(self, content_len: usize) -> usize {
        if !self.pads() {
            return 0;
        }
        self.inner_len(content_len) - content_len - self.format.inner_type_len()
    }

    /// The length of content, type byte and padding.
    #[inline]
    pub(super) fn inner_len(self, content_len: usize) -> usize {
        self.padding.padded_len(content_len + self.format.inner_type_len(), self.max_inner())
    }

    /// The longest inner plaintext that this content, or shorter content, can have.
    #[inline]
    pub(super) fn longest_inner(self, content_len: usize) -> usize {
        self.padding.longest_of(content_len + self.format.inner_type_len(), self.max_inner())
    }

    /// The length of the inner plaintext for this content, and the longest one that this or shorter
    /// content can have.
    #[inline]
    pub(super) fn inner_lens(self, content_len: usize) -> (usize, usize) {
        let longest = self.longest_inner(content_len);
        let inner_len =
            if self.padding.is_monotone() { longest } else { self.inner_len(content_len) };
        (inner_len, longest)
    }

    /// The longest content, up to `wanted`, for which it and all shorter content have an inner
    /// plaintext that fits into `space`.
    #[inline]
    pub(super) fn content_within(self, wanted: usize, space: usize) -> usize {
        let type_len = self.format.inner_type_len();
        let inner_len = self.padding.longest_within(wanted + type_len, space, self.max_inner());
        inner_len.saturating_sub(type_len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Version;

    #[test]
    fn content_within_is_what_was_wanted_if_it_fits_with_its_type_byte() {
        let format = RecordFormat::new(Version::Tls13, 0);
        let policy = RecordPolicy::new(format, 16_384, Padding::None);
        let content = |wanted, space| policy.content_within(wanted, space);
        assert_eq!((content(10, 1000), content(10, 11), content(10, 10)), (10, 10, 9));
    }
}
