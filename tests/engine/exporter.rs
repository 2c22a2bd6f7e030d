//! Keying material for other protocols, identical to what the peer exports.
#![expect(clippy::unwrap_used, reason = "tests")]

extern crate alloc;

use alloc::sync::Arc;
use std::sync::Mutex;

use rustls::KeyLog;
use wantwrite::*;
use wantwrite_testing::*;

const TLS12: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

fn exporting() -> ConnectionConfig {
    let mut config = ConnectionConfig::default();
    config.exporter = true;
    config
}

/// Configurations for a connection that can export and for a stock peer. They can be reused.
struct Ends {
    client: Arc<rustls::ClientConfig>,
    server: Arc<rustls::ServerConfig>,
}

impl Ends {
    fn new(suite: CipherSuite) -> Self {
        let identity = Identity::for_suite(suite);
        Self {
            client: client_config(suite, &identity).into(),
            server: server_config(suite, &identity).into(),
        }
    }

    fn pair(&self, role: Role, config: ConnectionConfig) -> (Connection, Peer) {
        let (client, server) = (self.client.clone(), self.server.clone());
        match role {
            Role::Client => (
                Connection::client_with(client, server_name(), config).unwrap(),
                Peer::server(rustls::ServerConfig::clone(&server)),
            ),
            Role::Server => (
                Connection::server_with(server, config).unwrap(),
                Peer::client(rustls::ClientConfig::clone(&client)),
            ),
        }
    }
}

/// Passes bytes until there are none left, and calls `look` with our connection in between.
fn shake(ours: &mut Connection, peer: &mut Peer, mut look: impl FnMut(&Connection)) {
    loop {
        look(ours);
        let to_peer = drain(ours);
        peer.feed(&to_peer).unwrap();
        let to_us = peer.take_wire();
        for byte in to_us.chunks(100) {
            feed(ours, byte);
            look(ours);
        }
        if to_peer.is_empty() && to_us.is_empty() {
            return;
        }
    }
}

fn established(suite: CipherSuite, role: Role) -> (Connection, Peer) {
    let (mut ours, mut peer) = Ends::new(suite).pair(role, exporting());
    shake(&mut ours, &mut peer, |_| ());
    (ours, peer)
}

#[test]
fn both_peers_export_the_same_in_every_suite_role_and_kind_of_handshake() {
    for &suite in CipherSuite::ALL {
        for role in ROLES {
            let ends = Ends::new(suite);
            for resumed in [false, true] {
                let (mut ours, mut peer) = ends.pair(role, exporting());
                shake(&mut ours, &mut peer, |_| ());
                assert_eq!(ours.is_resumed(), Some(resumed), "{suite:?} {role:?}");
                for len in [1, 31, 32, 33, 48, 100, 255 * suite_hash_len(suite)] {
                    for (label, context) in [
                        (&b"EXPORTER-Channel-Binding"[..], Some(&b""[..])),
                        (b"EXPORTER-Channel-Binding", None),
                        (b"label", Some(b"context")),
                        (b"", Some(&[7; 1000])),
                        (&[b'l'; 249], None),
                    ] {
                        let theirs = peer.0.export_keying_material(vec![0; len], label, context);
                        let ours = ours.export_keying_material(vec![0; len], label, context);
                        assert_eq!(ours.unwrap(), theirs.unwrap(), "{suite:?} {role:?} {len}");
                    }
                }
            }
        }
    }
}

fn suite_hash_len(suite: CipherSuite) -> usize {
    if format!("{suite:?}").ends_with("SHA384") { 48 } else { 32 }
}

#[test]
fn nothing_is_exported_before_the_handshake_ends() {
    for suite in [CipherSuite::TLS_AES_128_GCM_SHA256, TLS12] {
        for role in ROLES {
            let (mut ours, mut peer) = Ends::new(suite).pair(role, exporting());
            let mut refused = 0;
            shake(&mut ours, &mut peer, |ours| {
                let exported = ours.export_keying_material([0; 32], b"label", None);
                if ours.writer_state() == WriterState::Negotiating {
                    assert_eq!(exported, Err(ExportError::NotEstablished));
                    refused += 1;
                } else {
                    assert!(exported.is_ok());
                }
            });
            assert!(refused > 2);
        }
    }
}

#[test]
fn a_connection_that_does_not_keep_the_secret_exports_nothing() {
    for role in ROLES {
        for suite in [CipherSuite::TLS_AES_128_GCM_SHA256, TLS12] {
            for movable in [false, true] {
                let mut config = ConnectionConfig::default();
                config.movable = movable;
                let (mut ours, mut peer) = Ends::new(suite).pair(role, config);
                shake(&mut ours, &mut peer, |_| ());
                let exported = ours.export_keying_material([0; 32], b"label", None);
                assert_eq!(exported, Err(ExportError::NotEnabled));
            }
        }
    }
}

#[test]
fn long_outputs_and_reserved_labels_are_refused_and_change_nothing() {
    for suite in [CipherSuite::TLS_AES_256_GCM_SHA384, TLS12] {
        let (ours, _) = established(suite, Role::Client);
        let max = 255 * suite_hash_len(suite);
        let mut out = vec![9; max + 1];
        let too_long = |max, actual| Err(ExportError::TooLong { max, actual });
        let result = ours.export_keying_material(&mut out[..], b"label", None).map(drop);
        assert_eq!(result, too_long(max, max + 1));
        assert!(out.iter().all(|&byte| byte == 9));
        let result = ours.export_keying_material([0; 8], &[b'l'; 250], None).map(drop);
        assert_eq!(result, too_long(249, 250));
        let context = vec![0; 0x1_0000];
        let result = ours.export_keying_material([0; 8], b"label", Some(&context)).map(drop);
        let expected = if suite == TLS12 { too_long(0xffff, 0x1_0000) } else { Ok(()) };
        assert_eq!(result, expected);
        for label in ["client finished", "server finished", "master secret", "key expansion"] {
            let result = ours.export_keying_material([0; 8], label.as_bytes(), None);
            assert_eq!(result, Err(ExportError::ReservedLabel));
        }
    }
}

#[test]
fn exports_stay_the_same_after_key_updates_and_after_the_end() {
    let (mut ours, mut peer) = established(CipherSuite::TLS_AES_128_GCM_SHA256, Role::Server);
    let before = ours.export_keying_material([0; 32], b"label", None).unwrap();
    ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
    shake(&mut ours, &mut peer, |_| ());
    ours.close().unwrap();
    shake(&mut ours, &mut peer, |_| ());
    assert_eq!(ours.export_keying_material([0; 32], b"label", None), Ok(before));
}

/// Records the lines that it is given.
#[derive(Debug, Default)]
struct Lines(Mutex<Vec<(String, Vec<u8>)>>);

impl KeyLog for Lines {
    fn log(&self, label: &str, _: &[u8], secret: &[u8]) {
        self.0.lock().unwrap().push((label.into(), secret.into()));
    }

    fn will_log(&self, label: &str) -> bool {
        label != "EXPORTER_SECRET" && label != "SERVER_TRAFFIC_SECRET_0"
    }
}

#[test]
fn exporting_does_not_change_the_callers_key_log() {
    for suite in [CipherSuite::TLS_AES_128_GCM_SHA256, TLS12] {
        for role in ROLES {
            let labels = |config| {
                let mut ends = Ends::new(suite);
                let log = Arc::new(Lines::default());
                Arc::make_mut(&mut ends.client).key_log = log.clone();
                Arc::make_mut(&mut ends.server).key_log = log.clone();
                let (mut ours, mut peer) = ends.pair(role, config);
                shake(&mut ours, &mut peer, |_| ());
                let lines = log.0.lock().unwrap();
                lines.iter().map(|(label, _)| label.clone()).collect::<Vec<_>>()
            };
            let alone = labels(ConnectionConfig::default());
            assert!(!alone.is_empty() && !alone.contains(&"EXPORTER_SECRET".into()));
            assert_eq!(labels(exporting()), alone);
            let mut movable = ConnectionConfig::default();
            movable.movable = true;
            assert_eq!(labels(movable), alone);
        }
    }
}

#[test]
fn negotiated_parameters_are_visible() {
    for (suite, ems) in [(CipherSuite::TLS_AES_128_GCM_SHA256, None), (TLS12, Some(true))] {
        for role in ROLES {
            let (ours, peer) = established(suite, role);
            let group = peer.0.negotiated_key_exchange_group().unwrap().name();
            assert_eq!(ours.key_exchange_group(), Some(group.into()));
            assert_eq!(ours.handshake_kind(), Some(HandshakeKind::Full));
            assert_eq!(ours.extended_master_secret(), ems, "{suite:?} {role:?}");
        }
    }
}

/// The ServerHello is cut at its tenth byte, and what follows it is in the same record as its end.
#[test]
fn tls_1_2_exports_do_not_depend_on_how_the_flight_is_cut_into_records() {
    let (mut ours, mut peer) = client_of_a_long_chain(TLS12, 12_000, exporting());
    peer.feed(&drain(&mut ours)).unwrap();
    let flight = peer.take_wire();
    let (mut content, mut rest) = (Vec::new(), &flight[..]);
    while let Some((header, after)) = rest.split_first_chunk::<5>() {
        let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
        content.extend_from_slice(&after[..len]);
        rest = &after[len..];
    }
    let (start, end) = content.split_at(10);
    for fragment in [start, end] {
        let [hi, lo] = u16::try_from(fragment.len()).unwrap().to_be_bytes();
        feed(&mut ours, &[&[22, 3, 3, hi, lo], fragment].concat());
    }
    shake(&mut ours, &mut peer, |_| ());
    assert_eq!(ours.extended_master_secret(), Some(true));
    let theirs = peer.0.export_keying_material([0; 32], b"label", None).unwrap();
    assert_eq!(ours.export_keying_material([0; 32], b"label", None), Ok(theirs));
}
