//! The engine's settings change the records, but not the bytes.

use crate::client::letters;
use crate::server::{SUITES, Server, Stats};

const LEN: usize = 300_000;

/// Fetches with each version, and returns the counters.
fn fetch(options: &[&str]) -> Stats {
    let server = Server::start(options);
    for suite in SUITES {
        let mut client = server.client(suite);
        for _ in 0..2 {
            let answer = client.get(&format!("/bytes/{LEN}"));
            assert!(answer.body == letters(LEN), "{options:?} {suite:?}");
        }
        client.close();
        client.expect_end();
    }
    let stats = server.stop();
    assert_eq!(stats.get("clean"), 2, "{options:?}");
    stats
}

#[test]
fn settings_change_records_but_not_content() {
    let usual = fetch(&[]);
    // Four answers of 18.3 records each, and the short ones at their ends because of the slow
    // drain.
    let records = usual.get("records");
    assert!((4 * 19..4 * 25).contains(&records), "{records}");
    let sent = usual.get("wire_sent");

    let fixed = fetch(&["--sizing", "fixed:1000"]);
    assert!(fixed.get("records") >= 4 * 300);
    let small = fetch(&["--max-fragment", "512"]);
    assert!(small.get("records") >= 4 * 586);
    let slow_start = fetch(&["--sizing", "slow-start"]);
    assert!(slow_start.get("records") > records + 90);
    let padded = fetch(&["--padding", "multiple:1024"]);
    assert!(padded.get("wire_sent") > sent, "{}", padded.get("wire_sent"));
    // With this setting, the head has its own record.
    let single = fetch(&["--coalesce", "off"]);
    assert!(single.get("records") >= 4 * 20);
    let others = [
        ["--capacity", "1"],
        ["--capacity", "1000000"],
        ["--buffers", "retain"],
        ["--buffers", "release"],
    ];
    for options in &others {
        assert!(fetch(options).get("records") >= 4 * 19);
    }
    assert_eq!(usual.get("key_updates"), 0);
    // TLS 1.3 transfers 600 kB.
    let updates = fetch(&["--update-keys-every", "50000"]).get("key_updates");
    assert!((6..=12).contains(&updates), "{updates}");
}

#[test]
fn a_version_that_is_not_offered_is_refused() {
    for (versions, allowed) in [("1.2", [false, true]), ("1.3", [true, false])] {
        let server = Server::start(&["--tls", versions]);
        for (suite, allowed) in SUITES.into_iter().zip(allowed) {
            let mut client = server.client(suite);
            let handshake = client.0.conn.complete_io(&mut client.0.sock);
            assert_eq!(handshake.is_ok(), allowed, "{versions} {suite:?}");
        }
    }
}
