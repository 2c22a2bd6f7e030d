//! rustls 0.23 with its own buffers.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use core::hint::black_box;
use std::io::{self, Write};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use super::{Contestant, Suite};
use crate::Error;

/// `writer().write_all`, then `write_tls` into the void.
pub struct Rustls {
    client: ClientConnection,
    plaintext: Vec<u8>,
    writes: usize,
}

impl Rustls {
    pub fn new(suite: Suite, size: usize) -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
        let mut provider = ring::default_provider();
        provider.cipher_suites.retain(|ours| u16::from(ours.suite()) == suite.tls().to_wire());
        let provider = Arc::new(provider);
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone())?;
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let key = PrivateKeyDer::try_from(key.serialize_der())?;
        let server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        let name = ServerName::try_from("localhost")?;
        let mut client = ClientConnection::new(Arc::new(client), name)?;
        client.set_buffer_limit(None);
        negotiate(&mut client, &mut ServerConnection::new(Arc::new(server))?)?;
        Ok(Self { client, plaintext: vec![1; size], writes: 1 })
    }

    /// Sets the number of writes before each `write_tls`.
    pub fn writing(self, writes: usize) -> Self {
        Self { writes, ..self }
    }
}

fn negotiate(client: &mut ClientConnection, server: &mut ServerConnection) -> Result<(), Error> {
    while client.is_handshaking() || server.is_handshaking() {
        let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
        while client.wants_write() {
            client.write_tls(&mut to_server)?;
        }
        let mut to_server = &to_server[..];
        while !to_server.is_empty() {
            server.read_tls(&mut to_server)?;
            server.process_new_packets()?;
        }
        while server.wants_write() {
            server.write_tls(&mut to_client)?;
        }
        let mut to_client = &to_client[..];
        while !to_client.is_empty() {
            client.read_tls(&mut to_client)?;
            client.process_new_packets()?;
        }
    }
    Ok(())
}

impl Contestant for Rustls {
    fn name(&self) -> &'static str {
        "rustls"
    }

    fn seal(&mut self) -> Result<(), Error> {
        for _ in 0..self.writes {
            self.client.writer().write_all(black_box(&self.plaintext))?;
        }
        while self.client.wants_write() {
            self.client.write_tls(&mut io::sink())?;
        }
        Ok(())
    }
}
