//! TLS over tokio's `AsyncRead + AsyncWrite`, in the shape of tokio-rustls.

mod connector;
mod handshake;
mod stream;
mod tasks;

pub use connector::{TlsAcceptor, TlsConnector};
pub use handshake::{FallibleTlsHandshake, TlsHandshake};
pub use stream::TlsStream;
