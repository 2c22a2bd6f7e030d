//! A shim for BoringSSL's `ssl/test/runner`. It runs wantwrite connections as the runner's flags
//! specify.
#![warn(clippy::expect_used)]
#![expect(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a program, which has std"
)]

mod accept;
mod compression;
mod config;
mod credential;
mod exchange;
mod expect;
mod failure;
mod flags;
mod identity;
mod options;
mod provider;
mod secrets;
mod sessions;
mod transport;
mod verifier;

use std::process::ExitCode;
use std::time::Duration;
use std::{env, panic, process, thread};

use config::{Configs, refusal};
use exchange::Exchange;
use failure::Failure;
use flags::{FlagError, Invocation};
use transport::Transport;

/// The exit code with which the runner skips the test.
const UNIMPLEMENTED: u8 = 89;

/// The exit code for a failure, even if the test expects one.
const MUST_FAIL: u8 = 90;

/// The runner waits for the shim forever once its own reads are done.
const TIME_LIMIT: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "-is-handshaker-supported") {
        println!("No");
        return ExitCode::SUCCESS;
    }
    let print_panic = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        print_panic(info);
        process::exit(MUST_FAIL.into());
    }));
    thread::spawn(|| {
        thread::sleep(TIME_LIMIT);
        eprintln!("no end after {TIME_LIMIT:?}");
        process::exit(MUST_FAIL.into());
    });

    match Invocation::parse(&arguments) {
        Ok(invocation) => match run(&invocation) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                eprintln!("{failure}");
                match failure {
                    Failure::Unexpected(_) => MUST_FAIL.into(),
                    _ => ExitCode::FAILURE,
                }
            }
        },
        Err(error) => {
            eprintln!("{error}");
            match error {
                FlagError::Unimplemented(_) => UNIMPLEMENTED.into(),
                FlagError::BadValue(_) => MUST_FAIL.into(),
            }
        }
    }
}

/// Runs the first connection, and those that resume its session.
fn run(invocation: &Invocation) -> Result<(), Failure> {
    let configs = Configs::new(invocation)?;
    for count in 0..=invocation.resume_count {
        let mut options = &invocation.initial;
        if count > 0 {
            options = &invocation.resume;
            configs.let_time_pass();
        }
        let retry = &invocation.retry;
        let peering = configs.peering(&options.tls)?;
        // If early data is rejected, the server can send a certificate, which must be verified.
        let rejects = !invocation.is_server && options.expect.early_data == Some(false);
        let refusal = refusal(if rejects { &retry.tls } else { &options.tls });
        peering.verifier.set_refusal(refusal);
        let mut wire = Transport::connect(invocation, options.script.bytewise)?;
        let tls = if invocation.is_server && options.tls.acceptor {
            accept::accept(&configs, options, &peering, &mut wire)
        } else {
            configs.connection(options, &peering)
        };
        match tls {
            Ok(tls) => {
                Exchange::new(tls, wire, options, retry, &configs, &peering).run(count > 0)?;
            }
            Err(failure) => {
                wire.finish();
                return Err(failure);
            }
        }
    }
    Ok(())
}
