#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

mod blocking;
mod error;

pub use blocking::EmbeddedStream;
pub use error::EmbeddedError;
