//! A sans-IO TLS record-layer writer engine.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod aead;
mod alert;
mod buffer;
#[cfg(feature = "rustls")]
mod connection;
mod error;
mod reader;
mod record;
#[cfg(all(feature = "rustls", feature = "std"))]
mod stream;
mod writer;

pub use aead::{CipherSuite, InvalidKeyLength, KeyLimits, ReadKeys, TrafficSecret, WriteKeys};
pub use alert::AlertDescription;
#[cfg(feature = "std")]
pub use buffer::Pool;
pub use buffer::{BufferPolicy, Chunk, PutBackError};
#[cfg(all(feature = "rustls", feature = "std"))]
pub use connection::webpki_client_config;
#[cfg(feature = "rustls")]
pub use connection::{
    Connection, ConnectionConfig, ConnectionError, webpki_client_config_with_time,
};
pub use error::{Error, PeerFault, SlotOverrun, WriteError};
pub use reader::{Inbound, PeerLimits, Reader, ReaderConfig, ReaderEvents, ReaderState, Role};
pub use record::{KeyUpdateRequest, MAX_FRAGMENT_LEN, MAX_RECORD_LEN, Version};
#[cfg(all(feature = "rustls", feature = "std"))]
pub use stream::Stream;
pub use writer::{
    BufferState, Coalescing, Conditions, Congestion, FlushPoint, Outbound, Padding, Progress,
    Sizing, Slot, SlowStart, Wants, Window, Writer, WriterConfig, WriterParts, WriterState,
};
