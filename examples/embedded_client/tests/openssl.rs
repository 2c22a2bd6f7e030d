//! Runs the client against `openssl s_server`. Ignored if openssl is not installed.
#![expect(clippy::unwrap_used, clippy::std_instead_of_alloc, reason = "tests")]

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::Arguments;
use wantwrite::CipherSuite;
use wantwrite_testing::process::{Process, TempDir};
use wantwrite_testing::programs::OPENSSL;
use wantwrite_testing::{Identity, client_config, server_name, tests};

fn main() -> ExitCode {
    let tests = tests![every_line_is_answered_by_s_server];
    libtest_mimic::run(&Arguments::from_args(), OPENSSL.trials(tests)).exit_code()
}

fn every_line_is_answered_by_s_server() {
    for suite in
        [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]
    {
        let identity = Identity::for_suite(suite);
        let dir = TempDir::new();
        let (_server, address) = Process::server(suite, &identity, &dir, 1, &["-rev"]);
        let config = Arc::new(client_config(suite, &identity));
        let lines: Vec<String> = (0..1000).map(|n| format!("{n}: an answer")).collect();
        let answers = embedded_client::talk(address, config, server_name(), lines.clone()).unwrap();
        let reversed: Vec<String> = lines.iter().map(|line| line.chars().rev().collect()).collect();
        assert_eq!(answers, reversed, "{suite:?}");
    }
}
