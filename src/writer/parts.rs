//! A writer taken apart at rest.

use super::control::{Control, PeerUpdate};
use super::{Writer, WriterConfig, WriterState};
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

impl Writer {
    /// Takes the writer apart, to go on elsewhere: [`from_parts`](Self::from_parts), kernel TLS,
    /// another process.
    ///
    /// # Errors
    /// The writer itself if it is not at rest: open, with nothing to drain and no control record
    /// due. Drain it and try again.
    #[expect(clippy::result_large_err, reason = "the writer itself: boxing would allocate")]
    pub fn into_parts(self) -> Result<WriterParts, Self> {
        if self.state() != WriterState::Open || self.wants_drain() {
            return Err(self);
        }
        Ok(self.take_apart())
    }

    /// To be called at rest only.
    pub(crate) fn take_apart(self) -> WriterParts {
        let Self { sealer, next_keys, key_limits, control, .. } = self;
        let keys = sealer.into_keys(key_limits).with_secret(next_keys.into_secret());
        WriterParts { keys, peer_update: control.peer() }
    }

    /// Goes on where [`into_parts`](Self::into_parts) stopped: the same key, at its next sequence
    /// number, with what is left of its budget. The counters begin at 0.
    #[must_use]
    pub fn from_parts(parts: WriterParts, config: &WriterConfig) -> Self {
        let WriterParts { mut keys, peer_update } = parts;
        let next_keys = keys.take_secret().into();
        let mut writer = Self::with_buffer(keys, next_keys, config, config.outbound_buffer());
        writer.control = Control::new(peer_update);
        writer
    }
}
