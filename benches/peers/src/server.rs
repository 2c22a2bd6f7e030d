//! The peer of every connection: rustls, since it can be fed from memory.

use std::io::Read;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection};

use crate::Error;
use crate::transport::Transport;
use contestants::Suite;

/// What the clients of one suite need. Only the server restricts the suite.
pub(crate) struct Setup {
    pub(crate) server: Arc<ServerConfig>,
    /// The certificate in PEM.
    pub(crate) certificate: String,
    pub(crate) rustls_client: Arc<ClientConfig>,
}

impl Setup {
    pub(crate) const NAME: &str = "localhost";

    pub(crate) fn new(suite: Suite) -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new([Self::NAME.to_owned()])?.self_signed(&key)?;
        let mut provider = default_provider();
        provider.cipher_suites.retain(|its| u16::from(its.suite()) == suite.tls().to_wire());
        let mut server = ServerConfig::builder_with_provider(provider.into())
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der())?,
            )?;
        server.send_tls13_tickets = 0;
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone())?;
        let rustls_client = ClientConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            server: server.into(),
            certificate: certificate.pem(),
            rustls_client: rustls_client.into(),
        })
    }
}

pub(crate) struct Server {
    connection: ServerConnection,
    transport: Transport,
}

impl Server {
    pub(crate) fn new(setup: &Setup, transport: Transport) -> Result<Self, Error> {
        Ok(Self { connection: ServerConnection::new(Arc::clone(&setup.server))?, transport })
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Reads what the client wrote and answers. Returns the length of what it read, on the wire and
    /// as plaintext.
    pub(crate) fn exchange(&mut self) -> Result<(usize, usize), Error> {
        let written = self.transport.take_written();
        let (mut unread, mut plaintext) = (&written[..], Vec::new());
        while !unread.is_empty() {
            self.connection.read_tls(&mut unread)?;
            let state = self.connection.process_new_packets()?;
            let received = plaintext.len();
            plaintext.resize(received + state.plaintext_bytes_to_read(), 0);
            self.connection.reader().read_exact(&mut plaintext[received..])?;
        }
        let mut answer = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut answer)?;
        }
        self.transport.deliver(&answer);
        Ok((written.len(), plaintext.len()))
    }
}
