//! The cipher suites, and which AEAD and hash each uses.

use core::fmt;

use super::hash::hkdf;

use crate::record::{RecordFormat, Version};

/// A cipher suite whose records this crate seals and opens (RFC 9846 §B.4, RFC 5289, RFC 7905).
///
/// In TLS 1.2, the name of a suite includes the key exchange and signature, which do not matter to
/// the record layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(non_camel_case_types, reason = "the names of the IANA registry")]
#[non_exhaustive]
pub enum CipherSuite {
    /// TLS 1.3, 0x1301.
    TLS_AES_128_GCM_SHA256,
    /// TLS 1.3, 0x1302.
    TLS_AES_256_GCM_SHA384,
    /// TLS 1.3, 0x1303.
    TLS_CHACHA20_POLY1305_SHA256,
    /// TLS 1.2, 0xc02b.
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    /// TLS 1.2, 0xc02c.
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    /// TLS 1.2, 0xcca9.
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    /// TLS 1.2, 0xc02f.
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    /// TLS 1.2, 0xc030.
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    /// TLS 1.2, 0xcca8.
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

/// The AEAD of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Aes128Gcm,
    Aes256Gcm,
    Chacha20Poly1305,
}

impl CipherSuite {
    /// All suites, TLS 1.3 first.
    pub const ALL: &'static [Self] = &[
        Self::TLS_AES_128_GCM_SHA256,
        Self::TLS_AES_256_GCM_SHA384,
        Self::TLS_CHACHA20_POLY1305_SHA256,
        Self::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        Self::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        Self::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        Self::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        Self::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        Self::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    /// The suite's number, version, AEAD, and hash length in bytes.
    const fn row(self) -> (u16, Version, Algorithm, usize) {
        use Algorithm::{Aes128Gcm, Aes256Gcm, Chacha20Poly1305};
        use Version::{Tls12, Tls13};
        match self {
            Self::TLS_AES_128_GCM_SHA256 => (0x1301, Tls13, Aes128Gcm, 32),
            Self::TLS_AES_256_GCM_SHA384 => (0x1302, Tls13, Aes256Gcm, 48),
            Self::TLS_CHACHA20_POLY1305_SHA256 => (0x1303, Tls13, Chacha20Poly1305, 32),
            Self::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => (0xc02b, Tls12, Aes128Gcm, 32),
            Self::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => (0xc02c, Tls12, Aes256Gcm, 48),
            Self::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => (0xc02f, Tls12, Aes128Gcm, 32),
            Self::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => (0xc030, Tls12, Aes256Gcm, 48),
            Self::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => {
                (0xcca8, Tls12, Chacha20Poly1305, 32)
            }
            Self::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
                (0xcca9, Tls12, Chacha20Poly1305, 32)
            }
        }
    }

    /// The protocol version that the suite belongs to.
    #[must_use]
    pub const fn version(self) -> Version {
        self.row().1
    }

    /// The suite's number in the IANA registry.
    #[must_use]
    pub const fn to_wire(self) -> u16 {
        self.row().0
    }

    /// Returns the suite with this number, if this crate supports it.
    #[must_use]
    pub fn from_wire(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|suite| suite.to_wire() == number)
    }

    /// The length of this suite's AEAD key in bytes.
    #[must_use]
    pub fn key_len(self) -> usize {
        self.algorithm().key_len()
    }

    /// The length of this suite's TLS 1.3 traffic secret in bytes: that of its hash's output.
    #[must_use]
    pub const fn secret_len(self) -> usize {
        self.row().3
    }

    pub(super) fn hkdf(self) -> hkdf::Algorithm {
        match self.secret_len() {
            48 => hkdf::HKDF_SHA384,
            _ => hkdf::HKDF_SHA256,
        }
    }

    pub(super) const fn algorithm(self) -> Algorithm {
        self.row().2
    }

    pub(super) const fn format(self) -> RecordFormat {
        let version = self.version();
        let explicit_nonce_len = match (version, self.algorithm()) {
            (Version::Tls12, Algorithm::Aes128Gcm | Algorithm::Aes256Gcm) => 8,
            _ => 0,
        };
        RecordFormat::new(version, explicit_nonce_len)
    }
}

impl Algorithm {
    const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm | Self::Chacha20Poly1305 => 32,
        }
    }
}

/// A key or secret does not have the length that its suite requires. The caller is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKeyLength {
    /// The length that the suite requires, in bytes.
    pub expected: usize,
    /// The length that was passed, in bytes.
    pub actual: usize,
}

impl fmt::Display for InvalidKeyLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.expected, self.actual) {
            (0, actual) => {
                write!(f, "expected a TLS 1.3 suite for a traffic secret of {actual} bytes")
            }
            (expected, actual) => {
                write!(f, "expected a {expected}-byte key or secret, got {actual}")
            }
        }
    }
}

impl core::error::Error for InvalidKeyLength {}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_wrong_length_reports_the_expected_and_the_actual_length() {
        let text = |expected, actual| InvalidKeyLength { expected, actual }.to_string();
        assert_eq!(text(16, 5), "expected a 16-byte key or secret, got 5");
        assert_eq!(text(0, 32), "expected a TLS 1.3 suite for a traffic secret of 32 bytes");
    }
}
