//! A writer taken apart at rest.

use super::config::WriterConfig;
use super::half::WriteHalf;
use super::state::PeerUpdate;
use crate::aead::{CipherSuite, KeyBudget, TrafficSecret, WriteKeys};

/// Everything that the sending side of a connection goes on with: key, IV, next sequence number,
/// what is left of the key's budget, and the secret of the next generations. Can be moved, not
/// copied.
#[derive(Debug)]
pub struct WriterParts {
    keys: WriteKeys,
    budget: KeyBudget,
    peer_update: PeerUpdate,
}

impl WriterParts {
    /// The suite.
    #[must_use]
    pub const fn suite(&self) -> CipherSuite {
        self.keys.suite()
    }

    /// The keys, whose raw parts and sequence number kernel TLS wants. What is left of the
    /// budget is lost: whoever uses them keeps the limits of RFC 9846 §5.5.
    #[must_use]
    pub fn into_keys(self) -> WriteKeys {
        self.keys
    }
}

impl WriteHalf {
    /// To be called at rest only.
    pub(crate) fn into_parts(self, secret: Option<TrafficSecret>) -> WriterParts {
        let peer_update = self.peer_update;
        let (keys, budget) = self.sealer.into_parts();
        WriterParts { keys: keys.with_secret(secret), budget, peer_update }
    }

    pub(super) fn from_parts(
        parts: WriterParts,
        config: &WriterConfig,
    ) -> (Self, Option<TrafficSecret>) {
        let WriterParts { mut keys, budget, peer_update } = parts;
        let secret = keys.take_secret();
        let mut half = Self::new(keys, config, config.outbound_buffer());
        half.sealer = half.sealer.with_budget(budget);
        half.peer_update = peer_update;
        (half, secret)
    }
}
