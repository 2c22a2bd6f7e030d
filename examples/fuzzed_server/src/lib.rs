//! A program behind TLS under a fuzzer: the request parser of `https_server`, as it is, behind a
//! connection, and behind a whole handshake. The same input means the same in all three.
//!
//! `main.rs` measures what TLS costs such a target; `fuzz/fuzz_targets` has the first two.
#![expect(clippy::unwrap_used, reason = "a fuzz target fails by panicking")]

use https_server::parse_request;
use wantwrite_fuzzing::wantwrite::{CipherSuite, Connection};
use wantwrite_fuzzing::{carry, feed, pair, settle, strangers};

/// As much as the server reads of one head.
const MAX_HEAD_LEN: usize = 16 * 1024;
/// What the keys are made of, and in a handshake everything that is random.
pub const SEED: u64 = 1;

/// What came of an input.
pub type Verdict = Result<Option<usize>, &'static str>;

/// The parser alone.
pub fn alone(input: &[u8]) -> Verdict {
    parse_request(&input[..input.len().min(MAX_HEAD_LEN)])
}

/// The parser behind a connection without a handshake: the input is what a client writes.
pub fn behind_tls(input: &[u8]) -> Verdict {
    ask(pair(SEED), input)
}

/// The same behind a handshake.
pub fn behind_a_handshake(input: &[u8]) -> Verdict {
    let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
    let (mut client, mut server) = strangers(SEED, suite, Default::default()).unwrap();
    settle(&mut client, &mut server);
    ask((client, server), input)
}

/// The parser behind a connection: the input is what is on the wire. `mutate` of
/// `wantwrite_fuzzing` makes such inputs of others.
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

/// What came in, behind what came before; says whether anything did.
fn take(server: &mut Connection, head: &mut Vec<u8>) -> bool {
    let plaintext = server.plaintext();
    let n = plaintext.len();
    head.extend_from_slice(&plaintext[..n.min(MAX_HEAD_LEN - head.len())]);
    server.consume_all();
    n > 0
}
