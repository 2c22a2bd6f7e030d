//! Drives the handshake inside rustls, one whole record at a time.

use alloc::string::String;
use alloc::vec::Vec;

use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, UnbufferedStatus};

use super::handover::Tls;
use super::negotiated::negotiated_suite;
use super::server_name::ServerNameCell;
use super::{ConnectionConfig, ConnectionError};
use crate::alert::AlertDescription;
use crate::buffer::{InboundBuffer, OutboundBuffer};
use crate::error::{Error, PeerFault};
use crate::record::{HEADER_LEN, RecordHeader};
use crate::writer::Conditions;

/// How much of the peer's handshake may be held: its longest message (64 KiB), in records of
/// moderate size.
const MAX_HANDSHAKE_INPUT: usize = 128 * 1024;

/// A handshake that goes on.
///
/// rustls is shown one whole record, and one more only when it is blocked. So it never sees what
/// comes behind the handshake: tickets, KeyUpdates and application data stay in `inbound`.
#[derive(Debug)]
pub(super) struct Handshake {
    pub(super) tls: Tls,
    pub(super) inbound: InboundBuffer,
    pub(super) outbound: OutboundBuffer,
    /// Of both halves, which begin with it.
    pub(super) config: ConnectionConfig,
    /// What was observed last; the sizing policy begins with it.
    pub(super) conditions: Conditions,
    /// Bytes at the front of `inbound` that rustls has been shown.
    shown: usize,
    turn: Turn,
    input: Input,
    server_name: Option<ServerNameCell>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Open,
    Ended,
}

/// What the handshake goes on with.
///
/// rustls is not asked twice about the same bytes: it would try refused early data again, and
/// count it again against its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Rustls,
    NextRecord,
}

/// How far the handshake has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// It waits for input.
    Blocked,
    /// It is over, and everything that rustls had to send is in `outbound`.
    Done,
}

/// What one look at rustls's state came to.
enum Step {
    Again,
    Blocked,
    Traffic,
}

impl Handshake {
    pub(super) fn new(
        tls: Tls,
        server_name: Option<ServerNameCell>,
        inbound: InboundBuffer,
        config: ConnectionConfig,
    ) -> Self {
        Self {
            tls,
            inbound,
            outbound: config.writer.outbound_buffer(),
            config,
            conditions: Conditions::default(),
            shown: 0,
            turn: Turn::Rustls,
            input: Input::Open,
            server_name,
        }
    }

    /// Goes as far as the input allows. After an error the alert that tells the peer of it
    /// waits in `outbound`.
    pub(super) fn advance(&mut self) -> Result<Status, ConnectionError> {
        let mut refused = None;
        loop {
            if self.turn == Turn::NextRecord {
                match self.next_record_len() {
                    Ok(None) => return self.blocked(),
                    Ok(Some(len)) => self.shown += len,
                    // rustls has the alert. It waits for no record that this announces.
                    Err(fault) => {
                        self.shown += HEADER_LEN;
                        refused = Some(fault);
                    }
                }
            }
            self.turn = Turn::Rustls;
            match self.step() {
                Ok(Step::Again) => {}
                Ok(Step::Traffic) if self.is_over() => return Ok(Status::Done),
                // A server that may send half-RTT data gets here while still handshaking.
                Ok(Step::Blocked | Step::Traffic) => match refused {
                    None => self.turn = Turn::NextRecord,
                    // A header that rustls knows and TLS 1.2 and 1.3 do not.
                    Some(fault) => return Err(Error::Peer(fault).into()),
                },
                Err(error) => {
                    self.collect_alert();
                    return Err(error);
                }
            }
        }
    }

    pub(super) fn end_of_input(&mut self) {
        self.input = Input::Ended;
    }

    pub(super) fn input_has_ended(&self) -> bool {
        self.input == Input::Ended
    }

    /// Whether there is memory for input. Where a record does not fit, [`advance`](Self::advance)
    /// makes more.
    pub(super) fn wants_input(&self) -> bool {
        self.input == Input::Open && !self.inbound.is_full(self.needed())
    }

    /// Where the transport's next bytes go, with room made; `None` after their end.
    pub(super) fn inbound(&mut self) -> Option<&mut InboundBuffer> {
        if self.input == Input::Ended {
            return None;
        }
        let _moved = self.inbound.make_room(self.needed());
        Some(&mut self.inbound)
    }

    /// Whether [`advance`](Self::advance) would change anything.
    pub(super) fn wants_process(&self) -> bool {
        self.input == Input::Ended
            || self.inbound.is_full(self.needed())
            || self.next_record_len() != Ok(None)
    }

    /// The name a client asked for.
    pub(super) fn server_name(&self) -> Option<String> {
        self.server_name.as_ref().and_then(|name| name.get().cloned())
    }

    /// The conditions of the hand-over: it loses the connection if it fails.
    fn is_over(&self) -> bool {
        let common = self.tls.common();
        !common.is_handshaking()
            && !common.wants_write()
            && self.shown == 0
            && negotiated_suite(common).is_some()
    }

    fn step(&mut self) -> Result<Step, ConnectionError> {
        let shown = self.inbound.bytes_mut().get_mut(..self.shown).unwrap_or(&mut []);
        let (discard, step) = match &mut self.tls {
            Tls::Client(tls) => take_step(tls.process_tls_records(shown), &mut self.outbound),
            Tls::Server(tls) => take_step(tls.process_tls_records(shown), &mut self.outbound),
        };
        self.shown = self.shown.saturating_sub(discard);
        self.inbound.consume(discard);
        step
    }

    /// Length of the next whole record that rustls has not been shown.
    fn next_record_len(&self) -> Result<Option<usize>, PeerFault> {
        let rest = self.inbound.bytes().get(self.shown..).unwrap_or(&[]);
        let header = RecordHeader::decode_of_any_version(rest)?;
        Ok(header.map(RecordHeader::record_len).filter(|&len| len <= rest.len()))
    }

    /// Length of what rustls has been shown and of the record behind it, as far as it is known, if
    /// the end of that record has not come; else 0.
    fn needed(&self) -> usize {
        let rest = self.inbound.bytes().get(self.shown..).unwrap_or(&[]);
        let needed = match RecordHeader::decode_of_any_version(rest) {
            Ok(header) => header.map_or(HEADER_LEN, RecordHeader::record_len),
            Err(_) => 0,
        };
        if needed > rest.len() { self.shown + needed } else { 0 }
    }

    fn blocked(&mut self) -> Result<Status, ConnectionError> {
        if self.input == Input::Ended {
            return Err(Error::Truncated.into());
        }
        if self.inbound.is_full(self.needed()) {
            let capacity = self.inbound.capacity();
            if capacity >= MAX_HANDSHAKE_INPUT {
                return Err(Error::Peer(PeerFault::HandshakeTooLong).into());
            }
            self.inbound.set_capacity((capacity * 2).min(MAX_HANDSHAKE_INPUT));
        }
        Ok(Status::Blocked)
    }

    /// rustls gives its alert only when asked once more after the error. It is asked no oftener:
    /// without anything to send it would look up the messages behind the faulty one, and panic
    /// where they are gone.
    fn collect_alert(&mut self) {
        self.shown = 0;
        self.inbound.wipe();
        while self.tls.common().wants_write() && matches!(self.step(), Ok(Step::Again)) {}
    }
}

/// Handles one state of rustls, which is the same for both roles. Returns the bytes to discard.
fn take_step<Data>(
    status: UnbufferedStatus<'_, '_, Data>,
    outbound: &mut OutboundBuffer,
) -> (usize, Result<Step, ConnectionError>) {
    let UnbufferedStatus { discard, state } = status;
    let step = match state {
        Ok(ConnectionState::EncodeTlsData(chunk)) => {
            outbound.append_owned(encode(chunk).into());
            Ok(Step::Again)
        }
        Ok(ConnectionState::TransmitTlsData(transmit)) => {
            // It waits in our buffer, in order: as good as sent.
            transmit.done();
            Ok(Step::Again)
        }
        Ok(ConnectionState::BlockedHandshake) => Ok(Step::Blocked),
        Ok(ConnectionState::WriteTraffic(_)) => Ok(Step::Traffic),
        Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => {
            Err(Error::PeerAlert(AlertDescription::CLOSE_NOTIFY).into())
        }
        // Application data is not shown to rustls, and early data is switched off.
        Ok(_) => Err(Error::Peer(PeerFault::UnexpectedContentType).into()),
        Err(error) => Err(error.into()),
    };
    (discard, step)
}

/// The bytes of one record of the handshake.
fn encode<Data>(mut chunk: EncodeTlsData<'_, Data>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // The first call only asks for the size.
    while let Err(EncodeError::InsufficientSize(size)) = chunk.encode(&mut bytes) {
        bytes.resize(size.required_size, 0);
    }
    bytes
}
