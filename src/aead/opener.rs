//! Opening one record in place (RFC 9846 §5.2, RFC 5246 §6.2.3.3).
#![deny(clippy::indexing_slicing)]

use core::fmt;
use core::ops::Range;

use zeroize::Zeroize;

use super::aead_key::AeadKey;
use super::cipher_key::BadTag;
use super::protection::aad_tls12;
use super::{AeadProvider, ReadKeys};
use crate::error::PeerFault;
use crate::record::{
    ContentType, HEADER_LEN, RecordFormat, RecordHeader, TAG_LEN, Version, split_inner_plaintext,
};

/// A key in use for opening.
pub(crate) struct RecordOpener {
    key: AeadKey,
}

impl RecordOpener {
    pub(crate) fn new(mut keys: ReadKeys, provider: AeadProvider) -> Self {
        keys.set_provider(provider);
        Self { key: keys.into_key() }
    }

    /// The key with its next sequence number.
    #[cfg(feature = "rustls")]
    pub(crate) fn into_keys(self) -> ReadKeys {
        ReadKeys::of_key(self.key)
    }

    /// Frees what can be rebuilt.
    pub(crate) fn shrink(&mut self) {
        self.key.shrink();
    }

    pub(crate) const fn version(&self) -> Version {
        self.format().version()
    }

    pub(crate) const fn format(&self) -> RecordFormat {
        self.key.format()
    }

    /// Opens `record`, one complete record with its header, in place. `header` must be that of a
    /// protected record ([`RecordHeader::decode_protected`]). Returns the content's type and its
    /// range in the record.
    ///
    /// A failure is final for the connection: the record is wiped, so that no unauthenticated byte
    /// can be read.
    #[inline(always)]
    pub(crate) fn open(
        &mut self,
        header: RecordHeader,
        record: &mut [u8],
    ) -> Result<(ContentType, Range<usize>), PeerFault> {
        let opened = match self.format().version() {
            Version::Tls13 => self.open_tls13(record),
            Version::Tls12 => self.open_tls12(header, record),
        };
        if opened.is_err() {
            record.zeroize();
        }
        opened
    }

    #[inline(always)]
    fn open_tls13(&mut self, record: &mut [u8]) -> Result<(ContentType, Range<usize>), PeerFault> {
        let seq = self.key.take_seq().ok_or(PeerFault::TooManyRecords)?;
        let nonce = self.key.iv().xor(seq);
        let (aad, body) =
            record.split_first_chunk_mut::<HEADER_LEN>().ok_or(PeerFault::BadRecordMac)?;
        let inner = self
            .key
            .expanded()
            .open(nonce, *aad, body)
            .map_err(|BadTag| PeerFault::BadRecordMac)?;
        let (content_len, content_type) = split_inner_plaintext(inner)?;
        Ok((content_type, HEADER_LEN..HEADER_LEN + content_len))
    }

    #[inline(never)]
    fn open_tls12(
        &mut self,
        header: RecordHeader,
        record: &mut [u8],
    ) -> Result<(ContentType, Range<usize>), PeerFault> {
        let seq = self.key.take_seq().ok_or(PeerFault::TooManyRecords)?;
        let prefix_len = self.format().prefix_len();
        let content_len = header
            .body_len()
            .checked_sub(self.format().explicit_nonce_len() + TAG_LEN)
            .ok_or(PeerFault::BadRecordMac)?;
        let (prefix, body) =
            record.split_at_mut_checked(prefix_len).ok_or(PeerFault::BadRecordMac)?;
        let nonce = match prefix.last_chunk::<8>() {
            Some(&explicit) if self.format().explicit_nonce_len() == 8 => {
                self.key.iv().salt_with(explicit)
            }
            _ => self.key.iv().xor(seq),
        };
        let wire_header = *prefix.first_chunk().ok_or(PeerFault::BadRecordMac)?;
        let aad = aad_tls12(seq, wire_header, self.format().explicit_nonce_len() + TAG_LEN);
        self.key.expanded().open(nonce, aad, body).map_err(|BadTag| PeerFault::BadRecordMac)?;
        Ok((header.content_type(), prefix_len..prefix_len + content_len))
    }
}

impl fmt::Debug for RecordOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordOpener").field("seq", &self.key.seq()).finish_non_exhaustive()
    }
}
