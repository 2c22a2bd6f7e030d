//! Sealing one record in place (RFC 9846 §5.2, RFC 5246 §6.2.3.3).

use core::{fmt, mem};

use super::aead_key::AeadKey;
use super::protection::Protection;
#[cfg(feature = "parallel")]
use super::reserved::{Reserved, SharedKey};
use super::{AeadProvider, CipherSuite, KeyBudget, KeyLimits, WriteKeys};
use crate::record::{ContentType, HEADER_LEN, RecordFormat, TAG_LEN};

/// A key in use: key, IV, sequence number and budget, never separated and never copied.
pub(crate) struct RecordSealer {
    key: AeadKey,
    budget: KeyBudget,
}

impl RecordSealer {
    pub(crate) fn new(mut keys: WriteKeys, limits: KeyLimits, provider: AeadProvider) -> Self {
        keys.set_provider(provider);
        let budget = KeyBudget::of_key(limits, keys.seq(), keys.sealed_blocks());
        Self { key: keys.into_key(), budget }
    }

    /// The key with its next sequence number and the count of what it has sealed, under the limits
    /// that [`new`](Self::new) received.
    pub(crate) fn into_keys(self, limits: KeyLimits) -> WriteKeys {
        WriteKeys::of_key(self.key).with_sealed_blocks(self.budget.sealed_blocks(limits))
    }

    pub(crate) const fn suite(&self) -> CipherSuite {
        self.key.suite()
    }

    pub(crate) const fn format(&self) -> RecordFormat {
        self.key.format()
    }

    pub(crate) const fn budget(&self) -> KeyBudget {
        self.budget
    }

    /// Frees what can be rebuilt.
    pub(crate) fn shrink(&mut self) {
        self.key.shrink();
    }

    pub(crate) const fn seq(&self) -> u64 {
        self.key.seq()
    }

    /// Seals a record whose content is already in `record`, after the format's prefix. Writes
    /// everything around it and returns the record's wire length.
    ///
    /// Returns `None` if the sequence numbers are used up; nothing is sealed then. The caller has
    /// already checked the budget; it is charged here.
    ///
    /// # Panics
    /// If `record` is shorter than prefix, content, type, padding and tag together, or if content
    /// and padding are longer than a record may be.
    #[inline(always)]
    pub(crate) fn seal(
        &mut self,
        content_type: ContentType,
        record: &mut [u8],
        content_len: usize,
        padding: usize,
    ) -> Option<usize> {
        let seq = self.take_seq(content_len, padding)?;
        let protection = Protection::new(self.format(), self.key.iv(), seq);
        let key = self.key.expanded();
        Some(protection.seal_record(key, record, content_type, content_len, padding))
    }

    /// Like [`seal`](Self::seal), but with content from elsewhere and without padding.
    #[cfg(any(test, feature = "aws-lc-rs"))]
    pub(crate) fn seal_from(
        &mut self,
        content_type: ContentType,
        record: &mut [u8],
        content: &[u8],
    ) -> Option<usize> {
        let seq = self.take_seq(content.len(), 0)?;
        let protection = Protection::new(self.format(), self.key.iv(), seq);
        let key = self.key.expanded();
        Some(protection.seal_record_from(key, record, content_type, content))
    }

    /// Takes the sequence number and budget of the next record of application data, which the
    /// holder of a [`shared_key`](Self::shared_key) seals later. Returns `None` when
    /// [`seal`](Self::seal) does.
    #[cfg(feature = "parallel")]
    pub(crate) fn reserve(&mut self, content_len: usize, padding: usize) -> Option<Reserved> {
        let seq = self.take_seq(content_len, padding)?;
        Some(Reserved::new(self.format(), seq, content_len, padding))
    }

    /// The key for records that are sealed elsewhere.
    #[cfg(feature = "parallel")]
    pub(crate) fn shared_key(&self) -> SharedKey {
        SharedKey::new(&self.key)
    }

    /// Consumes the number before it is used, so that no path can use it twice.
    #[inline]
    fn take_seq(&mut self, content_len: usize, padding: usize) -> Option<u64> {
        let seq = self.key.take_seq()?;
        self.budget.spend(content_len + self.format().inner_type_len() + padding);
        Some(seq)
    }

    /// Seals a record whose content is in a separate buffer. `body` is the content and, in TLS 1.3,
    /// one byte after it, which is replaced by the type byte during the call and then restored.
    ///
    /// Returns `None` if the sequence numbers are used up; nothing is sealed then.
    #[inline(always)]
    pub(crate) fn seal_apart(&mut self, body: &mut [u8], content_len: usize) -> Option<Envelope> {
        let seq = self.take_seq(content_len, 0)?;
        let protection = Protection::new(self.format(), self.key.iv(), seq);
        let (prefix_len, type_len) = (self.format().prefix_len(), self.format().inner_type_len());
        let content_type = ContentType::ApplicationData;
        let header = protection.header(content_type, content_len + type_len);
        let mut envelope = Envelope {
            prefix: [0; MAX_PREFIX_LEN],
            prefix_len,
            trailer: [0; MAX_TRAILER_LEN],
            trailer_len: type_len + TAG_LEN,
        };
        envelope.prefix[..HEADER_LEN].copy_from_slice(&header);
        envelope.prefix[HEADER_LEN..prefix_len].copy_from_slice(protection.explicit_nonce());
        let mut lent = content_type.to_wire();
        if type_len > 0 {
            mem::swap(&mut body[content_len], &mut lent);
        }
        let sealed = &mut body[..content_len + type_len];
        let tag = protection.seal_body(self.key.expanded(), header, sealed);
        if type_len > 0 {
            mem::swap(&mut body[content_len], &mut lent);
            envelope.trailer[0] = lent;
        }
        envelope.trailer[type_len..][..TAG_LEN].copy_from_slice(&tag);
        Some(envelope)
    }
}

/// The bytes around content that was sealed separately.
pub(crate) struct Envelope {
    prefix: [u8; MAX_PREFIX_LEN],
    prefix_len: usize,
    trailer: [u8; MAX_TRAILER_LEN],
    trailer_len: usize,
}

/// Header and explicit nonce.
const MAX_PREFIX_LEN: usize = HEADER_LEN + 8;

/// Sealed type byte and tag.
const MAX_TRAILER_LEN: usize = 1 + TAG_LEN;

impl Envelope {
    /// The header and, if the format has one, the explicit nonce.
    pub(crate) fn prefix(&self) -> &[u8] {
        &self.prefix[..self.prefix_len]
    }

    /// The sealed type byte, if the format has one, and the tag.
    pub(crate) fn trailer(&self) -> &[u8] {
        &self.trailer[..self.trailer_len]
    }
}

impl fmt::Debug for RecordSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordSealer")
            .field("suite", &self.key.suite())
            .field("seq", &self.seq())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_type_byte_and_padding_are_counted() {
        let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
        let keys = WriteKeys::new(suite, &[3; 16], [5; 12], 0).unwrap();
        let mut sealer =
            RecordSealer::new(keys, KeyLimits { records: 10, blocks: 10 }, AeadProvider::default());
        let mut record = [0; 5 + 16 + 1 + 16 + 16];
        assert_eq!(sealer.seal(ContentType::ApplicationData, &mut record, 16, 16), Some(54));
        // 33 bytes are three blocks plus the tag's; six are left, four of them for control records.
        assert!(sealer.budget().allows_application_record(16));
        assert!(!sealer.budget().allows_application_record(17));
    }
}
