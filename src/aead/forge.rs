//! Any record whatever, sealed with the right keys: to attack other implementations with.

use alloc::vec::Vec;

use super::protection::Protection;
use super::{NextKeys, WriteKeys};
use crate::error::Error;
use crate::record::{ContentType, HEADER_LEN, TAG_LEN, Version};

/// Seals what it is told to, whether the protocol allows it or not: for fuzzers and for tests of
/// other implementations. Not for production: it uses a nonce as often as it is asked to, which
/// gives the key away.
///
/// ```
/// use wantwrite::{CipherSuite, ForgedRecord, RecordForge, TrafficSecret, Version, WriteKeys};
///
/// let secret = TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[7; 32])?;
/// let mut forge = RecordForge::new(WriteKeys::from_secret(secret));
/// let honest = forge.forge(&ForgedRecord::new(Version::Tls13, 0x17, b"hello"));
/// assert_eq!(honest[..5], [0x17, 3, 3, 0, 5 + 1 + 16]);
///
/// // An alert without content, padded, under the number that was used already.
/// let mut record = ForgedRecord::new(Version::Tls13, 0x15, b"");
/// (record.padding, record.seq) = (100, Some(0));
/// assert_eq!(forge.forge(&record).len(), 5 + 1 + 100 + 16);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RecordForge {
    keys: WriteKeys,
    /// Of the next record.
    seq: u64,
    next_keys: NextKeys,
}

/// A record as it is to be on the wire, in wire order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForgedRecord<'a> {
    /// The content type in the header.
    pub outer_type: u8,
    /// The version in the header.
    pub legacy_version: [u8; 2],
    /// The length in the header; `None` for the true one (`u16::MAX` for what is longer).
    pub len: Option<u16>,
    /// The content.
    pub content: &'a [u8],
    /// The byte behind the content: in TLS 1.3 its type.
    pub inner_type: Option<u8>,
    /// Zeros behind that.
    pub padding: usize,
    /// The sequence number it is sealed under; `None` for the next one. The one after it is next
    /// then.
    pub seq: Option<u64>,
    /// Whether it is sealed at all. A plaintext record takes no sequence number.
    pub is_sealed: bool,
}

impl<'a> ForgedRecord<'a> {
    /// The honest record of this content, to be changed.
    #[must_use]
    pub const fn new(version: Version, content_type: u8, content: &'a [u8]) -> Self {
        let (outer_type, inner_type) = match version {
            Version::Tls13 => (ContentType::ApplicationData.to_wire(), Some(content_type)),
            Version::Tls12 => (content_type, None),
        };
        Self {
            outer_type,
            legacy_version: [0x03, 0x03],
            len: None,
            content,
            inner_type,
            padding: 0,
            seq: None,
            is_sealed: true,
        }
    }

    fn header(&self, true_len: usize) -> [u8; HEADER_LEN] {
        let [major, minor] = self.legacy_version;
        let true_len = u16::try_from(true_len).unwrap_or(u16::MAX);
        let [len_hi, len_lo] = self.len.unwrap_or(true_len).to_be_bytes();
        [self.outer_type, major, minor, len_hi, len_lo]
    }
}

impl RecordForge {
    /// A forge of records under `keys`.
    #[must_use]
    pub fn new(mut keys: WriteKeys) -> Self {
        let next_keys = NextKeys::of(keys.take_secret(), None);
        Self { seq: keys.seq(), keys, next_keys }
    }

    /// The bytes of `record`. The additional data is what the receiver of its header makes of
    /// that header, so that a lie in it is not given away by the tag.
    pub fn forge(&mut self, record: &ForgedRecord<'_>) -> Vec<u8> {
        let mut body = record.content.to_vec();
        body.extend(record.inner_type);
        body.resize(body.len() + record.padding, 0);
        if !record.is_sealed {
            return [&record.header(body.len()), &body[..]].concat();
        }
        let seq = record.seq.unwrap_or(self.seq);
        self.seq = seq.wrapping_add(1);
        let (format, key) = (self.keys.suite().format(), self.keys.key_mut());
        let protection = Protection::new(format, key.iv(), seq);
        let explicit_nonce = protection.explicit_nonce().to_vec();
        let header = record.header(explicit_nonce.len() + body.len() + TAG_LEN);
        let tag = protection.seal_body(key.expanded(), header, &mut body);
        [&header, &explicit_nonce[..], &body, &tag].concat()
    }

    /// Goes on under the key of the next generation, whether a KeyUpdate was forged or not.
    ///
    /// # Errors
    /// [`Error::KeysExhausted`] for keys that were not made of a
    /// [`TrafficSecret`](super::TrafficSecret).
    pub fn update_keys(&mut self) -> Result<(), Error> {
        self.keys = self.next_keys.next_write_keys()?;
        self.seq = 0;
        Ok(())
    }

    /// The number of the next record that is not given another.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::super::{AeadProvider, CipherSuite, KeyLimits, RecordSealer};
    use super::*;

    fn keys(suite: CipherSuite, seq: u64) -> WriteKeys {
        WriteKeys::new(suite, &[3; 32][..suite.key_len()], [5; 12], seq).unwrap()
    }

    #[test]
    fn an_honest_record_is_what_the_sealer_makes() {
        for &suite in CipherSuite::ALL {
            for seq in [0, 1, 0x0102_0304_0506_0708] {
                let mut sealer = RecordSealer::new(
                    keys(suite, seq),
                    KeyLimits::for_suite(suite),
                    AeadProvider::default(),
                );
                let prefix_len = sealer.format().prefix_len();
                let mut sealed = vec![7; prefix_len + 20 + 9 + 32];
                let padding = if suite.version() == Version::Tls13 { 9 } else { 0 };
                let len = sealer.seal(ContentType::Alert, &mut sealed, 20, padding).unwrap();
                let mut forge = RecordForge::new(keys(suite, seq));
                let mut record = ForgedRecord::new(suite.version(), 0x15, &[7; 20]);
                record.padding = padding;
                assert_eq!(forge.forge(&record), sealed[..len], "{suite:?} {seq}");
                assert_eq!(forge.seq(), seq + 1);
            }
        }
    }

    #[test]
    fn a_number_can_be_used_again_and_a_plaintext_record_takes_none() {
        let mut forge = RecordForge::new(keys(CipherSuite::TLS_AES_128_GCM_SHA256, 5));
        let mut record = ForgedRecord::new(Version::Tls13, 0x17, b"hello");
        let first = forge.forge(&record);
        record.seq = Some(5);
        assert_eq!(forge.forge(&record), first);
        (record.is_sealed, record.outer_type, record.len) = (false, 0x63, Some(0xffff));
        assert_eq!(forge.forge(&record), b"\x63\x03\x03\xff\xffhello\x17");
        assert_eq!(forge.seq(), 6);
    }

    #[test]
    fn a_content_longer_than_a_header_can_say_is_sealed_all_the_same() {
        for suite in [CipherSuite::ALL[0], CipherSuite::ALL[3]] {
            let content = vec![0; 70_000];
            let record = ForgedRecord::new(suite.version(), 0x17, &content);
            let wire = RecordForge::new(keys(suite, u64::MAX)).forge(&record);
            assert_eq!(wire[..5], [0x17, 3, 3, 0xff, 0xff]);
            assert!(wire.len() > 70_016);
        }
    }
}
