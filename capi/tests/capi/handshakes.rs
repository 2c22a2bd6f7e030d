//! Handshakes: what they negotiate, and how they fail.

use std::ffi::CString;
use std::thread;

use capi_calls::capi::*;
use capi_calls::{ClientConfig, Connection, ServerConfig, pem};

use crate::ends::{Identity, configs, established, pair_with, pump};

#[test]
fn both_peers_report_the_same_parameters_in_both_versions() {
    for (versions, number) in [(WW_TLS13, 0x0304), (WW_TLS12, 0x0303), (0, 0x0304)] {
        let (client, server, identity) = configs(versions, &[c"h2", c"http/1.1"]);
        let mut settings = capi_calls::settings();
        settings.exporter = 1;
        let mut ends = pair_with(&client, &server, &settings);
        assert_eq!(ends[0].version(), 0);
        assert_eq!(ends[0].export(32, b"EXPORTER-x", None).0, ww_status::WW_ERROR_NEGOTIATING);
        assert_eq!(ends[0].write(b"early"), (ww_status::WW_OK, 0));
        assert_eq!(pump(&mut ends), [ww_status::WW_OK; 2]);
        for end in &ends {
            assert_eq!((end.version(), end.alpn()), (number, (ww_status::WW_OK, &b"h2"[..])));
            assert_eq!(end.handshake_kind(), ww_handshake::WW_HANDSHAKE_FULL);
            assert_ne!(end.cipher_suite(), 0);
        }
        assert_eq!(ends[1].server_name(), (ww_status::WW_OK, &b"localhost"[..]));
        assert_eq!(ends[0].peer_certificate(0), (ww_status::WW_OK, &identity.der[..]));
        assert_eq!(ends[0].peer_certificate(1), (ww_status::WW_OK, &b""[..]));
        let exported = ends.each_ref().map(|end| end.export(32, b"EXPORTER-x", Some(b"c")));
        assert_eq!(exported[0].0, ww_status::WW_OK);
        assert_eq!(exported[0], exported[1]);
        let too_long = ends[0].export(1 << 15, b"EXPORTER-x", None);
        assert_eq!(too_long.0, ww_status::WW_ERROR_EXPORT);
    }
}

#[test]
fn plaintext_and_both_closes_arrive() {
    for versions in [WW_TLS13, WW_TLS12] {
        let mut ends = established(versions);
        assert_eq!(ends[0].writev(&[b"hel", b"", b"lo"]), (ww_status::WW_OK, 5));
        assert_eq!(ends[0].close(), ww_status::WW_OK);
        assert_eq!(ends[0].write(b"more"), (ww_status::WW_ERROR_CLOSED, 0));
        pump(&mut ends);
        assert_eq!(ends[1].read(3), (ww_status::WW_OK, b"hel".to_vec()));
        assert_eq!(ends[1].read(9), (ww_status::WW_OK, b"lo".to_vec()));
        assert_eq!(ends[1].read(9), (ww_status::WW_OK, vec![]));
        assert_eq!(ends[1].reading_state(), ww_reading::WW_READING_PEER_CLOSED);
        assert_eq!(ends[1].write_and_close(b"bye"), ww_status::WW_OK);
        let (_, chunk) = ends[1].out_take(usize::MAX);
        let [mut client, server] = ends;
        drop(server);
        let chunk = chunk.unwrap();
        assert_eq!(client.receive(chunk.span()), (ww_status::WW_OK, chunk.span().len()));
        assert_eq!(client.read(9), (ww_status::WW_OK, b"bye".to_vec()));
    }
}

#[test]
fn process_reports_a_truncation_once_and_read_every_time() {
    let mut ends = established(0);
    assert_eq!(ends[0].in_end(), ww_status::WW_OK);
    assert_eq!(ends[0].process(), ww_status::WW_ERROR_TRUNCATED);
    assert_eq!(ends[0].process(), ww_status::WW_OK);
    for _ in 0..2 {
        assert_eq!(ends[0].read(1), (ww_status::WW_ERROR_TRUNCATED, vec![]));
        let (status, _) = ends[0].next(ww_goal::WW_GOAL_READ as i32);
        assert_eq!(status, ww_status::WW_ERROR_TRUNCATED);
    }
    assert_eq!(ends[0].reading_state(), ww_reading::WW_READING_TRUNCATED);
    assert_eq!(ends[0].error().status, ww_status::WW_OK);
    assert_eq!(ends[0].write(b"still"), (ww_status::WW_OK, 5));
}

#[test]
fn an_error_names_the_party_at_fault_and_the_alert() {
    let mut ends = established(0);
    assert_eq!(ends[0].abort(40), ww_status::WW_OK);
    assert_eq!(pump(&mut ends), [ww_status::WW_OK, ww_status::WW_ERROR_PEER_ALERT]);
    let [ours, theirs] = ends.each_ref().map(Connection::error);
    assert_eq!(
        (ours.status, ours.fault, ours.alert),
        (ww_status::WW_ERROR_ABORTED, ww_fault::WW_FAULT_CALLER, 40)
    );
    assert_eq!(
        (theirs.status, theirs.fault, theirs.alert),
        (ww_status::WW_ERROR_PEER_ALERT, ww_fault::WW_FAULT_PEER, 40)
    );
    assert_eq!(capi_calls::text(&theirs), "the peer sent the alert handshake_failure");
    assert_eq!(ends[1].write(b"more"), (ww_status::WW_ERROR_FAILED, 0));

    let mut ends = established(0);
    let forged = [23, 3, 3, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(ends[0].receive(&forged), (ww_status::WW_OK, forged.len()));
    assert_eq!(ends[0].process(), ww_status::WW_ERROR_PEER_PROTOCOL);
    let error = ends[0].error();
    assert_eq!((error.fault, error.alert), (ww_fault::WW_FAULT_PEER, 20));
}

#[test]
fn an_abort_sends_an_alert_that_signals_an_error_if_it_can_send_one() {
    for alert in [0, 90] {
        let mut ends = established(0);
        assert_eq!(ends[0].abort(alert), ww_status::WW_OK);
        assert_eq!(pump(&mut ends), [ww_status::WW_OK, ww_status::WW_ERROR_PEER_ALERT]);
        assert_eq!(ends.each_ref().map(|end| end.error().alert), [80; 2]);
    }
    // Before the ServerHello, and after it.
    for (is_protected, received) in
        [(false, ww_status::WW_ERROR_PEER_ALERT), (true, ww_status::WW_OK)]
    {
        let (client, server, _) = configs(WW_TLS13, &[]);
        let [mut client, mut server] = pair_with(&client, &server, &capi_calls::settings());
        if is_protected {
            let (_, hello) = client.out_take(usize::MAX);
            assert_eq!(server.receive(hello.unwrap().span()).0, ww_status::WW_OK);
            assert_eq!(server.process(), ww_status::WW_OK);
        }
        assert_eq!(server.abort(40), ww_status::WW_OK);
        let mut ends = [client, server];
        assert_eq!(pump(&mut ends)[0], received);
        assert_eq!(ends[1].error().status, ww_status::WW_ERROR_ABORTED);
    }
}

/// Carries what one end has pending to the other, with its last byte changed.
fn carry_damaged(from: &mut Connection, to: &mut Connection) -> ww_status {
    let mut wire = Vec::new();
    while let (ww_status::WW_OK, Some(chunk)) = from.out_take(usize::MAX) {
        wire.extend_from_slice(chunk.span());
    }
    *wire.last_mut().unwrap() ^= 1;
    let mut status = ww_status::WW_OK;
    while !wire.is_empty() && status == ww_status::WW_OK {
        let (_, taken) = to.receive(&wire);
        wire.drain(..taken);
        status = to.process();
    }
    status
}

#[test]
fn a_damaged_record_in_the_handshake_is_the_peers_fault_as_after_it() {
    for (versions, damaged_flight) in [(WW_TLS13, 1), (WW_TLS12, 2)] {
        let (client, server, _) = configs(versions, &[]);
        let [mut from, mut to] = pair_with(&client, &server, &capi_calls::settings());
        // The last record of the flight, which contains Finished, is the first encrypted one or
        // follows it.
        for _ in 0..damaged_flight {
            while let (ww_status::WW_OK, Some(chunk)) = from.out_take(usize::MAX) {
                assert_eq!(to.receive(chunk.span()), (ww_status::WW_OK, chunk.span().len()));
                assert_eq!(to.process(), ww_status::WW_OK);
            }
            (from, to) = (to, from);
        }
        assert_eq!(carry_damaged(&mut from, &mut to), ww_status::WW_ERROR_PEER_PROTOCOL);
        let error = to.error();
        let blame = (error.status, error.fault);
        assert_eq!(blame, (ww_status::WW_ERROR_PEER_PROTOCOL, ww_fault::WW_FAULT_PEER));
    }
}

#[test]
fn an_untrusted_server_is_refused() {
    let (client, _, _) = configs(0, &[]);
    let (_, server, _) = configs(0, &[]);
    let mut ends = pair_with(&client, &server, &capi_calls::settings());
    let statuses = [ww_status::WW_ERROR_CERTIFICATE, ww_status::WW_ERROR_PEER_ALERT];
    assert_eq!(pump(&mut ends), statuses);
    assert_eq!((ends[0].error().fault, ends[1].error().alert), (ww_fault::WW_FAULT_PEER, 48));
}

#[test]
fn connections_of_one_configuration_resume_sessions() {
    for versions in [WW_TLS13, WW_TLS12] {
        let (client, server, identity) = configs(versions, &[]);
        // SAFETY: all pointers are valid.
        let stateless = unsafe {
            ServerConfig::new(|settings| {
                settings.certificates = pem(&identity.certificate);
                settings.private_key = pem(&identity.key);
                settings.stateless_tickets = 1;
            })
        };
        for (client, server) in [(client.clone(), server), (client, stateless.unwrap())] {
            // The first connection to a server has no session to resume.
            for kind in [ww_handshake::WW_HANDSHAKE_FULL, ww_handshake::WW_HANDSHAKE_RESUMED] {
                let mut ends = pair_with(&client, &server, &capi_calls::settings());
                assert_eq!(pump(&mut ends), [ww_status::WW_OK; 2]);
                assert_eq!(ends.each_ref().map(Connection::handshake_kind), [kind; 2]);
            }
        }
    }
}

#[test]
fn a_client_keeps_the_sessions_of_as_many_servers_as_its_setting_says() {
    let identity = Identity::new("localhost");
    // SAFETY: all pointers are valid.
    let server = unsafe {
        ServerConfig::new(|settings| {
            settings.certificates = pem(&identity.certificate);
            settings.private_key = pem(&identity.key);
            // The server need not remember anything.
            settings.stateless_tickets = 1;
        })
    };
    let server = server.unwrap();
    for (setting, kept) in [(1, 1), (3, 3), (9, 9), (0, 256)] {
        // SAFETY: the settings contain no pointers.
        let client = unsafe {
            ClientConfig::new(|settings| {
                settings.roots = 4;
                settings.session_cache = setting;
            })
        };
        let client = client.unwrap();
        let visit = |number: i32| {
            let name = CString::new(format!("host{number}.example")).unwrap();
            let settings = capi_calls::settings();
            let client = Connection::client(&client, &name, &settings).unwrap();
            let mut ends = [client, Connection::server(&server, &settings).unwrap()];
            assert_eq!(pump(&mut ends), [ww_status::WW_OK; 2]);
            ends[0].handshake_kind() == ww_handshake::WW_HANDSHAKE_RESUMED
        };
        assert!((0..kept).all(|number| !visit(number)));
        let visited_again = [0, kept / 2, kept - 1].map(visit);
        assert_eq!(visited_again, [true; 3], "with the setting {setting}");
        // One more displaces the first.
        assert_eq!([kept, 0].map(visit), [false; 2], "with the setting {setting}");
    }
}

#[test]
fn threads_share_a_configuration_and_connections_move_between_them() {
    let (client, server, _) = configs(0, &[]);
    let handshakes = || {
        let (client, server) = (client.clone(), server.clone());
        thread::spawn(move || {
            let mut last = None;
            for _ in 0..8 {
                let mut ends = pair_with(&client, &server, &capi_calls::settings());
                assert_eq!(pump(&mut ends), [ww_status::WW_OK; 2]);
                last = Some(ends);
            }
            last.unwrap()
        })
    };
    let threads = [handshakes(), handshakes()];
    drop((client, server));
    for thread in threads {
        let mut ends = thread.join().unwrap();
        assert_eq!(ends[0].write(b"moved"), (ww_status::WW_OK, 5));
        pump(&mut ends);
        assert_eq!(ends[1].read(9), (ww_status::WW_OK, b"moved".to_vec()));
    }
}
