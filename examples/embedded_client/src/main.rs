//! `embedded_client --connect 127.0.0.1:PORT --ca cert.pem LINE...`: sends lines and prints the
//! answers. `openssl s_server -rev` answers each with its reverse.

extern crate alloc;

use alloc::sync::Arc;
use core::error::Error;
use core::net::SocketAddr;
use std::process::ExitCode;

use lexopt::{Arg, ValueExt};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("embedded_client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut address = SocketAddr::from(([127, 0, 0, 1], 4433));
    let (mut roots, mut name, mut lines) =
        (RootCertStore::empty(), "localhost".to_owned(), Vec::new());
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("connect") => address = args.value()?.parse()?,
            Arg::Long("name") => name = args.value()?.string()?,
            Arg::Long("ca") => {
                for certificate in CertificateDer::pem_file_iter(args.value()?)? {
                    roots.add(certificate?)?;
                }
            }
            Arg::Value(line) => lines.push(line.string()?),
            arg => return Err(arg.unexpected().into()),
        }
    }
    let config =
        ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
    for answer in embedded_client::talk(address, Arc::new(config), name.try_into()?, lines)? {
        println!("{answer}");
    }
    Ok(())
}
