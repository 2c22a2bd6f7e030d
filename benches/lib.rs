//! What the benchmarks share: writers and readers under fixed keys, ring without an engine around
//! it, and negotiated connections.
#![expect(missing_docs, missing_debug_implementations, reason = "for these benchmarks alone")]

pub mod common;
