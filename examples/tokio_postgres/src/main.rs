//! tokio-postgres over wantwrite-tokio, with channel binding.
//!
//! `cargo run -p tokio_postgres -- 'host=localhost user=… channel_binding=require' CERTIFICATE`
//! asks the server which TLS version and cipher it sees. The certificate is the server's, or its
//! issuer's.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

#[path = "../../../adapters/tokio/programs/postgres.rs"]
mod tls;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use lexopt::{Arg, ValueExt};
use program::{Args, Error, Program, explain, note, roots};
use tokio::runtime::Runtime;
use wantwrite::rustls::ClientConfig;

const USAGE: &str = "\
Asks a PostgreSQL server which TLS it sees, and fetches 10 MB from it.

Usage: tokio_postgres PARAMETERS CERTIFICATE

  PARAMETERS   how to connect, as in 'host=localhost user=me channel_binding=require'
  CERTIFICATE  PEM file of the server's certificate, or of its issuer
  -h, --help   this text
";

fn main() -> ExitCode {
    Program { name: "tokio_postgres", usage: USAGE }.main(parse, |(parameters, trusted), out| {
        Runtime::new()?.block_on(run(&parameters, trusted, out))
    })
}

fn parse(args: &mut Args) -> Result<Option<(String, PathBuf)>, Error> {
    let (mut parameters, mut trusted) = (None, None);
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Value(text) if parameters.is_none() => parameters = Some(text.string()?),
            Arg::Value(path) if trusted.is_none() => trusted = Some(path.into()),
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    let parameters = parameters.ok_or("expected PARAMETERS, such as 'host=localhost user=me'")?;
    let trusted = trusted.ok_or("expected CERTIFICATE, a PEM file")?;
    Ok(Some((parameters, trusted)))
}

async fn run(parameters: &str, trusted: PathBuf, out: &mut dyn Write) -> Result<(), Error> {
    let config =
        ClientConfig::builder().with_root_certificates(roots(&trusted)?).with_no_client_auth();
    let tls = tls::Connector::from(Arc::new(config));
    let connected = tokio_postgres::connect(parameters, tls).await;
    let (client, connection) = connected.map_err(|error| explain(error, "CERTIFICATE"))?;
    tokio::spawn(async {
        if let Err(error) = connection.await {
            note(error);
        }
    });
    let seen = "select version from pg_stat_ssl where pid = pg_backend_pid()";
    writeln!(out, "{}", client.query_one(seen, &[]).await?.get::<_, &str>(0))?;
    let rows = client.query("select repeat('x', 1000) from generate_series(1, 10000)", &[]).await?;
    writeln!(out, "{} bytes", rows.iter().map(|row| row.get::<_, &str>(0).len()).sum::<usize>())?;
    Ok(())
}
