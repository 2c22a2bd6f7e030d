//! Drives a handshake, one complete record at a time.

mod early_writes;
mod ending;
#[cfg(all(test, feature = "std"))]
mod foreign_suite;
mod input;
mod watch;

use alloc::boxed::Box;
use alloc::vec::Vec;

use early_writes::EarlyWrites;
use ending::{alert_for, append_plain_alert};
use input::{HandshakeInput, Refusal, UnseenRecord};

use super::ConnectionError;
use super::backend::{Backend, HandedOver, Step};
use super::early::EarlyData;
use super::hello::{ClientHello, HelloReader, ServerHello};
use crate::aead::CipherSuite;
use crate::alert::AlertDescription;
use crate::buffer::InboundBuffer;
use crate::error::{Error, PeerFault};
use crate::num::to_u16;
use crate::reader::{PeerLimits, Role};
use crate::record::{
    ContentType, HANDSHAKE_HEADER_LEN, HEADER_LEN, RecordHeader, TAG_LEN, Version,
};
use crate::writer::Writer;

/// A handshake in progress.
///
/// The backend is shown one complete record, and the next one only when it is blocked.
#[derive(Debug)]
pub(super) struct Handshake {
    backend: Box<dyn Backend>,
    input: HandshakeInput,
    awaiting: Awaiting,
    /// Whether our output is protected.
    output: Output,
    early: EarlyWrites,
    server_hello: Option<ServerHello>,
    hello_reader: HelloReader,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Plain,
    Protected,
}

/// What the handshake waits for: the backend, to process what it was shown, or the next record.
///
/// rustls must not be asked twice about the same bytes: it would try rejected early data again and
/// count it against its limit again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaiting {
    Backend,
    NextRecord,
}

/// How far the handshake has progressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// It needs input.
    Blocked,
    /// It is over, and everything that the backend had to send is pending in the writer.
    Done,
    /// The ClientHello needs a configuration.
    Hello,
}

/// A ServerHello that is split over records is joined up to this length. Servers send a few hundred
/// bytes.
const MAX_JOINED_HELLO_LEN: usize = 4096;

/// The length of an EndOfEarlyData (RFC 9846 §4.6) in a record of its own, which rustls sends only
/// if the server accepted early data. It precedes the client's flight, and is shorter than the first
/// record of a flight: that has at least 36 bytes of content, or as many as a fragment can hold.
/// Later fragments, and those of an unprotected hello, can be as short.
const END_OF_EARLY_DATA_RECORD_LEN: usize = HEADER_LEN + HANDSHAKE_HEADER_LEN + 1 + TAG_LEN;

impl Handshake {
    pub(super) fn new(
        backend: Box<dyn Backend>,
        inbound: InboundBuffer,
        limits: PeerLimits,
        early_capacity: usize,
    ) -> Self {
        Self {
            input: HandshakeInput::new(backend.role(), inbound, limits),
            backend,
            awaiting: Awaiting::Backend,
            output: Output::Plain,
            early: EarlyWrites::new(early_capacity),
            server_hello: None,
            hello_reader: HelloReader::new(MAX_JOINED_HELLO_LEN),
        }
    }

    /// Advances as far as the input allows. After an error, the alert for the peer is pending in
    /// the writer.
    pub(super) fn advance(&mut self, writer: &mut Writer) -> Result<Status, ConnectionError> {
        let mut refused = None;
        loop {
            if self.awaiting == Awaiting::NextRecord {
                match self.next_record() {
                    Ok(UnseenRecord::Whole(header, watch)) => {
                        self.seal_early(writer);
                        self.look_for_hello(header);
                        self.input.show(header, watch, self.backend.version());
                    }
                    Ok(UnseenRecord::Part(watch)) => {
                        self.input.set_watch(watch);
                        return self.blocked(writer);
                    }
                    // rustls sends the alert. It does not wait for the record that this header
                    // announces.
                    Err(Refusal::Header(fault)) => {
                        self.input.show_refused_header(fault);
                        refused = Some(fault);
                    }
                    Err(Refusal::Content(fault)) => return Err(self.refuse(fault, writer)),
                }
            }
            self.awaiting = Awaiting::Backend;
            let step = self.step();
            if let (Ok(_), Some(number)) = (&step, self.foreign_suite()) {
                // We have sealed nothing under its keys yet, and will not.
                append_plain_alert(AlertDescription::HANDSHAKE_FAILURE, writer);
                self.input.wipe();
                return Err(ConnectionError::UnsupportedSuite(number));
            }
            match step {
                Ok(Step::Again) => {}
                Ok(Step::Send(record)) => self.send(record, writer),
                Ok(Step::EarlyPlaintext(plaintext)) => self.early.data_mut().receive(&plaintext),
                Ok(Step::Hello) => return Ok(Status::Hello),
                Ok(Step::Become(backend, limit)) => self.go_on_with(backend, limit, writer),
                Ok(Step::Traffic) if self.is_over() => return Ok(Status::Done),
                Ok(step @ (Step::Blocked | Step::Traffic | Step::EarlyTraffic)) => {
                    self.early.on_step(&step, self.backend.role());
                    // A header that rustls accepts although TLS 1.2 and 1.3 do not.
                    if let Some(fault) = refused {
                        self.input.hide_header();
                        return Err(self.refuse(fault, writer));
                    }
                    self.awaiting = Awaiting::NextRecord;
                }
                Err(ConnectionError::Record(Error::Peer(fault))) => {
                    return Err(self.refuse(fault, writer));
                }
                Err(error) => {
                    if self.was_ended_by_peer(&error) {
                        writer.discard();
                    } else if self.client_hello().is_some() {
                        // rustls rejects the configuration that was chosen.
                        append_plain_alert(AlertDescription::INTERNAL_ERROR, writer);
                    } else {
                        let fault = refused.map(|fault: PeerFault| fault.alert());
                        self.collect_alert(fault.unwrap_or_else(|| alert_for(&error)), writer);
                    }
                    self.input.wipe();
                    return Err(error);
                }
            }
        }
    }

    /// Takes over from the backend once [`advance`](Self::advance) returns [`Done`](Status::Done):
    /// the keys, and the unread input.
    pub(super) fn hand_over(mut self) -> Result<(HandedOver, InboundBuffer), ConnectionError> {
        if self.backend.role() == Role::Client {
            self.early.data_mut().settle();
        }
        let handed_over =
            self.backend.hand_over(self.server_hello)?.with_early(self.early.into_data());
        Ok((handed_over, self.input.into_inbound()))
    }

    /// The ClientHello that needs a configuration.
    pub(super) fn client_hello(&self) -> Option<&ClientHello> {
        self.backend.client_hello()
    }

    /// Continues the handshake with `backend`, which is shown everything read so far.
    pub(super) fn go_on_with(
        &mut self,
        backend: Box<dyn Backend>,
        limit: Option<usize>,
        writer: &mut Writer,
    ) {
        if let Some(limit) = limit {
            writer.set_size_limit(to_u16(limit));
        }
        self.backend = backend;
        self.awaiting = Awaiting::Backend;
    }

    pub(super) const fn early(&self) -> &EarlyData {
        self.early.data()
    }

    pub(super) const fn early_mut(&mut self) -> &mut EarlyData {
        self.early.data_mut()
    }

    /// Looks for the ServerHello in the records that a client is shown.
    fn look_for_hello(&mut self, header: RecordHeader) {
        if self.backend.role() == Role::Client && self.server_hello.is_none() && !self.has_keys() {
            let record = self.input.unseen(header);
            self.server_hello =
                self.hello_reader.push(record).and_then(|message| ServerHello::decode(&message));
        }
    }

    /// The peer's bytes.
    pub(super) const fn input(&self) -> &HandshakeInput {
        &self.input
    }

    pub(super) const fn input_mut(&mut self) -> &mut HandshakeInput {
        &mut self.input
    }

    /// Whether there is memory for input. If a record does not fit, [`advance`](Self::advance)
    /// makes room for it.
    pub(super) fn wants_input(&self) -> bool {
        self.client_hello().is_none() && self.input.wants_more()
    }

    /// The number of bytes of inbound memory held.
    pub(super) fn memory_held(&self) -> usize {
        self.input.memory_held() + self.early.data().memory_held() + self.hello_reader.memory_held()
    }

    /// Whether [`advance`](Self::advance) would change anything.
    pub(super) fn wants_process(&self) -> bool {
        self.client_hello().is_none()
            && (self.input.has_ended()
                || self.input.is_full()
                || !matches!(self.next_record(), Ok(UnseenRecord::Part(_))))
    }

    /// The conditions of the hand-over, which loses the connection if it fails.
    fn is_over(&self) -> bool {
        !self.backend.is_handshaking() && !self.backend.has_output() && self.input.is_all_used()
    }

    /// The number of the negotiated suite if we do not support it.
    fn foreign_suite(&self) -> Option<u16> {
        self.backend.suite().filter(|&number| CipherSuite::from_wire(number).is_none())
    }

    fn step(&mut self) -> Result<Step, ConnectionError> {
        let (discard, step) = self.backend.step(self.input.shown_mut());
        self.input.discard(discard);
        step
    }

    /// What is here of the next record that the backend has not been shown. In TLS 1.3, rustls
    /// itself rejects by type an unprotected record that should be protected.
    fn next_record(&self) -> Result<UnseenRecord, Refusal> {
        let version = self.backend.version();
        let is_protected = version == Some(Version::Tls13) && self.has_keys();
        self.input.next_record(version, is_protected)
    }

    fn blocked(&mut self, writer: &mut Writer) -> Result<Status, ConnectionError> {
        if self.input.has_ended() {
            return Err(Error::Truncated.into());
        }
        match self.input.grow() {
            Ok(()) => Ok(Status::Blocked),
            Err(fault) => Err(self.refuse(fault, writer)),
        }
    }

    /// Sends a record from the backend. In TLS 1.2 it is protected after a change_cipher_spec; in
    /// TLS 1.3 it is protected if its outer type is application data.
    fn send(&mut self, record: Vec<u8>, writer: &mut Writer) {
        let content_type = record.first().and_then(|&byte| ContentType::from_wire(byte));
        match (self.backend.role(), content_type) {
            (Role::Server, _) if self.server_hello.is_none() && !self.has_keys() => {
                self.server_hello = self
                    .hello_reader
                    .push(&record)
                    .and_then(|message| ServerHello::decode(&message));
            }
            (Role::Client, Some(ContentType::ApplicationData))
                if self.output == Output::Plain && record.len() == END_OF_EARLY_DATA_RECORD_LEN =>
            {
                self.early.data_mut().accepted();
            }
            _ => {}
        }
        match (content_type, self.backend.version()) {
            (Some(ContentType::ApplicationData), _)
            | (Some(ContentType::ChangeCipherSpec), Some(Version::Tls12)) => {
                self.output = Output::Protected;
            }
            _ => {}
        }
        writer.append_flight(record.into());
    }

    /// Whether our next output is protected. In TLS 1.3, a client protects its output once it has
    /// the ServerHello, and a server once it has sent its own. A HelloRetryRequest gives no keys.
    fn has_keys(&self) -> bool {
        self.output == Output::Protected
            || (self.backend.role() == Role::Client
                && self.backend.version() == Some(Version::Tls13)
                && self.backend.has_exchanged_keys())
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use alloc::sync::Arc;

    use rustls::RootCertStore;

    use super::super::config::ConnectionConfig;
    use super::super::rustls23::Rustls;
    use super::super::{client_config_builder, clock};
    use super::*;
    use crate::buffer::BufferPolicy;
    use crate::writer::WriterConfig;

    #[test]
    fn held_bytes_are_wiped_at_a_fault() {
        let faults: [&[u8]; 4] = [
            // Faults of a header, of a message's type, and inside a complete message.
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
            let inbound = InboundBuffer::new(1000, BufferPolicy::Retain);
            let backend = Rustls::new_client(Arc::new(config), name, &ConnectionConfig::default());
            let backend = Box::new(backend.unwrap());
            let mut ours = Handshake::new(backend, inbound, PeerLimits::default(), 0);
            let mut writer = Writer::without_keys(WriterConfig::default()).unwrap();
            assert_eq!(ours.advance(&mut writer), Ok(Status::Blocked));
            let inbound = ours.input_mut().memory().unwrap();
            inbound.free_mut()[..wire.len()].copy_from_slice(wire);
            inbound.commit(wire.len());
            assert!(ours.advance(&mut writer).is_err());
            assert_eq!(ours.memory_held(), 0, "{wire:x?}");
        }
    }
}
