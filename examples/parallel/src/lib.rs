//! Ways to run the jobs of a batch. `benches/parallel.rs` measures them too.
#![expect(missing_docs, missing_debug_implementations, reason = "part of a program")]

pub mod executors;

use program::Error;
