//! rustls's buffered writer, in a connection to a rustls peer.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring::{cipher_suite, default_provider};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use wantwrite::MAX_FRAGMENT_LEN;

use crate::Error;
use crate::work::{Opened, Sender};

pub(crate) struct Stock {
    client: ClientConnection,
    server: ServerConnection,
}

impl Stock {
    /// Creates a client that has completed its handshake and holds at most `capacity` wire bytes.
    pub(crate) fn new(capacity: usize) -> Result<Self, Error> {
        let (mut client, mut server) = connections()?;
        while client.wants_write() || server.wants_write() {
            let mut flight = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut flight)?;
            }
            feed(&mut server, &flight, &mut Vec::new())?;
            flight.clear();
            while server.wants_write() {
                server.write_tls(&mut flight)?;
            }
            feed(&mut client, &flight, &mut Vec::new())?;
        }
        if client.is_handshaking() || server.is_handshaking() {
            return Err("the handshake of rustls makes no progress".into());
        }
        client.set_buffer_limit(Some(capacity));
        Ok(Self { client, server })
    }
}

impl Sender for Stock {
    fn name(&self) -> String {
        "rustls, buffered".to_owned()
    }

    fn write(&mut self, plaintext: &[u8]) -> Result<usize, Error> {
        Ok(self.client.writer().write(plaintext)?)
    }

    fn drain(&mut self, max: usize, wire: &mut Vec<u8>) -> Result<usize, Error> {
        if !self.client.wants_write() {
            return Ok(0);
        }
        Ok(self.client.write_tls(&mut Slow { wire, max })?)
    }

    fn content_limit(&self, _sent: usize) -> usize {
        MAX_FRAGMENT_LEN
    }

    fn open(&mut self, wire: &[u8]) -> Result<Opened, Error> {
        let mut plaintext = Vec::new();
        feed(&mut self.server, wire, &mut plaintext)?;
        Ok(Opened { lengths: content_lengths(wire)?, plaintext })
    }
}

/// A transport that accepts at most `max` bytes per call.
struct Slow<'a> {
    wire: &'a mut Vec<u8>,
    max: usize,
}

impl Write for Slow<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let before = self.wire.len();
        self.wire.extend(bufs.iter().flat_map(|buf| buf.iter()).take(self.max));
        Ok(self.wire.len() - before)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Feeds `wire` to a connection and collects its plaintext.
fn feed<Data>(
    connection: &mut rustls::ConnectionCommon<Data>,
    mut wire: &[u8],
    plaintext: &mut Vec<u8>,
) -> Result<(), Error> {
    while !wire.is_empty() {
        connection.read_tls(&mut wire)?;
        connection.process_new_packets()?;
        match connection.reader().read_to_end(plaintext) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Returns the content lengths of TLS 1.3 records, read from their headers. There is no padding
/// here.
fn content_lengths(mut wire: &[u8]) -> Result<Vec<usize>, Error> {
    let mut lengths = Vec::new();
    while let Some((&[_, _, _, high, low], rest)) = wire.split_first_chunk::<HEADER_LEN>() {
        let len = usize::from(u16::from_be_bytes([high, low]));
        lengths.push(len.checked_sub(TYPE_AND_TAG_LEN).ok_or("a record that is too short")?);
        wire = rest.get(len..).ok_or("a record that was cut off")?;
    }
    Ok(lengths)
}

const HEADER_LEN: usize = 5;

const TYPE_AND_TAG_LEN: usize = 1 + 16;

fn connections() -> Result<(ClientConnection, ServerConnection), Error> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([HOST.to_owned()])?;
    let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone())?;
    let mut provider = default_provider();
    provider.cipher_suites = vec![cipher_suite::TLS13_AES_128_GCM_SHA256];
    let provider = Arc::new(provider);
    let version = [&rustls::version::TLS13];

    let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&version)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&version)?
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)?;
    Ok((
        ClientConnection::new(Arc::new(client), ServerName::try_from(HOST)?)?,
        ServerConnection::new(Arc::new(server))?,
    ))
}

const HOST: &str = "localhost";
