//! Handshakes with rustls providers other than ring, and the post-quantum group that they support.
//! Records are still sealed with ring. `./check providers` runs these tests.
#![expect(
    clippy::unwrap_used,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "tests"
)]

mod exports;
mod go;
mod post_quantum;
mod suites;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs, ring};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
};
use wantwrite::{CipherSuite, Connection, ConnectionConfig};
use wantwrite_testing::{Identity, Peer, server_name};

fn main() -> ExitCode {
    let trials = [post_quantum::trials(), suites::trials(), exports::trials(), go::trials()];
    let trials = trials.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// `X25519MLKEM768` (IANA "TLS Supported Groups").
const X25519MLKEM768: u16 = 0x11ec;

const ALL_VERSIONS: &[&SupportedProtocolVersion] =
    &[&rustls::version::TLS13, &rustls::version::TLS12];

/// ring's provider with graviola's group in first place.
fn ring_with_graviola() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.kx_groups.insert(0, rustls_graviola::kx::X25519MLKEM768);
    provider
}

type NewProvider = fn() -> CryptoProvider;

/// Providers that support the group.
const PROVIDERS: [(&str, NewProvider); 2] =
    [("aws-lc-rs", aws_lc_rs::default_provider), ("ring and graviola", ring_with_graviola)];

/// Creates tests, by name, that do not need any installed program.
fn trials_of(tests: &[(&'static str, fn())]) -> Vec<Trial> {
    let trial = |&(name, test): &(&'static str, fn())| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    tests.iter().map(trial).collect()
}

/// Configurations of two endpoints that can connect.
#[derive(Clone)]
struct Ends {
    client: ClientConfig,
    server: ServerConfig,
}

impl Ends {
    fn new(client: CryptoProvider, server: CryptoProvider, identity: &Identity) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(identity.certificate.clone()).unwrap();
        let client = ClientConfig::builder_with_provider(client.into())
            .with_protocol_versions(ALL_VERSIONS)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = ServerConfig::builder_with_provider(server.into())
            .with_protocol_versions(ALL_VERSIONS)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key())
            .unwrap();
        Self { client, server }
    }

    /// Disables resumption, so that each handshake has its own key exchange.
    fn without_resumption(mut self) -> Self {
        self.client.resumption = Resumption::disabled();
        self
    }

    fn our_client(&self, config: ConnectionConfig) -> Connection {
        Connection::client_with(Arc::new(self.client.clone()), server_name(), config).unwrap()
    }

    fn our_server(&self, config: ConnectionConfig) -> Connection {
        Connection::server_with(Arc::new(self.server.clone()), config).unwrap()
    }

    fn stock_client(&self) -> Peer {
        Peer::client(self.client.clone())
    }

    fn stock_server(&self) -> Peer {
        Peer::server(self.server.clone())
    }
}

/// Whether we support this suite of rustls.
fn is_ours(suite: &SupportedCipherSuite) -> bool {
    CipherSuite::from_wire(suite.suite().into()).is_some()
}
