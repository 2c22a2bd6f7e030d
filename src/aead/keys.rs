//! The keys of one direction: what callers pass in, and what sealers and openers are created from.

use core::fmt;

use super::aead_key::AeadKey;
use super::budget::MAX_RECORD_BLOCKS;
use super::{AeadProvider, CipherSuite, InvalidKeyLength, TrafficSecret};

/// The two directions have the same parts but must not be mixed up, so each has its own type.
macro_rules! direction_keys {
    ($(#[$doc:meta])* $name:ident $(, $blocks:ident)?) => {
        $(#[$doc])*
        pub struct $name {
            key: AeadKey,
            $(
                /// How many AEAD blocks the key has sealed.
                $blocks: u64,
            )?
            secret: Option<TrafficSecret>,
        }

        impl $name {
            /// Creates keys from their raw parts: a `key` of [`CipherSuite::key_len`] bytes and the
            /// sequence number `seq` of the next record.
            ///
            /// For AES-GCM in TLS 1.2, `iv` is the 4-byte salt followed by 8 bytes, which a writer
            /// XORs with the sequence number to make the explicit nonce (RFC 5288 §3); a reader
            /// takes that nonce from the record. Keys created like this cannot be updated.
            ///
            /// # Errors
            /// [`InvalidKeyLength`] if `key` does not have the length that the suite requires.
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
                    // Only the number of earlier records is known.
                    $( $blocks: key.seq().saturating_mul(MAX_RECORD_BLOCKS), )?
                    key,
                    secret: None,
                }
            }

            /// Seals or opens records with this provider.
            pub(super) fn set_provider(&mut self, provider: AeadProvider) {
                self.key.set_provider(provider);
            }

            pub(super) fn into_key(self) -> AeadKey {
                self.key
            }

            /// Creates the keys of a TLS 1.3 traffic secret (RFC 9846 §7.3), before their first
            /// record. These keys can be updated.
            #[must_use]
            pub fn from_secret(secret: TrafficSecret) -> Self {
                Self::from_secret_at(secret, 0)
            }

            /// Like [`from_secret`](Self::from_secret), if `seq` records were already sealed under
            /// these keys: use it to continue a connection that another program began. If the
            /// number is too low, nonces are reused; see the type.
            #[must_use]
            pub fn from_secret_at(secret: TrafficSecret, seq: u64) -> Self {
                Self::of_key(secret.key_at(seq)).with_secret(Some(secret))
            }

            /// The cipher suite.
            #[must_use]
            pub const fn suite(&self) -> CipherSuite {
                self.key.suite()
            }

            /// The sequence number of the next record.
            #[must_use]
            pub const fn seq(&self) -> u64 {
                self.key.seq()
            }

            /// Returns the raw key, of [`CipherSuite::key_len`] bytes, and the raw IV, in the form
            /// that [`new`](Self::new) takes: for a program that takes over this direction (kernel
            /// TLS, another process). Two users of one key break it; see the type.
            #[must_use]
            pub fn dangerous_raw(&self) -> (&[u8], [u8; 12]) {
                (self.key.raw(), self.key.iv().bytes())
            }

            /// The source of the next generations.
            #[cfg(feature = "rustls")]
            pub(crate) const fn secret(&self) -> Option<&TrafficSecret> {
                self.secret.as_ref()
            }

            /// Takes out the source of the next generations.
            pub(crate) fn take_secret(&mut self) -> Option<TrafficSecret> {
                self.secret.take()
            }

            /// Puts it back.
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
    /// The key, IV and next sequence number of the sending direction and, for TLS 1.3, the traffic
    /// secret that the next generation is derived from.
    ///
    /// A writer counts the records before `seq` against the key's limits
    /// ([`KeyLimits`](crate::KeyLimits)): with their actual length if a writer of this crate sealed
    /// them, otherwise as if each had been full.
    ///
    /// Not `Clone`: two writers with one key would reuse nonces, which with AES-GCM reveals the key
    /// stream and the authentication key. Key, IV and secret are wiped on drop, and moving them
    /// does not leave copies behind.
    WriteKeys, sealed_blocks
}

direction_keys! {
    /// The key, IV and next sequence number of the receiving direction and, for TLS 1.3, the
    /// traffic secret that the next generation is derived from.
    ///
    /// Not `Clone`, like [`WriteKeys`]: two readers would accept the same record twice.
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
