//! **For fuzzers and simulators only. NEVER use it in production: nothing that this crate makes is
//! secret.**
//!
//! Deterministic TLS connections, and records that the protocol forbids. Use them to test programs
//! that are built on [wantwrite](https://docs.rs/wantwrite), and to attack other implementations
//! of TLS.
//!
//! | Item | Purpose |
//! |---|---|
//! | [`pair`], [`Keys`] | a client and a server that skip the handshake, with keys derived from a seed |
//! | [`strangers`], [`client_config`], [`server_config`], [`provider()`] | full rustls handshakes that are determined by a seed: randomness, key exchange, certificate, clock |
//! | [`RecordForge`], [`RecordOpener`] | seal arbitrary records with the right keys, and open the records of a peer |
//! | [`Tape`], [`Mutation`], [`mutate`] | cut, merge, drop, repeat, reorder and retype records, on the wire or before they are sealed again with the right key |
//! | [`Script`], [`Call`], [`Link`] | calls drawn from a fuzzer's input, and two connections to run them on |
//!
//! # Never in production
//!
//! **Do not depend on this crate outside of tests.** Its keys are in its source, its key exchange
//! has no secret, its randomness is a counter, its clock never advances, and a [`RecordForge`]
//! reuses a nonce if you ask it to, which reveals the key. List it under `[dev-dependencies]`, or
//! in the package of your fuzz targets. No feature of `wantwrite` enables it.
//!
//! # A fuzz target
//!
//! You want to fuzz the parser of a program that speaks TLS. The fuzzer's input is the plaintext.
//! The connection is real, and the same on every run. A connection opens one record at a time, so
//! the inner loop repeats until no plaintext is left:
//!
//! ```
//! use wantwrite_fuzzing::{carry, pair};
//!
//! fn fuzz_target(input: &[u8]) {
//!     let (mut client, mut server) = pair(1);
//!     let mut rest = input;
//!     # let mut received = 0;
//!     while !rest.is_empty() {
//!         let n = client.writer_mut().write(rest).unwrap();
//!         rest = &rest[n..];
//!         carry(&mut client, &mut server);
//!         while !server.plaintext().is_empty() {
//!             // Here your program parses `server.plaintext()`.
//!             # received += server.plaintext().len();
//!             server.consume_all();
//!             server.process().unwrap();
//!             carry(&mut client, &mut server);
//!         }
//!     }
//!     # assert_eq!(received, input.len());
//! }
//! # fuzz_target(b"GET / HTTP/1.1\r\n\r\n");
//! # fuzz_target(&[7; 100_000]);
//! ```
//!
//! The seed is per thread: other threads draw from their own.
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
