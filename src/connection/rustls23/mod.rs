//! rustls 0.23 as the backend: its unbuffered connections, and what they hand over.

mod freed;
mod late;
mod schedule;
mod secrets;
mod server_name;
mod steps;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use core::fmt;

pub(super) use late::{LateServer, choose};
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, UnbufferedStatus};
use rustls::{
    ClientConfig, CommonState, ConnectionTrafficSecrets, ExtractedSecrets, ProtocolVersion,
    ServerConfig,
};
use schedule::{Kernel, KernelSchedule, OwnSchedule};
pub(super) use secrets::KeptSecrets;
use secrets::{KeepSecrets, Secrets};
use server_name::{RememberServerName, ServerNameCell};
use steps::{read_early, take_step, transmitted};

use super::ConnectionError;
use super::backend::{Backend, HandedOver, SealedEarly, Step};
use super::config::{ConnectionConfig, Tls12Close, check_suites, prepare_client_config};
use super::hello::ServerHello;
use super::negotiated::{HandshakeKind, Negotiated};
use crate::aead::{
    CipherSuite, ExportError, ExporterSecret, NextKeys, ReadKeys, TrafficSecret, WriteKeys,
};
use crate::reader::Role;
use crate::record::{HEADER_LEN, MAX_FRAGMENT_LEN, TAG_LEN, Version};

/// A handshake inside rustls, as client or server.
pub(super) struct Rustls {
    tls: Tls,
    /// The name that a client asks for.
    server_name: Option<ServerNameCell>,
    /// What the key log received, if any of it is kept.
    secrets: Option<Arc<Secrets>>,
    tls12_close: Tls12Close,
    /// The longest content of a record that rustls seals.
    max_content: usize,
    /// How many session tickets a server sends.
    tickets: usize,
}

enum Tls {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

impl Rustls {
    pub(super) fn new_client(
        mut tls: Arc<ClientConfig>,
        name: ServerName<'static>,
        config: &ConnectionConfig,
    ) -> Result<Self, ConnectionError> {
        check_suites(tls.crypto_provider())?;
        if !config.early_data {
            tls = prepare_client_config(tls);
        } else if !tls.enable_secret_extraction {
            Arc::make_mut(&mut tls).enable_secret_extraction = true;
        }
        let kept = config.kept_secrets();
        let secrets = (!kept.is_empty())
            .then(|| KeepSecrets::before(&mut Arc::make_mut(&mut tls).key_log, kept));
        let max_content = max_content(tls.max_fragment_size);
        Ok(Self {
            tls: Tls::Client(UnbufferedClientConnection::new(tls, name)?),
            server_name: None,
            secrets,
            tls12_close: config.tls12_close,
            max_content,
            tickets: 0,
        })
    }

    /// Limits handshake records to `max_fragment_size`, counted as rustls does.
    pub(super) fn new_server(
        tls: &ServerConfig,
        config: &ConnectionConfig,
        max_fragment_size: Option<usize>,
    ) -> Result<Self, ConnectionError> {
        check_suites(tls.crypto_provider())?;
        let mut tls = tls.clone();
        tls.enable_secret_extraction = true;
        if !config.early_data {
            tls.max_early_data_size = 0;
        }
        if let Some(size) = max_fragment_size {
            tls.max_fragment_size = Some(tls.max_fragment_size.map_or(size, |own| own.min(size)));
        }
        let kept = config.kept_secrets();
        let secrets = (!kept.is_empty()).then(|| KeepSecrets::before(&mut tls.key_log, kept));
        let (resolver, name) = RememberServerName::before(Arc::clone(&tls.cert_resolver));
        tls.cert_resolver = resolver;
        let (max_content, tickets) = (max_content(tls.max_fragment_size), tls.send_tls13_tickets);
        Ok(Self {
            tls: Tls::Server(UnbufferedServerConnection::new(Arc::new(tls))?),
            server_name: Some(name),
            secrets,
            tls12_close: config.tls12_close,
            max_content,
            tickets,
        })
    }

    /// Accepts any suites.
    #[cfg(all(test, feature = "std"))]
    pub(super) fn unchecked_client(
        tls: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self, rustls::Error> {
        Ok(Self::unchecked(Tls::Client(UnbufferedClientConnection::new(tls, name)?)))
    }

    /// The same for a server.
    #[cfg(all(test, feature = "std"))]
    pub(super) fn unchecked_server(tls: Arc<ServerConfig>) -> Result<Self, rustls::Error> {
        Ok(Self::unchecked(Tls::Server(UnbufferedServerConnection::new(tls)?)))
    }

    #[cfg(all(test, feature = "std"))]
    fn unchecked(tls: Tls) -> Self {
        let (tls12_close, max_content) = (Tls12Close::default(), max_content(None));
        Self { tls, server_name: None, secrets: None, tls12_close, max_content, tickets: 0 }
    }

    fn common(&self) -> &CommonState {
        match &self.tls {
            Tls::Client(tls) => tls,
            Tls::Server(tls) => tls,
        }
    }

    /// What was negotiated. rustls forgets most of it at the hand-over.
    fn negotiated(&self, suite: CipherSuite, hello: Option<ServerHello>) -> Negotiated {
        let common = self.common();
        let name = self.server_name.as_ref().and_then(|name| name.get().map(String::as_str));
        let group = common.negotiated_key_exchange_group().map(|group| group.name().into());
        Negotiated::new(suite, self.tls12_close)
            .with_alpn_protocol(common.alpn_protocol())
            .with_peer_certificates(common.peer_certificates())
            .with_server_name(name)
            .with_key_exchange_group(group)
            .with_handshake_kind(common.handshake_kind().map(kind))
            .with_extended_master_secret(match suite.version() {
                Version::Tls12 => hello.map(|hello| hello.has_extended_master_secret()),
                Version::Tls13 => None,
            })
            .with_exporter(self.exporter(suite, hello))
    }

    /// The source of exported keying material, if it is kept.
    fn exporter(
        &self,
        suite: CipherSuite,
        hello: Option<ServerHello>,
    ) -> Result<ExporterSecret, ExportError> {
        let secrets = self.secrets.as_ref().ok_or(ExportError::NotEnabled)?;
        let secret = match suite.version() {
            Version::Tls13 => {
                secrets.exporter().and_then(|secret| ExporterSecret::tls13(suite, secret))
            }
            Version::Tls12 => {
                let (client_random, master) = secrets.master().ok_or(ExportError::NotEnabled)?;
                let hello = hello.filter(ServerHello::has_extended_master_secret);
                let hello = hello.ok_or(ExportError::NoExtendedMasterSecret)?;
                let randoms = [client_random, &hello.random()].concat();
                let randoms = randoms.try_into().ok();
                randoms.and_then(|randoms| ExporterSecret::tls12(suite, master, randoms))
            }
        };
        secret.ok_or(ExportError::NotEnabled)
    }

    /// The traffic secrets of both directions, if they are kept.
    fn traffic_secrets(&self, suite: CipherSuite) -> Option<NextKeys> {
        let (client, server) = self.secrets.as_ref()?.traffic()?;
        let client = TrafficSecret::new(suite, client).ok()?;
        let server = TrafficSecret::new(suite, server).ok()?;
        let (ours, peers) = match self.role() {
            Role::Client => (client, server),
            Role::Server => (server, client),
        };
        Some(NextKeys::of(Some(ours), Some(peers)))
    }
}

fn kind(kind: rustls::HandshakeKind) -> HandshakeKind {
    match kind {
        rustls::HandshakeKind::Full => HandshakeKind::Full,
        rustls::HandshakeKind::FullWithHelloRetryRequest => {
            HandshakeKind::FullWithHelloRetryRequest
        }
        rustls::HandshakeKind::Resumed => HandshakeKind::Resumed,
    }
}

impl Backend for Rustls {
    fn role(&self) -> Role {
        match self.tls {
            Tls::Client(_) => Role::Client,
            Tls::Server(_) => Role::Server,
        }
    }

    fn version(&self) -> Option<Version> {
        match self.common().protocol_version()? {
            ProtocolVersion::TLSv1_2 => Some(Version::Tls12),
            ProtocolVersion::TLSv1_3 => Some(Version::Tls13),
            _ => None,
        }
    }

    fn suite(&self) -> Option<u16> {
        Some(self.common().negotiated_cipher_suite()?.suite().into())
    }

    /// rustls documents that it does not tell the group before the end of the handshake, but 0.23
    /// does; `an_abort_after_the_hello_sends_none` would show a change.
    fn has_exchanged_keys(&self) -> bool {
        self.common().negotiated_key_exchange_group().is_some()
    }

    fn is_handshaking(&self) -> bool {
        self.common().is_handshaking()
    }

    fn has_output(&self) -> bool {
        self.common().wants_write()
    }

    fn step(&mut self, records: &mut [u8]) -> (usize, Result<Step, ConnectionError>) {
        match &mut self.tls {
            Tls::Client(tls) => {
                let UnbufferedStatus { discard, state } = tls.process_tls_records(records);
                (
                    discard,
                    match state {
                        Ok(ConnectionState::TransmitTlsData(mut transmit)) => {
                            Ok(match transmit.may_encrypt_early_data() {
                                // rustls stays in this state until the server answers.
                                Some(_) => Step::EarlyTraffic,
                                None => transmitted(transmit),
                            })
                        }
                        state => take_step(state),
                    },
                )
            }
            Tls::Server(tls) => {
                let UnbufferedStatus { discard, state } = tls.process_tls_records(records);
                (
                    discard,
                    match state {
                        Ok(ConnectionState::ReadEarlyData(early)) => read_early(early),
                        state => take_step(state),
                    },
                )
            }
        }
    }

    fn max_early_len(&self) -> usize {
        self.max_content
    }

    fn tickets(&self) -> usize {
        self.tickets
    }

    fn seal_early(&mut self, fragment: &[u8]) -> Option<SealedEarly> {
        let mut record = vec![0; fragment.len() + TLS13_OVERHEAD];
        let len = match &mut self.tls {
            Tls::Client(tls) => match tls.process_tls_records(&mut []).state {
                Ok(ConnectionState::TransmitTlsData(mut transmit)) => {
                    transmit.may_encrypt_early_data()?.encrypt(fragment, &mut record).ok()?
                }
                _ => return None,
            },
            Tls::Server(tls) => match tls.process_tls_records(&mut []).state {
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    traffic.encrypt(fragment, &mut record).ok()?
                }
                _ => return None,
            },
        };
        record.truncate(len);
        // If the ticket does not allow more, the record is shorter or missing.
        Some(SealedEarly::new(record, len.saturating_sub(TLS13_OVERHEAD)))
    }

    fn hand_over(
        self: Box<Self>,
        server_hello: Option<ServerHello>,
    ) -> Result<HandedOver, ConnectionError> {
        let suite = self.suite().and_then(CipherSuite::from_wire);
        let suite = suite.ok_or(rustls::Error::HandshakeNotComplete)?;
        let negotiated = self.negotiated(suite, server_hello);
        let traffic = self.traffic_secrets(suite);
        let (secrets, kernel) = match self.tls {
            Tls::Client(tls) => {
                let (secrets, kernel) = tls.dangerous_into_kernel_connection()?;
                (secrets, Kernel::Client(kernel))
            }
            Tls::Server(tls) => {
                let (secrets, kernel) = tls.dangerous_into_kernel_connection()?;
                (secrets, Kernel::Server(kernel))
            }
        };
        let ExtractedSecrets { tx: (tx_seq, tx), rx: (rx_seq, rx) } = secrets;
        // The sequence numbers need no adjustment: they already count a server's tickets.
        let write = with_key_and_iv(&tx, |key, iv| WriteKeys::new(suite, key, iv, tx_seq));
        let read = with_key_and_iv(&rx, |key, iv| ReadKeys::new(suite, key, iv, rx_seq));
        let next = match (traffic, kernel) {
            // A server gets no tickets and does not need rustls any more.
            (Some(secrets), Kernel::Server(_)) => secrets,
            (Some(secrets), kernel) => {
                let tickets = KernelSchedule::new(kernel, suite);
                NextKeys::Schedule(Box::new(OwnSchedule::new(secrets, tickets)))
            }
            (None, kernel) => NextKeys::Schedule(Box::new(KernelSchedule::new(kernel, suite))),
        };
        Ok(HandedOver::new(
            write.ok_or_else(unknown_secrets)?,
            read.ok_or_else(unknown_secrets)?,
            next,
            negotiated,
        ))
    }
}

impl fmt::Debug for Rustls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rustls").field("role", &self.role()).finish_non_exhaustive()
    }
}

/// How much a TLS 1.3 record adds to its content.
const TLS13_OVERHEAD: usize = HEADER_LEN + 1 + TAG_LEN;

/// The longest content of a record with this `max_fragment_size`, which includes the header.
fn max_content(max_fragment_size: Option<usize>) -> usize {
    max_fragment_size.map_or(MAX_FRAGMENT_LEN, |size| size.saturating_sub(HEADER_LEN))
}

/// What rustls calls traffic secrets are a key and an IV. `None` for an AEAD that we do not
/// support.
fn with_key_and_iv<T, E>(
    secrets: &ConnectionTrafficSecrets,
    make: impl FnOnce(&[u8], [u8; 12]) -> Result<T, E>,
) -> Option<T> {
    let (ConnectionTrafficSecrets::Aes128Gcm { key, iv }
    | ConnectionTrafficSecrets::Aes256Gcm { key, iv }
    | ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv }) = secrets
    else {
        return None;
    };
    // rustls keeps an AES-128 key in an array as long as its longest key, but reports its length.
    make(key.as_ref(), iv.as_ref().try_into().ok()?).ok()
}

fn unknown_secrets() -> rustls::Error {
    rustls::Error::General(
        "expected the secrets of a supported AEAD, got others from rustls".into(),
    )
}
