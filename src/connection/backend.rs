//! What a connection needs from a library that performs handshakes.
//!
//! rustls 0.23 is one such library ([`rustls23`](super::rustls23)). Another version with a
//! different API would be another implementation of this trait; everything above it stays
//! unchanged.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::ConnectionError;
use super::early::EarlyData;
use super::hello::{ClientHello, ServerHello};
use super::negotiated::Negotiated;
use crate::aead::{NextKeys, ReadKeys, WriteKeys};
use crate::reader::Role;
use crate::record::Version;

/// A handshake in progress: records go in and come out.
///
/// It never sees what follows the handshake, and seals nothing after
/// [`hand_over`](Self::hand_over).
pub(super) trait Backend: fmt::Debug + Send + Sync {
    /// Our role.
    fn role(&self) -> Role;

    /// The version, once it is negotiated.
    fn version(&self) -> Option<Version>;

    /// The number of the suite, once it is negotiated.
    fn suite(&self) -> Option<u16>;

    /// Whether the key exchange is over. In TLS 1.3, a HelloRetryRequest negotiates version and
    /// suite before that.
    fn has_exchanged_keys(&self) -> bool;

    /// Whether the peer's Finished, or our own, is still missing.
    fn is_handshaking(&self) -> bool;

    /// Whether it has records to send that [`step`](Self::step) has not returned yet.
    fn has_output(&self) -> bool;

    /// Looks at `records`, which begin where the discarded ones ended, and takes one step. Returns
    /// how many bytes at their front are no longer needed, even with an error.
    fn step(&mut self, records: &mut [u8]) -> (usize, Result<Step, ConnectionError>);

    /// The longest fragment that [`seal_early`](Self::seal_early) takes.
    fn max_early_len(&self) -> usize;

    /// How many session tickets a server sends once the handshake is over.
    fn tickets(&self) -> usize;

    /// Seals a fragment before the handshake is over, if that is allowed now. `None` if it is not,
    /// or if no more of it may be sent.
    fn seal_early(&mut self, fragment: &[u8]) -> Option<SealedEarly>;

    /// The ClientHello, if this backend is waiting with it.
    fn client_hello(&self) -> Option<&ClientHello> {
        None
    }

    /// Gives up the keys. Call this once the handshake is over and there is nothing to send: a
    /// failure loses the connection.
    fn hand_over(
        self: Box<Self>,
        server_hello: Option<ServerHello>,
    ) -> Result<HandedOver, ConnectionError>;
}

/// The result of one step.
#[derive(Debug)]
pub(super) enum Step {
    /// Another step may follow.
    Again,
    /// A record to send.
    Send(Vec<u8>),
    /// The backend waits for more records.
    Blocked,
    /// The backend could send application data.
    Traffic,
    /// The backend waits for more records and could send early data.
    EarlyTraffic,
    /// Early data from a client.
    EarlyPlaintext(Zeroizing<Vec<u8>>),
    /// The ClientHello is complete, and a configuration is needed.
    Hello,
    /// The ClientHello is complete. Another backend continues the handshake, and our records hold
    /// at most this much.
    Become(Box<dyn Backend>, Option<usize>),
}

/// One record of early data.
#[derive(Debug)]
pub(super) struct SealedEarly {
    record: Vec<u8>,
    taken: usize,
}

impl SealedEarly {
    pub(super) const fn new(record: Vec<u8>, taken: usize) -> Self {
        Self { record, taken }
    }

    /// How many bytes of the fragment it contains.
    pub(super) const fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn into_record(self) -> Vec<u8> {
        self.record
    }
}

/// The keys of both directions, the source of the next keys, and what was negotiated.
#[derive(Debug)]
pub(super) struct HandedOver {
    write_keys: WriteKeys,
    read_keys: ReadKeys,
    next_keys: NextKeys,
    negotiated: Negotiated,
}

impl HandedOver {
    pub(super) const fn new(
        write_keys: WriteKeys,
        read_keys: ReadKeys,
        next_keys: NextKeys,
        negotiated: Negotiated,
    ) -> Self {
        Self { write_keys, read_keys, next_keys, negotiated }
    }

    pub(super) fn with_early(self, early: EarlyData) -> Self {
        Self { negotiated: self.negotiated.with_early(early), ..self }
    }

    pub(super) fn into_parts(self) -> (WriteKeys, ReadKeys, NextKeys, Negotiated) {
        (self.write_keys, self.read_keys, self.next_keys, self.negotiated)
    }
}
