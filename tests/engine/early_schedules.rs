//! Early data in both directions, with calls and pieces of the wire in any order.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};

use wantwrite::*;
use wantwrite_testing::*;

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;

struct Configs {
    client: rustls::ClientConfig,
    server: rustls::ServerConfig,
}

impl Configs {
    /// Creates both endpoints. The client has a ticket that allows `max` bytes.
    fn new(max: usize) -> Self {
        let identity = Identity::for_suite(TLS13);
        let (mut client, mut server) =
            (client_config(TLS13, &identity), server_config(TLS13, &identity));
        client.enable_early_data = true;
        server.max_early_data_size = u32::try_from(max).unwrap();
        let mut ours = Connection::client(client.clone().into(), server_name()).unwrap();
        negotiate(&mut ours, &mut Peer::server(server.clone()));
        Self { client, server }
    }
}

fn early(capacity: usize) -> ConnectionConfig {
    let mut config = ConnectionConfig::default();
    (config.early_data, config.writer.capacity) = (true, capacity);
    config
}

/// Carries some of the pending bytes to the peer. An error of the peer fails the test.
fn drain_some(ours: &mut Connection, peer: &mut Peer, rng: &mut Rng) {
    if ours.wants().drain {
        let mut drain = ours.writer_mut().drain();
        let n = drain.chunk().len().min(rng.up_to(3000));
        peer.feed(&drain.chunk()[..n]).unwrap();
        drain.advance(n).unwrap();
    }
}

fn feed_some(ours: &mut Connection, to_us: &mut Vec<u8>, peer: &mut Peer, rng: &mut Rng) {
    to_us.extend(peer.take_wire());
    let n = to_us.len().min(rng.up_to(700));
    let taken = ours.receive(&to_us[..n]);
    to_us.drain(..taken);
    ours.process().unwrap();
}

#[test]
fn early_data_is_accepted_or_returned_in_any_order_of_calls() {
    for seed in 0..200 {
        let mut rng = Rng(seed);
        let max = [1, 1000, 20_000, 40_000][rng.up_to(4) - 1];
        let configs = Configs::new(max);
        // rustls skips up to about 8 KiB of what a server rejects.
        let is_rejected = rng.up_to(4) == 1;
        let total = rng.up_to(if is_rejected { 3000 } else { 60_000 });
        let mut server = configs.server.clone();
        if is_rejected {
            server.session_storage = rustls::server::ServerSessionMemoryCache::new(8);
            server.max_early_data_size = 40_000;
        }
        let client = configs.client.clone().into();
        let mut ours = Connection::client_with(client, server_name(), early(60_000)).unwrap();
        let mut peer = Peer::server(server);
        let data = pattern(total);
        let (mut written, mut taken, mut to_us) = (0, Vec::new(), Vec::new());
        while ours.writer_state() == WriterState::Negotiating {
            match rng.up_to(8) {
                1 | 2 => {
                    let n = rng.up_to(5000).min(total - written);
                    if let Some(mut early) = ours.early_writer() {
                        let room = early.room();
                        let accepted = early.write(&data[written..written + n]);
                        assert_eq!(accepted, room.min(n));
                        written += accepted;
                    }
                }
                3 => {
                    if let Some(mut early) = ours.early_writer() {
                        early.flush();
                    }
                }
                4..=6 => drain_some(&mut ours, &mut peer, &mut rng),
                _ => feed_some(&mut ours, &mut to_us, &mut peer, &mut rng),
            }
            take_early(&mut peer, &mut taken);
        }
        while ours.wants().drain || peer.0.wants_write() || !to_us.is_empty() {
            drain_some(&mut ours, &mut peer, &mut rng);
            feed_some(&mut ours, &mut to_us, &mut peer, &mut rng);
            take_early(&mut peer, &mut taken);
        }
        let given_back = ours.take_rejected_early_data();
        let status = ours.early_data_status();
        assert_eq!([&taken[..], &given_back].concat(), data[..written], "{seed}: {status:?}");
        if is_rejected {
            assert_eq!((status, taken.len()), (EarlyDataStatus::Rejected, 0), "{seed}");
        } else {
            assert_eq!(status, EarlyDataStatus::Accepted, "{seed}");
            assert_eq!(taken.len(), written.min(max), "{seed}");
        }
        assert_both_ways(&mut ours, &mut peer);
    }
}

fn take_early(peer: &mut Peer, taken: &mut Vec<u8>) {
    let rustls::Connection::Server(server) = &mut peer.0 else { panic!("not a server") };
    if let Some(mut early) = server.early_data() {
        // After the early data that has arrived, the read fails with `WouldBlock`.
        let _would_block = early.read_to_end(taken);
    }
}

#[test]
fn a_server_loses_no_early_or_later_data_in_any_order_of_calls() {
    let mut has_answered = false;
    for seed in 0..200 {
        let mut rng = Rng(seed);
        let mut configs = Configs::new(40_000);
        configs.server.send_half_rtt_data = rng.up_to(2) == 1;
        let mut ours =
            Connection::server_with(configs.server.into(), early(rng.up_to(40_000).max(6000)))
                .unwrap();
        let mut peer = Peer::client(configs.client);
        let data = pattern(rng.up_to(40_000));
        let rustls::Connection::Client(client) = &mut peer.0 else { panic!("not a client") };
        let sent = client.early_data().unwrap().write(&data).unwrap();
        assert_eq!(sent, data.len(), "{seed}");
        let answer = pattern(rng.up_to(30_000));
        let (mut received, mut answered, mut to_us) = (Vec::new(), 0, Vec::new());
        let mut at_peer = Vec::new();
        while received.len() < data.len()
            || ours.writer_state() == WriterState::Negotiating
            || ours.wants().drain
            || peer.0.wants_write()
            || !to_us.is_empty()
        {
            match rng.up_to(6) {
                1 => {
                    let n = rng.up_to(3000).min(answer.len() - answered);
                    if let Some(mut early) = ours.early_writer() {
                        answered += early.write(&answer[answered..answered + n]);
                        if rng.up_to(2) == 1 {
                            early.flush();
                        }
                    }
                }
                2 => {
                    let n = rng.up_to(3000).min(ours.early_plaintext().len());
                    received.extend_from_slice(&ours.early_plaintext()[..n]);
                    ours.consume_early(n).unwrap();
                }
                3 | 4 => drain_some(&mut ours, &mut peer, &mut rng),
                _ => feed_some(&mut ours, &mut to_us, &mut peer, &mut rng),
            }
            at_peer.extend(peer.take_plaintext());
        }
        assert_eq!(received, data, "{seed}");
        assert_eq!(at_peer, answer[..answered], "{seed}");
        has_answered |= answered > 0;
        assert_both_ways(&mut ours, &mut peer);
    }
    assert!(has_answered, "half-RTT data of any world");
}
