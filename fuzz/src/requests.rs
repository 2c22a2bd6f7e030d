//! Fuzzes an application's parser: on its own, through TLS, and with arbitrary bytes on the wire.
//! The program is `examples/fuzzed_server`. TLS delivers exactly what was written, so the verdict
//! is the parser's.

use wantwrite::{CipherSuite, Role};
use wantwrite_fuzzing::{Keys, Tape, Taped};

/// The most bytes that one mutation adds to a content.
const MAX_GROWTH: usize = 64;

pub fn alone(data: &[u8]) {
    let _verdict = fuzzed_server::alone(data);
}

pub fn behind_tls(data: &[u8]) {
    assert_eq!(fuzzed_server::behind_tls(data), fuzzed_server::alone(data));
}

/// Checks only that the program terminates without a panic.
pub fn on_the_wire(data: &[u8]) {
    let _verdict = fuzzed_server::on_the_wire(data);
}

/// Mutates an input of [`on_the_wire`]: either its records, or the content of one record with the
/// fuzzer's own mutator. It usually seals the records again. `data.len()` is the maximum size of an
/// input.
pub fn mutate(
    data: &mut [u8],
    size: usize,
    seed: u32,
    mutate_content: impl FnOnce(&mut [u8], usize, usize) -> usize,
) -> usize {
    let keys = keys();
    if seed % 4 == 0 {
        return wantwrite_fuzzing::mutate(data, size, seed, &keys, Role::Client);
    }
    let mut tape = Tape::open(&data[..size], keys.opener(Role::Client));
    let count = tape.records().len().max(1);
    let chosen = tape.records_mut().get_mut(seed as usize / 4 % count);
    let Some(Taped::Open { content, .. }) = chosen else {
        return wantwrite_fuzzing::mutate(data, size, seed, &keys, Role::Client);
    };
    let len = content.len();
    content.resize(len + MAX_GROWTH, 0);
    let max = content.len();
    let len = mutate_content(content, len, max);
    content.truncate(len);
    let wire = tape.seal(keys.forge(Role::Client));
    let size = wire.len().min(data.len());
    data[..size].copy_from_slice(&wire[..size]);
    size
}

/// Returns the input that contains this request, sealed.
pub fn sealed(request: &[u8]) -> Vec<u8> {
    keys().forge(Role::Client).seal(0x17, request)
}

fn keys() -> Keys {
    Keys::new(CipherSuite::TLS_AES_128_GCM_SHA256, fuzzed_server::SEED)
}
