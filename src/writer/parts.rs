//! Taking a writer apart while it is at rest.

#[cfg(feature = "rustls")]
use super::NO_SIZE_LIMIT;
use super::control::{Control, PeerUpdate};
use super::{Writer, WriterConfig, WriterState};
use crate::aead::{CipherSuite, NextKeys, TrafficSecret, WriteKeys};
use crate::error::ConfigError;

/// Everything that the sending side of a connection needs to continue elsewhere: key, IV, next
/// sequence number, what the key has sealed, the secret of the next generations, and the limit that
/// the peer set on the length of records. You can move it, but not copy it.
#[derive(Debug)]
pub struct WriterParts {
    keys: WriteKeys,
    peer_update: PeerUpdate,
    /// The peer's limit on the length of records.
    size_limit: u16,
}

impl WriterParts {
    /// Wraps keys from elsewhere. `expects_update` says whether the peer owes an answer to our
    /// request.
    #[cfg(feature = "rustls")]
    pub(crate) const fn new(keys: WriteKeys, expects_update: bool) -> Self {
        let peer_update =
            if expects_update { PeerUpdate::Outstanding } else { PeerUpdate::NotRequested };
        Self { keys, peer_update, size_limit: NO_SIZE_LIMIT }
    }

    #[cfg(feature = "rustls")]
    pub(crate) const fn with_size_limit(mut self, limit: u16) -> Self {
        self.size_limit = limit;
        self
    }

    #[cfg(feature = "rustls")]
    pub(crate) const fn keys(&self) -> &WriteKeys {
        &self.keys
    }

    #[cfg(feature = "rustls")]
    pub(crate) const fn size_limit(&self) -> u16 {
        self.size_limit
    }

    /// The cipher suite.
    #[must_use]
    pub const fn suite(&self) -> CipherSuite {
        self.keys.suite()
    }

    /// Returns the keys; kernel TLS needs their raw parts and the sequence number. The keys
    /// remember how much they have sealed, so that another [`Writer`](crate::Writer) counts it
    /// against its limits (RFC 9846 §5.5). They do not know how long records may be: if the peer
    /// asked for short ones, ask [`Writer::max_fragment_len`](crate::Writer::max_fragment_len)
    /// before you take the writer apart, and let nothing seal longer ones.
    #[must_use]
    pub fn into_keys(self) -> WriteKeys {
        self.keys
    }
}

impl Writer {
    /// Takes the writer apart so that it can continue elsewhere: through
    /// [`from_parts`](Self::from_parts), in kernel TLS, or in another process.
    ///
    /// # Errors
    /// Returns the writer itself if it is not at rest. At rest means open, with nothing to drain,
    /// no control record due and no slot [lent](Self::lend_slot). Drain it and try again.
    #[expect(clippy::result_large_err, reason = "the writer itself: boxing would allocate")]
    pub fn into_parts(mut self) -> Result<WriterParts, Self> {
        match self.take_parts() {
            Some((parts, _)) => Ok(parts),
            None => Err(self),
        }
    }

    /// Takes the parts out of a writer, which is left without keys, and the traffic secret of its
    /// reader. Returns `None` if the writer is not at rest.
    pub(crate) fn take_parts(&mut self) -> Option<(WriterParts, Option<TrafficSecret>)> {
        if self.state() != WriterState::Open || self.wants_drain() || self.is_lent() {
            return None;
        }
        let limits = self.key_limits();
        let keys = self.sealer.take()?.into_keys(limits);
        let next_keys = core::mem::replace(&mut self.next_keys, NextKeys::NONE);
        let (secret, of_reader) = next_keys.into_secrets();
        let keys = keys.with_secret(secret);
        let (peer_update, size_limit) = (self.control.peer(), self.size_limit);
        Some((WriterParts { keys, peer_update, size_limit }, of_reader))
    }

    /// Whether [`take_parts`](Self::take_parts) would take everything that the keys need.
    #[cfg(feature = "rustls")]
    pub(crate) fn parts_are_whole(&self) -> bool {
        self.next_keys.can_leave()
    }

    /// Begins with the keys of a connection that was taken apart and the secret of its reader's
    /// next keys.
    #[cfg(feature = "rustls")]
    pub(crate) fn begin_with(&mut self, parts: WriterParts, read: Option<TrafficSecret>) {
        let WriterParts { mut keys, peer_update, size_limit } = parts;
        let next_keys = NextKeys::of(keys.take_secret(), read);
        self.set_size_limit(size_limit);
        self.begin(keys, next_keys);
        self.control = Control::new(peer_update);
    }

    /// Continues where [`into_parts`](Self::into_parts) stopped: with the same key, at its next
    /// sequence number, with the rest of its budget, and with records as short as the peer asked
    /// for. The counters start at 0.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting is out of range. The parts are lost then, so call
    /// [`WriterConfig::check`] first.
    pub fn from_parts(parts: WriterParts, config: &WriterConfig) -> Result<Self, ConfigError> {
        let WriterParts { mut keys, peer_update, size_limit } = parts;
        let mut writer = Self::without_keys(config.clone())?;
        let next_keys = NextKeys::of(keys.take_secret(), None);
        writer.set_size_limit(size_limit);
        writer.begin(keys, next_keys);
        writer.control = Control::new(peer_update);
        Ok(writer)
    }
}
