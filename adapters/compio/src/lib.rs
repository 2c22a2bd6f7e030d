#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
extern crate std;

mod connector;
mod halves;
mod lane;
mod outgoing;
mod plaintext;
mod session;
mod stream;
mod tasks;

pub use connector::{TlsAcceptor, TlsConnector};
pub use halves::{TlsReadHalf, TlsWriteHalf};
pub use stream::TlsStream;
