//! Both endpoints ask for KeyUpdates at any time, so that requests cross. Neither stream loses
//! data, and in the end neither endpoint owes the other an answer.
#![expect(clippy::unwrap_used, reason = "tests")]

use wantwrite::*;
use wantwrite_testing::*;

const TLS13_SUITES: [CipherSuite; 3] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
];
const SEEDS: u64 = 8;
const STEPS: usize = 1_000;

/// One end of the link.
trait Endpoint {
    fn write(&mut self, plaintext: &[u8]);
    fn ask(&mut self);
    /// Appends what it has to send to `wire`.
    fn send(&mut self, wire: &mut Vec<u8>, max: usize);
    /// Takes bytes from the front of `wire`, and appends what it reads to `read`.
    fn receive(&mut self, wire: &mut Vec<u8>, max: usize, read: &mut Vec<u8>);
}

impl Endpoint for Connection {
    fn write(&mut self, plaintext: &[u8]) {
        self.writer_mut().write_atomic(plaintext).unwrap();
    }

    fn ask(&mut self) {
        self.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
    }

    fn send(&mut self, wire: &mut Vec<u8>, max: usize) {
        if self.wants().drain {
            let mut drain = self.writer_mut().drain();
            let n = drain.chunk().len().min(max);
            wire.extend_from_slice(&drain.chunk()[..n]);
            drain.advance(n).unwrap();
        }
    }

    fn receive(&mut self, wire: &mut Vec<u8>, max: usize, read: &mut Vec<u8>) {
        let taken = Self::receive(self, &wire[..wire.len().min(max)]);
        wire.drain(..taken);
        self.process().unwrap();
        read.extend(read_all(self));
        assert_eq!(self.error(), None);
    }
}

impl Endpoint for Peer {
    fn write(&mut self, plaintext: &[u8]) {
        std::io::Write::write_all(&mut self.0.writer(), plaintext).unwrap();
    }

    fn ask(&mut self) {
        self.0.refresh_traffic_keys().unwrap();
    }

    fn send(&mut self, wire: &mut Vec<u8>, _max: usize) {
        wire.extend(self.take_wire());
    }

    fn receive(&mut self, wire: &mut Vec<u8>, max: usize, read: &mut Vec<u8>) {
        let n = wire.len().min(max);
        self.feed(&wire[..n]).unwrap();
        wire.drain(..n);
        read.extend(self.take_plaintext());
    }
}

fn soak(a: &mut impl Endpoint, b: &mut impl Endpoint, seed: u64) {
    let mut rng = Rng(seed);
    let (mut to_a, mut to_b) = (Vec::new(), Vec::new());
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    let (mut at_a, mut at_b) = (Vec::new(), Vec::new());
    for step in 0..=STEPS {
        // In the end, everything is carried several times.
        let max = if step < STEPS { rng.up_to(300) } else { usize::MAX };
        let times = if step < STEPS { 1 } else { 10 };
        if step < STEPS {
            let plaintext = rng.bytes(max);
            match rng.up_to(8) {
                1 => a.ask(),
                2 => b.ask(),
                3..=4 => {
                    a.write(&plaintext);
                    of_a.extend(plaintext);
                }
                5..=6 => {
                    b.write(&plaintext);
                    of_b.extend(plaintext);
                }
                _ => {}
            }
        }
        for _ in 0..times {
            a.send(&mut to_b, max);
            b.send(&mut to_a, max);
            a.receive(&mut to_a, max, &mut at_a);
            b.receive(&mut to_b, max, &mut at_b);
        }
    }
    assert!(to_a.is_empty() && to_b.is_empty());
    assert!(at_b == of_a && at_a == of_b, "seed {seed}");
}

#[test]
fn crossing_requests_with_a_stock_peer_are_all_answered() {
    for suite in TLS13_SUITES {
        for role in ROLES {
            for seed in 0..SEEDS {
                let (mut ours, mut peer) = established(suite, role);
                soak(&mut ours, &mut peer, seed);
                assert!(ours.writer().progress().key_updates > 100);
                assert!(ours.into_parts().is_ok(), "{suite:?} {role:?} {seed}");
            }
        }
    }
}

#[test]
fn crossing_requests_between_two_of_our_connections_are_all_answered() {
    for suite in TLS13_SUITES {
        let identity = Identity::for_suite(suite);
        for seed in 0..SEEDS {
            let client = client_config(suite, &identity);
            let server = server_config(suite, &identity);
            let mut client = Connection::client(client.into(), server_name()).unwrap();
            let mut server = Connection::server(server.into()).unwrap();
            for _ in 0..3 {
                feed(&mut server, &drain(&mut client));
                feed(&mut client, &drain(&mut server));
            }
            soak(&mut client, &mut server, seed);
            for ours in [client, server] {
                assert!(ours.writer().progress().key_updates > 100);
                assert!(ours.into_parts().is_ok(), "{suite:?} {seed}");
            }
        }
    }
}
