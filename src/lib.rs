//! TLS for event loops, without I/O: a record-layer writer, and the reader that matches it.
//!
//! wantwrite cuts plaintext into TLS records, seals them with ring or AWS-LC, and holds the
//! ciphertext in a bounded buffer that you drain into your transport. rustls performs the handshake,
//! and its traffic keys then move to this crate. TLS 1.3 and 1.2, client and server.
//!
//! A client and a server in memory:
//!
#![cfg_attr(feature = "rustls", doc = "```")]
#![cfg_attr(not(feature = "rustls"), doc = "```ignore")]
//! use wantwrite::{CipherSuite, Connection, ReadKeys, Role, TrafficSecret, WriteKeys};
//!
//! fn main() -> Result<(), Box<dyn core::error::Error>> {
//!     // Fixed keys replace the handshake that `Connection::client` and `server` perform.
//!     let secret = |byte| TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[byte; 32]);
//!     let write = |byte| secret(byte).map(WriteKeys::from_secret);
//!     let read = |byte| secret(byte).map(ReadKeys::from_secret);
//!     let mut client = Connection::from_keys(write(1)?, read(2)?, Role::Client, Default::default())?;
//!     let mut server = Connection::from_keys(write(2)?, read(1)?, Role::Server, Default::default())?;
//!
//!     let message = vec![b'x'; 100_000];
//!     let mut accepted = client.writer_mut().write(&message)?; // as much as there is room for
//!     println!("accepted {accepted} bytes, the buffer is {:?}", client.writer().buffer_state());
//!
//!     let mut received = 0;
//!     while client.wants().drain {
//!         let mut drain = client.writer_mut().drain();
//!         let len = drain.chunk().len().min(1448); // a slow transport
//!         let taken = server.receive(&drain.chunk()[..len]);
//!         drain.advance(taken)?;
//!         accepted += client.writer_mut().write(&message[accepted..])?; // 0 while there is no room
//!         while server.wants().process {
//!             server.process()?;
//!             received += server.plaintext().len();
//!             server.consume_all();
//!         }
//!     }
//!     println!("received {received} bytes in {} records", client.writer().progress().records);
//!     Ok(())
//! }
//! ```
//!
//! It prints
//!
//! ```text
//! accepted 65536 bytes, the buffer is Full
//! received 100000 bytes in 7 records
//! ```
//!
//! # Where to go
//!
//! | you want | start with |
//! |---|---|
//! | a client or a server over your own event loop | [`Connection`], and the recipes of [`docs::event_loops`] |
//! | `Read + Write` over a socket | `Stream` |
//! | tokio, smol, compio, embedded-io | an adapter crate: [`docs::runtimes`] |
//! | to be told the next step, or to write an adapter | [`driver`] |
//! | records with your own keys, without a handshake | [`Writer`] and [`Reader`], or [`Connection::from_keys`] |
//! | to translate calls that you know from another library | [`docs::coming_from_ssl_write`], [`docs::coming_from_bio_pairs`], [`docs::coming_from_rustls`], [`docs::coming_from_s2n_tls`], [`docs::coming_from_mbedtls`] |
//! | an answer, or a term | [`docs::questions`], [`docs::glossary`] |
//!
//! # The mental model
//!
//! Two mirrored halves:
//!
#![doc = include_str!("../docs/pictures/rustdoc/halves.md")]
//!
//! The outbound buffer ends in at most one *current record*: plaintext that is not sealed yet. The
//! writer seals it in place when it is full, when you call [`Writer::flush`] or
//! [`Connection::close`], or when the drain reaches it. So small writes made while earlier bytes
//! are pending share a record, without a timer, and a slow drain never makes short records.
//!
//! # The states
//!
//! Every state is a level that you can query at any time: [`Connection::wants`],
//! [`Connection::writer_state`], [`Writer::buffer_state`], [`Writer::room`].
//!
//! | [`Writer::buffer_state`] | [`room`](Writer::room) while `Open` | what to do |
//! |---|---|---|
//! | [`Empty`](BufferState::Empty) | > 0 | write |
//! | [`Holding`](BufferState::Holding) | > 0 | write more, or drain |
//! | [`Full`](BufferState::Full) | 0 | drain: this is "want write" |
//!
//! | [`Connection::writer_state`] | [`write`](Writer::write) | what to do |
//! |---|---|---|
//! | [`Negotiating`](WriterState::Negotiating) | accepts 0 | drain and feed |
//! | [`Open`](WriterState::Open) | accepts `room()` bytes | write, drain, feed |
//! | [`Closing`](WriterState::Closing) | `Err(Closed)` | drain |
//! | [`Closed`](WriterState::Closed) | `Err(Closed)` | read until the peer has closed, then drop the transport |
//! | [`Failed`](WriterState::Failed) | `Err(Failed)` | drain the alert, if any |
//!
//! "Would block" is not an error: `write` returns how much it accepted, which can be 0. An error is
//! either about one call and says how much that call accepted ([`WriteError`]), or it is fatal and
//! permanent ([`Error`], [`ConnectionError`]).
//!
//! RFC 9846, cited throughout, is TLS 1.3; it replaces RFC 8446.
//!
//! # The manual
//!
//! | page | for |
//! |---|---|
//! | [`docs::event_loops`] | level- and edge-triggered loops, io_uring, a game's frames, your own loop |
//! | [`docs::runtimes`] | which adapter suits which runtime: tokio, smol, compio, embedded-io |
//! | [`docs::coming_from_ssl_write`] | OpenSSL's manual page, sentence by sentence |
//! | [`docs::coming_from_bio_pairs`] | OpenSSL with memory BIOs and BIO pairs |
//! | [`docs::coming_from_rustls`] | rustls's buffered and unbuffered connections |
//! | [`docs::coming_from_s2n_tls`] | s2n-tls: blocked statuses, callbacks, corking |
//! | [`docs::coming_from_mbedtls`] | mbedTLS: `f_send`, `f_recv` and their errors |
//! | [`docs::back_pressure_and_memory`] | which side waits for which, and what a connection holds |
//! | [`docs::key_updates_and_limits`] | how much a key may seal, and what happens then |
//! | [`docs::sizes_and_padding`] | how long records are, and what that costs |
//! | [`docs::early_data`] | 0-RTT, half-RTT, and what they give up |
//! | [`docs::exporters`] | keys for other protocols, and channel binding |
//! | [`docs::late_decisions`] | a configuration for each client, short records, connections that move |
//! | [`docs::other_providers`] | aws-lc-rs, graviola, and post-quantum groups |
//! | [`docs::deterministic_simulation`] | the same bytes for the same seed: turmoil, a paused clock, your own simulator |
//! | [`docs::other_programs`] | what some peers expect, and what they get wrong |
//! | [`docs::from_c`] | the C library: its model, its errors, and its calls next to OpenSSL's |
//! | [`docs::no_libc`] | programs without an operating system's libraries |
//! | [`docs::questions`] | short answers: why is it not sent, why 0, how much memory |
//! | [`docs::glossary`] | the terms of these pages, one sentence each |
//!
//! # Features
//!
//! Features are additive. `ring`, `rustls`, `std`, `tls12` and `webpki-roots` are on by default.
//!
//! | feature | what it adds |
//! |---|---|
//! | `ring` | ring's AEADs, and its provider for rustls; works without `std` |
//! | `aws-lc-rs` | AWS-LC's AEADs, with ring's or instead of them; includes `std` |
//! | `rustls` | [`Connection`]. Without it, the crate consists of [`Writer`] and [`Reader`] |
//! | `tls12` | TLS 1.2 handshakes |
//! | `webpki-roots` | `webpki_client_config`, which trusts the Mozilla roots; includes `rustls` |
//! | `std` | `Stream`, `Pool`, chunks for `writev`, rustls's own clock and randomness |
//! | `hashbrown` | rustls's session caches without `std` |
//! | `parallel` | `Writer::seal_batch`, `SealWorkers`: one connection's records sealed on several threads; includes `std` |
//!
//! Without `std`, begin a configuration with [`client_config_builder`] or [`server_config_builder`]
//! and your own [`clock`]; [`docs::no_libc`] says what else such a program needs. Without `tls12`,
//! the configurations that this crate makes negotiate TLS 1.3 only, even if another crate has turned
//! on rustls's TLS 1.2. Your own configurations negotiate the versions that they specify.
//!
//! Foreign types in this API: `bytes` (`Bytes`, `BytesMut`, and `Buf` for a chunk), and rustls's
//! configurations and `pki_types`; both crates are re-exported.
//!
//! # Adapters
//!
//! The adapters are separate crates. `wantwrite-tokio` has `TlsConnector`, `TlsAcceptor` and
//! `TlsStream` over tokio's traits, `wantwrite-futures-io` has `FuturesStream` for smol,
//! `wantwrite-compio` has `TlsStream` over completions, and `wantwrite-embedded-io` has
//! `EmbeddedStream`, `AsyncEmbeddedStream` and `SplitStream`, with and without `std`.
//! `wantwrite-fuzzing` is for fuzzers and simulators only.
// Where these links go if the items are not compiled in.
#![cfg_attr(
    not(feature = "rustls"),
    doc = "",
    doc = "[`Connection`]: https://docs.rs/wantwrite/latest/wantwrite/struct.Connection.html",
    doc = "[`Connection::from_keys`]: https://docs.rs/wantwrite/latest/wantwrite/struct.Connection.html#method.from_keys",
    doc = "[`Connection::close`]: https://docs.rs/wantwrite/latest/wantwrite/struct.Connection.html#method.close",
    doc = "[`Connection::wants`]: https://docs.rs/wantwrite/latest/wantwrite/struct.Connection.html#method.wants",
    doc = "[`Connection::writer_state`]: https://docs.rs/wantwrite/latest/wantwrite/struct.Connection.html#method.writer_state",
    doc = "[`ConnectionError`]: https://docs.rs/wantwrite/latest/wantwrite/enum.ConnectionError.html",
    doc = "[`driver`]: https://docs.rs/wantwrite/latest/wantwrite/driver/index.html",
    doc = "[`client_config_builder`]: https://docs.rs/wantwrite/latest/wantwrite/fn.client_config_builder.html",
    doc = "[`server_config_builder`]: https://docs.rs/wantwrite/latest/wantwrite/fn.server_config_builder.html",
    doc = "[`clock`]: https://docs.rs/wantwrite/latest/wantwrite/fn.clock.html"
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod aead;
mod alert;
mod buffer;
#[cfg(feature = "rustls")]
mod connection;
#[cfg(doc)]
pub mod docs;
#[cfg(feature = "rustls")]
pub mod driver;
mod error;
#[cfg(feature = "std")]
mod io_error;
mod num;
mod reader;
mod record;
#[cfg(all(feature = "rustls", feature = "std"))]
mod stream;
mod writer;

pub use bytes;

#[cfg(feature = "rustls")]
pub use aead::ExportError;
pub use aead::{
    AeadProvider, CipherSuite, InvalidKeyLength, KeyLimits, ReadKeys, TrafficSecret, WriteKeys,
};
pub use alert::AlertDescription;
#[cfg(feature = "std")]
pub use buffer::Pool;
pub use buffer::{BufferPolicy, Chunk, PutBackError};
#[cfg(all(feature = "std", feature = "webpki-roots"))]
pub use connection::webpki_client_config;
#[cfg(feature = "webpki-roots")]
pub use connection::webpki_client_config_with_time;
#[cfg(feature = "rustls")]
pub use connection::{
    Acceptor, ClientHello, Connection, ConnectionConfig, ConnectionError, EarlyDataStatus,
    EarlyWriter, HandshakeKind, MoveError, MovedConnection, Tls12Close, client_config_builder,
    clock, prepare_client_config, rustls, server_config_builder,
};
#[cfg(feature = "rustls")]
pub use driver::lingering::LingerError;
pub use error::{ConfigError, Error, Overrun, PeerFault, WriteError};
pub use reader::{
    Credit, Inbound, PeerLimits, Reader, ReaderConfig, ReaderEvents, ReaderState, Role,
};
pub use record::{KeyUpdateRequest, MAX_FRAGMENT_LEN, MAX_RECORD_LEN, Version};
#[cfg(all(feature = "rustls", feature = "std"))]
pub use stream::Stream;
#[cfg(feature = "parallel")]
pub use writer::{Batch, SealJob, SealWorkers};
pub use writer::{
    BufferState, Coalescing, Conditions, Congestion, Drain, FlushPoint, Padding, Progress,
    RecordEnds, Sizing, Slot, SlowStart, Wants, Window, Writer, WriterConfig, WriterParts,
    WriterState,
};

#[cfg(all(doctest, feature = "std", feature = "webpki-roots"))]
#[doc = include_str!("../README.md")]
struct Readme;
