//! Runs scripts of calls on two connections. Two runs give the same transcript, and the connections
//! read only bytes that were written.

use arbitrary::{Arbitrary, Unstructured};
use wantwrite::{CipherSuite, ConnectionConfig};
use wantwrite_fuzzing::{Keys, Link, Script, Transcript, pair_with, pattern};

use super::draw;

pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(seed) = input.arbitrary::<u8>() else { return };
    let Ok(script) = Script::arbitrary(&mut input) else { return };
    let keys = Keys::new(CipherSuite::TLS_AES_128_GCM_SHA256, seed.into());
    let [aead, other_aead] = draw::aeads(data);
    let play = |aead| {
        let mut config = ConnectionConfig::default();
        (config.writer.aead, config.reader.aead) = (aead, aead);
        let mut link = Link::of(pair_with(&keys, &config).unwrap());
        link.play(&script);
        link.transcript().map(Transcript::clone)
    };
    let [client, server] = play(aead);
    assert!(
        [client.clone(), server.clone()] == play(other_aead),
        "the same calls gave different bytes"
    );
    for (end, other) in [(&client, &server), (&server, &client)] {
        assert!(end.read.len() as u64 <= other.written);
        assert!(end.read == pattern(0, end.read.len()), "other plaintext");
    }
}
