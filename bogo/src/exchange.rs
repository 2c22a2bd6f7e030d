//! One connection, from the handshake to its end.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};

use wantwrite::rustls;
use wantwrite::rustls::pki_types::CertificateDer;
use wantwrite::rustls::pki_types::pem::PemObject;
use wantwrite::{
    AlertDescription, CipherSuite, Connection, ConnectionError, Error, KeyUpdateRequest,
    ReaderState, Version, WriteError, WriterState,
};

use crate::config::Configs;
use crate::options::{Expect, Options, Script};
use crate::transport::Transport;

/// What `-shim-writes-first` writes.
const GREETING: &[u8] = b"hello";

/// What `-write-different-record-sizes` writes: what other records could be cut wrongly at.
const SIZES: [usize; 11] = [0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769];

/// `decompression_failure`, which nothing here makes: the runner's sign of `-send-alert`.
const RUNNERS_ALERT: AlertDescription = AlertDescription(30);

/// Why the connection did not do what it was to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection failed.
    Tls(ConnectionError),
    /// It refused to write.
    Write(WriteError),
    /// The socket failed.
    Io(io::Error),
    /// Plaintext came when we had closed and waited for `close_notify` only.
    PlaintextBehindEnd,
    /// Not what the runner's flags say must come out, or what they say makes no sense.
    Unexpected(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
            Self::PlaintextBehindEnd => f.write_str("plaintext came after we had closed"),
            Self::Unexpected(what) => write!(f, "unexpected: {what}"),
        }
    }
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        Self::Tls(error)
    }
}

impl From<rustls::Error> for Failure {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error.into())
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A connection, its transport, and what is to be done with them.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    tls: Connection,
    wire: Transport,
    script: &'a Script,
    expect: &'a Expect,
    configs: &'a Configs,
    /// Ciphertext stays where it is for now.
    held: bool,
}

/// What reading came to.
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
        configs: &'a Configs,
    ) -> Self {
        let Options { script, expect, .. } = options;
        Self { tls, wire, script, expect, configs, held: false }
    }

    pub(crate) fn run(mut self, is_resumption: bool) -> Result<(), Failure> {
        let tickets_before = self.configs.sessions.tickets();
        let mut result = self.exchange(is_resumption);
        if result.is_ok() {
            let came = self.configs.sessions.tickets() > tickets_before;
            result = self.check_tickets(came);
        } else {
            // The alert, which nobody may be left to read.
            let _sent = self.drain();
        }
        self.wire.finish();
        result
    }

    fn exchange(&mut self, is_resumption: bool) -> Result<(), Failure> {
        self.negotiate()?;
        self.check_negotiated(is_resumption)?;
        if self.script.send_alert {
            self.tls.abort(RUNNERS_ALERT);
            return self.drain();
        }
        if self.script.export.len > 0 {
            self.write(&self.export()?)?;
        }
        if self.script.export_traffic_secrets {
            self.write(&self.configs.secrets.traffic(self.configs.is_server()))?;
        }
        if self.script.write_sizes {
            for size in SIZES {
                self.write(&vec![0x42; size])?;
            }
        }
        if self.script.unfinished_write {
            self.tls.writer_mut().write_atomic(GREETING)?;
            self.drain_one_byte()?;
            self.held = true;
        } else if self.script.write_first {
            self.write(GREETING)?;
        }
        let end = if self.script.shut_down { None } else { Some(self.echo()?) };
        self.shut_down(end)
    }

    fn export(&self) -> Result<Vec<u8>, Failure> {
        let random = self.wire.server_random(self.configs.is_server());
        let suite = self.tls.cipher_suite().map(CipherSuite::to_wire);
        suite
            .zip(random)
            .and_then(|(suite, random)| {
                self.configs.secrets.export(suite, random, &self.script.export)
            })
            .ok_or_else(|| Failure::Unexpected("an exporter in TLS 1.3".into()))
    }

    fn negotiate(&mut self) -> Result<(), Failure> {
        loop {
            self.drain()?;
            if self.tls.writer_state() != WriterState::Negotiating {
                return Ok(());
            }
            self.fill()?;
            self.tls.process()?;
        }
    }

    /// Gives everything that comes back, inverted, until the runner has ended.
    fn echo(&mut self) -> Result<Input, Failure> {
        loop {
            if self.script.key_update_before_read {
                self.tls.writer_mut().update_keys(KeyUpdateRequest::NotRequested)?;
            }
            match self.await_plaintext()? {
                Input::Plaintext => {}
                end @ (Input::Closed | Input::Truncated) => return Ok(end),
            }
            let mut reply = self.take_plaintext();
            self.held = false;
            if self.script.key_update_after_read {
                self.tls.writer_mut().update_keys(KeyUpdateRequest::NotRequested)?;
            }
            reply.iter_mut().for_each(|byte| *byte ^= 0xff);
            self.write(&reply)?;
        }
    }

    /// Ends our half; `end` says how the runner's ended, if it was read to there.
    fn shut_down(&mut self, end: Option<Input>) -> Result<(), Failure> {
        if !self.script.check_close_notify && end.is_some() {
            return Ok(());
        }
        self.tls.close()?;
        self.drain()?;
        let end = match end {
            None if self.script.check_close_notify => self.await_plaintext()?,
            None => return Ok(()),
            Some(end) => end,
        };
        match end {
            Input::Closed => Ok(()),
            Input::Plaintext => Err(Failure::PlaintextBehindEnd),
            Input::Truncated => Err(ConnectionError::from(Error::Truncated).into()),
        }
    }

    /// Reads only, as `SSL_read` does: answers to KeyUpdates wait for the next write, so that
    /// many requests get one (RFC 9846 §4.7.3), which the runner counts on.
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
            self.fill()?;
        }
    }

    fn take_plaintext(&mut self) -> Vec<u8> {
        let plaintext = self.tls.plaintext();
        let taken = plaintext[..plaintext.len().min(self.script.read_size)].to_vec();
        if self.script.peek {
            assert!(self.tls.plaintext().starts_with(&taken), "plaintext changed under a look");
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

    /// Everything that waits, unless it is held.
    fn drain(&mut self) -> Result<(), Failure> {
        while self.tls.wants().drain && !self.held {
            let mut drain = self.tls.writer_mut().drain();
            let sent = would_block_is_none(self.wire.write(drain.chunk()))?;
            assert_eq!(drain.advance(sent.unwrap_or(0)), Ok(()));
        }
        Ok(())
    }

    fn drain_one_byte(&mut self) -> Result<(), Failure> {
        let mut drain = self.tls.writer_mut().drain();
        while would_block_is_none(self.wire.write(&drain.chunk()[..1]))?.is_none() {}
        assert_eq!(drain.advance(1), Ok(()));
        Ok(())
    }

    /// What the transport has, if it does not block.
    fn fill(&mut self) -> Result<(), Failure> {
        let Some(mut inbound) = self.tls.inbound() else { return Ok(()) };
        match would_block_is_none(self.wire.read(&mut inbound))? {
            None => {}
            Some(0) => self.tls.end_of_input(),
            Some(len) => {
                inbound.commit(len).map_err(|error| Failure::Unexpected(error.to_string()))?;
            }
        }
        Ok(())
    }

    fn check_negotiated(&self, is_resumption: bool) -> Result<(), Failure> {
        let Self { tls, expect, .. } = self;
        let version = tls.protocol_version().map(|version| match version {
            Version::Tls12 => 0x0303,
            Version::Tls13 => 0x0304,
        });
        expect_same("version", version, expect.version)?;
        expect_same("suite", tls.cipher_suite().map(CipherSuite::to_wire), expect.cipher)?;
        expect_same("protocol", tls.alpn_protocol(), expect.alpn.as_deref())?;
        expect_same("server name", tls.server_name(), expect.server_name.as_deref())?;
        if expect.no_server_name && tls.server_name().is_some() {
            return Err(Failure::Unexpected("a server name".into()));
        }
        let resumed = is_resumption && !expect.session_miss;
        expect_same("resumption", tls.is_resumed(), Some(resumed))?;
        if let Some(file) = &expect.peer_cert_file {
            let chain: Vec<_> = CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect)
                .map_err(|error| Failure::Unexpected(error.to_string()))?;
            expect_same("chain", tls.peer_certificates(), Some(&chain))?;
        }
        Ok(())
    }

    /// A client of TLS 1.3 that reads to the end gets a ticket, or none where none may come.
    fn check_tickets(&self, came: bool) -> Result<(), Failure> {
        let reads_to_the_end = !self.script.shut_down && !self.script.send_alert;
        if self.configs.is_server()
            || !reads_to_the_end
            || self.tls.protocol_version() != Some(Version::Tls13)
        {
            return Ok(());
        }
        expect_same("a ticket", Some(came), Some(!self.expect.no_session))
    }
}

fn would_block_is_none(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        result => result.map(Some),
    }
}

/// `None` for `expected` where anything will do.
fn expect_same<T: PartialEq + fmt::Debug>(
    what: &str,
    found: Option<T>,
    expected: Option<T>,
) -> Result<(), Failure> {
    if expected.is_none() || found == expected {
        return Ok(());
    }
    Err(Failure::Unexpected(format!("{what}: {found:?} and not {expected:?}")))
}
