//! Negotiated connections: ours, and each kind of rustls's.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::client::UnbufferedClientConnection;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::unbuffered::{ConnectionState, UnbufferedStatus};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, KeyLog, RootCertStore, ServerConfig, ServerConnection,
};
use wantwrite::{CipherSuite, Connection, ConnectionConfig, Version};

use super::Error;

/// The configurations of both endpoints, which agree on one suite.
pub struct Ends {
    certificate_len: usize,
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Ends {
    pub fn new(suite: CipherSuite) -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone())?;
        let mut provider = ring::default_provider();
        provider.cipher_suites.retain(|theirs| u16::from(theirs.suite()) == suite.to_wire());
        let provider = Arc::new(provider);
        let versions = match suite.version() {
            Version::Tls13 => [&TLS13],
            Version::Tls12 => [&TLS12],
        };
        let mut client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.enable_secret_extraction = true;
        let key = PrivateKeyDer::try_from(key.serialize_der())?;
        let server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        let certificate_len = certificate.der().len();
        Ok(Self { certificate_len, client: Arc::new(client), server: Arc::new(server) })
    }

    /// Returns the length of the server's only certificate, in bytes.
    pub const fn certificate_len(&self) -> usize {
        self.certificate_len
    }

    /// Makes both configurations log the handshake's secrets to `log`.
    pub fn with_log(mut self, log: Arc<dyn KeyLog>) -> Self {
        Arc::make_mut(&mut self.client).key_log = log;
        self
    }

    /// Returns our client and server, idle, with the server's tickets stored.
    pub fn ours(&self, config: &ConnectionConfig) -> Result<(Connection, Connection), Error> {
        let (tls, name) = (Arc::clone(&self.client), ServerName::try_from("localhost")?);
        let mut client = Connection::client_with(tls, name, config.clone())?;
        let mut server = Connection::server_with(Arc::clone(&self.server), config.clone())?;
        while client.wants().drain || server.wants().drain {
            carry(&mut client, &mut server)?;
            carry(&mut server, &mut client)?;
        }
        Ok((client, server))
    }

    /// Returns rustls's buffered connections, idle.
    pub fn buffered(&self) -> Result<(ClientConnection, ServerConnection), Error> {
        let name = ServerName::try_from("localhost")?;
        let mut client = ClientConnection::new(Arc::clone(&self.client), name)?;
        let mut server = ServerConnection::new(Arc::clone(&self.server))?;
        while client.wants_write() || server.wants_write() {
            let mut to_server = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut to_server)?;
            }
            let to_client = answer(&mut server, &to_server)?;
            let mut to_client = &to_client[..];
            while !to_client.is_empty() {
                client.read_tls(&mut to_client)?;
                client.process_new_packets()?;
            }
        }
        Ok((client, server))
    }

    /// Returns rustls's unbuffered client, ready to write.
    pub fn unbuffered(&self) -> Result<UnbufferedClientConnection, Error> {
        let name = ServerName::try_from("localhost")?;
        let mut client = UnbufferedClientConnection::new(Arc::clone(&self.client), name)?;
        let mut server = ServerConnection::new(Arc::clone(&self.server))?;
        let (mut incoming, mut outgoing) = (Vec::new(), Vec::new());
        loop {
            let UnbufferedStatus { discard, state, .. } = client.process_tls_records(&mut incoming);
            let mut answered = Vec::new();
            match state? {
                ConnectionState::EncodeTlsData(mut data) => {
                    let mut encoded = [0; 4096];
                    let len = data.encode(&mut encoded)?;
                    outgoing.extend_from_slice(&encoded[..len]);
                }
                ConnectionState::TransmitTlsData(data) => data.done(),
                ConnectionState::BlockedHandshake => {
                    answered = answer(&mut server, &outgoing)?;
                    outgoing.clear();
                }
                ConnectionState::WriteTraffic(_) => return Ok(client),
                state => return Err(format!("unexpected: {state:?}").into()),
            }
            incoming.drain(..discard);
            incoming.append(&mut answered);
        }
    }
}

/// Carries one connection's pending bytes to the other.
pub fn carry(from: &mut Connection, to: &mut Connection) -> Result<(), Error> {
    while from.wants().drain {
        let mut drain = from.writer_mut().drain();
        let taken = to.receive(drain.chunk());
        drain.advance(taken).expect("no more than is pending");
        to.process()?;
        to.consume_all();
    }
    Ok(())
}

/// Carries one connection's pending bytes to the other, which must hold them all unread.
pub fn carry_input(from: &mut Connection, to: &mut Connection) -> Result<(), Error> {
    let mut drain = from.writer_mut().drain();
    while drain.remaining() > 0 {
        let taken = to.receive(drain.chunk());
        if taken == 0 {
            return Err("no room for input".into());
        }
        drain.advance(taken)?;
    }
    Ok(())
}

fn answer(server: &mut ServerConnection, mut wire: &[u8]) -> Result<Vec<u8>, Error> {
    while !wire.is_empty() {
        server.read_tls(&mut wire)?;
        server.process_new_packets()?;
    }
    let mut answer = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut answer)?;
    }
    Ok(answer)
}
