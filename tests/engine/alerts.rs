//! Every violation after the handshake, and the alert that it gets. DESIGN.md has a copy of the
//! table.

mod violations;

use core::fmt;

use wantwrite::AlertDescription as Alert;
use wantwrite::PeerFault::*;
use wantwrite::*;
use wantwrite_testing::design;
use wantwrite_testing::raw_peer::*;
use wantwrite_testing::verdict::*;
use wantwrite_testing::*;

use self::Verdict::*;
use self::violations::VIOLATIONS;

const SUITES_HERE: [CipherSuite; 5] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// One way to commit a violation.
type Make = Box<dyn Fn(&mut RawPeer) -> Vec<u8>>;

/// A row of the table: a violation, what it comes to, and the ways to commit it.
struct Violation {
    name: &'static str,
    verdicts: Verdicts,
    ways: fn(Version, Role) -> Vec<Make>,
    /// Of the connection that it is done to.
    roles: &'static [Role],
    /// The header gives it away: nothing else is sent.
    is_by_header: bool,
}

struct Verdicts {
    tls13: Verdict,
    tls12: Verdict,
}

/// What a violation comes to in one version.
#[derive(Clone, Copy)]
enum Verdict {
    /// The connection ends with the fault and the alert.
    Ends(PeerFault, Alert),
    /// It is none: the connection goes on.
    Legal,
    /// It does not exist, or is another row.
    Absent,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ends(_, alert) => write!(f, "`{alert}`"),
            Legal => f.write_str("legal"),
            Absent => f.write_str("–"),
        }
    }
}

const fn in_both(fault: PeerFault, alert: Alert) -> Verdicts {
    Verdicts { tls13: Ends(fault, alert), tls12: Ends(fault, alert) }
}

const fn in_tls13(fault: PeerFault, alert: Alert) -> Verdicts {
    Verdicts { tls13: Ends(fault, alert), tls12: Absent }
}

const fn in_tls12(fault: PeerFault, alert: Alert) -> Verdicts {
    Verdicts { tls13: Absent, tls12: Ends(fault, alert) }
}

impl Verdicts {
    /// Each once.
    fn faults(&self) -> Vec<PeerFault> {
        let mut faults = Vec::new();
        for verdict in [self.tls13, self.tls12] {
            if let Ends(fault, _) = verdict {
                faults.push(fault);
            }
        }
        faults.dedup();
        faults
    }
}

const fn violation(
    name: &'static str,
    verdicts: Verdicts,
    ways: fn(Version, Role) -> Vec<Make>,
) -> Violation {
    Violation { name, verdicts, ways, roles: &ROLES, is_by_header: false }
}

impl Violation {
    const fn to(self, roles: &'static [Role]) -> Self {
        Self { roles, ..self }
    }

    const fn by_its_header(self) -> Self {
        Self { is_by_header: true, ..self }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.is_by_header { ", by its header alone" } else { "" };
        write!(f, "{}{how}", self.name)
    }
}

/// What the connection does: it goes on, or ends with an alert and says so to the caller.
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
fn every_violation_gets_the_alert_that_the_table_says() {
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
fn a_record_behind_the_last_sequence_number_is_unexpected() {
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
