//! rustls 0.23 as the backend: its unbuffered connections, and what they hand over.

mod schedule;
mod server_name;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, UnbufferedStatus};
use rustls::{
    ClientConfig, CommonState, ConnectionTrafficSecrets, ExtractedSecrets, HandshakeKind,
    ProtocolVersion, ServerConfig,
};
use schedule::{Kernel, KernelSchedule};
use server_name::{RememberServerName, ServerNameCell};

use super::ConnectionError;
use super::backend::{Backend, HandedOver, Step};
use super::config::{Tls12Close, prepare_client_config, prepare_server};
use super::negotiated::Negotiated;
use crate::aead::{CipherSuite, NextKeys, ReadKeys, WriteKeys};
use crate::alert::AlertDescription;
use crate::error::{Error, PeerFault};
use crate::reader::Role;
use crate::record::Version;

/// A handshake inside rustls, of either role.
pub(super) struct Rustls {
    tls: Tls,
    /// The name that a client asks for.
    server_name: Option<ServerNameCell>,
    tls12_close: Tls12Close,
}

enum Tls {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

impl Rustls {
    pub(super) fn new_client(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        tls12_close: Tls12Close,
    ) -> Result<Self, rustls::Error> {
        let tls = UnbufferedClientConnection::new(prepare_client_config(config), name)?;
        Ok(Self { tls: Tls::Client(tls), server_name: None, tls12_close })
    }

    pub(super) fn new_server(
        config: &ServerConfig,
        tls12_close: Tls12Close,
    ) -> Result<Self, rustls::Error> {
        let mut config = prepare_server(config);
        let (resolver, name) = RememberServerName::before(Arc::clone(&config.cert_resolver));
        config.cert_resolver = resolver;
        let tls = UnbufferedServerConnection::new(Arc::new(config))?;
        Ok(Self { tls: Tls::Server(tls), server_name: Some(name), tls12_close })
    }

    fn common(&self) -> &CommonState {
        match &self.tls {
            Tls::Client(tls) => tls,
            Tls::Server(tls) => tls,
        }
    }

    /// What was agreed on. rustls forgets most of it at the hand-over.
    fn negotiated(&self, suite: CipherSuite) -> Negotiated {
        let common = self.common();
        let name = self.server_name.as_ref().and_then(|name| name.get().map(String::as_str));
        Negotiated::new(suite, self.tls12_close)
            .with_alpn_protocol(common.alpn_protocol())
            .with_peer_certificates(common.peer_certificates())
            .with_server_name(name)
            .with_resumed(common.handshake_kind() == Some(HandshakeKind::Resumed))
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

    fn is_handshaking(&self) -> bool {
        self.common().is_handshaking()
    }

    fn has_output(&self) -> bool {
        self.common().wants_write()
    }

    fn step(&mut self, records: &mut [u8]) -> (usize, Result<Step, ConnectionError>) {
        match &mut self.tls {
            Tls::Client(tls) => take_step(tls.process_tls_records(records)),
            Tls::Server(tls) => take_step(tls.process_tls_records(records)),
        }
    }

    fn hand_over(self: Box<Self>) -> Result<HandedOver, ConnectionError> {
        let suite = self.suite().and_then(CipherSuite::from_wire);
        let suite = suite.ok_or(rustls::Error::HandshakeNotComplete)?;
        let negotiated = self.negotiated(suite);
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
        // The sequence numbers are used as they are: a server's tickets are counted already.
        let write = with_key_and_iv(&tx, |key, iv| WriteKeys::new(suite, key, iv, tx_seq));
        let read = with_key_and_iv(&rx, |key, iv| ReadKeys::new(suite, key, iv, rx_seq));
        let next = NextKeys::Schedule(Box::new(KernelSchedule::new(kernel, suite)));
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

/// Handles one state of rustls, which is the same for both roles. Returns the bytes to discard.
fn take_step<Data>(
    status: UnbufferedStatus<'_, '_, Data>,
) -> (usize, Result<Step, ConnectionError>) {
    let UnbufferedStatus { discard, state } = status;
    let step = match state {
        Ok(ConnectionState::EncodeTlsData(chunk)) => Ok(Step::Send(encode(chunk))),
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

/// What rustls calls traffic secrets is a key and an IV. `None` for an AEAD that is not ours.
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
    // rustls keeps an AES-128 key in an array of its largest key's length, and says its length.
    make(key.as_ref(), iv.as_ref().try_into().ok()?).ok()
}

fn unknown_secrets() -> rustls::Error {
    rustls::Error::General("rustls gave secrets of an unknown AEAD".into())
}
