//! tokio-postgres over wantwrite-tokio, with channel binding.
//!
//! `cargo run -p tokio_postgres -- 'host=localhost user=… channel_binding=require' CERTIFICATE`
//! asks the server which TLS it sees. The certificate is the server's, or its issuer's.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

#[path = "../../../adapters/tokio/programs/postgres.rs"]
mod tls;

use std::env::args;
use std::sync::Arc;

use wantwrite::rustls::pki_types::CertificateDer;
use wantwrite::rustls::pki_types::pem::PemObject;
use wantwrite::rustls::{ClientConfig, RootCertStore};

type Error = Box<dyn core::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let usage = || "usage: tokio_postgres PARAMETERS CERTIFICATE";
    let (to, trusted) = (args().nth(1).ok_or_else(usage)?, args().nth(2).ok_or_else(usage)?);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(trusted)?)?;
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let tls = tls::Connector::from(Arc::new(config));
    let (client, connection) = tokio_postgres::connect(&to, tls).await?;
    tokio::spawn(connection);
    let seen = "select version from pg_stat_ssl where pid = pg_backend_pid()";
    println!("{}", client.query_one(seen, &[]).await?.get::<_, &str>(0));
    let rows = client.query("select repeat('x', 1000) from generate_series(1, 10000)", &[]).await?;
    println!("{} bytes", rows.iter().map(|row| row.get::<_, &str>(0).len()).sum::<usize>());
    Ok(())
}
