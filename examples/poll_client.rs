//! A client on mio's poll: a request, its answer and the close over one non-blocking socket.
//!
//!     cargo run --example poll_client -- example.com:443
//!     cargo run --example poll_client -- localhost:8443 cert.pem
//!
//! The second form trusts only that certificate.

use std::io::{self, ErrorKind, Read, Write};
use std::net::ToSocketAddrs;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use wantwrite::rustls::pki_types::{CertificateDer, pem::PemObject};
use wantwrite::rustls::{ClientConfig, RootCertStore, crypto::ring};
use wantwrite::{Connection, ReaderState, WriterState, webpki_client_config};

type Result<T> = core::result::Result<T, Box<dyn core::error::Error>>;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let address = args.next().ok_or("usage: poll_client HOST:PORT [CERTIFICATE.pem]")?;
    let config = match args.next() {
        Some(path) => trusting(&path)?.into(),
        None => webpki_client_config(),
    };
    let name = address.rsplit_once(':').map_or(&*address, |(host, _port)| host).to_owned();
    let resolved = address.to_socket_addrs()?.next().ok_or("the host has no address")?;
    let mut tls = Connection::client(config, name.clone().try_into()?)?;
    let request = format!("GET / HTTP/1.0\r\nHost: {name}\r\n\r\n");
    let answer = exchange(&mut tls, TcpStream::connect(resolved)?, request.as_bytes())?;
    Ok(io::stdout().write_all(&answer)?)
}

/// Sends `request`, and returns what the peer sends until it closes.
pub(crate) fn exchange(
    tls: &mut Connection,
    mut socket: TcpStream,
    mut request: &[u8],
) -> Result<Vec<u8>> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(8));
    poll.registry().register(&mut socket, Token(0), Interest::READABLE | Interest::WRITABLE)?;
    // mio reports edges: an event sets these, and only `WouldBlock` clears them.
    let (mut readable, mut writable) = (false, false);
    let (mut answer, mut failure) = (Vec::new(), None);
    loop {
        let wants = tls.wants();
        if wants.process {
            failure = tls.process().err().or(failure); // its alert is drained below
            answer.extend_from_slice(tls.plaintext());
            tls.consume_all();
        } else if !request.is_empty() && tls.writer().room() > 0 {
            request = &request[tls.writer_mut().write(request)?..];
        } else if wants.drain && writable {
            let mut drain = tls.writer_mut().drain();
            match socket.write(drain.chunk()) {
                Ok(n) => drain.advance(n)?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => writable = false,
                Err(error) => return Err(error.into()),
            }
        } else if wants.input && readable {
            let Some(mut inbound) = tls.inbound() else { continue };
            match socket.read(&mut inbound) {
                Ok(0) => tls.end_of_input(),
                Ok(n) => inbound.commit(n)?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => readable = false,
                Err(error) => return Err(error.into()),
            }
        } else if wants.drain || wants.input {
            poll.poll(&mut events, None)?;
            readable |= events.iter().any(|event| event.is_readable() || event.is_read_closed());
            writable |= events.iter().any(|event| event.is_writable() || event.is_write_closed());
        } else if tls.reader_state() == ReaderState::PeerClosed
            && tls.writer_state() == WriterState::Open
        {
            tls.close()?; // now `wants.drain` is true again, for `close_notify`
        } else {
            return failure.map_or(Ok(answer), |error| Err(error.into()));
        }
    }
}

/// Returns a configuration that trusts one certificate.
fn trusting(path: &str) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(path)?)?;
    Ok(ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
