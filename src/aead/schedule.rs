//! Where the keys of the next generation come from.

use alloc::boxed::Box;
use core::fmt;

use super::{ReadKeys, TrafficSecret, WriteKeys};
use crate::error::{Error, PeerFault};

/// A source of next keys outside this layer: rustls's key schedule, inside a `Connection`.
#[cfg_attr(not(feature = "rustls"), expect(dead_code, reason = "only a handshake has one"))]
pub(crate) trait KeySchedule: fmt::Debug + Send + Sync {
    /// Whether there is a next generation of write keys.
    fn can_update(&self) -> bool;

    /// The next generation of write keys, sequence number 0. Fails unless
    /// [`can_update`](Self::can_update).
    fn next_write_keys(&mut self) -> Result<WriteKeys, Error>;

    /// The next generation of read keys, sequence number 0. RFC 9846 §4.7.3: a receiver does not
    /// enforce the sender's limit.
    fn next_read_keys(&mut self) -> Result<ReadKeys, Error>;

    /// Keeps a session ticket, given without its handshake header (RFC 9846 §4.7.1): what makes
    /// next keys makes the ticket's secret too.
    fn store_ticket(&mut self, body: &[u8]) -> Result<(), PeerFault>;

    /// As if the write keys had been updated so often.
    #[cfg(test)]
    fn set_generation(&mut self, _generation: u64) {}
}

/// What the keys of the next generation are made from.
#[derive(Debug)]
pub(crate) enum NextKeys {
    /// Nothing: raw keys, or TLS 1.2.
    None,
    /// The traffic secret of one direction.
    Secret(Box<TrafficSecret>),
    /// Whoever made the handshake, for both directions.
    #[cfg_attr(not(feature = "rustls"), expect(dead_code, reason = "only a handshake has one"))]
    Schedule(Box<dyn KeySchedule>),
}

/// RFC 9846 §4.7.3: a sender updates its key at most 2^48 − 1 times.
pub(crate) const MAX_GENERATION: u64 = (1 << 48) - 1;

impl NextKeys {
    /// Whether there is a next generation of write keys.
    pub(crate) fn can_update(&self) -> bool {
        match self {
            Self::None => false,
            Self::Secret(secret) => secret.generation() < MAX_GENERATION,
            Self::Schedule(schedule) => schedule.can_update(),
        }
    }

    /// The next generation of write keys, sequence number 0.
    pub(crate) fn next_write_keys(&mut self) -> Result<WriteKeys, Error> {
        match self {
            Self::None => Err(Error::KeysExhausted),
            Self::Secret(secret) if secret.generation() < MAX_GENERATION => {
                Ok(secret.next_write_keys())
            }
            Self::Secret(_) => Err(Error::KeysExhausted),
            Self::Schedule(schedule) => schedule.next_write_keys(),
        }
    }

    /// The next generation of read keys, sequence number 0.
    pub(crate) fn next_read_keys(&mut self) -> Result<ReadKeys, Error> {
        match self {
            Self::None => Err(Error::KeysExhausted),
            Self::Secret(secret) => Ok(secret.next_read_keys()),
            Self::Schedule(schedule) => schedule.next_read_keys(),
        }
    }

    /// Keeps a session ticket, if there is anything to keep it.
    #[cfg(feature = "rustls")]
    pub(crate) fn store_ticket(&mut self, body: &[u8]) -> Result<(), PeerFault> {
        match self {
            Self::None | Self::Secret(_) => Ok(()),
            Self::Schedule(schedule) => schedule.store_ticket(body),
        }
    }

    /// Whether there never was a next generation.
    pub(crate) const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// As if the write keys had been updated so often.
    #[cfg(all(test, feature = "rustls"))]
    pub(crate) fn set_generation(&mut self, generation: u64) {
        if let Self::Schedule(schedule) = self {
            schedule.set_generation(generation);
        }
    }

    /// The traffic secret, if it is one.
    pub(crate) fn into_secret(self) -> Option<TrafficSecret> {
        match self {
            Self::Secret(secret) => Some(*secret),
            Self::None | Self::Schedule(_) => None,
        }
    }
}

impl From<Option<TrafficSecret>> for NextKeys {
    fn from(secret: Option<TrafficSecret>) -> Self {
        secret.map_or(Self::None, |secret| Self::Secret(Box::new(secret)))
    }
}
