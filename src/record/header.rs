//! The five bytes before every record (RFC 9846 §5.1).
#![deny(clippy::indexing_slicing)]

use super::{ContentType, MAX_FRAGMENT_LEN, RecordFormat, Version};
use crate::error::PeerFault;

/// Type, legacy version and length.
pub(crate) const HEADER_LEN: usize = 5;

/// `legacy_record_version` as every record after the handshake carries it.
const LEGACY_VERSION: [u8; 2] = [0x03, 0x03];

/// A record header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    content_type: ContentType,
    /// The length of what follows the header.
    len: u16,
}

impl RecordHeader {
    pub(crate) const fn new(content_type: ContentType, len: u16) -> Self {
        Self { content_type, len }
    }

    /// Decodes the header at the start of `wire`. `None` if fewer than five bytes are available.
    /// The first invalid byte decides the fault.
    ///
    /// The length is checked here, before anything is opened or waited for: an oversized record is
    /// a `record_overflow`, whatever it contains.
    #[cfg(test)]
    pub(crate) fn decode(wire: &[u8], version: Version) -> Result<Option<Self>, PeerFault> {
        let Some(start) = HeaderStart::of(wire) else { return Ok(None) };
        let header = Self::check(start.bytes, Some(version))?;
        Ok(start.is_whole.then_some(header))
    }

    /// The same, before a version is negotiated.
    #[cfg(feature = "rustls")]
    pub(crate) fn decode_of_any_version(wire: &[u8]) -> Result<Option<Self>, PeerFault> {
        let Some(start) = HeaderStart::of(wire) else { return Ok(None) };
        let header = Self::check(start.bytes, None)?;
        Ok(start.is_whole.then_some(header))
    }

    fn check(
        [content_type, major, minor, len_hi, len_lo]: [u8; HEADER_LEN],
        version: Option<Version>,
    ) -> Result<Self, PeerFault> {
        let content_type =
            ContentType::from_wire(content_type).ok_or(PeerFault::UnexpectedContentType)?;
        // RFC 5246 §6.2.1: TLS 1.2 has its own version. RFC 9846 §5.1: TLS 1.3 ignores the minor
        // one.
        let names_another = version == Some(Version::Tls12) && minor != LEGACY_VERSION[1];
        if major != LEGACY_VERSION[0] || names_another {
            return Err(PeerFault::BadRecordVersion);
        }
        let len = u16::from_be_bytes([len_hi, len_lo]);
        if usize::from(len) > version.unwrap_or(Version::Tls12).max_ciphertext_len() {
            return Err(PeerFault::RecordOverflow);
        }
        Ok(Self { content_type, len })
    }

    /// Like [`decode`](Self::decode), for a record that must be protected. If the header alone is
    /// invalid, the record is refused without waiting for the rest and before its tag is checked.
    pub(crate) fn decode_protected(
        wire: &[u8],
        format: RecordFormat,
    ) -> Result<Option<Self>, PeerFault> {
        let Some(start) = HeaderStart::of(wire) else { return Ok(None) };
        // RFC 9846 §5.2: every protected record has this outer type. Any other type marks a
        // plaintext record, which is no longer allowed. Checked byte by byte, so that the fault
        // does not depend on how many bytes have arrived.
        let [content_type, ..] = start.bytes;
        if format.version() == Version::Tls13
            && content_type != ContentType::ApplicationData.to_wire()
        {
            return Err(PeerFault::UnexpectedContentType);
        }
        let header = Self::check(start.bytes, Some(format.version()))?;
        // RFC 9846 §5.2: content, type and padding together are at most 2^14 + 1 bytes, and all
        // tags have the same length.
        if header.record_len() > format.record_len(MAX_FRAGMENT_LEN) {
            return Err(PeerFault::RecordOverflow);
        }
        Ok(start.is_whole.then_some(header))
    }

    pub(crate) const fn content_type(self) -> ContentType {
        self.content_type
    }

    /// The length of what follows the header.
    pub(crate) fn body_len(self) -> usize {
        self.len.into()
    }

    pub(crate) const fn encode(self) -> [u8; HEADER_LEN] {
        let [major, minor] = LEGACY_VERSION;
        let [len_hi, len_lo] = self.len.to_be_bytes();
        [self.content_type.to_wire(), major, minor, len_hi, len_lo]
    }

    /// The length of the whole record.
    pub(crate) fn record_len(self) -> usize {
        HEADER_LEN + self.body_len()
    }
}

/// The available part of a header. Missing bytes are assumed to be valid, so that any fault found
/// is in the bytes that are available.
#[derive(Clone, Copy)]
pub(crate) struct HeaderStart {
    bytes: [u8; HEADER_LEN],
    is_whole: bool,
}

impl HeaderStart {
    /// `None` if `wire` is empty.
    #[inline]
    pub(crate) fn of(wire: &[u8]) -> Option<Self> {
        match wire.first_chunk() {
            Some(&bytes) => Some(Self { bytes, is_whole: true }),
            None => Self::of_part(wire),
        }
    }

    #[cold]
    fn of_part(wire: &[u8]) -> Option<Self> {
        let &content_type = wire.first()?;
        let [major, minor] = LEGACY_VERSION;
        let mut bytes = [content_type, major, minor, 0, 0];
        bytes.iter_mut().zip(wire).for_each(|(byte, &here)| *byte = here);
        if let [content_type, _, _, 0, len] = &mut bytes {
            // Alerts and change_cipher_specs have a fixed length.
            *len = match ContentType::from_wire(*content_type) {
                Some(ContentType::Alert) => 2,
                Some(ContentType::ChangeCipherSpec) => 1,
                _ => 0,
            };
        }
        Some(Self { bytes, is_whole: false })
    }

    #[cfg(feature = "rustls")]
    pub(crate) const fn bytes(self) -> [u8; HEADER_LEN] {
        self.bytes
    }

    /// The header that this begins, before a version is negotiated.
    #[cfg(feature = "rustls")]
    pub(crate) fn header(self) -> Result<RecordHeader, PeerFault> {
        RecordHeader::check(self.bytes, None)
    }

    #[cfg(feature = "rustls")]
    pub(crate) const fn is_whole(self) -> bool {
        self.is_whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_header_is_refused_if_nothing_can_complete_it() {
        // Alerts and change_cipher_specs have fixed lengths, which are checked elsewhere.
        let goods =
            [[0x16, 3, 1, 0x40, 0], [0x15, 3, 3, 0, 2], [0x14, 3, 3, 0, 1], [0x17, 3, 3, 0, 0]];
        for version in [Version::Tls13, Version::Tls12] {
            for good in goods {
                let minor = if version == Version::Tls12 { 3 } else { good[2] };
                let good = [good[0], good[1], minor, good[3], good[4]];
                for len in 0..=HEADER_LEN {
                    let expected = (len == HEADER_LEN)
                        .then(|| RecordHeader::check(good, Some(version)).unwrap());
                    assert_eq!(RecordHeader::decode(&good[..len], version), Ok(expected));
                }
                for at in 0..HEADER_LEN {
                    for byte in 0..=u8::MAX {
                        let mut wire = good;
                        wire[at] = byte;
                        let part = RecordHeader::decode(&wire[..=at], version);
                        let is_bad = |rest: u8| {
                            let mut wire = wire;
                            if at + 1 < HEADER_LEN {
                                wire[HEADER_LEN - 1] = rest;
                            }
                            RecordHeader::decode(&wire, version).is_err()
                        };
                        assert_eq!(
                            part.is_err(),
                            (0..=u8::MAX).all(is_bad),
                            "{version:?} {wire:x?} {at}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn header_round_trips() {
        let header = RecordHeader { content_type: ContentType::Alert, len: 0x1234 };
        let wire = header.encode();
        assert_eq!(wire, [0x15, 3, 3, 0x12, 0x34]);
        assert_eq!(RecordHeader::decode(&wire, Version::Tls13), Ok(Some(header)));
    }

    #[test]
    fn header_needs_five_bytes() {
        assert_eq!(RecordHeader::decode(&[0x17, 3, 3, 0], Version::Tls13), Ok(None));
    }

    #[test]
    fn header_refuses_unknown_types_and_versions_but_any_minor_passes_in_tls13() {
        let decode = |wire: [u8; 5]| RecordHeader::decode(&wire, Version::Tls13);
        assert_eq!(decode([0x18, 3, 3, 0, 1]), Err(PeerFault::UnexpectedContentType));
        assert_eq!(decode([0x17, 2, 3, 0, 1]), Err(PeerFault::BadRecordVersion));
        assert!(decode([0x17, 3, 0xff, 0, 1]).is_ok());
        let decode = |wire: [u8; 5]| RecordHeader::decode(&wire, Version::Tls12);
        assert_eq!(decode([0x17, 3, 1, 0, 1]), Err(PeerFault::BadRecordVersion));
        assert!(decode([0x17, 3, 3, 0, 1]).is_ok());
    }

    #[test]
    fn header_length_limit_depends_on_the_version() {
        for (version, limit) in [(Version::Tls13, 16384 + 256), (Version::Tls12, 16384 + 2048)] {
            for (len, fits) in [(limit - 1, true), (limit, true), (limit + 1, false)] {
                let [hi, lo] = u16::try_from(len).unwrap().to_be_bytes();
                let decoded = RecordHeader::decode(&[0x17, 3, 3, hi, lo], version);
                assert_eq!(decoded.is_ok(), fits, "{version:?} {len}");
            }
        }
    }

    #[test]
    fn content_over_2_14_bytes_is_refused_by_the_header_of_its_record() {
        for (version, explicit_nonce_len, longest) in [
            (Version::Tls13, 0, 16384 + 1 + 16),
            (Version::Tls12, 0, 16384 + 16),
            (Version::Tls12, 8, 8 + 16384 + 16),
        ] {
            let format = RecordFormat::new(version, explicit_nonce_len);
            let decode = |len: u16| {
                let [hi, lo] = len.to_be_bytes();
                RecordHeader::decode_protected(&[0x17, 3, 3, hi, lo], format)
            };
            assert!(decode(longest).is_ok());
            assert_eq!(decode(longest + 1), Err(PeerFault::RecordOverflow));
        }
    }

    #[test]
    fn a_plaintext_record_is_refused_by_its_header_in_tls_1_3() {
        for (version, expected) in [
            (Version::Tls13, Err(PeerFault::UnexpectedContentType)),
            (Version::Tls12, Ok(Some(RecordHeader { content_type: ContentType::Alert, len: 2 }))),
        ] {
            let format = RecordFormat::new(version, 0);
            let decoded = RecordHeader::decode_protected(&[0x15, 3, 3, 0, 2], format);
            assert_eq!(decoded, expected);
        }
    }
}
