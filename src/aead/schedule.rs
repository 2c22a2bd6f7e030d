//! Where the keys of the next generation come from.

use super::{ReadKeys, TrafficSecret, WriteKeys};
use crate::error::Error;

/// The source of next keys, as the layers above see it: a [`TrafficSecret`] when `Writer` and
/// `Reader` stand alone, rustls's key schedule inside a `Connection`, or nothing.
pub(crate) trait KeySchedule {
    /// Whether there is a next generation of write keys.
    fn can_update(&self) -> bool;

    /// The next generation of write keys, sequence number 0. Fails unless
    /// [`can_update`](Self::can_update).
    fn next_write_keys(&mut self) -> Result<WriteKeys, Error>;

    /// The next generation of read keys, sequence number 0. RFC 9846 §4.7.3: a receiver does not
    /// enforce the sender's limit.
    fn next_read_keys(&mut self) -> Result<ReadKeys, Error>;
}

/// RFC 9846 §4.7.3: a sender updates its key at most 2^48 − 1 times.
pub(crate) const MAX_GENERATION: u64 = (1 << 48) - 1;

/// `None`: raw keys, or TLS 1.2: there is no next generation.
impl KeySchedule for Option<TrafficSecret> {
    fn can_update(&self) -> bool {
        self.as_ref().is_some_and(|secret| secret.generation() < MAX_GENERATION)
    }

    fn next_write_keys(&mut self) -> Result<WriteKeys, Error> {
        let secret = self.as_mut().filter(|secret| secret.generation() < MAX_GENERATION);
        let secret = secret.ok_or(Error::KeysExhausted)?;
        secret.update();
        Ok(secret.write_keys())
    }

    fn next_read_keys(&mut self) -> Result<ReadKeys, Error> {
        let secret = self.as_mut().ok_or(Error::KeysExhausted)?;
        secret.update();
        Ok(secret.read_keys())
    }
}
