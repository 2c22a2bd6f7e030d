//! Where the keys of the next generation come from.

use super::{ReadKeys, TrafficSecret, WriteKeys};
use crate::error::Error;

/// The source of next keys, as the layers above see it: a [`TrafficSecret`] when `Writer` and
/// `Reader` stand alone, rustls's key schedule inside a `Connection`, or nothing.
pub(crate) trait KeySchedule {
    /// Whether KeyUpdate exists for these keys at all.
    fn can_update(&self) -> bool;

    /// The next generation of write keys, sequence number 0.
    fn next_write_keys(&mut self) -> Result<WriteKeys, Error>;

    /// The next generation of read keys, sequence number 0.
    fn next_read_keys(&mut self) -> Result<ReadKeys, Error>;
}

/// RFC 9846 §4.7.3: an endpoint sends at most 2^48 − 1 KeyUpdates.
pub(crate) const MAX_GENERATION: u64 = (1 << 48) - 1;

/// `None`: raw keys, or TLS 1.2: there is no next generation.
impl KeySchedule for Option<TrafficSecret> {
    fn can_update(&self) -> bool {
        self.as_ref().is_some_and(|secret| secret.generation() < MAX_GENERATION)
    }

    fn next_write_keys(&mut self) -> Result<WriteKeys, Error> {
        let secret = self.as_mut().ok_or(Error::KeysExhausted)?;
        secret.update().ok_or(Error::KeysExhausted)?;
        Ok(secret.write_keys())
    }

    fn next_read_keys(&mut self) -> Result<ReadKeys, Error> {
        let secret = self.as_mut().ok_or(Error::KeysExhausted)?;
        secret.update().ok_or(Error::KeysExhausted)?;
        Ok(secret.read_keys())
    }
}
