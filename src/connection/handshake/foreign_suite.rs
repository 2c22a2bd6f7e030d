//! A handshake with an unsupported suite, bypassing the check that rejects such configurations.
#![expect(clippy::unwrap_used, reason = "tests")]

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use rustls::crypto::{CipherSuiteCommon, CryptoProvider};
use rustls::pki_types::PrivateKeyDer;
use rustls::{
    AlertDescription, ClientConfig, ConfigBuilder, ConfigSide, RootCertStore, ServerConfig,
    SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite, WantsVerifier,
};

use super::Handshake;
use crate::buffer::{BufferPolicy, InboundBuffer};
use crate::connection::ConnectionError;
use crate::connection::config::default_provider;
use crate::connection::rustls23::Rustls;
use crate::reader::PeerLimits;
use crate::writer::{Writer, WriterConfig};

/// Numbers of unsupported suites: AES-128-CCM, in TLS 1.3 and 1.2.
const FOREIGN: [u16; 2] = [0x1304, 0xc0ac];

/// rustls's ring provider with a single suite, under a number that we do not support.
fn provider(number: u16) -> Arc<CryptoProvider> {
    let mut provider = default_provider();
    let is_tls13 = number == FOREIGN[0];
    provider.cipher_suites.retain(|suite| suite.tls13().is_some() == is_tls13);
    let suite = match provider.cipher_suites[0] {
        SupportedCipherSuite::Tls13(ours) => {
            let common = named(number, &ours.common);
            SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
                common,
                hkdf_provider: ours.hkdf_provider,
                aead_alg: ours.aead_alg,
                quic: None,
            })))
        }
        SupportedCipherSuite::Tls12(ours) => {
            let common = named(number, &ours.common);
            SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
                common,
                prf_provider: ours.prf_provider,
                kx: ours.kx,
                sign: ours.sign,
                aead_alg: ours.aead_alg,
            })))
        }
    };
    provider.cipher_suites = vec![suite];
    Arc::new(provider)
}

fn named(number: u16, common: &CipherSuiteCommon) -> CipherSuiteCommon {
    CipherSuiteCommon {
        suite: number.into(),
        hash_provider: common.hash_provider,
        confidentiality_limit: common.confidentiality_limit,
    }
}

fn configs(number: u16) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    fn builder<S: ConfigSide>(
        builder: ConfigBuilder<S, rustls::WantsVersions>,
        number: u16,
    ) -> ConfigBuilder<S, WantsVerifier> {
        let version =
            if number == FOREIGN[0] { &rustls::version::TLS13 } else { &rustls::version::TLS12 };
        builder.with_protocol_versions(&[version]).unwrap()
    }

    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".into()])
        .unwrap()
        .self_signed(&key)
        .unwrap()
        .der()
        .clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let mut client = builder(ClientConfig::builder_with_provider(provider(number)), number)
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.enable_secret_extraction = true;
    let server = builder(ServerConfig::builder_with_provider(provider(number)), number)
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    (Arc::new(client), Arc::new(server))
}

fn drain(writer: &mut Writer) -> Vec<u8> {
    let mut wire = Vec::new();
    let mut drain = writer.drain();
    while drain.remaining() > 0 {
        wire.extend_from_slice(drain.chunk());
        let len = drain.chunk().len();
        drain.advance(len).unwrap();
    }
    wire
}

/// Configurations with such suites are rejected; this test bypasses that check.
#[test]
fn negotiating_a_foreign_suite_fails_the_handshake_with_an_alert() {
    for number in FOREIGN {
        for we_are_the_client in [true, false] {
            let (client, server) = configs(number);
            let name = "localhost".try_into().unwrap();
            let (ours, mut peer): (_, rustls::Connection) = if we_are_the_client {
                let ours = Rustls::unchecked_client(client, name).unwrap();
                (ours, rustls::ServerConnection::new(server).unwrap().into())
            } else {
                let ours = Rustls::unchecked_server(server).unwrap();
                (ours, rustls::ClientConnection::new(client, name).unwrap().into())
            };
            let inbound = InboundBuffer::new(1 << 16, BufferPolicy::Retain);
            let mut ours = Handshake::new(Box::new(ours), inbound, PeerLimits::default(), 0);
            let mut writer = Writer::without_keys(WriterConfig::default()).unwrap();
            let mut at_peer = Ok(());
            let mut result = ours.advance(&mut writer).map(|_| ());
            for _ in 0..4 {
                let wire = drain(&mut writer);
                let mut rest = &wire[..];
                while !rest.is_empty() && at_peer.is_ok() {
                    peer.read_tls(&mut rest).unwrap();
                    at_peer = peer.process_new_packets().map(|_| ());
                }
                let mut wire = Vec::new();
                while peer.wants_write() {
                    peer.write_tls(&mut wire).unwrap();
                }
                if result.is_ok() {
                    let inbound = ours.input_mut().memory().unwrap();
                    inbound.free_mut()[..wire.len()].copy_from_slice(&wire);
                    inbound.commit(wire.len());
                    result = ours.advance(&mut writer).map(|_| ());
                }
            }
            assert_eq!(result, Err(ConnectionError::UnsupportedSuite(number)));
            let told = rustls::Error::AlertReceived(AlertDescription::HandshakeFailure);
            assert_eq!(at_peer, Err(told), "{number:#x} {we_are_the_client}");
        }
    }
}
