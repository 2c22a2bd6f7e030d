//! Runs one connection from the handshake to its end.

use std::mem;

use wantwrite::{
    AlertDescription, CipherSuite, Connection, ConnectionError, EarlyDataStatus, Error,
    KeyUpdateRequest, MovedConnection, ReadKeys, ReaderState, Role, WriteKeys, WriterState,
};

use crate::config::{Configs, Peering, connection_config};
use crate::expect::{check_early_data, check_ech, check_negotiated, check_request, check_tickets};
use crate::failure::Failure;
use crate::options::{Options, Script};
use crate::transport::Transport;

/// The bytes that `-shim-writes-first` writes.
const GREETING: &[u8] = b"hello";

/// The sizes that `-write-different-record-sizes` writes: boundaries at which a writer could split
/// records wrongly.
const SIZES: [usize; 11] = [0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769];

/// `decompression_failure`, which the runner expects for `-send-alert`. Nothing else here sends it.
const RUNNERS_ALERT: AlertDescription = AlertDescription(30);

/// A connection, its transport, and the script to run on them.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    tls: Connection,
    wire: Transport,
    options: &'a Options,
    /// These options replace `options` once early data is rejected.
    retry: &'a Options,
    configs: &'a Configs,
    peering: &'a Peering,
    /// Whether to leave ciphertext pending for now.
    held: bool,
    greeting: Greeting,
}

/// Whether the greeting, if any, was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeting {
    NotYet,
    /// Written as early data.
    Early,
}

/// Returns a connection without a peer.
fn another() -> Result<Connection, Failure> {
    let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
    let write = WriteKeys::new(suite, &[0; 16], [0; 12], 0);
    let read = ReadKeys::new(suite, &[0; 16], [0; 12], 0);
    let (Ok(write), Ok(read)) = (write, read) else {
        return Err(Failure::Unexpected("the length of an AES-128 key".into()));
    };
    Ok(Connection::from_keys(write, read, Role::Client, Default::default())
        .map_err(ConnectionError::from)?)
}

/// The outcome of a read.
enum Input {
    Plaintext,
    Closed,
    Truncated,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(
        tls: Connection,
        wire: Transport,
        options: &'a Options,
        retry: &'a Options,
        configs: &'a Configs,
        peering: &'a Peering,
    ) -> Self {
        let (held, greeting) = (false, Greeting::NotYet);
        Self { tls, wire, options, retry, configs, peering, held, greeting }
    }

    pub(crate) fn run(mut self, is_resumption: bool) -> Result<(), Failure> {
        let tickets_before = self.configs.sessions.tickets();
        let mut result = self.exchange(is_resumption);
        if result.is_err() {
            // Sends the alert. This fails if the runner has already gone.
            self.held = false;
            let _sent = self.drain();
        } else if !self.script().shut_down && !self.script().send_alert {
            let came = self.configs.sessions.tickets() > tickets_before;
            result = check_tickets(&self.tls, &self.options.expect, self.configs, came);
        }
        // ECH is rejected at the very end of a handshake, which then does not report rejected early
        // data.
        let is_client = !self.configs.is_server();
        let rejects = is_client && self.options.expect.early_data == Some(false);
        let options = if rejects { self.retry } else { self.options };
        if is_client {
            result = check_ech(&result, options, self.peering).and(result);
        }
        self.wire.finish();
        result
    }

    fn script(&self) -> &'a Script {
        &self.options.script
    }

    fn exchange(&mut self, is_resumption: bool) -> Result<(), Failure> {
        if self.tls.early_data_status() == EarlyDataStatus::Offered {
            if self.options.expect.no_early_data_offer {
                return Err(Failure::Unexpected("early data".into()));
            }
            self.write_early_data()?;
        }
        self.negotiate()?;
        self.settle_early_data()?;
        check_negotiated(&self.tls, self.options, self.peering, is_resumption)?;
        if !self.configs.is_server() {
            check_request(&self.options.expect, self.peering)?;
        }
        if is_resumption {
            self.verify_again()?;
            check_early_data(&self.tls, &self.options.expect, self.configs.is_server())?;
        }
        self.go_elsewhere()?;
        if self.script().send_alert {
            self.tls.abort(RUNNERS_ALERT);
            return self.drain();
        }
        if self.script().export.len > 0 {
            self.write(&self.export()?)?;
        }
        if self.script().export_traffic_secrets {
            self.write(&self.configs.secrets.traffic(self.configs.is_server()))?;
        }
        if self.script().write_sizes {
            for size in SIZES {
                self.write(&vec![0x42; size])?;
            }
        }
        if self.greeting == Greeting::Early {
            // The bytes that exceed the ticket's limit.
            let rest = self.tls.take_rejected_early_data();
            self.write(&rest)?;
        } else if self.script().unfinished_write {
            self.tls.writer_mut().write_atomic(GREETING)?;
            self.wire.drain_one_byte(&mut self.tls)?;
            self.held = true;
        } else if self.script().write_first {
            self.write(GREETING)?;
        }
        let end = if self.script().shut_down { None } else { Some(self.echo()?) };
        self.shut_down(end)
    }

    /// Runs the part of a client's script before the server's answer.
    fn write_early_data(&mut self) -> Result<(), Failure> {
        let script = self.script();
        self.drain()?;
        if let Some(message) = script.early_write_after {
            while !self.wire.has_come(message) {
                self.wire.fill(&mut self.tls)?;
                self.tls.process()?;
            }
        }
        if script.export.len > 0 {
            // This is refused, because the peer is not yet verified.
            let _early_material = self.export()?;
        }
        if !script.write_first && !script.unfinished_write {
            return Ok(());
        }
        self.greeting = Greeting::Early;
        let mut early = self.tls.early_writer().ok_or_else(|| {
            Failure::Unexpected("early data was offered but cannot be written".into())
        })?;
        assert_eq!(early.write(GREETING), GREETING.len());
        if script.unfinished_write {
            self.wire.drain_one_byte(&mut self.tls)?;
            self.held = true;
        }
        Ok(())
    }

    fn negotiate(&mut self) -> Result<(), Failure> {
        loop {
            self.answer_early_data()?;
            self.greet_in_half_rtt()?;
            self.drain()?;
            if self.tls.writer_state() != WriterState::Negotiating {
                self.held = false;
                return self.drain();
            }
            self.wire.fill(&mut self.tls)?;
            self.tls.process()?;
        }
    }

    /// Echoes early data, inverted, as half-RTT data if possible.
    fn answer_early_data(&mut self) -> Result<(), Failure> {
        loop {
            let early = self.tls.early_plaintext();
            let mut reply = early[..early.len().min(self.script().read_size)].to_vec();
            if reply.is_empty() {
                return Ok(());
            }
            reply.iter_mut().for_each(|byte| *byte ^= 0xff);
            let sent = if self.tls.writer_state() != WriterState::Negotiating {
                self.write(&reply)?;
                reply.len()
            } else if let Some(mut writer) = self.tls.early_writer() {
                let sent = writer.write(&reply);
                self.drain()?;
                sent
            } else {
                return Ok(());
            };
            assert_eq!(self.tls.consume_early(sent), Ok(()));
        }
    }

    /// Writes a server's greeting before the client's Finished arrives.
    fn greet_in_half_rtt(&mut self) -> Result<(), Failure> {
        let script = self.script();
        let greets = script.write_first && !script.unfinished_write && script.export.len == 0;
        if !self.configs.is_server() || !greets || self.greeting == Greeting::Early {
            return Ok(());
        }
        if let Some(mut early) = self.tls.early_writer() {
            assert_eq!(early.write(GREETING), GREETING.len());
            self.greeting = Greeting::Early;
        }
        Ok(())
    }

    /// Switches to the other options if a client's early data was rejected.
    fn settle_early_data(&mut self) -> Result<(), Failure> {
        self.answer_early_data()?;
        if self.tls.early_data_status() != EarlyDataStatus::Rejected {
            return Ok(());
        }
        if self.options.expect.early_data != Some(false) {
            return Err(Failure::Unexpected("early data was rejected".into()));
        }
        if self.greeting == Greeting::Early {
            assert_eq!(self.tls.take_rejected_early_data(), GREETING, "returned");
            self.greeting = Greeting::NotYet;
        }
        self.options = self.retry;
        Ok(())
    }

    /// Verifies the chain of a resumed session. The resuming handshake itself does not, so this is
    /// where a program that needs it does it.
    fn verify_again(&mut self) -> Result<(), Failure> {
        if !self.script().reverify || self.tls.is_resumed() != Some(true) {
            return Ok(());
        }
        assert!(self.tls.peer_certificates().is_some(), "a session without a chain");
        self.peering.verifier.verify_certificate().map_err(|error| {
            self.tls.abort(AlertDescription::CERTIFICATE_UNKNOWN);
            error.into()
        })
    }

    fn export(&self) -> Result<Vec<u8>, Failure> {
        let export = &self.script().export;
        let context = export.use_context.then_some(export.context.as_bytes());
        let label = export.label.as_bytes();
        Ok(self.tls.export_keying_material(vec![0; export.len], label, context)?)
    }

    /// Echoes all plaintext, inverted, until the runner closes.
    fn echo(&mut self) -> Result<Input, Failure> {
        loop {
            if self.script().key_update_before_read {
                self.tls.writer_mut().update_keys(KeyUpdateRequest::NotRequested)?;
            }
            match self.await_plaintext()? {
                Input::Plaintext => {}
                end @ (Input::Closed | Input::Truncated) => return Ok(end),
            }
            let mut reply = self.take_plaintext();
            self.held = false;
            if self.script().key_update_after_read {
                self.tls.writer_mut().update_keys(KeyUpdateRequest::NotRequested)?;
            }
            reply.iter_mut().for_each(|byte| *byte ^= 0xff);
            self.write(&reply)?;
            self.go_elsewhere()?;
        }
    }

    /// Moves the connection as if to another process, if the options ask for it. Never moves a TLS
    /// 1.3 client, which would stop storing tickets.
    fn go_elsewhere(&mut self) -> Result<(), Failure> {
        let stores_tickets = !self.configs.is_server()
            && self.tls.protocol_version() == Some(wantwrite::Version::Tls13);
        if !self.options.tls.moves || stores_tickets {
            return Ok(());
        }
        // A placeholder, which is dropped below.
        let tls = mem::replace(&mut self.tls, another()?);
        match tls.dangerous_into_moved() {
            Ok(moved) => {
                let mut message = moved.dangerous_bytes().to_vec();
                let moved = MovedConnection::from_bytes(&mut message)?;
                self.tls = moved.into_connection(connection_config(self.options))?;
            }
            // It has pending bytes or unread input.
            Err(tls) => self.tls = tls,
        }
        Ok(())
    }

    /// Closes our half. `end` is how the runner's half ended, if we have read that far.
    fn shut_down(&mut self, end: Option<Input>) -> Result<(), Failure> {
        if !self.script().check_close_notify && end.is_some() {
            return Ok(());
        }
        self.tls.close()?;
        self.drain()?;
        let end = match end {
            None if self.script().check_close_notify => self.await_plaintext()?,
            None => return Ok(()),
            Some(end) => end,
        };
        match end {
            Input::Closed => Ok(()),
            Input::Plaintext => Err(Failure::PlaintextBehindEnd),
            Input::Truncated => Err(ConnectionError::from(Error::Truncated).into()),
        }
    }

    /// Reads without writing, like `SSL_read`. Answers to KeyUpdates wait for the next write, so
    /// that many requests get one answer (RFC 9846 §4.7.3), as the runner expects.
    fn await_plaintext(&mut self) -> Result<Input, Failure> {
        loop {
            match self.tls.process() {
                Err(ConnectionError::Record(Error::Truncated)) => return Ok(Input::Truncated),
                result => result?,
            }
            if !self.tls.plaintext().is_empty() {
                return Ok(Input::Plaintext);
            }
            if self.tls.reader_state() == ReaderState::PeerClosed {
                return Ok(Input::Closed);
            }
            self.wire.fill(&mut self.tls)?;
        }
    }

    fn take_plaintext(&mut self) -> Vec<u8> {
        let plaintext = self.tls.plaintext();
        let taken = plaintext[..plaintext.len().min(self.script().read_size)].to_vec();
        if self.script().peek {
            assert!(
                self.tls.plaintext().starts_with(&taken),
                "plaintext changed while it was peeked at"
            );
        }
        assert_eq!(self.tls.consume(taken.len()), Ok(()));
        taken
    }

    fn write(&mut self, mut plaintext: &[u8]) -> Result<(), Failure> {
        loop {
            let accepted = self.tls.writer_mut().write(plaintext)?;
            plaintext = &plaintext[accepted..];
            self.drain()?;
            if plaintext.is_empty() {
                return Ok(());
            }
        }
    }

    /// Sends all pending bytes, unless they are held.
    fn drain(&mut self) -> Result<(), Failure> {
        if self.held { Ok(()) } else { self.wire.drain(&mut self.tls) }
    }
}
