//! Checks the outcome of a handshake.

use std::fmt;

use wantwrite::rustls::pki_types::CertificateDer;
use wantwrite::rustls::pki_types::pem::PemObject;
use wantwrite::rustls::{self, PeerIncompatible};
use wantwrite::{
    CipherSuite, Connection, ConnectionError, EarlyDataStatus, HandshakeKind, Version,
};

use crate::config::{Configs, DEFAULT_NAME, Peering};
use crate::failure::Failure;
use crate::options::{Expect, Options};

/// Checks an established connection.
pub(crate) fn check_negotiated(
    tls: &Connection,
    options: &Options,
    peering: &Peering,
    is_resumption: bool,
) -> Result<(), Failure> {
    let expect = &options.expect;
    let version = tls.protocol_version().map(|version| match version {
        Version::Tls12 => 0x0303,
        Version::Tls13 => 0x0304,
    });
    if expect.version.is_some() {
        expect_same("version", version, expect.version)?;
    }
    if expect.cipher.is_some() {
        expect_same("suite", tls.cipher_suite().map(CipherSuite::to_wire), expect.cipher)?;
    }
    expect_same("protocol", tls.alpn_protocol().unwrap_or(b""), &expect.alpn)?;
    if expect.server_name.is_some() || expect.no_server_name {
        expect_same("server name", tls.server_name(), expect.server_name.as_deref())?;
    }
    let resumed = is_resumption && !expect.session_miss;
    expect_same("resumption", tls.is_resumed(), Some(resumed))?;
    if let Some(file) = &expect.peer_cert_file {
        let chain: Vec<_> = CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect)
            .map_err(|error| Failure::Unexpected(error.to_string()))?;
        expect_same("chain", tls.peer_certificates(), Some(&chain[..]))?;
    }
    // rustls fails the handshake if the server did not decrypt the hello.
    expect_same("ECH", !options.tls.ech_config_list.is_empty(), expect.ech_accept)?;
    if let Some(expected) = expect.selected_credential {
        let selected = peering.identity.selected();
        expect_same("our certificate", selected, usize::try_from(expected).ok())?;
    }
    if expect.extended_master_secret && tls.extended_master_secret() == Some(false) {
        return Err(Failure::Unexpected("no Extended Master Secret".into()));
    }
    // rustls does not store a session's group, or the scheme of its first handshake.
    if expect.curve.is_some() && (!resumed || tls.key_exchange_group().is_some()) {
        expect_same("group", tls.key_exchange_group(), expect.curve)?;
    }
    if expect.peer_signature_scheme.is_some() && !resumed {
        expect_same("scheme", peering.verifier.scheme(), expect.peer_signature_scheme)?;
    }
    // It also does not report a HelloRetryRequest in a handshake that resumes a session.
    if let (Some(expected), false) = (expect.hello_retry_request, resumed) {
        let kind = tls.handshake_kind();
        let retried = kind == Some(HandshakeKind::FullWithHelloRetryRequest);
        expect_same("a HelloRetryRequest", retried, expected)?;
    }
    Ok(())
}

/// Checks the outcome of a client that encrypted its hello, or could have.
pub(crate) fn check_ech(
    result: &Result<(), Failure>,
    options: &Options,
    peering: &Peering,
) -> Result<(), Failure> {
    if let Some(has_offers) = options.expect.ech_retry {
        let offers = match result {
            Err(Failure::Tls(ConnectionError::Handshake(rustls::Error::PeerIncompatible(
                PeerIncompatible::ServerRejectedEncryptedClientHello(offers),
            )))) => Some(offers.is_some()),
            _ => None,
        };
        expect_same("new offers of ECH", offers, Some(has_offers))?;
    }
    if let (Some(expected), Some(name)) =
        (&options.expect.ech_name_override, peering.verifier.name())
    {
        let own = options.tls.host_name.as_deref().unwrap_or(DEFAULT_NAME);
        let expected = if expected.is_empty() { own } else { expected };
        expect_same("verified name", name.as_str(), expected)?;
    }
    Ok(())
}

/// Checks a server's request for a client certificate.
pub(crate) fn check_request(expect: &Expect, peering: &Peering) -> Result<(), Failure> {
    let request = peering.identity.request();
    if let Some(expected) = &expect.client_authorities {
        let authorities = request.as_ref().map(|request| &request.authorities);
        expect_same("authorities", authorities, Some(expected))?;
    }
    if !expect.peer_verify_prefs.is_empty() {
        let schemes = request.as_ref().map(|request| &request.schemes);
        expect_same("requested schemes", schemes, Some(&expect.peer_verify_prefs))?;
    }
    Ok(())
}

/// Checks whether early data was accepted. A server that accepted none does not see the offer.
pub(crate) fn check_early_data(
    tls: &Connection,
    expect: &Expect,
    is_server: bool,
) -> Result<(), Failure> {
    let status = tls.early_data_status();
    let accepted = status == EarlyDataStatus::Accepted;
    match expect.early_data {
        Some(true) if is_server && status == EarlyDataStatus::NotOffered => Ok(()),
        Some(expected) => expect_same("early data accepted", accepted, expected),
        None => Ok(()),
    }
}

/// Checks the tickets of a TLS 1.3 client that has read to the end.
pub(crate) fn check_tickets(
    tls: &Connection,
    expect: &Expect,
    configs: &Configs,
    came: bool,
) -> Result<(), Failure> {
    if configs.is_server() || tls.protocol_version() != Some(Version::Tls13) {
        return Ok(());
    }
    expect_same("a ticket", came, !expect.no_session)?;
    if came {
        let allows = configs.sessions.last_allows_early_data();
        expect_same("a ticket for early data", allows, expect.ticket_supports_early_data)?;
    }
    Ok(())
}

pub(crate) fn expect_same<A, B>(what: &str, found: A, expected: B) -> Result<(), Failure>
where
    A: PartialEq<B> + fmt::Debug,
    B: fmt::Debug,
{
    if found == expected {
        return Ok(());
    }
    Err(Failure::Unexpected(format!("{what}: expected {expected:?}, got {found:?}")))
}
