//! **For fuzzers and simulators only. NEVER for production: nothing made with this crate is secret to
//! anybody.**
//!
//! TLS connections that have the same bytes for the same input, and records that nobody may send:
//! for programs that are tested on [wantwrite](https://docs.rs/wantwrite), and for attacks on
//! other implementations of TLS.
//!
//! | what | is |
//! |---|---|
//! | [`pair`], [`Keys`] | a client and a server without a handshake, under keys made of a seed |
//! | [`strangers`], [`client_config`], [`server_config`], [`provider()`] | whole handshakes by rustls that a seed decides: randomness, key exchange, certificate, clock |
//! | [`RecordForge`], [`RecordOpener`] | any record whatever under the right keys, and what is in others |
//! | [`Tape`], [`Mutation`], [`mutate`] | records cut, merged, dropped, repeated, reordered, retyped; on the wire, or sealed again under the right key |
//! | [`Script`], [`Call`], [`Link`] | calls drawn from a fuzzer's input, and two connections to play them on |
//!
//! # What must not happen
//!
//! **Do not depend on this crate outside of tests.** Its keys are in its source, its key exchange
//! has no secret, its randomness counts, its clock stands, and a [`RecordForge`] uses nonces twice
//! if told to, which gives keys away. Put it under `[dev-dependencies]`, or into the package of
//! your fuzz targets. No feature of `wantwrite` leads here.
//!
//! # A target
//!
//! Your program is behind TLS, and its parser is what you want to reach. A fuzzer's input is the
//! plaintext; the connection is real, and the same each time:
//!
//! ```
//! use wantwrite_fuzzing::{carry, pair};
//!
//! fn fuzz_target(input: &[u8]) {
//!     let (mut client, mut server) = pair(1);
//!     let mut rest = input;
//!     while !rest.is_empty() {
//!         let n = client.writer_mut().write(rest).unwrap();
//!         rest = &rest[n..];
//!         carry(&mut client, &mut server);
//!         // Here your program parses `server.plaintext()`.
//!         server.consume_all();
//!     }
//! }
//! # fuzz_target(b"GET / HTTP/1.1\r\n\r\n");
//! # fuzz_target(&[7; 100_000]);
//! ```
//!
//! The seed is per thread: what runs at the same time on another thread draws for itself.
#![forbid(unsafe_code)]
#![expect(clippy::std_instead_of_alloc, reason = "fuzzers and simulators have std")]

mod carry;
mod direction;
mod forge;
mod handshake;
mod keys;
mod mutation;
mod opener;
mod provider;
mod script;
mod seed;
mod tape;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use arbitrary;
pub use rustls;
pub use wantwrite;

pub use carry::{carry, drain, feed, settle};
pub use forge::{ForgedRecord, NoTrafficSecret, RecordForge};
pub use handshake::{
    SERVER_NAME, SUITES, client_config, clock, configs, server_config, server_name, strangers,
};
pub use keys::{Keys, pair, pair_with};
pub use mutation::{Mutation, mutate};
pub use opener::{OpenedRecord, RecordOpener};
pub use provider::provider;
pub use script::{Call, Link, Script, Transcript, pattern};
pub use seed::seed;
pub use tape::{Tape, Taped, records};
