//! The hard cap and the padding of a record.

use super::padding::Padding;
use crate::num::to_u16;
use crate::record::{MAX_FRAGMENT_LEN, RecordFormat, Version};

/// How long a record may be, in its format. This depends on everything that does not pad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cap {
    format: RecordFormat,
    /// The longest inner plaintext: content and, in TLS 1.3, type byte and padding.
    max_inner: u16,
}

impl Cap {
    pub(super) fn new(format: RecordFormat, max_fragment_len: usize) -> Self {
        // The protocol's own limit counts only content. A smaller cap includes type byte and
        // padding.
        let max_inner = if max_fragment_len >= MAX_FRAGMENT_LEN {
            MAX_FRAGMENT_LEN + format.inner_type_len()
        } else {
            max_fragment_len
        };
        Self { format, max_inner: to_u16(max_inner) }
    }

    #[inline]
    pub(super) const fn format(self) -> RecordFormat {
        self.format
    }

    #[inline]
    pub(super) fn max_inner(self) -> usize {
        self.max_inner.into()
    }
}

/// What limits a record and pads it. A record keeps the policy it was begun with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RecordPolicy {
    cap: Cap,
    padding: Padding,
}

impl RecordPolicy {
    pub(super) fn new(cap: Cap, padding: Padding) -> Self {
        let padding = match cap.format.version() {
            Version::Tls12 => Padding::None,
            Version::Tls13 => padding,
        };
        Self { cap, padding }
    }

    /// A policy that does not pad.
    #[inline]
    pub(super) const fn unpadded(cap: Cap) -> Self {
        Self { cap, padding: Padding::None }
    }

    #[inline]
    pub(super) const fn cap(self) -> Cap {
        self.cap
    }

    /// This policy with the cap `other`; `None` unless that is lower.
    pub(super) fn capped_by(self, other: Cap) -> Option<Self> {
        (other.max_inner < self.cap.max_inner)
            .then_some(Self { cap: Cap { max_inner: other.max_inner, ..self.cap }, ..self })
    }

    #[inline]
    pub(super) const fn format(self) -> RecordFormat {
        self.cap.format
    }

    #[inline]
    pub(super) const fn pads(self) -> bool {
        !self.padding.is_none()
    }

    #[inline]
    pub(super) fn max_inner(self) -> usize {
        self.cap.max_inner()
    }

    /// The longest content.
    #[inline]
    pub(super) fn max_content(self) -> usize {
        self.max_inner() - self.format().inner_type_len()
    }

    /// The wire length of a record with this content, including padding.
    #[inline]
    pub(super) fn record_len(self, content_len: usize) -> usize {
        self.format().sealed_len(self.inner_len(content_len))
    }

    /// The number of zeros after the type byte.
    #[inline]
    pub(super) fn padding(self, content_len: usize) -> usize {
        if !self.pads() {
            return 0;
        }
        self.inner_len(content_len) - content_len - self.format().inner_type_len()
    }

    /// The length of content, type byte and padding.
    #[inline]
    pub(super) fn inner_len(self, content_len: usize) -> usize {
        self.padding.padded_len(content_len + self.format().inner_type_len(), self.max_inner())
    }

    /// The longest inner plaintext that this content, or shorter content, can have.
    #[inline]
    pub(super) fn longest_inner(self, content_len: usize) -> usize {
        self.padding.longest_of(content_len + self.format().inner_type_len(), self.max_inner())
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
        let type_len = self.format().inner_type_len();
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
        let policy = RecordPolicy::unpadded(Cap::new(format, 16_384));
        let content = |wanted, space| policy.content_within(wanted, space);
        assert_eq!((content(10, 1000), content(10, 11), content(10, 10)), (10, 10, 9));
    }
}
