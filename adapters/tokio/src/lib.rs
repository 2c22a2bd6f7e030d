// The doctests run in `tests/migration`, which contains the programs that the README names.
#![cfg_attr(not(doctest), doc = include_str!("../README.md"))]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
extern crate std;

mod connector;
mod drive;
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

/// Types for clients, under tokio-rustls's names.
pub mod client {
    pub use crate::TlsStream;
}

/// Types for servers, under tokio-rustls's names.
pub mod server {
    pub use crate::TlsStream;
}

/// A client's handshake, under tokio-rustls's name.
pub type Connect<IO> = TlsHandshake<IO>;

/// A server's handshake, under tokio-rustls's name.
pub type Accept<IO> = TlsHandshake<IO>;

/// A client's handshake that returns the transport on failure, under tokio-rustls's name.
pub type FallibleConnect<IO> = FallibleTlsHandshake<IO>;

/// A server's handshake that returns the transport on failure, under tokio-rustls's name.
pub type FallibleAccept<IO> = FallibleTlsHandshake<IO>;
