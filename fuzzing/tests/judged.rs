//! Checks the crate's records against stock rustls. That our own two connections understand each
//! other would prove nothing.
#![expect(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "tests"
)]

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use rustls::{AlertDescription, ClientConnection, ConnectionTrafficSecrets, Error, KeyLog};
use wantwrite::{CipherSuite, Role, Version};
use wantwrite_fuzzing::*;

const ALERT: u8 = 0x15;
const HANDSHAKE: u8 = 0x16;
const APPLICATION_DATA: u8 = 0x17;

/// The secrets that rustls would write to SSLKEYLOGFILE.
#[derive(Debug, Default)]
struct Secrets(Mutex<Vec<(String, Vec<u8>)>>);

impl KeyLog for Secrets {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        self.0.lock().unwrap().push((label.to_owned(), secret.to_vec()));
    }
}

impl Secrets {
    fn get(&self, label: &str) -> Vec<u8> {
        let secrets = self.0.lock().unwrap();
        secrets.iter().find(|(of, _)| of == label).map(|(_, secret)| secret.clone()).unwrap()
    }
}

/// A stock rustls server after its handshake with a stock client, and that client's keys.
struct Judge {
    server: rustls::ServerConnection,
    forge: RecordForge,
    opener: RecordOpener,
}

impl Judge {
    fn new(suite: CipherSuite) -> Self {
        seed(1);
        let log = Arc::new(Secrets::default());
        let mut config = client_config(&[suite]).unwrap();
        config.key_log = log.clone();
        let mut client = ClientConnection::new(Arc::new(config), server_name()).unwrap();
        let config = server_config(&[suite]).unwrap();
        let mut server = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        while client.is_handshaking() || server.is_handshaking() || server.wants_write() {
            let mut wire = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut wire).unwrap();
            }
            take(&mut server, &wire).unwrap();
            wire.clear();
            while server.wants_write() {
                server.write_tls(&mut wire).unwrap();
            }
            let mut rest = &wire[..];
            while !rest.is_empty() {
                client.read_tls(&mut rest).unwrap();
                client.process_new_packets().unwrap();
            }
        }
        let secrets = client.dangerous_extract_secrets().unwrap();
        let (forge, opener) = match suite.version() {
            Version::Tls13 => (
                RecordForge::from_secret(suite, &log.get("CLIENT_TRAFFIC_SECRET_0"), secrets.tx.0),
                RecordOpener::from_secret(suite, &log.get("SERVER_TRAFFIC_SECRET_0"), secrets.rx.0),
            ),
            Version::Tls12 => {
                let (key, iv) = raw(&secrets.tx.1);
                let forge = RecordForge::from_key(suite, &key, iv, secrets.tx.0);
                let (key, iv) = raw(&secrets.rx.1);
                (forge, RecordOpener::from_key(suite, &key, iv, secrets.rx.0))
            }
        };
        Self { server, forge: forge.unwrap(), opener: opener.unwrap() }
    }

    /// Sends `wire` to the server. Returns the plaintext that its application reads, or its error.
    fn give(&mut self, wire: &[u8]) -> Result<Vec<u8>, Error> {
        let taken = take(&mut self.server, wire);
        let mut plaintext = Vec::new();
        let _would_block = self.server.reader().read_to_end(&mut plaintext);
        taken.map(|()| plaintext)
    }

    /// The records that the server sends to its client.
    fn answer(&mut self) -> Vec<OpenedRecord> {
        let mut wire = Vec::new();
        while self.server.wants_write() {
            self.server.write_tls(&mut wire).unwrap();
        }
        records(&wire).map(|record| self.opener.open(record).unwrap()).collect()
    }
}

fn take(server: &mut rustls::ServerConnection, mut wire: &[u8]) -> Result<(), Error> {
    while !wire.is_empty() {
        server.read_tls(&mut wire).unwrap();
        server.process_new_packets()?;
    }
    Ok(())
}

fn raw(secrets: &ConnectionTrafficSecrets) -> (Vec<u8>, [u8; 12]) {
    let (ConnectionTrafficSecrets::Aes128Gcm { key, iv }
    | ConnectionTrafficSecrets::Aes256Gcm { key, iv }
    | ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv }) = secrets
    else {
        panic!("another AEAD")
    };
    (key.as_ref().to_vec(), iv.as_ref().try_into().unwrap())
}

#[test]
fn an_honest_record_is_read_and_the_answer_of_rustls_is_opened() {
    for suite in SUITES {
        let mut judge = Judge::new(suite);
        for content in [&b"hello"[..], b"", &[7; 16_384]] {
            let wire = judge.forge.seal(APPLICATION_DATA, content);
            assert_eq!(judge.give(&wire).unwrap(), content, "{suite:?}");
        }
        judge.server.writer().write_all(b"answer").unwrap();
        let answer = judge.answer();
        assert_eq!(answer.len(), 1);
        assert_eq!(answer[0].content_type, APPLICATION_DATA);
        assert_eq!(answer[0].content, b"answer");
    }
}

#[test]
fn the_forge_follows_a_key_update_that_rustls_follows() {
    for suite in &SUITES[..3] {
        let mut judge = Judge::new(*suite);
        for generation in 1..4 {
            let update = judge.forge.seal(HANDSHAKE, &[24, 0, 0, 1, 1]);
            judge.forge.update_keys().unwrap();
            let data = judge.forge.seal(APPLICATION_DATA, b"new key");
            assert_eq!(judge.give(&[update, data].concat()).unwrap(), b"new key");
            judge.server.writer().write_all(b"answer").unwrap();
            let answer = judge.answer();
            assert_eq!(answer[0].content, [24, 0, 0, 1, 0]);
            assert_eq!(
                (&answer[1].content[..], answer[1].generation),
                (&b"answer"[..], generation)
            );
        }
    }
}

#[test]
fn rustls_refuses_a_malformed_alert_after_its_tag_is_verified() {
    for suite in SUITES {
        let mut judge = Judge::new(suite);
        let mut record = ForgedRecord::new(suite.version(), ALERT, &[2]);
        record.padding = if suite.version() == Version::Tls13 { 30 } else { 0 };
        let wire = judge.forge.forge(&record);
        let error = judge.give(&wire).unwrap_err();
        assert!(matches!(error, Error::InvalidMessage(_)), "{suite:?}: {error}");
        let answer = judge.answer();
        let expected = u8::from(AlertDescription::DecodeError);
        assert_eq!((answer[0].content_type, &answer[0].content[..]), (ALERT, &[2, expected][..]));
    }
}

#[test]
fn a_used_sequence_number_and_a_false_header_break_the_tag() {
    for suite in SUITES {
        let mut judge = Judge::new(suite);
        let first = judge.forge.seal(APPLICATION_DATA, b"first");
        assert_eq!(judge.give(&first).unwrap(), b"first");
        let mut again = ForgedRecord::new(suite.version(), APPLICATION_DATA, b"again");
        again.seq = Some(judge.forge.seq() - 1);
        let wire = judge.forge.forge(&again);
        assert!(matches!(judge.give(&wire), Err(Error::DecryptError)), "{suite:?}");
    }
}

#[test]
fn only_records_that_are_sealed_again_pass_the_tag() {
    for suite in SUITES {
        let mut judge = Judge::new(suite);
        let mut honest = judge.forge.clone();
        let wire: Vec<u8> =
            ["one ", "two "].iter().flat_map(|part| honest.seal(0x17, part.as_bytes())).collect();
        let mut tape = Tape::open(&wire, judge.forge.opener());
        for mutation in [
            Mutation::Swap { record: 0, with: 1 },
            Mutation::Repeat { record: 0 },
            Mutation::Flip { record: 2, at: 0, bits: b'o' ^ b'O' },
            Mutation::Split { record: 2, at: 1 },
            Mutation::Merge { record: 0 },
        ] {
            assert!(tape.apply(&mutation));
        }
        let wire = tape.seal(judge.forge.clone());
        assert_eq!(judge.give(&wire).unwrap(), b"two two One ", "{suite:?}");

        for mutation in [
            Mutation::Swap { record: 0, with: 1 },
            Mutation::Drop { record: 0 },
            Mutation::Flip { record: 0, at: 9, bits: 1 },
            Mutation::Merge { record: 0 },
            Mutation::Cut { record: 0, len: 20 },
            Mutation::Pad { record: 0, len: 1 },
            Mutation::Split { record: 0, at: 9 },
        ] {
            let mut judge = Judge::new(suite);
            let wire =
                [judge.forge.seal(0x17, &[1; 40]), judge.forge.seal(0x17, &[2; 40])].concat();
            let mut tape = Tape::new(&wire);
            assert!(tape.apply(&mutation));
            judge.give(&tape.to_wire()).expect_err("it is not what was sealed");
        }
    }
}

/// Law 12, including the handshake.
#[test]
fn law_12_a_connection_without_randomness_gives_the_same_bytes_every_time() {
    let transcript = |suite, of| {
        let (mut client, mut server) = strangers(of, suite, Default::default()).unwrap();
        let mut transcript = Vec::new();
        loop {
            let to_server = drain(&mut client);
            feed(&mut server, &to_server);
            let to_client = drain(&mut server);
            feed(&mut client, &to_client);
            if to_server.is_empty() && to_client.is_empty() {
                break;
            }
            transcript.push((to_server, to_client));
        }
        client.writer_mut().write_atomic(b"the same").unwrap();
        transcript.push((drain(&mut client), Vec::new()));
        transcript
    };
    for suite in SUITES {
        assert!(transcript(suite, 1) == transcript(suite, 1), "{suite:?}");
        assert!(transcript(suite, 1) != transcript(suite, 2), "{suite:?}");
    }
    let rsa = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
    assert!(strangers(1, rsa, Default::default()).is_err());
}

#[test]
fn endpoints_from_keys_interoperate_in_every_suite() {
    for &suite in CipherSuite::ALL {
        let keys = Keys::new(suite, 3);
        let (mut client, mut server) = pair_with(&keys, &Default::default()).unwrap();
        client.writer_mut().write_atomic(b"to the server").unwrap();
        server.writer_mut().write_atomic(b"to the client").unwrap();
        settle(&mut client, &mut server);
        assert_eq!(server.plaintext(), b"to the server");
        assert_eq!(client.plaintext(), b"to the client");
        // The forge shares no code with the engine's sealing, and makes the same bytes.
        let (mut client, _) = pair_with(&keys, &Default::default()).unwrap();
        client.writer_mut().write_atomic(b"to the server").unwrap();
        let forged = keys.forge(Role::Client).seal(APPLICATION_DATA, b"to the server");
        assert_eq!(drain(&mut client), forged, "{suite:?}");
    }
    let wire = |seed| {
        let mut client = pair(seed).0;
        client.writer_mut().write_atomic(b"x").unwrap();
        drain(&mut client)
    };
    assert_ne!(wire(1), wire(2), "different seeds give different keys");
}

/// Every script terminates, has the same transcript on each run, and reads only written bytes.
#[test]
fn scripts_of_any_bytes_run_the_same_way_twice() {
    let mut state = 1_u32;
    for len in [0_usize, 1, 10, 100, 400, 1000].repeat(20) {
        let input: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(len)
        .collect();
        let script = arbitrary::Arbitrary::arbitrary(&mut arbitrary::Unstructured::new(&input));
        let script: Script = script.unwrap_or_default();
        for ends in [|| pair(5), || strangers(5, SUITES[3], Default::default()).unwrap()] {
            let play = || {
                let mut link = Link::of(ends());
                link.play(&script);
                link.transcript().map(Transcript::clone)
            };
            let [client, server] = play();
            assert!([client.clone(), server.clone()] == play());
            assert!(pattern(0, server.read.len()) == server.read);
            assert!(pattern(0, client.read.len()) == client.read);
            let read = |end: &Transcript| u64::try_from(end.read.len()).unwrap();
            assert!(read(&server) <= client.written && read(&client) <= server.written);
        }
    }
}

#[test]
fn mutated_inputs_keep_to_the_length_limit_and_mostly_open() {
    let keys = Keys::new(SUITES[0], 1);
    let mut forge = keys.forge(Role::Client);
    let honest: Vec<u8> = (1..=3).flat_map(|len| forge.seal(0x17, &[len; 9])).collect();
    let mut opened = 0;
    for seed in 0..1000 {
        let mut data = vec![0; 60_000];
        data[..honest.len()].copy_from_slice(&honest);
        let size = mutate(&mut data, honest.len(), seed, &keys, Role::Client);
        let mut opener = keys.opener(Role::Client);
        opened += usize::from(records(&data[..size]).all(|record| opener.open(record).is_some()));
    }
    assert!((500..900).contains(&opened), "{opened} of 1000 open");
    // Starting from an empty input, in a small buffer.
    let (mut data, mut size) = ([0; 100], 0);
    for seed in 0..1000 {
        size = mutate(&mut data, size, seed, &keys, Role::Client);
        assert!(size <= data.len());
    }
}

#[test]
fn keys_of_the_wrong_length_and_updates_of_raw_keys_are_refused() {
    for suite in [SUITES[0], SUITES[3]] {
        assert!(RecordForge::from_secret(suite, &[1; 31], 0).is_err());
        assert!(RecordForge::from_key(suite, &[1; 17], [0; 12], 0).is_err());
        assert!(RecordOpener::from_secret(suite, &[1; 31], 0).is_err());
        assert!(RecordOpener::from_key(suite, &[1; 17], [0; 12], 0).is_err());
        let mut forge = RecordForge::from_key(suite, &[1; 16], [0; 12], 5).unwrap();
        assert_eq!(forge.update_keys(), Err(NoTrafficSecret));
        assert_eq!(forge.seq(), 5);
    }
    assert!(RecordForge::from_secret(SUITES[3], &[1; 32], 0).is_err(), "TLS 1.2 has no secrets");
}

#[test]
fn content_too_long_for_a_header_is_sealed_anyway() {
    for suite in [SUITES[0], SUITES[3]] {
        let content = vec![0; 70_000];
        let mut record = ForgedRecord::new(suite.version(), APPLICATION_DATA, &content);
        record.seq = Some(u64::MAX);
        let mut forge = Keys::new(suite, 1).forge(Role::Client);
        let wire = forge.forge(&record);
        assert_eq!(wire[..5], [0x17, 3, 3, 0xff, 0xff]);
        assert!(wire.len() > 70_016);
        assert_eq!(forge.seq(), 0);
        (record.is_sealed, record.outer_type, record.len) = (false, 0x63, Some(5));
        assert_eq!(forge.forge(&record)[..5], [0x63, 3, 3, 0, 5]);
        assert_eq!(forge.seq(), 0, "a plaintext record uses no sequence number");
    }
}
