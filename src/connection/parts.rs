//! Taking an established connection apart.

use super::Connection;
use crate::aead::ReadKeys;
use crate::writer::WriterParts;

impl Connection {
    /// Takes an established connection apart, for kernel TLS or another process: returns the keys
    /// of both directions with their next sequence numbers. They include their traffic secrets if
    /// the connection is [`movable`](crate::ConnectionConfig::movable) or was created by
    /// [`from_keys`](Self::from_keys) with such secrets. Otherwise the secrets stay with rustls and
    /// are lost, so the keys cannot be updated any more. In either case, tickets cannot be stored
    /// any more. If the client asked for short records
    /// ([`peer_size_limits`](crate::ConnectionConfig::peer_size_limits)), only the [`WriterParts`]
    /// include that limit: before you take their keys, ask
    /// [`Writer::max_fragment_len`](crate::Writer::max_fragment_len).
    ///
    /// # Errors
    /// Returns the connection itself if it is not at rest. At rest means open in both directions,
    /// with nothing to drain or due, none of the peer's bytes held, no early data held, and no
    /// KeyUpdate outstanding that we asked the peer for.
    #[expect(clippy::result_large_err, reason = "the connection itself: boxing would allocate")]
    pub fn into_parts(mut self) -> Result<(WriterParts, ReadKeys), Self> {
        let holds_early =
            !self.early_plaintext().is_empty() || !self.rejected_early_data().is_empty();
        if !self.reader.is_at_rest() || self.writer.expects_peer_update() || holds_early {
            return Err(self);
        }
        let Some((parts, secret)) = self.writer.take_parts() else { return Err(self) };
        match self.reader.take_keys() {
            Some(keys) => Ok((parts, keys.with_secret(secret))),
            None => Err(self),
        }
    }
}
