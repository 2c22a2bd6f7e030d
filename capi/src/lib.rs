//! The C library: every function of `include/wantwrite.h`, over the public API of the engine.
//!
//! # The contract of every function
//!
//! This is what makes each `unsafe` block here sound. The header says the same to its readers.
//!
//! * A pointer to an object is NULL or came from the `_new` function of its type (or
//!   `ww_out_take`), and was not freed or given away since.
//! * While a function runs on an object, no other one does, unless all of them take it `const`.
//!   A configuration and a pool may be used from any number of threads at once.
//! * A pointer and a length describe memory that holds as many bytes and stays as it is during
//!   the call; with a length of 0 the pointer may be anything. Memory that the call writes is
//!   not otherwise used during the call.
//! * A pointer to a single value is NULL, or aligned, and good for reads or writes of that type.
//! * A text ends with a zero byte.
//!
//! [`guard`] has the one door through which all calls come: it looks for NULL, catches panics,
//! and keeps C away from an object that a panic has left in an unknown state.
#![expect(non_camel_case_types, reason = "types have the names that C sees")]
#![expect(
    clippy::missing_safety_doc,
    reason = "one contract for all functions: that of the header, stated above"
)]
#![cfg_attr(
    test,
    expect(
        clippy::multiple_unsafe_ops_per_block,
        reason = "a test makes many calls on one object, and vouches for all of them at once"
    )
)]

// In the order of the header; the groups keep it.
mod error;
mod guard;
mod memory;

mod settings;

mod pem;
mod trust;

mod config;
mod key_log;

mod server_config;

mod pool;

mod connection;

mod state;

mod writing;

mod output;

mod chunk;

mod input;

mod negotiated;

mod driver;

mod keys;

mod raw_writer;

mod raw_reader;

pub use chunk::*;
pub use config::*;
pub use connection::*;
pub use driver::*;
pub use error::*;
pub use input::*;
pub use keys::*;
pub use memory::{iovec, ww_memory, ww_span};
pub use negotiated::*;
pub use output::*;
pub use pem::ww_pem;
pub use pool::*;
pub use raw_reader::*;
pub use raw_writer::*;
pub use server_config::*;
pub use settings::ww_connection_settings;
pub use state::*;
pub use trust::{ww_clock, ww_roots, ww_verdict, ww_verifier};
pub use writing::*;
