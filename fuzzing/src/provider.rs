//! rustls's cryptography without randomness.
//!
//! All randomness in rustls comes from its `CryptoProvider`: `secure_random`, the key exchange,
//! and every signature scheme but Ed25519. The only other source of differences between runs is
//! the clock.

use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret,
    SupportedKxGroup, ring,
};
use rustls::{NamedGroup, PeerMisbehaved};
use wantwrite::CipherSuite;

use crate::seed;

const SHARE_LEN: usize = 32;

/// Returns rustls's ring provider, limited to `suites`. All its randomness comes from
/// [`seed()`](crate::seed()), and its key exchange has no secret.
///
/// **Never use it in production**: everyone who sees the handshake has its keys.
#[must_use]
pub fn provider(suites: &[CipherSuite]) -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider
        .cipher_suites
        .retain(|theirs| suites.iter().any(|suite| suite.to_wire() == u16::from(theirs.suite())));
    provider.kx_groups = vec![&Seeded];
    provider.secure_random = &Seeded;
    provider
}

/// Randomness from the seed, and a key exchange without a secret.
#[derive(Debug)]
struct Seeded;

impl SecureRandom for Seeded {
    fn fill(&self, buf: &mut [u8]) -> Result<(), GetRandomFailed> {
        seed::fill(buf);
        Ok(())
    }
}

impl SupportedKxGroup for Seeded {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, rustls::Error> {
        let mut share = [0; SHARE_LEN];
        seed::fill(&mut share);
        Ok(Box::new(Exchange { share }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// A key exchange whose shared secret is the XOR of both shares.
struct Exchange {
    share: [u8; SHARE_LEN],
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, rustls::Error> {
        if peer.len() != SHARE_LEN {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        let secret: Vec<u8> =
            self.share.iter().zip(peer).map(|(ours, peers)| ours ^ peers).collect();
        Ok(SharedSecret::from(secret))
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}
