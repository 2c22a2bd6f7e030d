//! Keying material for other protocols, identical to what the program at the other end exports.

extern crate alloc;

use alloc::sync::Arc;
use std::io::Read;

use libtest_mimic::Trial;
use wantwrite::*;
use wantwrite_testing::process::{Output, Process, TempDir, arg};
use wantwrite_testing::programs::{GNUTLS, OPENSSL};
use wantwrite_testing::{
    Identity, ROLES, SUITES, client_config, server_config, server_name, tests,
};

use crate::blocking::{accept, blocking, expect_line, send_line};
use crate::interop::{gnutls, ours};

pub(crate) fn trials() -> Vec<Trial> {
    let openssl = OPENSSL.trials(tests![
        openssl_exports_what_we_export,
        nothing_is_exported_if_openssl_has_no_extended_master_secret,
    ]);
    let gnutls = GNUTLS.trials(tests![
        gnutls_exports_what_we_export,
        nothing_is_exported_if_gnutls_has_no_extended_master_secret,
    ]);
    openssl.into_iter().chain(gnutls).collect()
}

const TLS12: [CipherSuite; 2] = [
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

const LABEL: &str = "EXPORTER-Channel-Binding";
/// Not a multiple of any hash length.
const LEN: usize = 77;

/// What both endpoints export in one connection.
struct Exports {
    ours: Result<Vec<u8>, ExportError>,
    theirs: Vec<u8>,
    extended_master_secret: Option<bool>,
}

impl Exports {
    fn new(ours: &Connection, theirs: Vec<u8>) -> Self {
        Self {
            ours: ours.export_keying_material(vec![0; LEN], LABEL.as_bytes(), None),
            theirs,
            extended_master_secret: ours.extended_master_secret(),
        }
    }
}

fn openssl_exports_what_we_export() {
    for (suite, role) in SUITES.into_iter().flat_map(|suite| ROLES.map(|role| (suite, role))) {
        assert_same(suite, role, with_openssl(suite, role, &[]));
    }
}

fn gnutls_exports_what_we_export() {
    for (suite, role) in SUITES.into_iter().flat_map(|suite| ROLES.map(|role| (suite, role))) {
        assert_same(suite, role, with_gnutls(suite, role, ""));
    }
}

fn assert_same(suite: CipherSuite, role: Role, connections: [Exports; 2]) {
    for Exports { ours, theirs, extended_master_secret } in connections {
        assert_eq!(ours, Ok(theirs), "{suite:?} {role:?}");
        let expected = (suite.version() == Version::Tls12).then_some(true);
        assert_eq!(extended_master_secret, expected, "{suite:?} {role:?}");
    }
}

fn nothing_is_exported_if_openssl_has_no_extended_master_secret() {
    let dir = TempDir::new();
    // OpenSSL's programs have an option for this since 3.2, its configuration since 3.0.
    let configuration = "openssl_conf = programs\n[programs]\nssl_conf = ssl\n\
        [ssl]\nsystem_default = all\n[all]\nOptions = -ExtendedMasterSecret\n";
    let file = dir.file("openssl.cnf", configuration);
    for (suite, role) in TLS12.into_iter().flat_map(|suite| ROLES.map(|role| (suite, role))) {
        assert_refused(suite, role, with_openssl(suite, role, &[("OPENSSL_CONF", arg(&file))]));
    }
}

fn nothing_is_exported_if_gnutls_has_no_extended_master_secret() {
    for (suite, role) in TLS12.into_iter().flat_map(|suite| ROLES.map(|role| (suite, role))) {
        assert_refused(suite, role, with_gnutls(suite, role, ":%NO_SESSION_HASH"));
    }
}

/// We refuse, although the programs export.
fn assert_refused(suite: CipherSuite, role: Role, connections: [Exports; 2]) {
    for Exports { ours, theirs, extended_master_secret } in connections {
        assert_eq!(theirs.len(), LEN);
        assert_eq!(ours, Err(ExportError::NoExtendedMasterSecret), "{suite:?} {role:?}");
        assert_eq!(extended_master_secret, Some(false), "{suite:?} {role:?}");
    }
}

/// One connection, and one that resumes its session.
fn with_openssl(suite: CipherSuite, role: Role, environment: &[(&str, &str)]) -> [Exports; 2] {
    let (identity, dir) = (Identity::for_suite(suite), TempDir::new());
    let len = LEN.to_string();
    let options = ["-keymatexport", LABEL, "-keymatexportlen", &len];
    match role {
        Role::Client => {
            let (mut openssl, address) =
                Process::server_in(suite, &identity, &dir, 2, &options, environment);
            let config = Arc::new(client_config(suite, &identity));
            [1, 2].map(|n| {
                let ours = client(&config);
                let mut stream = blocking(ours, ours::connect(address));
                send_line(&mut stream, "from us");
                // This line follows the tickets.
                openssl.line("0 from openssl");
                expect_line(&mut stream, "0 from openssl");
                assert_eq!(stream.connection().is_resumed(), Some(n == 2), "{suite:?}");
                let theirs = printed(&openssl.stdout, "Keying material: ", n);
                let exports = Exports::new(stream.connection(), theirs);
                stream.close().unwrap();
                assert_eq!(stream.read(&mut [0]).unwrap(), 0);
                exports
            })
        }
        Role::Server => {
            let config = Arc::new(server_config(suite, &identity));
            let session = dir.path("session.pem");
            ["-sess_out", "-sess_in"].map(|option| {
                let listener = ours::listener();
                let options = [&options[..], &[option, arg(&session)]].concat();
                let mut openssl =
                    Process::client_in(suite, &identity, &dir, &listener, &options, environment);
                let mut stream = blocking(server(&config), accept(&listener));
                send_line(&mut stream, "from us");
                openssl.stdout.wait_for("from us", 1);
                let is_second = option == "-sess_in";
                assert_eq!(stream.connection().is_resumed(), Some(is_second), "{suite:?}");
                let theirs = printed(&openssl.stdout, "Keying material: ", 1);
                openssl.line("Q");
                assert_eq!(stream.read(&mut [0]).unwrap(), 0);
                let exports = Exports::new(stream.connection(), theirs);
                // The program waits for the socket to close.
                drop(stream);
                openssl.wait_for_exit();
                exports
            })
        }
    }
}

/// The same with GnuTLS.
fn with_gnutls(suite: CipherSuite, role: Role, modifiers: &str) -> [Exports; 2] {
    let (identity, dir) = (Identity::for_suite(suite), TempDir::new());
    let len = LEN.to_string();
    let options = ["--keymatexport", LABEL, "--keymatexportsize", &len];
    match role {
        Role::Client => {
            let options = [&options[..], &["--echo"]].concat();
            let (gnutls, address) =
                gnutls::start_server(suite, &identity, &dir, modifiers, &options);
            let config = Arc::new(client_config(suite, &identity));
            [1, 2].map(|n| {
                let mut stream = blocking(client(&config), ours::connect(address));
                send_line(&mut stream, "an echo");
                expect_line(&mut stream, "an echo");
                assert_eq!(stream.connection().is_resumed(), Some(n == 2), "{suite:?}");
                let theirs = printed(&gnutls.stdout, "- Key material: ", n);
                let exports = Exports::new(stream.connection(), theirs);
                stream.close().unwrap();
                assert_eq!(stream.read(&mut [0]).unwrap(), 0);
                exports
            })
        }
        Role::Server => {
            let options = [&options[..], &["--resume", "--waitresumption"]].concat();
            let listener = ours::listener();
            let mut gnutls =
                gnutls::start_client(suite, &identity, &dir, &listener, modifiers, &options);
            let config = Arc::new(server_config(suite, &identity));
            [1, 2].map(|n| {
                let mut stream = blocking(server(&config), accept(&listener));
                stream.complete_handshake().unwrap();
                assert_eq!(stream.connection().is_resumed(), Some(n == 2), "{suite:?}");
                let theirs = printed(&gnutls.stdout, "- Key material: ", n);
                if n == 2 {
                    gnutls.stdin = None;
                }
                assert_eq!(stream.read(&mut [0]).unwrap(), 0);
                stream.close().unwrap();
                Exports::new(stream.connection(), theirs)
            })
        }
    }
}

fn exporting() -> ConnectionConfig {
    let mut config = ConnectionConfig::default();
    config.exporter = true;
    config
}

fn client(config: &Arc<rustls::ClientConfig>) -> Connection {
    Connection::client_with(config.clone(), server_name(), exporting()).unwrap()
}

fn server(config: &Arc<rustls::ServerConfig>) -> Connection {
    Connection::server_with(config.clone(), exporting()).unwrap()
}

/// What the program exported in its `n`th connection.
fn printed(stdout: &Output, marker: &str, n: usize) -> Vec<u8> {
    stdout.wait(&format!("keying material {n} times"), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (hex, _) = text.split(marker).nth(n)?.split_once('\n')?;
        let digits = hex.trim().as_bytes().chunks(2);
        digits.map(|digit| u8::from_str_radix(core::str::from_utf8(digit).ok()?, 16).ok()).collect()
    })
}
