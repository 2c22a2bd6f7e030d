//! An established connection taken apart.

use super::Connection;
use crate::aead::ReadKeys;
use crate::writer::WriterParts;

impl Connection {
    /// Takes an established connection apart, for kernel TLS or another process: both directions'
    /// keys with their next sequence numbers. They leave with their traffic secrets if the
    /// connection is [`movable`](crate::ConnectionConfig::movable) or was made
    /// [`from_keys`](Self::from_keys) that had some. Otherwise these stay with rustls and are gone:
    /// the keys cannot be updated any more. Tickets cannot be stored any more in either case.
    ///
    /// # Errors
    /// The connection itself if it is not at rest: open both ways, nothing to drain or due,
    /// nothing held of the peer's bytes, and no KeyUpdate outstanding that the peer was asked for.
    #[expect(clippy::result_large_err, reason = "the connection itself: boxing would allocate")]
    pub fn into_parts(mut self) -> Result<(WriterParts, ReadKeys), Self> {
        if !self.reader.is_at_rest() || self.writer.expects_peer_update() {
            return Err(self);
        }
        let Some((parts, secret)) = self.writer.take_parts() else { return Err(self) };
        match self.reader.take_keys() {
            Some(keys) => Ok((parts, keys.with_secret(secret))),
            None => Err(self),
        }
    }
}
