// Helpers that the examples of these pages include in hidden lines: halves with fixed keys, and
// connections that exchange their bytes in memory.

use wantwrite::*;

type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

/// A writer, and the reader for what it seals.
fn halves() -> Result<(Writer, Reader)> {
    let secret = || TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[7; 32]);
    let writer = Writer::new(WriteKeys::from_secret(secret()?), WriterConfig::default())?;
    let keys = ReadKeys::from_secret(secret()?);
    Ok((writer, Reader::new(keys, Role::Server, ReaderConfig::default())?))
}

/// Takes everything that a writer has to send.
fn drain(writer: &mut Writer) -> Vec<u8> {
    let mut wire = Vec::new();
    while writer.wants_drain() {
        let mut drain = writer.drain();
        wire.extend_from_slice(drain.chunk());
        drain.advance(drain.chunk().len()).expect("no more than the chunk");
    }
    wire
}

/// Configurations for a client and for a server that the client trusts.
fn configs() -> Result<(rustls::ClientConfig, rustls::ServerConfig)> {
    let identity = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = rustls::pki_types::PrivateKeyDer::try_from(identity.signing_key.serialize_der())?;
    let chain = vec![identity.cert.der().clone()];
    let mut roots = rustls::RootCertStore::empty();
    roots.add(chain[0].clone())?;
    let provider = || rustls::crypto::ring::default_provider().into();
    let client = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok((client, server))
}

/// A client and a server before their handshake.
fn strangers() -> Result<(Connection, Connection)> {
    let (client, server) = configs()?;
    Ok((
        Connection::client(client.into(), "localhost".try_into()?)?,
        Connection::server(server.into())?,
    ))
}

/// A client and a server after their handshake.
fn established() -> Result<(Connection, Connection)> {
    let (mut client, mut server) = strangers()?;
    handshake(&mut client, &mut server)?;
    Ok((client, server))
}

/// Carries bytes until neither end has any.
fn handshake(client: &mut Connection, server: &mut Connection) -> Result {
    while client.wants().drain || server.wants().drain {
        carry(client, server)?;
        carry(server, client)?;
    }
    Ok(())
}

/// Takes what waits on one side to the other, which processes it.
fn carry(from: &mut Connection, to: &mut Connection) -> Result {
    while from.wants().drain && to.plaintext().is_empty() {
        let mut drain = from.writer_mut().drain();
        let taken = to.receive(drain.chunk());
        drain.advance(taken)?;
        to.process()?;
    }
    Ok(())
}
