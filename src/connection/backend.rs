//! What a connection needs of a library that makes handshakes.
//!
//! rustls 0.23 is one ([`rustls23`](super::rustls23)). Another version of it, with another API,
//! is another implementation of this trait beside it; what is above stays as it is.

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

/// One handshake in the making: records go in and come out.
///
/// It never sees what comes behind the handshake, and seals nothing after
/// [`hand_over`](Self::hand_over).
pub(super) trait Backend: fmt::Debug + Send + Sync {
    /// Ours.
    fn role(&self) -> Role;

    /// The version, once it is negotiated.
    fn version(&self) -> Option<Version>;

    /// The number of the suite, once it is negotiated.
    fn suite(&self) -> Option<u16>;

    /// Whether the peer's Finished, or our own, is still missing.
    fn is_handshaking(&self) -> bool;

    /// Whether it has records to send that [`step`](Self::step) has not given yet.
    fn has_output(&self) -> bool;

    /// Looks at `records`, which begin where those that were discarded ended, and takes one step.
    /// Returns how many bytes at their front are not needed any more, also with an error.
    fn step(&mut self, records: &mut [u8]) -> (usize, Result<Step, ConnectionError>);

    /// Seals a fragment before the handshake is over, if that may be done now. `None` if not, or if
    /// no more of it may be sent.
    fn seal_early(&mut self, fragment: &[u8]) -> Option<SealedEarly>;

    /// What the client has said, if that is what this waits with.
    fn client_hello(&self) -> Option<&ClientHello> {
        None
    }

    /// Gives the keys away. To be called when the handshake is over and there is nothing to send:
    /// a failure loses the connection.
    fn hand_over(
        self: Box<Self>,
        server_hello: Option<ServerHello>,
    ) -> Result<HandedOver, ConnectionError>;
}

/// What one step came to.
#[derive(Debug)]
pub(super) enum Step {
    /// There may be another one.
    Again,
    /// A record to send.
    Send(Vec<u8>),
    /// It waits for more records.
    Blocked,
    /// It could send application data.
    Traffic,
    /// It waits for more records, and could send early data.
    EarlyTraffic,
    /// Early data of a client.
    EarlyPlaintext(Zeroizing<Vec<u8>>),
    /// The ClientHello is here, and no configuration.
    Hello,
    /// The ClientHello is here. Another backend continues the handshake, and our records hold at most
    /// this much.
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

    /// How much of the fragment is in it.
    pub(super) const fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn into_record(self) -> Vec<u8> {
        self.record
    }
}

/// The keys of both directions, what comes after them, and what was negotiated.
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
