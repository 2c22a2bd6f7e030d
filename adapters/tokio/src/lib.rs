// Its doctests are in `tests/migration`, which has the programs that it names.
#![cfg_attr(not(doctest), doc = include_str!("../README.md"))]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
extern crate std;

mod connector;
mod early;
mod errors;
mod handshake;
mod lazy;
mod sockets;
mod stream;
mod tasks;

pub use connector::{TlsAcceptor, TlsConnector};
pub use handshake::{FallibleTlsHandshake, TlsHandshake};
pub use lazy::{LazyConfigAcceptor, StartHandshake};
pub use stream::TlsStream;
pub use wantwrite::rustls;

/// What tokio-rustls has for clients, by its names.
pub mod client {
    pub use crate::TlsStream;
}

/// What tokio-rustls has for servers, by its names.
pub mod server {
    pub use crate::TlsStream;
}

/// tokio-rustls's name for the handshake of a client.
pub type Connect<IO> = TlsHandshake<IO>;

/// tokio-rustls's name for the handshake of a server.
pub type Accept<IO> = TlsHandshake<IO>;

/// tokio-rustls's name for the handshake of a client that gives the transport back.
pub type FallibleConnect<IO> = FallibleTlsHandshake<IO>;

/// tokio-rustls's name for the handshake of a server that gives the transport back.
pub type FallibleAccept<IO> = FallibleTlsHandshake<IO>;
