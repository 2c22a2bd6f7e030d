#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
extern crate std;

mod connector;
mod handshake;
mod stream;

pub use connector::{TlsAcceptor, TlsConnector};
pub use handshake::{FallibleTlsHandshake, TlsHandshake};
pub use stream::TlsStream;
