//! Who runs the jobs of a batch; `benches/parallel.rs` measures them too.
#![expect(missing_docs, missing_debug_implementations, reason = "part of a program")]

pub mod executors;

/// Whatever ends the program; it is only shown.
pub type Error = Box<dyn core::error::Error>;
