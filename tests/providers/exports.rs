//! Keying material and early data of handshakes that ring did not perform.

use libtest_mimic::Trial;
use rustls::crypto::aws_lc_rs;
use std::io::{Read, Write};
use wantwrite::*;
use wantwrite_testing::*;

use super::{Ends, PROVIDERS, trials_of};

pub(crate) fn trials() -> Vec<Trial> {
    trials_of(tests![both_peers_export_the_same, early_data_works_in_both_roles])
}

fn both_peers_export_the_same() {
    for suite in SUITES {
        for (name, provider) in PROVIDERS {
            let identity = Identity::for_suite(suite);
            let mut one = provider();
            one.cipher_suites.retain(|theirs| u16::from(theirs.suite()) == suite.to_wire());
            let ends = Ends::new(one, provider(), &identity);
            for role in ROLES {
                let mut config = ConnectionConfig::default();
                config.exporter = true;
                let (mut ours, mut peer) = match role {
                    Role::Client => (ends.our_client(config), ends.stock_server()),
                    Role::Server => (ends.our_server(config), ends.stock_client()),
                };
                negotiate(&mut ours, &mut peer);
                for context in [None, Some(&b"context"[..])] {
                    let theirs = peer.0.export_keying_material([0; 77], b"label", context);
                    let ours = ours.export_keying_material([0; 77], b"label", context);
                    assert_eq!(ours.unwrap(), theirs.unwrap(), "{name} {suite:?} {role:?}");
                }
            }
        }
    }
}

fn early_data_works_in_both_roles() {
    let identity = Identity::new(false);
    let provider = aws_lc_rs::default_provider;
    let mut ends = Ends::new(provider(), provider(), &identity);
    ends.client.enable_early_data = true;
    ends.server.max_early_data_size = 1000;
    let mut config = ConnectionConfig::default();
    config.early_data = true;
    // The first connection gets a ticket.
    negotiate(&mut ends.our_client(config.clone()), &mut ends.stock_server());

    let (mut ours, mut peer) = (ends.our_client(config.clone()), ends.stock_server());
    assert_eq!(ours.early_writer().unwrap().write(b"early"), 5);
    peer.feed(&drain(&mut ours)).unwrap();
    let rustls::Connection::Server(server) = &mut peer.0 else { panic!("not a server") };
    let mut early = [0; 5];
    server.early_data().unwrap().read_exact(&mut early).unwrap();
    assert_eq!(&early, b"early");
    negotiate(&mut ours, &mut peer);
    assert_eq!(ours.early_data_status(), EarlyDataStatus::Accepted);
    assert_both_ways(&mut ours, &mut peer);

    let (mut ours, mut peer) = (ends.our_server(config), ends.stock_client());
    let rustls::Connection::Client(client) = &mut peer.0 else { panic!("not a client") };
    client.early_data().unwrap().write_all(b"early").unwrap();
    negotiate(&mut ours, &mut peer);
    assert_eq!(ours.early_plaintext(), b"early");
    assert_both_ways(&mut ours, &mut peer);
}
