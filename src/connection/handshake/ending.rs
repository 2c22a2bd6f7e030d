//! How a handshake fails: which alert is sent, and who sends it.

use super::Handshake;
use crate::alert::{Alert, AlertDescription};
use crate::connection::ConnectionError;
use crate::connection::backend::Step;
use crate::error::{Error, PeerFault};
use crate::reader::Role;
use crate::record::{ContentType, RecordHeader, Version};
use crate::writer::Writer;

/// A record header that rustls rejects in every state, with `decode_error`.
const NO_RECORD: &[u8] = &[0xff, 3, 3, 0, 0];

/// An unprotected KeyUpdate: rustls rejects it in TLS 1.2, with `unexpected_message`. After the
/// start of a message it would only be more of that message.
const UNEXPECTED: &[u8] = &[0x16, 3, 3, 0, 5, 24, 0, 0, 1, 0];

impl Handshake {
    /// Tells the peer that the caller aborts the handshake, as long as nothing is protected.
    pub(in crate::connection) fn abort(
        &mut self,
        description: AlertDescription,
        writer: &mut Writer,
    ) {
        if !self.has_keys() {
            append_plain_alert(description, writer);
        }
        self.input.wipe();
    }

    /// Whether the peer has ended the connection, so that we must not send anything (RFC 9846
    /// §6.2). In TLS 1.3 an alert of any level does that. In TLS 1.2 rustls responds to a level
    /// that does not exist.
    pub(super) fn was_ended_by_peer(&self, error: &ConnectionError) -> bool {
        match error {
            ConnectionError::Handshake(rustls::Error::AlertReceived(_)) => {
                self.backend.version() == Some(Version::Tls13) || !self.backend.has_output()
            }
            ConnectionError::Record(Error::PeerAlert(_)) => true,
            _ => false,
        }
    }

    /// Fails the handshake for a fault that the backend was not shown. While nothing is protected,
    /// we send the alert. Later only the backend can seal one, so it is shown a record that it
    /// rejects too.
    pub(super) fn refuse(&mut self, fault: PeerFault, writer: &mut Writer) -> ConnectionError {
        match (self.has_keys(), self.backend.version(), fault.alert()) {
            (false, ..) => append_plain_alert(fault.alert(), writer),
            (true, Some(Version::Tls12), AlertDescription::UNEXPECTED_MESSAGE)
                if self.input.is_all_used() =>
            {
                self.show_instead(UNEXPECTED, writer);
            }
            (true, ..) => self.show_instead(NO_RECORD, writer),
        }
        self.input.wipe();
        Error::Peer(fault).into()
    }

    /// Shows the backend a record that it rejects, instead of the next one.
    pub(super) fn show_instead(&mut self, record: &[u8], writer: &mut Writer) {
        self.input.show_instead(record);
        if self.step().is_err() {
            self.collect_alert(AlertDescription::DECODE_ERROR, writer);
        }
    }

    /// rustls returns its alert only if it is asked once more after the error. It must not be asked
    /// again after that: with nothing to send, it would look for the messages after the faulty one,
    /// and panic if they are gone. If the server may not be able to open that alert, one in the clear
    /// is sent instead, with the description `plain`.
    pub(super) fn collect_alert(&mut self, plain: AlertDescription, writer: &mut Writer) {
        self.input.wipe();
        while self.backend.has_output() {
            match self.step() {
                Ok(Step::Again) => {}
                Ok(Step::Send(record)) if self.is_under_early_key(&record) => {
                    append_plain_alert(plain, writer);
                }
                Ok(Step::Send(record)) => self.send(record, writer),
                _ => break,
            }
        }
    }

    /// Whether this record is sealed with the key of our early data: rustls does that with a client's
    /// alerts until there are other keys. Only a server that has accepted the data could open it.
    fn is_under_early_key(&self, record: &[u8]) -> bool {
        self.backend.role() == Role::Client
            && !self.has_keys()
            && record.first() == Some(&ContentType::ApplicationData.to_wire())
    }
}

/// The alert that rustls makes for its own error before there are keys.
pub(super) fn alert_for(error: &ConnectionError) -> AlertDescription {
    use rustls::Error::{
        InappropriateHandshakeMessage, InappropriateMessage, PeerIncompatible, PeerMisbehaved,
    };
    match error {
        ConnectionError::Handshake(PeerMisbehaved(_)) => AlertDescription::ILLEGAL_PARAMETER,
        ConnectionError::Handshake(
            InappropriateMessage { .. } | InappropriateHandshakeMessage { .. },
        ) => AlertDescription::UNEXPECTED_MESSAGE,
        ConnectionError::Handshake(PeerIncompatible(_)) => AlertDescription::HANDSHAKE_FAILURE,
        _ => AlertDescription::DECODE_ERROR,
    }
}

/// Appends an unprotected alert.
pub(super) fn append_plain_alert(description: AlertDescription, writer: &mut Writer) {
    let alert = Alert::fatal(description).encode();
    let len = u16::try_from(alert.len()).unwrap_or(0);
    let header = RecordHeader::new(ContentType::Alert, len);
    writer.append_flight([&header.encode()[..], &alert].concat().into());
}
