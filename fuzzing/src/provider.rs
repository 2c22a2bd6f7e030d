//! rustls's cryptography without randomness.
//!
//! What is random in rustls comes from its `CryptoProvider`: `secure_random`, the key exchange,
//! and signatures but for Ed25519's. What else differs from run to run is the clock.

use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret,
    SupportedKxGroup, ring,
};
use rustls::{NamedGroup, PeerMisbehaved};
use wantwrite::CipherSuite;

use crate::seed;

const SHARE_LEN: usize = 32;

/// rustls's provider over ring with no randomness but [`seed()`](crate::seed())'s, no secret in its key
/// exchange, and `suites` only.
///
/// **Never for production**: everybody who sees such a handshake has its keys.
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

/// Randomness from the seed, and a key exchange without secrets.
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

/// The shared secret is both shares, XORed.
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
