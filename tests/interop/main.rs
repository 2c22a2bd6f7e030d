//! Our client and our server with other people's TLS programs: every suite in both roles, 32 MiB
//! each way compared, and both sides' clean close.
//!
//! `./check interop` runs it and prints the table. `cargo test` does not: it needs the programs.
#![expect(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a test, which has std"
)]

#[path = "../common/mod.rs"]
mod common;
mod gnutls;
mod go;
mod nginx;
mod openssl;
mod ours;
mod stock;

use std::io::Write;
use std::panic;
use std::process::ExitCode;
use std::time::Instant;

use common::Identity;
use common::process::TempDir;
use wantwrite::{CipherSuite, Role};

/// Set by `./check interop`.
const ASKED_FOR: &str = "WANTWRITE_INTEROP";

/// Bytes that go each way.
const LEN: usize = 32 << 20;

/// What a program is met with.
struct Case {
    suite: CipherSuite,
    identity: Identity,
    dir: TempDir,
}

struct Program {
    name: &'static str,
    /// Ours; the program has the other one.
    role: Role,
    /// Returns once both sides have closed; panics if anything is not as it should be.
    meet: fn(&Case),
}

const PROGRAMS: [Program; 9] = [
    Program { name: "openssl s_server", role: Role::Client, meet: openssl::server },
    Program { name: "openssl s_client", role: Role::Server, meet: openssl::client },
    Program { name: "gnutls-serv", role: Role::Client, meet: gnutls::server },
    Program { name: "gnutls-cli", role: Role::Server, meet: gnutls::client },
    Program { name: "nginx", role: Role::Client, meet: nginx::server },
    Program { name: "Go server", role: Role::Client, meet: go::server },
    Program { name: "Go client", role: Role::Server, meet: go::client },
    Program { name: "rustls server", role: Role::Client, meet: stock::server },
    Program { name: "rustls client", role: Role::Server, meet: stock::client },
];

fn main() -> ExitCode {
    if std::env::var_os(ASKED_FOR).is_none() {
        println!("skipped: ./check interop runs it, with {ASKED_FOR} set");
        return ExitCode::SUCCESS;
    }
    // Of one program, if its name's beginning is given.
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let mut failed = 0;
    for Program { name, role, meet } in PROGRAMS {
        if !name.starts_with(&wanted) {
            continue;
        }
        for suite in CipherSuite::ALL {
            print!("{name:<17} we are the {role:?}  {suite:?} ");
            let _unseen = std::io::stdout().flush();
            let start = Instant::now();
            let outcome = panic::catch_unwind(|| {
                let (identity, dir) = (Identity::for_suite(suite), TempDir::new());
                meet(&Case { suite, identity, dir });
            });
            match outcome {
                Ok(()) => println!("ok ({} ms)", start.elapsed().as_millis()),
                Err(_) => {
                    println!("FAILED");
                    failed += 1;
                }
            }
        }
    }
    println!("{failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Pseudo-random hexadecimal digits: some programs take text only, and commands in it.
fn pattern() -> Vec<u8> {
    let mut state = 1_u64;
    let mut digit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let [high, ..] = state.to_be_bytes();
        b"0123456789abcdef"[usize::from(high >> 4)]
    };
    (0..LEN).map(|_| digit()).collect()
}
