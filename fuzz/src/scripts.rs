//! Scripts of calls on two connections: the same transcript twice, and what is read was written.

use arbitrary::{Arbitrary, Unstructured};
use wantwrite_fuzzing::{Link, Script, Transcript, pair, pattern};

pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(seed) = input.arbitrary::<u8>() else { return };
    let Ok(script) = Script::arbitrary(&mut input) else { return };
    let play = || {
        let mut link = Link::of(pair(seed.into()));
        link.play(&script);
        link.transcript().map(Transcript::clone)
    };
    let [client, server] = play();
    assert!([client.clone(), server.clone()] == play(), "the same calls, other bytes");
    for (end, other) in [(&client, &server), (&server, &client)] {
        assert!(end.read.len() as u64 <= other.written);
        assert!(end.read == pattern(0, end.read.len()), "other plaintext");
    }
}
