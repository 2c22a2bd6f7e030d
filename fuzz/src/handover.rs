//! The handover from the handshake to our record layer. The peer is stock rustls, and its bytes
//! are split anywhere. No byte of the stream is lost, even if data follows the handshake's last
//! bytes immediately.

use std::io::Write;

use rustls::{ClientConfig, ServerConfig};
use wantwrite::*;

use super::draw::{self, Input, Result};
use wantwrite_testing::{Peer, ROLES, drain, pattern, read_all, server_name};

const MAX_ROUNDS: usize = 100;

pub fn run(data: &[u8]) {
    wantwrite_fuzzing::seed(0);
    let _input_is_used_up = exchange(&mut Input::new(data), draw::aeads(data));
}

/// The peer's actions.
struct Plan {
    role: Role,
    /// The number of bytes that it writes before the handshake is complete, so that they follow its
    /// last flight immediately.
    glued: usize,
    /// The number of bytes that it writes after the handshake.
    behind: usize,
    /// The number of KeyUpdates before those bytes.
    key_updates: usize,
}

fn exchange(input: &mut Input<'_>, aeads: [AeadProvider; 2]) -> Result<()> {
    let suite = *input.choose(&wantwrite_fuzzing::SUITES)?;
    let (client, server) = wantwrite_fuzzing::configs(suite).unwrap();
    let (mut client, mut server) = (ClientConfig::clone(&client), ServerConfig::clone(&server));
    client.max_fragment_size = fragment_size(input)?;
    server.max_fragment_size = fragment_size(input)?;
    server.send_half_rtt_data = input.arbitrary()?;
    server.send_tls13_tickets = input.int_in_range(0..=4)?;
    let plan = Plan {
        role: *input.choose(&ROLES)?,
        glued: input.int_in_range(0..=300)?,
        behind: input.int_in_range(0..=20_000)?,
        key_updates: match suite.version() {
            Version::Tls13 => input.int_in_range(0..=3)?,
            Version::Tls12 => 0,
        },
    };
    let mut config = ConnectionConfig::default();
    [config.writer.aead, config.reader.aead] = aeads;
    let (ours, peer) = match plan.role {
        Role::Client => {
            let ours = Connection::client_with(client.into(), server_name(), config).unwrap();
            (ours, Peer::server(server))
        }
        Role::Server => {
            (Connection::server_with(server.into(), config).unwrap(), Peer::client(client))
        }
    };
    play(ours, peer, &plan, input);
    Ok(())
}

fn fragment_size(input: &mut Input<'_>) -> Result<Option<usize>> {
    Ok(match input.int_in_range(0..=2)? {
        0_u8 => None,
        1 => Some(input.int_in_range(32..=300)?.max(69)),
        _ => Some(input.int_in_range(300..=16_389)?),
    })
}

fn play(mut ours: Connection, mut peer: Peer, plan: &Plan, input: &mut Input<'_>) {
    peer.0.writer().write_all(&pattern(plan.glued)).unwrap();
    let mut expected = pattern(plan.glued);
    let mut read = Vec::new();
    let mut said = false;
    for round in 0.. {
        assert!(round < MAX_ROUNDS, "the handshake does not end");
        let to_peer = drain(&mut ours);
        peer.feed(&to_peer).unwrap();
        if !said && !peer.0.is_handshaking() {
            for _ in 0..plan.key_updates {
                peer.0.refresh_traffic_keys().unwrap();
            }
            peer.0.writer().write_all(&pattern(plan.behind)).unwrap();
            expected.extend(pattern(plan.behind));
            said = true;
        }
        let to_us = peer.take_wire();
        if to_peer.is_empty() && to_us.is_empty() {
            break;
        }
        deliver(&mut ours, &to_us, &mut read, input);
    }
    assert!(said);
    ours.writer_mut().write_atomic(b"ours").unwrap();
    ours.close().unwrap();
    peer.feed(&drain(&mut ours)).unwrap();
    assert_eq!(peer.take_plaintext(), b"ours");
    peer.0.send_close_notify();
    let to_us = peer.take_wire();
    deliver(&mut ours, &to_us, &mut read, input);
    assert!(read == expected, "{} bytes were read, not {}", read.len(), expected.len());
    assert_eq!(ours.writer_state(), WriterState::Closed);
    assert_eq!(ours.reader_state(), ReaderState::PeerClosed);
    // Several requests that arrive together get one answer.
    assert_eq!(ours.writer().progress().key_updates, u64::from(plan.key_updates > 0));
}

/// Delivers `wire` in pieces of lengths from the input, and the rest in one piece once the input is
/// used up.
fn deliver(ours: &mut Connection, mut wire: &[u8], read: &mut Vec<u8>, input: &mut Input<'_>) {
    while !wire.is_empty() {
        let len = match input.arbitrary::<u8>() {
            Ok(len @ 1..) if !input.is_empty() => usize::from(len).min(wire.len()),
            _ => wire.len(),
        };
        let taken = ours.receive(&wire[..len]);
        wire = &wire[taken..];
        while ours.wants().process {
            ours.process().unwrap();
            read.extend(read_all(ours));
        }
    }
}
