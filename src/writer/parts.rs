//! A writer taken apart at rest.

use super::config::WriterConfig;
use super::half::WriteHalf;
use super::state::PeerUpdate;
use crate::aead::{CipherSuite, WriteKeys};

/// Everything that the sending side of a connection continues with: key, IV, next sequence
/// number, what the key has sealed, and the secret of the next generations. Can be moved, not
/// copied.
#[derive(Debug)]
pub struct WriterParts {
    keys: WriteKeys,
    peer_update: PeerUpdate,
}

impl WriterParts {
    /// The suite.
    #[must_use]
    pub const fn suite(&self) -> CipherSuite {
        self.keys.suite()
    }

    /// The keys, whose raw parts and sequence number kernel TLS wants. They know what they have
    /// sealed: another [`Writer`](crate::Writer) counts it against its limits (RFC 9846 §5.5).
    #[must_use]
    pub fn into_keys(self) -> WriteKeys {
        self.keys
    }
}

impl WriteHalf {
    /// To be called at rest only.
    pub(crate) fn into_parts(self) -> WriterParts {
        let peer_update = self.peer_update;
        let keys = self.sealer.into_keys(self.key_limits);
        WriterParts { keys: keys.with_secret(self.next_keys.into_secret()), peer_update }
    }

    pub(super) fn from_parts(parts: WriterParts, config: &WriterConfig) -> Self {
        let WriterParts { mut keys, peer_update } = parts;
        let next_keys = keys.take_secret().into();
        let mut half = Self::new(keys, next_keys, config, config.outbound_buffer());
        half.peer_update = peer_update;
        half
    }
}
