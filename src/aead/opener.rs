//! Opening one record in place (RFC 9846 §5.2, RFC 5246 §6.2.3.3).
#![deny(clippy::indexing_slicing)]

use core::fmt;
use core::ops::Range;

use ring::aead::{Aad, LessSafeKey, Nonce};
use zeroize::Zeroize;

use super::nonce::{Iv, SeqCounter};
use super::sealer::aad_tls12;
use super::{CipherSuite, InvalidKeyLength, TrafficSecret};
use crate::error::PeerFault;
use crate::record::{
    ContentType, HEADER_LEN, MAX_FRAGMENT_LEN, RecordFormat, RecordHeader, TAG_LEN, Version,
    split_inner_plaintext,
};

/// Key, IV and next sequence number of the receiving direction, and, for TLS 1.3, the traffic
/// secret that the next generation comes from.
///
/// Not `Clone`, as [`WriteKeys`](crate::WriteKeys) is not: two readers would accept one record
/// twice.
pub struct ReadKeys {
    pub(crate) suite: CipherSuite,
    key: LessSafeKey,
    iv: Iv,
    seq: SeqCounter,
    secret: Option<TrafficSecret>,
}

impl ReadKeys {
    /// Keys from their raw parts; see [`WriteKeys::new`](crate::WriteKeys::new).
    ///
    /// # Errors
    /// [`InvalidKeyLength`] if `key` has another length than the suite's.
    pub fn new(
        suite: CipherSuite,
        key: &[u8],
        iv: [u8; 12],
        seq: u64,
    ) -> Result<Self, InvalidKeyLength> {
        let iv = Iv::new(iv);
        Ok(Self {
            suite,
            key: suite.bind(key)?,
            iv,
            seq: SeqCounter::starting_at(seq),
            secret: None,
        })
    }

    /// The keys of a TLS 1.3 traffic secret (RFC 9846 §7.3), which can be updated.
    #[must_use]
    pub fn from_secret(secret: TrafficSecret) -> Self {
        let mut keys = secret.read_keys();
        keys.secret = Some(secret);
        keys
    }

    /// Takes out what next generations are made from.
    pub(crate) fn take_secret(&mut self) -> Option<TrafficSecret> {
        self.secret.take()
    }
}

impl fmt::Debug for ReadKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadKeys").field("suite", &self.suite).finish_non_exhaustive()
    }
}

/// What an opened record holds, and where in the record it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) content_type: ContentType,
    pub(crate) content: Range<usize>,
}

/// One key in use for opening.
pub(crate) struct RecordOpener {
    key: LessSafeKey,
    iv: Iv,
    seq: SeqCounter,
    format: RecordFormat,
}

impl RecordOpener {
    pub(crate) fn new(keys: ReadKeys) -> Self {
        let format = keys.suite.format();
        Self { key: keys.key, iv: keys.iv, seq: keys.seq, format }
    }

    pub(crate) const fn version(&self) -> Version {
        self.format.version
    }

    /// Opens `record`, one whole record with its header, in place.
    ///
    /// A failure is final for the connection: the record is wiped, so that no byte that was not
    /// authenticated can be read.
    pub(crate) fn open(
        &mut self,
        header: RecordHeader,
        record: &mut [u8],
    ) -> Result<Opened, PeerFault> {
        let opened = match self.format.version {
            Version::Tls13 => self.open_tls13(header, record),
            Version::Tls12 => self.open_tls12(header, record),
        };
        if opened.is_err() {
            record.zeroize();
        }
        opened
    }

    fn open_tls13(&mut self, header: RecordHeader, record: &mut [u8]) -> Result<Opened, PeerFault> {
        // RFC 9846 §5.2: every protected record has this outer type; one that has not is a
        // plaintext record, which must not come any more.
        if header.content_type != ContentType::ApplicationData {
            return Err(PeerFault::UnexpectedContentType);
        }
        let seq = self.seq.take().ok_or(PeerFault::TooManyRecords)?;
        let nonce = Nonce::assume_unique_for_key(self.iv.xor(seq));
        let (aad, body) =
            record.split_first_chunk_mut::<HEADER_LEN>().ok_or(PeerFault::BadRecordMac)?;
        let inner = self
            .key
            .open_in_place(nonce, Aad::from(*aad), body)
            .map_err(|_| PeerFault::BadRecordMac)?;
        let (content_len, content_type) = split_inner_plaintext(inner)?;
        Ok(Opened { content_type, content: HEADER_LEN..HEADER_LEN + content_len })
    }

    fn open_tls12(&mut self, header: RecordHeader, record: &mut [u8]) -> Result<Opened, PeerFault> {
        let seq = self.seq.take().ok_or(PeerFault::TooManyRecords)?;
        let prefix_len = self.format.prefix_len();
        let content_len = usize::from(header.len)
            .checked_sub(self.format.explicit_nonce_len + TAG_LEN)
            .ok_or(PeerFault::BadRecordMac)?;
        if content_len > MAX_FRAGMENT_LEN {
            return Err(PeerFault::RecordOverflow);
        }
        let (prefix, body) =
            record.split_at_mut_checked(prefix_len).ok_or(PeerFault::BadRecordMac)?;
        let nonce = match prefix.last_chunk::<8>() {
            Some(&explicit) if self.format.explicit_nonce_len == 8 => self.iv.salt_with(explicit),
            _ => Nonce::assume_unique_for_key(self.iv.xor(seq)),
        };
        let wire_header = *prefix.first_chunk().ok_or(PeerFault::BadRecordMac)?;
        let aad = aad_tls12(seq, wire_header, content_len);
        self.key.open_in_place(nonce, Aad::from(aad), body).map_err(|_| PeerFault::BadRecordMac)?;
        Ok(Opened {
            content_type: header.content_type,
            content: prefix_len..prefix_len + content_len,
        })
    }
}

impl fmt::Debug for RecordOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordOpener").field("seq", &self.seq.peek()).finish_non_exhaustive()
    }
}
