//! Every violation after the handshake, and the alert that it causes. DESIGN.md has a copy of the
//! table.

use wantwrite::AlertDescription as Alert;
use wantwrite::PeerFault::*;
use wantwrite::*;
use wantwrite_testing::design;
use wantwrite_testing::raw_peer::*;
use wantwrite_testing::verdict::*;
use wantwrite_testing::violations::Verdict::*;
use wantwrite_testing::violations::*;
use wantwrite_testing::*;

const SUITES_HERE: [CipherSuite; 5] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// Asserts what the connection does: it continues, or it fails with an alert and reports that to
/// the caller.
#[track_caller]
fn judge(violation: &Violation, suite: CipherSuite, verdict: Verdict) {
    for &role in violation.roles {
        let ways = (violation.ways)(suite.version(), role);
        assert!(!ways.is_empty(), "{violation}");
        for (way, make) in ways.iter().enumerate() {
            let context = format!("{violation}, way {way}, to a {role:?} with {suite:?}");
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            let wire = make(&mut peer);
            if violation.is_by_header {
                assert_eq!(wire.len(), HEADER_LEN, "{context}");
            }
            match verdict {
                Ends(fault, alert) => {
                    let found = end_of(&mut ours, &mut peer, &wire);
                    assert_eq!((found, found.alert()), (fault, alert), "{context}");
                }
                Legal => {
                    feed(&mut ours, &wire);
                    assert_eq!(ours.error(), None, "{context}");
                    assert_alive(&mut ours, &mut peer);
                }
                Absent => unreachable!("not judged"),
            }
        }
    }
}

#[test]
fn every_violation_gets_the_alert_in_the_table() {
    for violation in VIOLATIONS {
        for suite in SUITES_HERE {
            let verdict = match suite.version() {
                Version::Tls13 => violation.verdicts.tls13,
                Version::Tls12 => violation.verdicts.tls12,
            };
            if !matches!(verdict, Absent) {
                judge(violation, suite, verdict);
            }
        }
    }
}

/// Whatever arrives and whatever is called after it.
#[test]
fn every_violation_puts_exactly_one_fatal_alert_on_the_wire() {
    let mut judged = 0;
    for violation in VIOLATIONS {
        for suite in [TLS13, TLS12] {
            let verdict = match suite.version() {
                Version::Tls13 => violation.verdicts.tls13,
                Version::Tls12 => violation.verdicts.tls12,
            };
            let Ends(_, alert) = verdict else { continue };
            for &role in violation.roles {
                for make in (violation.ways)(suite.version(), role) {
                    let (mut ours, mut peer) = RawPeer::established(suite, role);
                    let mut wire = Vec::new();
                    for _ in 0..3 {
                        let again = make(&mut peer);
                        feed(&mut ours, &again);
                        wire.extend(drain(&mut ours));
                        let _refused = (ours.process(), ours.writer_mut().write(b"more"));
                        let _refused = (ours.writer_mut().flush(), ours.close());
                        let _refused = ours.writer_mut().update_keys(KeyUpdateRequest::Requested);
                        ours.abort(Alert::INTERNAL_ERROR);
                        ours.end_of_input();
                        wire.extend(drain(&mut ours));
                    }
                    let records = peer.open(&wire);
                    let alerts: Vec<_> =
                        records.iter().filter(|(content_type, _)| *content_type == ALERT).collect();
                    assert_eq!(alerts, [&(ALERT, vec![FATAL, alert.0])], "{violation}, {suite:?}");
                    assert_eq!(records.last().map(|last| last.0), Some(ALERT), "{violation}");
                    judged += 1;
                }
            }
        }
    }
    assert!(judged > 200, "only {judged} ways");
}

#[test]
fn design_has_the_table_of_violations_and_alerts() {
    let rows = VIOLATIONS.iter().map(|violation| {
        let Verdicts { tls13, tls12 } = &violation.verdicts;
        let faults = violation.verdicts.faults().into_iter().map(|fault| format!("`{fault:?}`"));
        let faults = faults.collect::<Vec<_>>().join(", ");
        vec![violation.to_string(), faults, tls13.to_string(), tls12.to_string()]
    });
    let heading = ["violation", "`PeerFault`", "TLS 1.3", "TLS 1.2"];
    design::assert_has("violations and alerts", &design::table(&heading, rows));
}

#[test]
fn a_record_after_the_last_sequence_number_is_unexpected() {
    for suite in SUITES_HERE {
        let key = &[3; 32][..suite.key_len()];
        let keys = ReadKeys::new(suite, key, [5; 12], u64::MAX).unwrap();
        let mut reader = Reader::new(keys, Role::Client, ReaderConfig::default()).unwrap();
        let wire = [&header(APPLICATION_DATA, 40)[..], &[7; 40]].concat();
        assert_eq!(reader.receive(&wire), wire.len());
        let error = reader.process().unwrap_err();
        assert_eq!(error, Error::Peer(TooManyRecords));
        assert_eq!(error.alert(), Some(AlertDescription::UNEXPECTED_MESSAGE));
    }
}
