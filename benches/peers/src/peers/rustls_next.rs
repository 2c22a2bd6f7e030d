//! The next rustls, which appends records to the caller's buffer, over AWS-LC.

use std::io::{ErrorKind, Write};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_next::client::ClientSide;
use rustls_next::{ClientConfig, Connection, RootCertStore, Tcp, VecInput};
use rustls_next_aws_lc_rs::DEFAULT_PROVIDER;

use wantwrite::MAX_FRAGMENT_LEN;

use crate::Error;
use crate::peer::Peer;
use crate::server::Setup;
use crate::transport::Transport;

pub(crate) struct RustlsNext {
    connection: Connection<ClientSide, Tcp>,
    input: VecInput,
    /// Records waiting for the drain. The memory is reused.
    records: Vec<u8>,
    transport: Transport,
}

impl Peer for RustlsNext {
    const NAME: &str = "rustls 0.24-dev, AWS-LC";
    /// rustls subtracts the type byte and the tag, even if the limit is TLS's own.
    const FRAGMENT_LEN: usize = MAX_FRAGMENT_LEN - 17;

    fn new(setup: &Setup, transport: Transport) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(setup.certificate.as_bytes())?)?;
        let config = ClientConfig::builder(Arc::new(DEFAULT_PROVIDER))
            .with_root_certificates(roots)
            .with_no_client_auth()?;
        let mut records = Vec::new();
        let connection = Arc::new(config).connect(Setup::NAME.try_into()?).build(&mut records)?;
        Ok(Self { connection, input: VecInput::default(), records, transport })
    }

    fn negotiate(&mut self) -> Result<bool, Error> {
        loop {
            match self.input.read(&mut self.transport) {
                Ok(_) => {
                    let received = self.connection.read_tls(&mut self.input, &mut self.records);
                    received.handle_all(&mut Vec::new())?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.drain()?;
        Ok(!self.connection.is_handshaking())
    }

    fn write(&mut self, plaintext: &[u8]) -> Result<(), Error> {
        Ok(self.connection.write(plaintext.into(), &mut self.records)?)
    }

    fn drain(&mut self) -> Result<(), Error> {
        self.transport.write_all(&self.records)?;
        self.records.clear();
        Ok(())
    }
}
