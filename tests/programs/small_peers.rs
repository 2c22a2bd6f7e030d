//! Clients that ask for short records with `record_size_limit` or `max_fragment_length`. The tests
//! look at all records on the wire, including those of the handshake.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use libtest_mimic::Trial;
use wantwrite::*;
use wantwrite_testing::process::{PATIENCE, Process, TempDir, arg};
use wantwrite_testing::programs::{GNUTLS, MBEDTLS, OPENSSL};
use wantwrite_testing::{Identity, server_config, tests};

use crate::blocking::{Tap, accept, records};
use crate::interop::{gnutls, ours};

pub(crate) fn trials() -> Vec<Trial> {
    [
        OPENSSL.trials(tests![s_client_gets_records_as_short_as_it_requests]),
        GNUTLS.trials(tests![gnutls_cli_gets_records_as_short_as_it_requests]),
        MBEDTLS.trials(tests![mbedtls_gets_records_as_short_as_it_requests]),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Suites with RSA, whose certificate is longer than the shorter limits.
const SUITES: [CipherSuite; 2] =
    [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];

/// How many bytes a client gets, in lines.
const LEN: usize = 20_000;

fn s_client_gets_records_as_short_as_it_requests() {
    let identity = Identity::new(true);
    for suite in SUITES {
        for limit in [512, 1024, 2048, 4096] {
            // RFC 6066 §4 does not require counting the type byte of TLS 1.3. We count it.
            let longest = limit - usize::from(suite.version() == Version::Tls13);
            check(suite, longest, &identity, |dir, listener| {
                let more = ["-maxfraglen", &limit.to_string()];
                Process::client(suite, &identity, dir, listener, &more)
            });
        }
    }
}

/// In TLS 1.3 it asks for one byte more, because the type byte counts (RFC 8449 §4).
fn gnutls_cli_gets_records_as_short_as_it_requests() {
    let identity = Identity::new(true);
    for suite in SUITES {
        for limit in [512, 1000, 4096] {
            check(suite, limit, &identity, |dir, listener| {
                let more = ["--recordsize", &limit.to_string()];
                gnutls::start_client(suite, &identity, dir, listener, "", &more)
            });
        }
    }
}

/// Version 2 does not accept a handshake message in several records, so its limit must be longer
/// than the server's flight.
fn mbedtls_gets_records_as_short_as_it_requests() {
    let suite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let identity = Identity::for_suite(suite);
    for limit in [1024, 2048, 4096] {
        check(suite, limit, &identity, |dir, listener| {
            let mut command = Command::new(mbedtls_client());
            command
                .arg(listener.local_addr().unwrap().port().to_string())
                .arg(dir.file("cert.pem", &identity.certificate_pem))
                .arg(limit.to_string());
            Process::start(command)
        });
    }
}

/// Serves a client that allows at most `longest` bytes of content. Without the setting it gets
/// more; with it, exactly as much as it allows.
fn check(
    suite: CipherSuite,
    longest: usize,
    identity: &Identity,
    start: impl Fn(&TempDir, &TcpListener) -> Process,
) {
    for is_honoured in [false, true] {
        let mut config = ConnectionConfig::default();
        config.peer_size_limits = is_honoured;
        let (handshake, data) = meet(suite, identity, config, &start);
        let [handshake, data] = [handshake, data].map(|lens| lens.into_iter().max().unwrap());
        if is_honoured {
            assert_eq!(data, longest, "{suite:?}");
            assert!(handshake <= longest, "{suite:?} {longest}: {handshake}");
        } else {
            assert_eq!(data, 16_384);
            assert!(handshake > longest || longest > 600, "{suite:?} {longest}: {handshake}");
        }
    }
}

/// The content lengths of our records, during and after the handshake.
fn meet(
    suite: CipherSuite,
    identity: &Identity,
    config: ConnectionConfig,
    start: impl Fn(&TempDir, &TcpListener) -> Process,
) -> (Vec<usize>, Vec<usize>) {
    let (listener, dir) = (ours::listener(), TempDir::new());
    let mut program = start(&dir, &listener);
    let server = server_config(suite, identity);
    let ours = Connection::server_with(server.into(), config).unwrap();
    let io = accept(&listener);
    io.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut stream = Stream::new(ours, Tap { io, read: Vec::new(), written: Vec::new() });
    stream.complete_handshake().unwrap();
    let handshake = records(&core::mem::take(&mut stream.get_mut().written))
        .into_iter()
        .map(|record| content_len(suite, record))
        .collect();
    let text: Vec<u8> = (0..LEN).map(|i| b"0123456789abcde\n"[i % 16]).collect();
    stream.write_all(&text).unwrap();
    stream.flush().unwrap();
    program.stdout.wait_for(core::str::from_utf8(&text).unwrap(), 1);
    program.line("from the program");
    let mut line = [0; 17];
    stream.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"from the program\n");
    let data = records(&stream.get_ref().written);
    (handshake, data.into_iter().map(|record| content_len(suite, record)).collect())
}

/// In TLS 1.3, the content type of a protected record is inside it.
fn content_len(suite: CipherSuite, record: &[u8]) -> usize {
    let len = record.len() - 5;
    match (record[0], suite.version()) {
        (0x17, Version::Tls13) => len - 1 - 16,
        (0x17, Version::Tls12) => len - 8 - 16,
        _ => len,
    }
}

/// The program, built once.
fn mbedtls_client() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mbedtls-client");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/mbedtls_client.c");
        let status = Command::new("cc")
            .args(["-O1", "-Wall", "-Werror", source, "-o", arg(&path)])
            .args(["-lmbedtls", "-lmbedx509", "-lmbedcrypto"])
            .status();
        assert!(status.is_ok_and(|status| status.success()), "cc");
        path
    })
}
