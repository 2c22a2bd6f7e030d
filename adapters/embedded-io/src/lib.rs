#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod asynchronous;
mod blocking;
mod error;
mod lock;
mod split;

pub use asynchronous::{AsyncEmbeddedStream, DroppedCall};
pub use blocking::EmbeddedStream;
pub use error::EmbeddedError;
pub use split::{ReadHalf, SplitStream, WriteHalf};
