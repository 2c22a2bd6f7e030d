//! The keys of one direction: what callers give, and what sealers and openers are made of.

use core::fmt;

use super::aead_key::AeadKey;
use super::budget::MAX_RECORD_BLOCKS;
use super::{AeadProvider, CipherSuite, InvalidKeyLength, TrafficSecret};

/// The two directions have the same parts and must not be mixed up: a type each.
macro_rules! direction_keys {
    ($(#[$doc:meta])* $name:ident $(, $blocks:ident)?) => {
        $(#[$doc])*
        pub struct $name {
            key: AeadKey,
            $(
                /// AEAD blocks that the key has sealed.
                $blocks: u64,
            )?
            secret: Option<TrafficSecret>,
        }

        impl $name {
            /// Keys from their raw parts: `key` of [`CipherSuite::key_len`] bytes, the number of
            /// the next record in `seq`.
            ///
            /// For AES-GCM in TLS 1.2, `iv` is the 4-byte salt followed by 8 bytes to which a
            /// writer XORs the sequence number to make the explicit nonce (RFC 5288 §3); a reader
            /// takes that nonce from the record. Keys made like this cannot be updated.
            ///
            /// # Errors
            /// [`InvalidKeyLength`] if `key` has another length than the suite's.
            pub fn new(
                suite: CipherSuite,
                key: &[u8],
                iv: [u8; 12],
                seq: u64,
            ) -> Result<Self, InvalidKeyLength> {
                Ok(Self::of_key(AeadKey::new(suite, key, iv, seq)?))
            }

            /// A key without a secret.
            pub(super) fn of_key(key: AeadKey) -> Self {
                Self {
                    // Of the records before the next one only the number is known.
                    $( $blocks: key.seq().saturating_mul(MAX_RECORD_BLOCKS), )?
                    key,
                    secret: None,
                }
            }

            /// The key alone.
            /// Has records sealed or opened by this provider.
            pub(super) fn set_provider(&mut self, provider: AeadProvider) {
                self.key.set_provider(provider);
            }

            pub(super) fn into_key(self) -> AeadKey {
                self.key
            }

            /// The keys of a TLS 1.3 traffic secret (RFC 9846 §7.3), which can be updated, before
            /// their first record.
            #[must_use]
            pub fn from_secret(secret: TrafficSecret) -> Self {
                Self::from_secret_at(secret, 0)
            }

            /// As [`from_secret`](Self::from_secret), where `seq` records were under these keys
            /// already: to continue a connection that another program began. A number too low
            /// uses nonces twice; see the type.
            #[must_use]
            pub fn from_secret_at(secret: TrafficSecret, seq: u64) -> Self {
                Self::of_key(secret.key_at(seq)).with_secret(Some(secret))
            }

            /// The suite.
            #[must_use]
            pub const fn suite(&self) -> CipherSuite {
                self.key.suite()
            }

            /// The number of the next record.
            #[must_use]
            pub const fn seq(&self) -> u64 {
                self.key.seq()
            }

            /// The raw key, of [`CipherSuite::key_len`] bytes, and the raw IV, as
            /// [`new`](Self::new) takes them: for a program that takes this direction over (kernel
            /// TLS, another process). Two users of one key break it: see the type.
            #[must_use]
            pub fn dangerous_raw(&self) -> (&[u8], [u8; 12]) {
                (self.key.raw(), self.key.iv().bytes())
            }

            /// What next generations are made from.
            #[cfg(feature = "rustls")]
            pub(crate) const fn secret(&self) -> Option<&TrafficSecret> {
                self.secret.as_ref()
            }

            /// Takes out what next generations are made from.
            pub(crate) fn take_secret(&mut self) -> Option<TrafficSecret> {
                self.secret.take()
            }

            /// Gives it back.
            pub(crate) fn with_secret(self, secret: Option<TrafficSecret>) -> Self {
                Self { secret, ..self }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("suite", &self.suite())
                    .finish_non_exhaustive()
            }
        }
    };
}

direction_keys! {
    /// Key, IV and next sequence number of the sending direction, and, for TLS 1.3, the traffic
    /// secret that the next generation comes from.
    ///
    /// A writer counts the records before `seq` against the key's limits
    /// ([`KeyLimits`](crate::KeyLimits)): as long as they were if a writer of this crate sealed
    /// them, else as if each had been full.
    ///
    /// Not `Clone`: two writers under one key would use nonces twice, which with AES-GCM gives
    /// away the key stream and the authentication key. Key, IV and secret are wiped on drop, and
    /// no move leaves a copy of them.
    WriteKeys, sealed_blocks
}

direction_keys! {
    /// Key, IV and next sequence number of the receiving direction, and, for TLS 1.3, the traffic
    /// secret that the next generation comes from.
    ///
    /// Not `Clone`, as [`WriteKeys`] is not: two readers would accept one record twice.
    ReadKeys
}

impl WriteKeys {
    pub(crate) const fn sealed_blocks(&self) -> u64 {
        self.sealed_blocks
    }

    pub(crate) fn with_sealed_blocks(self, sealed_blocks: u64) -> Self {
        Self { sealed_blocks, ..self }
    }
}
