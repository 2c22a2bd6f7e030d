//! Where the keys of the next generation come from.

use alloc::boxed::Box;
use core::fmt;

use super::{ReadKeys, TrafficSecret, WriteKeys};
use crate::error::{Error, PeerFault};

/// A source of next keys outside this layer: rustls's key schedule, within a `Connection`.
#[cfg_attr(not(feature = "rustls"), expect(dead_code, reason = "only a handshake has one"))]
pub(crate) trait KeySchedule: fmt::Debug + Send + Sync {
    /// How many more generations of write keys there are.
    fn updates_left(&self) -> u64;

    /// The next generation of write keys, with sequence number 0. Fails if none is
    /// [left](Self::updates_left).
    fn next_write_keys(&mut self) -> Result<WriteKeys, Error>;

    /// The next generation of read keys, with sequence number 0. RFC 9846 §4.7.3: a receiver does
    /// not enforce the sender's limit.
    fn next_read_keys(&mut self) -> Result<ReadKeys, Error>;

    /// Stores a session ticket, passed without its handshake header (RFC 9846 §4.7.1): the source
    /// of next keys also derives the ticket's secret.
    fn store_ticket(&mut self, body: &[u8]) -> Result<(), PeerFault>;

    /// The traffic secrets of both directions, ours first, if they are known.
    fn into_secrets(self: Box<Self>) -> (Option<TrafficSecret>, Option<TrafficSecret>) {
        (None, None)
    }

    /// Whether dropping this loses only session tickets, provided that the result of
    /// [`into_secrets`](Self::into_secrets) is kept.
    fn can_leave(&self) -> bool {
        false
    }

    /// Acts as if the write keys had been updated this often.
    #[cfg(test)]
    fn set_generation(&mut self, _generation: u64) {}
}

/// The source of the keys of the next generation.
#[derive(Debug)]
pub(crate) enum NextKeys {
    /// Traffic secrets. `None` for raw keys and in TLS 1.2.
    Secrets(Option<Box<Secrets>>),
    /// The handshake's key schedule, for both directions.
    #[cfg_attr(not(feature = "rustls"), expect(dead_code, reason = "only a handshake has one"))]
    Schedule(Box<dyn KeySchedule>),
}

/// The traffic secrets of both directions, as far as they are known.
#[derive(Debug)]
pub(crate) struct Secrets {
    write: Option<TrafficSecret>,
    read: Option<TrafficSecret>,
}

/// RFC 9846 §4.7.3: a sender updates its key at most 2^48 − 1 times.
pub(crate) const MAX_GENERATION: u64 = (1 << 48) - 1;

impl NextKeys {
    pub(crate) const NONE: Self = Self::Secrets(None);

    /// A source for the given traffic secrets, of both directions or of one.
    pub(crate) fn of(write: Option<TrafficSecret>, read: Option<TrafficSecret>) -> Self {
        match (write, read) {
            (None, None) => Self::NONE,
            (write, read) => Self::Secrets(Some(Box::new(Secrets { write, read }))),
        }
    }

    /// Whether there is a next generation of write keys.
    pub(crate) fn can_update(&self) -> bool {
        self.updates_left() > 0
    }

    /// How many more generations of write keys there are.
    pub(crate) fn updates_left(&self) -> u64 {
        match self {
            Self::Secrets(None) => 0,
            Self::Secrets(Some(secrets)) => {
                secrets.write.as_ref().map_or(0, TrafficSecret::updates_left)
            }
            Self::Schedule(schedule) => schedule.updates_left(),
        }
    }

    /// Whether there never was a next generation of write keys.
    pub(crate) fn is_none(&self) -> bool {
        match self {
            Self::Secrets(secrets) => secrets.as_ref().is_none_or(|both| both.write.is_none()),
            Self::Schedule(_) => false,
        }
    }

    /// The next generation of write keys, with sequence number 0.
    pub(crate) fn next_write_keys(&mut self) -> Result<WriteKeys, Error> {
        match self {
            Self::Secrets(secrets) => {
                let secret = secrets.as_mut().and_then(|both| both.write.as_mut());
                secret.ok_or(Error::KeysExhausted)?.next_write_keys()
            }
            Self::Schedule(schedule) => schedule.next_write_keys(),
        }
    }

    /// The next generation of read keys, with sequence number 0.
    pub(crate) fn next_read_keys(&mut self) -> Result<ReadKeys, Error> {
        match self {
            Self::Secrets(secrets) => {
                let secret = secrets.as_mut().and_then(|both| both.read.as_mut());
                Ok(secret.ok_or(Error::KeysExhausted)?.next_read_keys())
            }
            Self::Schedule(schedule) => schedule.next_read_keys(),
        }
    }

    /// Stores a session ticket, if there is a place for it.
    #[cfg(feature = "rustls")]
    pub(crate) fn store_ticket(&mut self, body: &[u8]) -> Result<(), PeerFault> {
        match self {
            Self::Secrets(_) => Ok(()),
            Self::Schedule(schedule) => schedule.store_ticket(body),
        }
    }

    /// Acts as if the write keys had been updated this often.
    #[cfg(all(test, feature = "rustls"))]
    pub(crate) fn set_generation(&mut self, generation: u64) {
        if let Self::Schedule(schedule) = self {
            schedule.set_generation(generation);
        }
    }

    /// Whether [`into_secrets`](Self::into_secrets) returns everything.
    #[cfg(feature = "rustls")]
    pub(crate) fn can_leave(&self) -> bool {
        match self {
            Self::Secrets(_) => true,
            Self::Schedule(schedule) => schedule.can_leave(),
        }
    }

    /// The traffic secrets of a writer and its reader, as far as they are known here.
    pub(crate) fn into_secrets(self) -> (Option<TrafficSecret>, Option<TrafficSecret>) {
        match self {
            Self::Secrets(Some(secrets)) => (secrets.write, secrets.read),
            Self::Secrets(None) => (None, None),
            Self::Schedule(schedule) => schedule.into_secrets(),
        }
    }
}
