//! How to fuzz a program that uses TLS: the unmodified request parser of `https_server`, alone,
//! over a connection, and over a connection with a whole handshake. An input means the same to all
//! three.
//!
//! `main.rs` measures what TLS costs such a target. The first two are in `fuzz/fuzz_targets`.
#![expect(clippy::unwrap_used, reason = "a fuzz target fails by panicking")]

use https_server::parse_request;
use wantwrite_fuzzing::wantwrite::{CipherSuite, Connection};
use wantwrite_fuzzing::{carry, feed, pair, settle, strangers};

/// The maximum head length, the same as the server's.
const MAX_HEAD_LEN: usize = 16 * 1024;
/// The seed of the keys. With a handshake, it also seeds all of its randomness.
pub const SEED: u64 = 1;

/// The parser's result for an input.
pub type Verdict = Result<Option<usize>, &'static str>;

/// Runs the parser alone.
pub fn alone(input: &[u8]) -> Verdict {
    parse_request(&input[..input.len().min(MAX_HEAD_LEN)])
}

/// Runs the parser over a connection without a handshake. The input is what a client writes.
pub fn behind_tls(input: &[u8]) -> Verdict {
    ask(pair(SEED), input)
}

/// Runs the parser over a connection with a whole handshake. The input is what a client writes.
pub fn behind_a_handshake(input: &[u8]) -> Verdict {
    let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
    let (mut client, mut server) = strangers(SEED, suite, Default::default()).unwrap();
    settle(&mut client, &mut server);
    ask((client, server), input)
}

/// Runs the parser over a connection. The input is the bytes on the wire. `mutate` of
/// `wantwrite_fuzzing` derives such inputs from others.
pub fn on_the_wire(input: &[u8]) -> Verdict {
    let (_, mut server) = pair(SEED);
    let mut head = Vec::new();
    let mut rest = input;
    loop {
        let taken = feed(&mut server, rest);
        rest = &rest[taken..];
        if !take(&mut server, &mut head) && taken == 0 {
            return parse_request(&head);
        }
    }
}

fn ask((mut client, mut server): (Connection, Connection), input: &[u8]) -> Verdict {
    let mut head = Vec::new();
    let mut rest = &input[..input.len().min(MAX_HEAD_LEN)];
    while !rest.is_empty() {
        let written = client.writer_mut().write(rest).unwrap();
        rest = &rest[written..];
        carry(&mut client, &mut server);
        take(&mut server, &mut head);
    }
    parse_request(&head)
}

/// Appends the plaintext received to `head`, and returns whether there was any.
fn take(server: &mut Connection, head: &mut Vec<u8>) -> bool {
    let plaintext = server.plaintext();
    let n = plaintext.len();
    head.extend_from_slice(&plaintext[..n.min(MAX_HEAD_LEN - head.len())]);
    server.consume_all();
    n > 0
}
