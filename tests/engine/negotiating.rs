//! The input of a handshake: memory, limits, and what follows its end.

use wantwrite::*;
use wantwrite_testing::*;

#[test]
fn input_after_its_end_is_ignored() {
    for role in ROLES {
        let (mut ours, _) = pair(TLS13, role);
        ours.end_of_input();
        assert_eq!(ours.receive(b"late"), 4);
        assert!(!ours.wants().input);
        assert_eq!(ours.process(), Err(Error::Truncated.into()));
    }
}

#[test]
fn nothing_is_received_while_the_memory_is_taken() {
    for role in ROLES {
        let (mut ours, mut peer) = pair(TLS13, role);
        peer.feed(&drain(&mut ours)).unwrap();
        let wire = peer.take_wire();
        let mut memory = ours.take_inbound().unwrap();
        assert_eq!(ours.receive(&wire), 0);
        assert!(ours.inbound().is_none());
        memory[..wire.len()].copy_from_slice(&wire);
        ours.give_back_inbound(memory, wire.len()).unwrap();
        ours.process().unwrap();
        negotiate(&mut ours, &mut peer);
    }
}

#[test]
fn a_full_buffer_wants_to_be_processed_and_no_input() {
    let mut config = ConnectionConfig::default();
    config.reader.limits.handshake_len = 1 << 16;
    let (mut ours, mut peer) = client_of_a_long_chain(TLS13, 60_000, config);
    peer.feed(&drain(&mut ours)).unwrap();
    let wire = peer.take_wire();
    let taken = ours.receive(&wire);
    assert!(taken < wire.len(), "the flight is longer than the buffer");
    assert!(!ours.wants().input && ours.wants().process);
    ours.process().unwrap();
    assert!(ours.wants().input);
    feed(&mut ours, &wire[taken..]);
    negotiate(&mut ours, &mut peer);
}

#[test]
fn a_silent_peer_costs_no_buffer() {
    let mut config = ConnectionConfig::default();
    config.reader.buffers = BufferPolicy::Release;
    let identity = Identity::new(false);
    let tls = server_config(TLS13, &identity);
    let mut ours = Connection::server_with(tls.into(), config).unwrap();
    assert!(ours.inbound().is_some());
    assert!(ours.memory_held() > 0);
    ours.process().unwrap();
    assert_eq!(ours.memory_held(), 0);
}

/// Until the client has sent its Finished, it sends alerts without protection.
#[test]
fn a_client_of_tls_1_2_refuses_the_servers_flight_in_the_clear() {
    let (mut ours, mut peer) = pair(TLS12, Role::Client);
    peer.feed(&drain(&mut ours)).unwrap();
    let flight = peer.take_wire();
    let hello_len = 5 + usize::from(u16::from_be_bytes([flight[3], flight[4]]));
    assert_eq!((flight[0], flight[5]), (0x16, 2), "it begins with a ServerHello");
    let message_len = usize::from(u16::from_be_bytes([flight[7], flight[8]]));
    let hello = &flight[9..9 + message_len];
    let [hi, lo] = u16::try_from(4 + message_len).unwrap().to_be_bytes();
    let record = [&[0x16, 3, 3, hi, lo, 2, 0, flight[7], flight[8]][..], hello].concat();
    assert!(record.len() <= hello_len);
    feed(&mut ours, &record);
    assert_eq!(ours.error(), None);
    feed(&mut ours, &[0x16, 3, 3, 0x40, 1]);
    let fault = PeerFault::RecordOverflow;
    assert_eq!(ours.error(), Some(Error::Peer(fault).into()));
    let AlertDescription(alert) = fault.alert();
    assert_eq!(drain(&mut ours), [0x15, 3, 3, 0, 2, 2, alert]);
}

/// The header of a record after the client's Finished, which only rustls would accept.
#[test]
fn a_refused_header_after_our_finished_gets_a_protected_alert() {
    let (mut ours, mut peer) = pair(TLS12, Role::Client);
    peer.feed(&drain(&mut ours)).unwrap();
    feed(&mut ours, &peer.take_wire());
    peer.feed(&drain(&mut ours)).unwrap();
    feed(&mut ours, &[0x16, 0xfe, 0xfd, 0, 4]);
    let fault = PeerFault::BadRecordVersion;
    assert_eq!(ours.error(), Some(Error::Peer(fault).into()));
    let wire = drain(&mut ours);
    assert!(wire.len() > 7, "protected: {wire:x?}");
    let at_peer = peer.feed(&wire);
    assert!(matches!(at_peer, Err(rustls::Error::AlertReceived(_))), "{at_peer:?}");
}
