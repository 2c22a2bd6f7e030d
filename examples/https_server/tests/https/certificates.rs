//! Which certificate a client gets, and that it can resume its session.

use std::io::Write;
use std::process::Command;
use std::sync::Arc;

use rustls::{AlertDescription, ClientConfig, HandshakeKind, RootCertStore};
use wantwrite::CipherSuite;
use wantwrite_testing::{Identity, client_config, provider, versions};

use crate::client::Client;
use crate::server::{SUITES, Server, program};

#[test]
fn each_client_gets_a_certificate_that_it_can_verify() {
    let files = tempfile::tempdir().unwrap();
    let (ecdsa, rsa) = (Identity::new(false), Identity::new(true));
    let mut command = Command::new(program("https_server"));
    command.args(["--addr", "127.0.0.1:0"]);
    for (name, identity) in [("ecdsa", &ecdsa), ("rsa", &rsa)] {
        let [chain, key] = identity.store(files.path(), name);
        command.arg("--cert").arg(chain).arg("--key").arg(key);
    }
    let server = Server::spawn(&mut command, Identity::new(false), files);
    for &suite in CipherSuite::ALL {
        let is_rsa = format!("{suite:?}").contains("_RSA_");
        let identity = if is_rsa { &rsa } else { &ecdsa };
        let config = client_config(suite, identity);
        let mut client = Client::new(config.into(), server.socket());
        assert_eq!(client.get("/").status, 200, "{suite:?}");
        let chain = client.0.conn.peer_certificates().unwrap();
        assert_eq!(chain[0], identity.certificate, "{suite:?}");
    }
}

/// RFC 9846 §4.3.2.1 and RFC 5246 §7.4.1.4.1 prescribe `handshake_failure` for this.
#[test]
fn a_client_that_can_verify_no_certificate_gets_handshake_failure() {
    for engine in ["wantwrite", "rustls"] {
        let server = Server::start(&["--engine", engine]);
        for suite in SUITES {
            let mut provider = (*provider(suite)).clone();
            let algorithms = &mut provider.signature_verification_algorithms;
            let rsa = algorithms.mapping.split_first_chunk::<3>().unwrap().1;
            assert!(rsa.iter().all(|(scheme, _)| format!("{scheme:?}").contains("RSA")));
            algorithms.mapping = rsa;
            let config = ClientConfig::builder_with_provider(provider.into())
                .with_protocol_versions(versions(suite))
                .unwrap()
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth();
            let mut client = Client::new(config.into(), server.socket());
            let error = client.0.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap_err();
            let error = error.downcast::<rustls::Error>().unwrap();
            let expected = rustls::Error::AlertReceived(AlertDescription::HandshakeFailure);
            assert_eq!(error, expected, "{engine} {suite:?}");
        }
    }
}

#[test]
fn sessions_are_resumed() {
    for engine in ["wantwrite", "rustls"] {
        let server = Server::start(&["--engine", engine]);
        for suite in SUITES {
            let config = Arc::new(client_config(suite, &server.identity));
            for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
                let mut client = Client::new(Arc::clone(&config), server.socket());
                client.get("/");
                assert_eq!(client.0.conn.handshake_kind(), Some(kind), "{engine} {suite:?}");
            }
        }
        assert_eq!(server.stop().get("resumed"), 2);
    }
}
