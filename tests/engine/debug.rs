//! `Debug` output shows no keys, secrets or plaintext.

use core::fmt::Debug;

use wantwrite::*;
use wantwrite_testing::raw_peer::*;
use wantwrite_testing::writer::*;
use wantwrite_testing::*;

/// A byte value that does not occur in anything else.
const SECRET: u8 = 0xb7;

#[track_caller]
fn assert_hidden(what: &dyn Debug) {
    for printed in [format!("{what:?}"), format!("{what:#?}"), format!("{what:x?}")] {
        let text: String = printed.split_whitespace().collect();
        for bytes in ["183,183,", "b7,b7,", "b7b7", "\\xb7", "Attack at dawn"] {
            assert!(!text.contains(&bytes.replace(' ', "")), "{printed}");
        }
    }
}

#[test]
fn keys_and_secrets_are_not_printed() {
    for suite in SUITES {
        let (key, iv) = ([SECRET; 32], [SECRET; 12]);
        let key = &key[..suite.key_len()];
        assert_hidden(&WriteKeys::new(suite, key, iv, 0).unwrap());
        assert_hidden(&ReadKeys::new(suite, key, iv, 0).unwrap());
        if suite.version() == Version::Tls13 {
            let secret = || TrafficSecret::new(suite, &[SECRET; 48][..suite.secret_len()]).unwrap();
            assert_hidden(&secret());
            assert_hidden(&WriteKeys::from_secret(secret()));
            assert_hidden(&ReadKeys::from_secret(secret()));
            let writer =
                Writer::new(WriteKeys::from_secret(secret()), WriterConfig::default()).unwrap();
            assert_hidden(&writer);
            assert_hidden(&writer.into_parts().unwrap());
            let keys = ReadKeys::from_secret(secret());
            assert_hidden(&Reader::new(keys, Role::Client, ReaderConfig::default()).unwrap());
        }
    }
}

#[test]
fn plaintext_is_not_printed() {
    let plaintext = [b"Attack at dawn", &[SECRET; 100][..]].concat();
    for suite in SUITES {
        let (mut writer, mut reader) = writer_and_reader(suite, WriterConfig::default());
        writer.write_atomic(&plaintext).unwrap();
        assert_hidden(&writer);
        {
            let mut slot = writer.slot().unwrap();
            slot[..plaintext.len()].copy_from_slice(&plaintext);
            assert_hidden(&slot);
        }
        let wire = drain_writer(&mut writer);
        assert_eq!(reader.receive(&wire), wire.len());
        let _ = reader.process().unwrap();
        assert_eq!(reader.plaintext(), plaintext);
        assert_hidden(&reader);
    }
    for role in ROLES {
        let (mut ours, mut peer) = RawPeer::established(SUITES[0], role);
        ours.writer_mut().write_atomic(&plaintext).unwrap();
        let wire = peer.seal(APPLICATION_DATA, &plaintext);
        feed(&mut ours, &wire);
        assert_eq!(ours.plaintext(), plaintext);
        assert_hidden(&ours);
    }
}

/// Two connections with the same history print the same, whatever their keys and certificates are.
/// So nothing random, which could look like a secret, is printed.
#[test]
fn the_debug_text_of_a_connection_is_deterministic() {
    for suite in SUITES {
        for role in ROLES {
            let print = || {
                let (mut ours, mut peer) = RawPeer::established(suite, role);
                ours.writer_mut().write_atomic(b"held").unwrap();
                let wire = peer.seal(APPLICATION_DATA, b"hello");
                feed(&mut ours, &wire);
                format!("{ours:?}")
            };
            assert_eq!(print(), print(), "{suite:?} {role:?}");
        }
    }
}

/// Memory is printed as counts, because a pool's memory also belongs to other connections.
#[test]
fn memory_contents_are_not_printed() {
    let pool = Pool::new(100);
    let config = with(|config| {
        config.capacity = 1 << 20;
        config.pool = Some(pool.clone());
    });
    let (mut writer, _) = writer_and_reader(SUITES[0], config.clone());
    writer.write_atomic(&pattern(1 << 19)).unwrap();
    drain_writer(&mut writer);
    assert!(!pool.is_empty());
    let mut owned = bytes::BytesMut::from(&pattern(100_000)[..]);
    assert!(writer.write_owned(&mut owned).unwrap() > 0);
    let chunk = writer.drain().take_chunk(10_000).unwrap();
    writer.put_back(chunk).unwrap();
    writer.write_atomic(b"held").unwrap();
    let drain = format!("{:?}", writer.drain());
    let (parts, _) = writer_and_reader(SUITES[0], config.clone());
    let connection = {
        let mut settings = ConnectionConfig::default();
        settings.writer = config.clone();
        RawPeer::established_with(SUITES[0], Role::Client, settings).0
    };
    let negotiating = Connection::client(
        client_config(SUITES[0], &Identity::for_suite(SUITES[0])).into(),
        server_name(),
    );
    for printed in [
        format!("{pool:?}"),
        format!("{config:?}"),
        format!("{writer:?}"),
        format!("{parts:?}"),
        format!("{connection:?}"),
        format!("{:?}", negotiating.unwrap()),
        drain,
    ] {
        assert!(printed.len() < 4000, "{} bytes: {}", printed.len(), &printed[..4000]);
    }
}
