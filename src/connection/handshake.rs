//! Drives the handshake inside rustls, one whole record at a time.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use rustls::ProtocolVersion;
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, UnbufferedStatus};

use super::ConnectionError;
use super::config::Tls12Close;
use super::handover::Tls;
use super::negotiated::{Negotiated, foreign_suite, negotiated_suite};
use super::server_name::ServerNameCell;
use super::watch::Watch;
use crate::aead::{NextKeys, ReadKeys, WriteKeys};
use crate::alert::{Alert, AlertDescription};
use crate::buffer::InboundBuffer;
use crate::error::{Error, Overrun, PeerFault};
use crate::reader::{PeerLimits, Role};
use crate::record::{ContentType, HEADER_LEN, RecordHeader, Version};
use crate::writer::Writer;

/// How much of the peer's handshake may be held at most: its longest message (64 KiB), in records
/// of moderate size.
const MAX_HANDSHAKE_INPUT: usize = 128 * 1024;

/// The header of a record that rustls refuses whatever its state, with `decode_error`.
const NO_RECORD: &[u8] = &[0xff, 3, 3, 0, 0];

/// A KeyUpdate in the clear: rustls refuses it in TLS 1.2, with `unexpected_message`.
const UNEXPECTED: &[u8] = &[0x16, 3, 3, 0, 5, 24, 0, 0, 1, 0];

/// A handshake that goes on.
///
/// rustls is shown one whole record, and one more only when it is blocked. So it never sees what
/// comes behind the handshake: tickets, KeyUpdates and application data stay in `inbound`.
#[derive(Debug)]
pub(super) struct Handshake {
    tls: Tls,
    inbound: InboundBuffer,
    /// The limits on the peer.
    limits: PeerLimits,
    tls12_close: Tls12Close,
    /// Bytes at the front of `inbound` that rustls has been shown.
    shown: usize,
    watch: Watch,
    awaiting: Awaiting,
    input: Input,
    /// Whether what we send is protected.
    output: Output,
    server_name: Option<ServerNameCell>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Open,
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Plain,
    Protected,
}

/// What the handshake waits for: rustls, about what it was shown, or the next record.
///
/// rustls is not asked twice about the same bytes: it would try refused early data again, and
/// count it again against its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaiting {
    Rustls,
    NextRecord,
}

/// How far the handshake has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// It waits for input.
    Blocked,
    /// It is over, and everything that rustls had to send waits in the writer.
    Done,
}

/// What one look at rustls's state came to.
enum RustlsState {
    Again,
    /// A record to send.
    Send(Vec<u8>),
    Blocked,
    Traffic,
}

/// The next record that rustls has not been shown, and what is known when it was looked at.
enum UnseenRecord {
    Whole(RecordHeader, Watch),
    Part(Watch),
}

/// What a record is refused by.
enum Refusal {
    /// rustls refuses nearly all of these too.
    Header(PeerFault),
    Content(PeerFault),
}

/// What a handshake that is over leaves to the two halves.
pub(super) struct HandedOver {
    pub(super) write_keys: WriteKeys,
    pub(super) next_keys: NextKeys,
    pub(super) read_keys: ReadKeys,
    /// Input that was not read.
    pub(super) inbound: InboundBuffer,
    pub(super) negotiated: Negotiated,
}

impl Handshake {
    pub(super) fn new(
        tls: Tls,
        server_name: Option<ServerNameCell>,
        inbound: InboundBuffer,
        limits: PeerLimits,
        tls12_close: Tls12Close,
    ) -> Self {
        Self {
            watch: Watch::new(tls.role(), limits.handshake_len),
            tls,
            inbound,
            limits,
            tls12_close,
            shown: 0,
            awaiting: Awaiting::Rustls,
            input: Input::Open,
            output: Output::Plain,
            server_name,
        }
    }

    /// Goes as far as the input allows. After an error the alert that tells the peer of it
    /// waits in the writer.
    pub(super) fn advance(&mut self, writer: &mut Writer) -> Result<Status, ConnectionError> {
        let mut refused = None;
        loop {
            if self.awaiting == Awaiting::NextRecord {
                let version = self.version();
                match self.next_record() {
                    Ok(UnseenRecord::Whole(header, watch)) => {
                        self.shown += header.record_len();
                        self.watch = watch;
                        self.watch.next_record(header, version);
                    }
                    Ok(UnseenRecord::Part(watch)) => {
                        self.watch = watch;
                        return self.blocked(writer);
                    }
                    // rustls has the alert. It waits for no record that this announces.
                    Err(Refusal::Header(fault)) => {
                        self.shown += HEADER_LEN;
                        refused = Some(fault);
                    }
                    Err(Refusal::Content(fault)) => return Err(self.refuse(fault, writer)),
                }
            }
            self.awaiting = Awaiting::Rustls;
            let step = self.step();
            if let (Ok(_), Some(suite)) = (&step, foreign_suite(self.tls.common())) {
                // Nothing of ours is under its keys yet, and nothing will be.
                append_plain_alert(AlertDescription::HANDSHAKE_FAILURE, writer);
                self.inbound.wipe();
                return Err(ConnectionError::UnsupportedSuite(suite));
            }
            match step {
                Ok(RustlsState::Again) => {}
                Ok(RustlsState::Send(record)) => self.send(record, writer),
                Ok(RustlsState::Traffic) if self.is_over() => return Ok(Status::Done),
                // A server that may send half-RTT data gets here while still handshaking.
                Ok(RustlsState::Blocked | RustlsState::Traffic) => match refused {
                    None => self.awaiting = Awaiting::NextRecord,
                    // A header that rustls knows and TLS 1.2 and 1.3 do not.
                    Some(fault) => {
                        self.shown -= HEADER_LEN;
                        return Err(self.refuse(fault, writer));
                    }
                },
                Err(error) => {
                    self.shown = 0;
                    self.inbound.wipe();
                    if self.was_ended_by_peer(&error) {
                        writer.discard();
                    } else {
                        self.collect_alert(writer);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Takes over from rustls, once [`advance`](Self::advance) is [`Done`](Status::Done).
    pub(super) fn hand_over(self) -> Result<HandedOver, ConnectionError> {
        let common = self.tls.common();
        let suite = negotiated_suite(common).ok_or(rustls::Error::HandshakeNotComplete)?;
        let negotiated = Negotiated::of(common, suite, self.server_name(), self.tls12_close);
        let (write_keys, read_keys, schedule) = self.tls.hand_over(suite)?;
        let next_keys = NextKeys::Schedule(Box::new(schedule));
        Ok(HandedOver { write_keys, next_keys, read_keys, inbound: self.inbound, negotiated })
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

    /// The same as a loan.
    pub(super) fn lend_inbound(&mut self) -> Option<&mut [u8]> {
        if self.input == Input::Ended {
            return None;
        }
        let needed = self.needed();
        let memory = self.inbound.lend(needed);
        (!memory.is_empty()).then_some(memory)
    }

    /// Ends the loan.
    pub(super) fn commit_inbound(&mut self, n: usize) -> Result<(), Overrun> {
        self.inbound.commit_lent(if self.input == Input::Open { n } else { 0 })
    }

    /// Bytes of inbound memory.
    pub(super) fn memory_held(&self) -> usize {
        self.inbound.memory_held()
    }

    /// Whether [`advance`](Self::advance) would change anything.
    pub(super) fn wants_process(&self) -> bool {
        self.input == Input::Ended
            || self.inbound.is_full(self.needed())
            || !matches!(self.next_record(), Ok(UnseenRecord::Part(_)))
    }

    /// The name a client asked for.
    fn server_name(&self) -> Option<String> {
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

    fn version(&self) -> Option<Version> {
        match self.tls.common().protocol_version()? {
            ProtocolVersion::TLSv1_2 => Some(Version::Tls12),
            ProtocolVersion::TLSv1_3 => Some(Version::Tls13),
            _ => None,
        }
    }

    fn step(&mut self) -> Result<RustlsState, ConnectionError> {
        let shown = self.inbound.bytes_mut().get_mut(..self.shown).unwrap_or(&mut []);
        let (discard, step) = match &mut self.tls {
            Tls::Client(tls) => take_step(tls.process_tls_records(shown)),
            Tls::Server(tls) => take_step(tls.process_tls_records(shown)),
        };
        self.shown = self.shown.saturating_sub(discard);
        self.inbound.consume(discard);
        step
    }

    /// What is here of the next record that rustls has not been shown.
    fn next_record(&self) -> Result<UnseenRecord, Refusal> {
        let mut watch = self.watch;
        let rest = self.inbound.bytes().get(self.shown..).unwrap_or(&[]);
        let Some(header) = RecordHeader::decode_of_any_version(rest).map_err(Refusal::Header)?
        else {
            return Ok(UnseenRecord::Part(watch));
        };
        let record = rest.get(..header.record_len());
        // In TLS 1.3 rustls refuses by its type what is not protected then.
        if !(self.has_keys() && self.version() == Some(Version::Tls13)) {
            let here = record.unwrap_or(rest);
            watch.look(header, here, self.version()).map_err(Refusal::Content)?;
        }
        Ok(match record {
            Some(_) => UnseenRecord::Whole(header, watch),
            None => UnseenRecord::Part(watch),
        })
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

    fn blocked(&mut self, writer: &mut Writer) -> Result<Status, ConnectionError> {
        if self.input == Input::Ended {
            return Err(Error::Truncated.into());
        }
        let needed = self.needed();
        if self.inbound.is_full(needed) {
            let (capacity, max) = (self.inbound.capacity(), self.max_input());
            if capacity >= max {
                return Err(self.refuse(PeerFault::HandshakeTooLong, writer));
            }
            self.inbound.set_capacity(capacity.saturating_mul(2).max(needed).min(max));
        }
        // A peer that is silent costs no buffer.
        self.inbound.release_if_empty();
        Ok(Status::Blocked)
    }

    /// Whether the peer has ended the connection: nothing of ours is to leave then
    /// (RFC 9846 §6.2). In TLS 1.3 an alert of whatever level does that; before, rustls has an
    /// answer to a level that does not exist.
    fn was_ended_by_peer(&self, error: &ConnectionError) -> bool {
        let common = self.tls.common();
        match error {
            ConnectionError::Handshake(rustls::Error::AlertReceived(_)) => {
                common.protocol_version() == Some(ProtocolVersion::TLSv1_3) || !common.wants_write()
            }
            ConnectionError::Record(Error::PeerAlert(_)) => true,
            _ => false,
        }
    }

    /// What may be held of an unfinished message and the records that it comes in.
    const fn max_input(&self) -> usize {
        let twice = self.limits.handshake_len.saturating_mul(2);
        if twice < MAX_HANDSHAKE_INPUT { twice } else { MAX_HANDSHAKE_INPUT }
    }

    /// A record that rustls sends: in TLS 1.2 protected behind a change_cipher_spec, in TLS 1.3 of
    /// the outer type of application data.
    fn send(&mut self, record: Vec<u8>, writer: &mut Writer) {
        let first = record.first().and_then(|&byte| ContentType::from_wire(byte));
        match (first, self.version()) {
            (Some(ContentType::ApplicationData), _)
            | (Some(ContentType::ChangeCipherSpec), Some(Version::Tls12)) => {
                self.output = Output::Protected;
            }
            _ => {}
        }
        writer.append_flight(record.into());
    }

    /// Ends the handshake for a fault that rustls was not shown. While nothing is protected the
    /// alert is ours; later only rustls can seal one, for a record that it refuses too.
    fn refuse(&mut self, fault: PeerFault, writer: &mut Writer) -> ConnectionError {
        match (self.has_keys(), self.version(), fault.alert()) {
            (false, ..) => append_plain_alert(fault.alert(), writer),
            (true, Some(Version::Tls12), AlertDescription::UNEXPECTED_MESSAGE) => {
                self.show_instead(UNEXPECTED, writer);
            }
            (true, ..) => self.show_instead(NO_RECORD, writer),
        }
        self.inbound.wipe();
        Error::Peer(fault).into()
    }

    /// Whether what we send next is protected. In TLS 1.3 a server's hello has what a client needs
    /// for that; a server protects what it sends behind its own.
    fn has_keys(&self) -> bool {
        let knows_suite = self.tls.common().negotiated_cipher_suite().is_some();
        self.output == Output::Protected
            || (self.tls.role() == Role::Client
                && self.version() == Some(Version::Tls13)
                && knows_suite)
    }

    /// Shows rustls, in the place of the next record, one that it refuses.
    fn show_instead(&mut self, record: &[u8], writer: &mut Writer) {
        let end = self.shown + record.len();
        let missing = end.saturating_sub(self.inbound.len());
        if missing > 0 {
            self.inbound.set_capacity(end.max(self.inbound.capacity()));
            let _moved = self.inbound.make_room(end);
            self.inbound.commit(missing);
        }
        if let Some(place) = self.inbound.bytes_mut().get_mut(self.shown..end) {
            place.copy_from_slice(record);
        }
        self.shown = end;
        if self.step().is_err() {
            self.collect_alert(writer);
        }
    }

    /// rustls gives its alert only when asked once more after the error. It is asked no oftener:
    /// without anything to send it would look up the messages behind the faulty one, and panic
    /// where they are gone.
    fn collect_alert(&mut self, writer: &mut Writer) {
        self.shown = 0;
        self.inbound.wipe();
        while self.tls.common().wants_write() {
            match self.step() {
                Ok(RustlsState::Again) => {}
                Ok(RustlsState::Send(record)) => self.send(record, writer),
                _ => break,
            }
        }
    }
}

/// An alert that is not protected.
fn append_plain_alert(description: AlertDescription, writer: &mut Writer) {
    let alert = Alert::fatal(description).encode();
    let len = u16::try_from(alert.len()).unwrap_or(0);
    let header = RecordHeader { content_type: ContentType::Alert, len };
    writer.append_flight([&header.encode()[..], &alert].concat().into());
}

/// Handles one state of rustls, which is the same for both roles. Returns the bytes to discard.
fn take_step<Data>(
    status: UnbufferedStatus<'_, '_, Data>,
) -> (usize, Result<RustlsState, ConnectionError>) {
    let UnbufferedStatus { discard, state } = status;
    let step = match state {
        Ok(ConnectionState::EncodeTlsData(chunk)) => Ok(RustlsState::Send(encode(chunk))),
        Ok(ConnectionState::TransmitTlsData(transmit)) => {
            // It waits in our buffer, in order: as good as sent.
            transmit.done();
            Ok(RustlsState::Again)
        }
        Ok(ConnectionState::BlockedHandshake) => Ok(RustlsState::Blocked),
        Ok(ConnectionState::WriteTraffic(_)) => Ok(RustlsState::Traffic),
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

#[cfg(all(test, feature = "std"))]
mod tests {
    use alloc::sync::Arc;

    use rustls::RootCertStore;
    use rustls::client::UnbufferedClientConnection;

    use super::super::{client_config_builder, clock};
    use super::*;
    use crate::buffer::BufferPolicy;
    use crate::writer::WriterConfig;

    #[test]
    fn what_was_held_is_wiped_at_a_fault() {
        let faults: [&[u8]; 4] = [
            // Of a header, of a message's type, and what rustls finds in a whole message.
            &[0x16, 9, 9, 0, 1],
            &[0x16, 3, 3, 0, 9, 7],
            &[0x16, 3, 3, 0, 4, 2, 0, 0, 0],
            &[0x15, 3, 3, 0, 2, 2, 40],
        ];
        for wire in faults {
            let config = client_config_builder(clock(|| None))
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth();
            let name = "localhost".try_into().unwrap();
            let tls = UnbufferedClientConnection::new(Arc::new(config), name).unwrap();
            let inbound = InboundBuffer::new(1000, BufferPolicy::Retain);
            let mut ours = Handshake::new(
                Tls::Client(tls),
                None,
                inbound,
                PeerLimits::default(),
                Tls12Close::default(),
            );
            let mut writer = Writer::without_keys(WriterConfig::default()).unwrap();
            assert_eq!(ours.advance(&mut writer), Ok(Status::Blocked));
            let inbound = ours.inbound().unwrap();
            inbound.free_mut()[..wire.len()].copy_from_slice(wire);
            inbound.commit(wire.len());
            assert!(ours.advance(&mut writer).is_err());
            assert_eq!(ours.inbound.memory_held(), 0, "{wire:x?}");
        }
    }
}
