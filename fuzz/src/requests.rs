//! An application's parser: alone, behind TLS, and behind whatever is on the wire. The program is
//! `examples/fuzzed_server`. What TLS brings is what was written, so the verdict is the parser's.

use wantwrite::{CipherSuite, Role};
use wantwrite_fuzzing::Keys;

pub fn alone(data: &[u8]) {
    let _verdict = fuzzed_server::alone(data);
}

pub fn behind_tls(data: &[u8]) {
    assert_eq!(fuzzed_server::behind_tls(data), fuzzed_server::alone(data));
}

/// Nothing but that it ends, and without a panic.
pub fn on_the_wire(data: &[u8]) {
    let _verdict = fuzzed_server::on_the_wire(data);
}

/// Changes an input of [`on_the_wire`] in its records, which are mostly sealed again.
pub fn mutate(data: &mut [u8], size: usize, seed: u32) -> usize {
    let keys = Keys::new(CipherSuite::TLS_AES_128_GCM_SHA256, fuzzed_server::SEED);
    wantwrite_fuzzing::mutate(data, size, seed, &keys, Role::Client)
}
