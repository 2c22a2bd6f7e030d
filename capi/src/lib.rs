//! The C library: every function of `include/wantwrite.h`, on top of the engine's public API.
//!
//! # The contract of every function
//!
//! Every `unsafe` block here relies on this contract. The header states the same for its readers.
//!
//! * A pointer to an object is NULL, or it came from the `_new` function of its type (or from
//!   `ww_out_take`) and has not been freed or given away since.
//! * While a function uses an object, no other function uses it, unless all of them take it as
//!   `const`. Any number of threads may use a configuration or a pool at the same time.
//! * A pointer and a length describe memory that holds that many bytes and does not change during
//!   the call; if the length is 0, the pointer can be anything. Nothing else uses memory that the
//!   call writes.
//! * A pointer to a single value is NULL, or aligned and valid for reads or writes of its type.
//! * A string ends with a zero byte.
//!
//! All calls pass through [`guard`]: it checks for NULL, catches panics, and keeps C away from an
//! object that a panic has left in an unknown state.
#![expect(non_camel_case_types, reason = "types have their C names")]
#![expect(
    clippy::missing_safety_doc,
    reason = "all functions share the contract of the header, stated above"
)]
#![cfg_attr(
    test,
    expect(
        clippy::multiple_unsafe_ops_per_block,
        reason = "one comment covers the many calls that a test makes on one object"
    )
)]

// In the order of the header; the blank lines between the groups preserve it.
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
