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
    /// Those of both directions of a connection, where they have one.
    #[cfg(feature = "rustls")]
    Pair(Box<SecretPair>),
    /// The handshake's key schedule, for both directions.
    #[cfg_attr(not(feature = "rustls"), expect(dead_code, reason = "only a handshake has one"))]
    Schedule(Box<dyn KeySchedule>),
}

/// The traffic secrets of both directions: none for raw keys, or in TLS 1.2.
#[cfg(feature = "rustls")]
#[derive(Debug)]
pub(crate) struct SecretPair {
    write: Option<TrafficSecret>,
    read: Option<TrafficSecret>,
    /// What keeps session tickets.
    tickets: Option<Box<dyn KeySchedule>>,
}

/// RFC 9846 §4.7.3: a sender updates its key at most 2^48 − 1 times.
pub(crate) const MAX_GENERATION: u64 = (1 << 48) - 1;

impl NextKeys {
    /// What the traffic secrets of both directions make possible.
    #[cfg(feature = "rustls")]
    pub(crate) fn of_both(write: Option<TrafficSecret>, read: Option<TrafficSecret>) -> Self {
        match (write, read) {
            (None, None) => Self::None,
            (write, read) => Self::Pair(Box::new(SecretPair { write, read, tickets: None })),
        }
    }

    /// The traffic secrets of both directions, ours first, and what keeps tickets.
    #[cfg(feature = "rustls")]
    pub(crate) fn of_handshake(
        write: TrafficSecret,
        read: TrafficSecret,
        tickets: Option<Box<dyn KeySchedule>>,
    ) -> Self {
        let (write, read) = (Some(write), Some(read));
        Self::Pair(Box::new(SecretPair { write, read, tickets }))
    }

    /// Whether there is a next generation of write keys.
    pub(crate) fn can_update(&self) -> bool {
        match self {
            Self::None => false,
            Self::Secret(secret) => secret.can_update(),
            #[cfg(feature = "rustls")]
            Self::Pair(pair) => pair.write.as_ref().is_some_and(TrafficSecret::can_update),
            Self::Schedule(schedule) => schedule.can_update(),
        }
    }

    /// The next generation of write keys, sequence number 0.
    pub(crate) fn next_write_keys(&mut self) -> Result<WriteKeys, Error> {
        match self {
            Self::None => Err(Error::KeysExhausted),
            Self::Secret(secret) => secret.next_write_keys(),
            #[cfg(feature = "rustls")]
            Self::Pair(pair) => match &mut pair.write {
                Some(secret) => secret.next_write_keys(),
                None => Err(Error::KeysExhausted),
            },
            Self::Schedule(schedule) => schedule.next_write_keys(),
        }
    }

    /// The next generation of read keys, sequence number 0.
    pub(crate) fn next_read_keys(&mut self) -> Result<ReadKeys, Error> {
        match self {
            Self::None => Err(Error::KeysExhausted),
            Self::Secret(secret) => Ok(secret.next_read_keys()),
            #[cfg(feature = "rustls")]
            Self::Pair(pair) => match &mut pair.read {
                Some(secret) => Ok(secret.next_read_keys()),
                None => Err(Error::KeysExhausted),
            },
            Self::Schedule(schedule) => schedule.next_read_keys(),
        }
    }

    /// Keeps a session ticket, if there is anything to keep it.
    #[cfg(feature = "rustls")]
    pub(crate) fn store_ticket(&mut self, body: &[u8]) -> Result<(), PeerFault> {
        match self {
            Self::None | Self::Secret(_) => Ok(()),
            Self::Pair(pair) => {
                pair.tickets.as_mut().map_or(Ok(()), |tickets| tickets.store_ticket(body))
            }
            Self::Schedule(schedule) => schedule.store_ticket(body),
        }
    }

    /// Whether there never was a next generation of write keys.
    pub(crate) const fn is_none(&self) -> bool {
        match self {
            Self::None => true,
            Self::Secret(_) | Self::Schedule(_) => false,
            #[cfg(feature = "rustls")]
            Self::Pair(pair) => pair.write.is_none(),
        }
    }

    /// As if the write keys had been updated so often.
    #[cfg(all(test, feature = "rustls"))]
    pub(crate) fn set_generation(&mut self, generation: u64) {
        if let Self::Schedule(schedule) = self {
            schedule.set_generation(generation);
        }
    }

    /// The traffic secrets of a writer and of the reader beside it, as far as there are any here.
    pub(crate) fn into_secrets(self) -> (Option<TrafficSecret>, Option<TrafficSecret>) {
        match self {
            Self::Secret(secret) => (Some(*secret), None),
            #[cfg(feature = "rustls")]
            Self::Pair(pair) => (pair.write, pair.read),
            Self::None | Self::Schedule(_) => (None, None),
        }
    }
}

impl From<Option<TrafficSecret>> for NextKeys {
    fn from(secret: Option<TrafficSecret>) -> Self {
        secret.map_or(Self::None, |secret| Self::Secret(Box::new(secret)))
    }
}
