//! Keying material for other protocols (RFC 5705; RFC 9846 §7.5).

use core::fmt;

use super::CipherSuite;
use super::hash::{digest, hmac};
use super::secret::{MAX_SECRET_LEN, expand_label};
use super::secret_box::SecretBox;
use crate::record::Version;

/// Why keying material was not exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportError {
    /// The handshake is not over, so the peer is not verified yet, or it has failed.
    NotEstablished,
    /// The connection did not keep its exporter secret: set `ConnectionConfig::exporter`. A
    /// connection created from keys does not have one either.
    NotEnabled,
    /// TLS 1.2 was negotiated without the Extended Master Secret, so two connections could export
    /// the same material (RFC 7627 §5.4).
    NoExtendedMasterSecret,
    /// The label is one of those that TLS 1.2 uses to derive its own secrets (RFC 5705 §4).
    ReservedLabel,
    /// The label, the context or the output is longer than the protocol version allows.
    TooLong {
        /// The maximum length, in bytes.
        max: usize,
        /// The length that was passed, in bytes.
        actual: usize,
    },
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEstablished => f.write_str("expected an established connection"),
            Self::NotEnabled => f.write_str(
                "the connection did not keep an exporter secret: set ConnectionConfig::exporter",
            ),
            Self::NoExtendedMasterSecret => f.write_str(
                "the peer did not negotiate the Extended Master Secret, which TLS 1.2 needs to \
                 export",
            ),
            Self::ReservedLabel => f.write_str("expected a label that TLS does not use itself"),
            Self::TooLong { max, actual } => {
                write!(f, "expected at most {max} bytes of label, context or output, got {actual}")
            }
        }
    }
}

impl core::error::Error for ExportError {}

/// The secret that keying material is exported from. Wiped on drop.
pub(crate) struct ExporterSecret {
    suite: CipherSuite,
    /// In TLS 1.3, as long as the suite's hash; in TLS 1.2, the master secret.
    secret: SecretBox<[u8; MAX_SECRET_LEN]>,
    /// The client's and the server's random, in TLS 1.2.
    randoms: [u8; 64],
}

/// A master secret is as long as the longest hash.
const MASTER_SECRET_LEN: usize = MAX_SECRET_LEN;

/// `HkdfLabel.label` holds 255 bytes, including `"tls13 "` (RFC 9846 §7.1).
const MAX_LABEL_LEN: usize = 249;

/// The limit on the context in TLS 1.2, whose length field has two bytes (RFC 5705 §4).
const MAX_CONTEXT_LEN: usize = 0xffff;

/// HKDF outputs at most 255 hashes. TLS 1.2 would allow more; one limit for both is enough.
const MAX_HASHES: usize = 255;

/// RFC 5705 §4: the registry reserves these labels.
const RESERVED: [&[u8]; 5] = [
    b"client finished",
    b"server finished",
    b"master secret",
    b"extended master secret",
    b"key expansion",
];

impl ExporterSecret {
    /// `None` if the secret does not have this suite's length, which no handshake produces.
    pub(crate) fn tls13(suite: CipherSuite, secret: &[u8]) -> Option<Self> {
        let is_ours = suite.version() == Version::Tls13 && secret.len() == suite.secret_len();
        is_ours.then(|| Self::new(suite, secret, [0; 64]))
    }

    /// Created from a master secret that uses the Extended Master Secret, and both hellos' randoms,
    /// the client's first.
    pub(crate) fn tls12(
        suite: CipherSuite,
        master_secret: &[u8],
        randoms: [u8; 64],
    ) -> Option<Self> {
        let is_ours = suite.version() == Version::Tls12 && master_secret.len() == MASTER_SECRET_LEN;
        is_ours.then(|| Self::new(suite, master_secret, randoms))
    }

    fn new(suite: CipherSuite, secret: &[u8], randoms: [u8; 64]) -> Self {
        let mut this = Self { suite, secret: SecretBox::new([0; MAX_SECRET_LEN]), randoms };
        this.secret.get_mut()[..secret.len()].copy_from_slice(secret);
        this
    }

    /// The parts needed to recreate it: the secret and, in TLS 1.2, both randoms.
    pub(crate) fn parts(&self) -> (&[u8], Option<&[u8; 64]>) {
        match self.suite.version() {
            Version::Tls13 => (&self.secret.get()[..self.suite.secret_len()], None),
            Version::Tls12 => (self.secret.get(), Some(&self.randoms)),
        }
    }

    /// Fills `out`. In TLS 1.2, no context is different from an empty one (RFC 5705 §4).
    pub(crate) fn export(
        &self,
        out: &mut [u8],
        label: &[u8],
        context: Option<&[u8]>,
    ) -> Result<(), ExportError> {
        let at_most = |max, actual| {
            if actual > max { Err(ExportError::TooLong { max, actual }) } else { Ok(()) }
        };
        at_most(MAX_LABEL_LEN, label.len())?;
        at_most(MAX_HASHES * self.suite.secret_len(), out.len())?;
        if RESERVED.contains(&label) {
            return Err(ExportError::ReservedLabel);
        }
        match self.suite.version() {
            Version::Tls13 => self.export_tls13(out, label, context.unwrap_or(&[])),
            Version::Tls12 => {
                at_most(MAX_CONTEXT_LEN, context.map_or(0, <[u8]>::len))?;
                self.export_tls12(out, label, context);
            }
        }
        Ok(())
    }

    fn export_tls13(&self, out: &mut [u8], label: &[u8], context: &[u8]) {
        let len = self.suite.secret_len();
        let hash = match len {
            48 => &digest::SHA384,
            _ => &digest::SHA256,
        };
        let mut derived = SecretBox::new([0; MAX_SECRET_LEN]);
        let derived = &mut derived.get_mut()[..len];
        let hkdf = self.suite.hkdf();
        let no_context = digest::digest(hash, &[]);
        expand_label(hkdf, &self.secret.get()[..len], label, Some(no_context.as_ref()), derived);
        let context = digest::digest(hash, context);
        expand_label(hkdf, derived, b"exporter", Some(context.as_ref()), out);
    }

    /// The PRF of RFC 5246 §5 with the suite's hash.
    fn export_tls12(&self, out: &mut [u8], label: &[u8], context: Option<&[u8]>) {
        let hash = match self.suite.secret_len() {
            48 => hmac::HMAC_SHA384,
            _ => hmac::HMAC_SHA256,
        };
        let key = hmac::Key::new(hash, self.secret.get());
        let len = context.map(|context| u16::try_from(context.len()).unwrap_or(u16::MAX));
        let len = len.map(u16::to_be_bytes);
        let sign = |first: Option<hmac::Tag>| {
            let mut signed = hmac::Context::with_key(&key);
            if let Some(tag) = first {
                signed.update(tag.as_ref());
            }
            signed
        };
        let with_seed = |mut signed: hmac::Context| {
            signed.update(label);
            signed.update(&self.randoms);
            if let (Some(len), Some(context)) = (&len, context) {
                signed.update(len);
                signed.update(context);
            }
            signed.sign()
        };
        // A(1) = HMAC(secret, seed), A(i) = HMAC(secret, A(i − 1)).
        let mut a = with_seed(sign(None));
        for block in out.chunks_mut(hash.digest_algorithm().output_len()) {
            let bytes = with_seed(sign(Some(a)));
            block.copy_from_slice(&bytes.as_ref()[..block.len()]);
            a = sign(Some(a)).sign();
        }
    }
}

impl fmt::Debug for ExporterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExporterSecret").field("suite", &self.suite).finish_non_exhaustive()
    }
}
