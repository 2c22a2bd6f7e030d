//! A handshake by stock rustls over TCP. After that, every record is made by hand.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use program::Error;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use wantwrite::{AlertDescription, Role};
use wantwrite_testing::raw_peer::{ALERT, APPLICATION_DATA, HEADER_LEN, RawPeer, Secrets};
use wantwrite_testing::verdict::CLOSE_NOTIFY;
use wantwrite_testing::{Peer, provider, versions};

use crate::answer::{Answer, End};
use crate::args::Options;

/// How long a server may stay silent.
const PATIENCE: Duration = Duration::from_millis(1000);

/// Shows whether the server is still working.
const REQUEST: &[u8] = b"GET / HTTP/1.0\r\n\r\n";

pub(crate) struct Client {
    pub(crate) raw: RawPeer,
    socket: TcpStream,
}

impl Client {
    /// Connects and completes a handshake.
    pub(crate) fn connect(options: &Options) -> Result<Self, Error> {
        let log = Arc::new(Secrets::default());
        let mut config = ClientConfig::builder_with_provider(provider(options.suite))
            .with_protocol_versions(versions(options.suite))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate))
            .with_no_client_auth();
        config.enable_secret_extraction = true;
        config.key_log = log.clone();
        let mut peer = Peer::client(config);
        let mut socket = TcpStream::connect(options.address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_nodelay(true)?;
        while peer.0.is_handshaking() || peer.0.wants_write() {
            socket.write_all(&peer.take_wire())?;
            if peer.0.is_handshaking() {
                // One record at a time, so that rustls holds no part of a later record when its
                // keys are extracted.
                let record = read_record(&mut socket)?.ok_or("the server ended the handshake: it must speak TLS here and have an ECDSA certificate")?;
                peer.feed(&record)?;
            }
        }
        Ok(Self { raw: RawPeer::take_over(options.suite, Role::Server, peer, &log), socket })
    }

    /// Sends a violation, followed by a request unless it must be enough on its own.
    pub(crate) fn ask(&mut self, violation: &[u8], is_alone: bool) -> Result<Answer, Error> {
        let mut wire = violation.to_vec();
        if !is_alone {
            wire.extend(self.raw.seal(APPLICATION_DATA, REQUEST));
        }
        // If the server has already gone, reading will report it.
        let _broken = self.socket.write_all(&wire);
        let mut answer =
            Answer { alerts: Vec::new(), has_data: false, garbage: 0, end: End::Closed };
        loop {
            match read_record(&mut self.socket) {
                Ok(Some(record)) => self.note(&record, &mut answer),
                Ok(None) => break,
                Err(error) if is_timeout(&error) => {
                    answer.end = End::Silent;
                    break;
                }
                Err(_) => {
                    answer.end = End::Reset;
                    break;
                }
            }
        }
        let _gone = self.socket.shutdown(Shutdown::Both);
        Ok(answer)
    }

    fn note(&mut self, record: &[u8], answer: &mut Answer) {
        match self.raw.open_record(record) {
            Some((ALERT, content)) if content != CLOSE_NOTIFY => {
                answer.alerts.extend(content.get(1).map(|code| AlertDescription(*code)));
            }
            Some((APPLICATION_DATA, content)) => answer.has_data |= !content.is_empty(),
            // Tickets and KeyUpdates are ignored.
            Some(_) => {}
            None => answer.garbage += 1,
        }
    }
}

/// Reads one whole record. `None` at the end of the stream.
fn read_record(socket: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut record = vec![0; HEADER_LEN];
    let n = socket.read(&mut record)?;
    if n == 0 {
        return Ok(None);
    }
    socket.read_exact(&mut record[n..])?;
    let len = usize::from(u16::from_be_bytes([record[3], record[4]]));
    record.resize(HEADER_LEN + len, 0);
    socket.read_exact(&mut record[HEADER_LEN..])?;
    Ok(Some(record))
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The server's identity does not matter here.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ED25519,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PKCS1_SHA256,
        ]
    }
}
