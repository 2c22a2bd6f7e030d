//! The system's OpenSSL. Its BIO passes each record on by reference as soon as it is sealed.

use std::io::Write;

use openssl::ssl::{ErrorCode, Ssl, SslContext, SslMethod, SslStream, SslVerifyMode};
use openssl::x509::X509;

use crate::Error;
use crate::peer::Peer;
use crate::server::Setup;
use crate::transport::Transport;

pub(crate) struct OpenSsl(SslStream<Transport>);

impl Peer for OpenSsl {
    const NAME: &str = "OpenSSL";

    fn new(setup: &Setup, transport: Transport) -> Result<Self, Error> {
        let mut context = SslContext::builder(SslMethod::tls_client())?;
        context.set_verify(SslVerifyMode::PEER);
        context.cert_store_mut().add_cert(X509::from_pem(setup.certificate.as_bytes())?)?;
        let mut ssl = Ssl::new(&context.build())?;
        ssl.set_hostname(Setup::NAME)?;
        ssl.param_mut().set_host(Setup::NAME)?;
        Ok(Self(SslStream::new(ssl, transport)?))
    }

    fn negotiate(&mut self) -> Result<bool, Error> {
        match self.0.connect() {
            Ok(()) => Ok(true),
            Err(error) if error.code() == ErrorCode::WANT_READ => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&mut self, plaintext: &[u8]) -> Result<(), Error> {
        Ok(self.0.write_all(plaintext)?)
    }
}
