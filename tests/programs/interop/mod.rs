//! Our client and our server with other TLS programs: every suite in both roles, 32 MiB compared in
//! each direction with most programs, and a clean close by both sides.
//!
//! `./check interop` runs these tests. `cargo test` ignores them, because they need the programs
//! and take long.

pub(crate) mod gnutls;
mod go;
mod java;
mod nginx;
mod openssl;
pub(crate) mod ours;
mod stock;
mod tokio_stock;

use std::env;

use libtest_mimic::Trial;
use wantwrite::{CipherSuite, Role};
use wantwrite_testing::Identity;
use wantwrite_testing::process::TempDir;

/// Set by `./check interop`. A missing program is then a failure.
const ASKED_FOR: &str = "WANTWRITE_REQUIRE_INTEROP";

/// Bytes that are sent each way.
const LEN: usize = 32 << 20;

/// The settings of a connection to a program.
pub(crate) struct Case {
    suite: CipherSuite,
    identity: Identity,
    dir: TempDir,
    /// Options for the program's command line.
    options: &'static [&'static str],
}

struct Program {
    name: &'static str,
    options: &'static [&'static str],
    /// Our role. The program has the other one.
    role: Role,
    suites: &'static [CipherSuite],
    /// Returns when both sides have closed. Panics if anything is wrong.
    meet: fn(&Case),
}

/// A program that is tested with every suite.
const fn program(name: &'static str, role: Role, meet: fn(&Case)) -> Program {
    Program { name, options: &[], role, suites: CipherSuite::ALL, meet }
}

impl Program {
    /// Tests with one suite of each version.
    const fn with(self, options: &'static [&'static str]) -> Self {
        Self { options, suites: &[TLS13, TLS12], ..self }
    }

    const fn only(self, suites: &'static [CipherSuite]) -> Self {
        Self { suites, ..self }
    }
}

const TLS13: CipherSuite = CipherSuite::TLS_AES_256_GCM_SHA384;
const TLS12: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;

const PROGRAMS: [Program; 32] = [
    program("openssl s_server", Role::Client, openssl::server),
    program("openssl s_server", Role::Client, openssl::server).with(&["-nbio"]),
    program("openssl s_server", Role::Client, openssl::server).with(&["-max_send_frag", "512"]),
    program("openssl s_server", Role::Client, openssl::server)
        .with(&["-record_padding", "512"])
        .only(&[TLS13]),
    program("openssl s_server", Role::Client, openssl::server).with(&["-no_ticket"]),
    program("openssl s_client", Role::Server, openssl::client),
    program("openssl s_client", Role::Server, openssl::client).with(&["-nbio"]),
    program("openssl s_client", Role::Server, openssl::client).with(&["-max_send_frag", "512"]),
    program("openssl s_client", Role::Server, openssl::client)
        .with(&["-record_padding", "512"])
        .only(&[TLS13]),
    program("openssl s_client", Role::Server, openssl::client).with(&["-no_ticket"]),
    program("openssl s_client", Role::Server, openssl::reconnect)
        .with(&["-reconnect"])
        .only(&[TLS12]),
    program("gnutls-serv", Role::Client, gnutls::server),
    program("gnutls-serv", Role::Client, gnutls::refuse_server)
        .with(&["(renegotiation)"])
        .only(&[TLS12]),
    program("gnutls-cli", Role::Server, gnutls::client),
    program("gnutls-cli", Role::Server, gnutls::refuse_client)
        .with(&["(renegotiation)"])
        .only(&[TLS12]),
    program("gnutls-cli", Role::Server, gnutls::update_keys).with(&["(KeyUpdates)"]).only(&[TLS13]),
    program("nginx", Role::Client, nginx::server),
    program("nginx, proxy", Role::Server, nginx::proxy),
    program("Go server", Role::Client, go::server),
    program("Go client", Role::Server, go::client),
    program("Java client", Role::Server, java::client).with(&["2^20", "download"]).only(&[TLS13]),
    program("Java client", Role::Server, java::client).with(&["2^20", "upload"]).only(&[TLS13]),
    program("Java client", Role::Server, java::client).with(&["2^24", "download"]).only(&[TLS13]),
    program("Java client", Role::Server, java::client).with(&["2^24", "upload"]).only(&[TLS13]),
    program("Java server", Role::Client, java::server).with(&["2^20", "download"]).only(&[TLS13]),
    program("Java server", Role::Client, java::server).with(&["2^20", "upload"]).only(&[TLS13]),
    program("Java server", Role::Client, java::server).with(&["2^24", "download"]).only(&[TLS13]),
    program("Java server", Role::Client, java::server).with(&["2^24", "upload"]).only(&[TLS13]),
    program("rustls server", Role::Client, stock::server),
    program("rustls client", Role::Server, stock::client),
    program("tokio-rustls", Role::Client, tokio_stock::server),
    program("tokio-rustls", Role::Server, tokio_stock::client),
];

pub(crate) fn trials() -> Vec<Trial> {
    let is_asked_for = env::var_os(ASKED_FOR).is_some();
    let mut trials = Vec::new();
    for Program { name, options, role, suites, meet } in PROGRAMS {
        let program = [&[name], options].concat().join(" ");
        for &suite in suites {
            let trial =
                Trial::test(format!("{program}, we are the {role:?}, {suite:?}"), move || {
                    let (identity, dir) = (Identity::for_suite(suite), TempDir::new());
                    meet(&Case { suite, identity, dir, options });
                    Ok(())
                });
            trials.push(trial.with_ignored_flag(!is_asked_for));
        }
    }
    trials
}

/// Pseudo-random hexadecimal digits, because some programs accept only text and interpret commands
/// in it.
fn pattern() -> Vec<u8> {
    let mut state = 1_u64;
    let mut digit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let [high, ..] = state.to_be_bytes();
        b"0123456789abcdef"[usize::from(high >> 4)]
    };
    (0..LEN).map(|_| digit()).collect()
}
