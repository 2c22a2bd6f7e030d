//! `X25519MLKEM768`, whose hellos are longer than a network segment.

use libtest_mimic::Trial;
use rustls::crypto::ring;
use wantwrite::*;
use wantwrite_testing::*;

use super::{Ends, NewProvider, PROVIDERS, X25519MLKEM768, ring_with_graviola, trials_of};

pub(crate) fn trials() -> Vec<Trial> {
    trials_of(tests![
        our_endpoints_negotiate_the_group_at_every_split_of_the_client_hello,
        stock_rustls_negotiates_the_group_at_every_split_of_either_hello,
        a_server_can_request_the_group,
        a_peer_without_the_group_gets_another,
        a_peer_with_little_memory_can_use_the_group,
    ])
}

/// Every provider with every other: they must be compatible.
fn pairs() -> impl Iterator<Item = (String, Ends)> {
    let identity = Identity::new(false);
    PROVIDERS.iter().flat_map(move |&(client_name, client)| {
        let identity = &identity;
        let with = |&(server_name, server): &(&str, NewProvider)| {
            let name = format!("{client_name}, {server_name}");
            (name, Ends::new(client(), server(), identity).without_resumption())
        };
        PROVIDERS.iter().map(with).collect::<Vec<_>>()
    })
}

/// Connects two of our endpoints and exchanges data.
fn meet(client: &mut Connection, server: &mut Connection) {
    loop {
        let (to_server, to_client) = (drain(client), drain(server));
        feed(server, &to_server);
        feed(client, &to_client);
        if to_server.is_empty() && to_client.is_empty() {
            break;
        }
    }
    carry(client, server);
    carry(server, client);
}

fn carry(from: &mut Connection, to: &mut Connection) {
    from.writer_mut().write_atomic(b"both ways").unwrap();
    feed(to, &drain(from));
    assert_eq!(read_all(to), b"both ways");
}

fn our_endpoints_negotiate_the_group_at_every_split_of_the_client_hello() {
    for (name, ends) in pairs() {
        let mut cut = 1;
        loop {
            let mut client = ends.our_client(ConnectionConfig::default());
            let mut server = ends.our_server(ConnectionConfig::default());
            let hello = drain(&mut client);
            assert!(hello.len() > 1400, "{name}: {}", hello.len());
            let (head, tail) = hello.split_at(cut);
            feed(&mut server, head);
            assert_eq!(server.error(), None, "{name} {cut}");
            assert!(!server.wants().drain, "{name}: it answers {cut} bytes");
            feed(&mut server, tail);
            meet(&mut client, &mut server);
            for ours in [&client, &server] {
                assert_eq!(ours.key_exchange_group(), Some(X25519MLKEM768), "{name} {cut}");
                assert_eq!(ours.handshake_kind(), Some(HandshakeKind::Full), "{name} {cut}");
            }
            cut += 1;
            if cut == hello.len() {
                break;
            }
        }
    }
}

fn stock_rustls_negotiates_the_group_at_every_split_of_either_hello() {
    for (name, ends) in pairs() {
        for role in ROLES {
            let mut cut = 1;
            loop {
                let (mut ours, mut peer) = match role {
                    Role::Client => {
                        let mut ours = ends.our_client(ConnectionConfig::default());
                        let mut peer = ends.stock_server();
                        peer.feed(&drain(&mut ours)).unwrap();
                        (ours, peer)
                    }
                    Role::Server => {
                        (ends.our_server(ConnectionConfig::default()), ends.stock_client())
                    }
                };
                let flight = peer.take_wire();
                // The first record is the hello.
                let hello_len = 5 + usize::from(u16::from_be_bytes([flight[3], flight[4]]));
                assert!(hello_len > 1100, "{name}: {hello_len}");
                let (head, tail) = flight.split_at(cut);
                feed(&mut ours, head);
                assert_eq!(ours.error(), None, "{name} {role:?} {cut}");
                feed(&mut ours, tail);
                negotiate(&mut ours, &mut peer);
                let group = Some(X25519MLKEM768);
                assert_eq!(ours.key_exchange_group(), group, "{name} {role:?} {cut}");
                let theirs = peer.0.negotiated_key_exchange_group().unwrap().name();
                assert_eq!(u16::from(theirs), X25519MLKEM768);
                assert_both_ways(&mut ours, &mut peer);
                cut += 1;
                if cut == hello_len {
                    break;
                }
            }
        }
    }
}

/// With a HelloRetryRequest: the client prefers another group, and does not send a share of this
/// one.
fn a_server_can_request_the_group() {
    let identity = Identity::new(false);
    for (name, provider) in PROVIDERS {
        let mut client = provider();
        client.kx_groups.reverse();
        let mut server = provider();
        server.kx_groups.retain(|group| u16::from(group.name()) == X25519MLKEM768);
        let ends = Ends::new(client, server, &identity).without_resumption();
        for step in [1, 100, usize::MAX] {
            for role in ROLES {
                let config = ConnectionConfig::default();
                let (mut ours, mut peer) = match role {
                    Role::Client => (ends.our_client(config), ends.stock_server()),
                    Role::Server => (ends.our_server(config), ends.stock_client()),
                };
                exchange_in_steps(&mut ours, &mut peer, step);
                let asked = Some(HandshakeKind::FullWithHelloRetryRequest);
                assert_eq!(ours.handshake_kind(), asked, "{name} {role:?}");
                assert_eq!(ours.key_exchange_group(), Some(X25519MLKEM768));
                assert_both_ways(&mut ours, &mut peer);
            }
        }
    }
}

fn a_peer_without_the_group_gets_another() {
    let identity = Identity::new(false);
    for (name, provider) in PROVIDERS {
        let with_ring = |role| match role {
            Role::Client => Ends::new(provider(), ring::default_provider(), &identity),
            Role::Server => Ends::new(ring::default_provider(), provider(), &identity),
        };
        for role in ROLES {
            let ends = with_ring(role);
            let config = ConnectionConfig::default();
            let (mut ours, mut peer) = match role {
                Role::Client => (ends.our_client(config), ends.stock_server()),
                Role::Server => (ends.our_server(config), ends.stock_client()),
            };
            negotiate(&mut ours, &mut peer);
            assert_eq!(ours.key_exchange_group(), Some(0x001d), "{name} {role:?}: X25519");
            // The client had sent a share of it.
            assert_eq!(ours.handshake_kind(), Some(HandshakeKind::Full), "{name} {role:?}");
            assert_both_ways(&mut ours, &mut peer);
        }
    }
}

/// The hellos take many records.
fn a_peer_with_little_memory_can_use_the_group() {
    let identity = Identity::new(false);
    let mut ends = Ends::new(ring_with_graviola(), ring_with_graviola(), &identity);
    ends.client.max_fragment_size = Some(100);
    ends.server.max_fragment_size = Some(100);
    for role in ROLES {
        let config = ConnectionConfig::default();
        let (mut ours, mut peer) = match role {
            Role::Client => (ends.our_client(config), ends.stock_server()),
            Role::Server => (ends.our_server(config), ends.stock_client()),
        };
        exchange_in_steps(&mut ours, &mut peer, 33);
        assert_eq!(ours.key_exchange_group(), Some(X25519MLKEM768), "{role:?}");
        assert_both_ways(&mut ours, &mut peer);
    }
}
