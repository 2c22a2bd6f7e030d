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

#[test]
fn what_is_printed_has_a_name() {
    let suite = SUITES[0];
    let (mut writer, reader) = writer_and_reader(suite, WriterConfig::default());
    let secret = TrafficSecret::new(suite, &[7; 48][..suite.secret_len()]).unwrap();
    assert!(format!("{secret:?}").contains("TrafficSecret"));
    assert_eq!(writer.write(b"held"), Ok(4));
    for part in ["Writer", "RecordSealer", "OutboundBuffer", "Segment"] {
        assert!(format!("{writer:?}").contains(part), "{part} in {writer:?}");
    }
    for part in ["Reader", "RecordOpener", "InboundBuffer", "HandshakeJoiner"] {
        assert!(format!("{reader:?}").contains(part), "{part} in {reader:?}");
    }
    let mut plaintext = bytes::Bytes::from_static(&[0; 20_000]);
    let batch = writer.seal_batch(&mut plaintext).unwrap();
    assert!(format!("{batch:?}").contains("Batch"));
    let job = batch.job();
    assert!(format!("{job:?}").contains("SealJob"));
    assert_eq!(batch.finish(), Ok(20_000));

    let mut config = ConnectionConfig::default();
    (config.movable, config.exporter, config.early_data) = (true, true, true);
    let identity = Identity::for_suite(suite);
    let tls = client_config(suite, &identity);
    let fresh = Connection::client_with(tls.into(), server_name(), config.clone()).unwrap();
    for part in ["Rustls", "EarlyData", "Secrets"] {
        assert!(format!("{fresh:?}").contains(part), "{part} in {fresh:?}");
    }
    let (ordinary, _) = RawPeer::established(suite, Role::Client);
    assert!(format!("{ordinary:?}").contains("KernelSchedule"), "{ordinary:?}");
    assert!(format!("{:?}", clock(|| None)).contains("Clock"));
    let (ours, _) = RawPeer::established_with(suite, Role::Client, config);
    for part in ["Negotiated", "ExporterSecret"] {
        assert!(format!("{ours:?}").contains(part), "{part} in {ours:?}");
    }
    let Ok(moved) = ours.dangerous_into_moved() else { panic!("at rest") };
    assert!(format!("{moved:?}").contains("MovedConnection"));
    let mut acceptor = Acceptor::new(ConnectionConfig::default()).unwrap();
    let mut peer = Peer::client(client_config(suite, &identity));
    feed(acceptor.connection(), &peer.take_wire());
    assert!(format!("{:?}", acceptor.client_hello().unwrap()).contains("ClientHello"));
}

#[test]
fn pools_are_equal_if_they_are_one() {
    let pool = Pool::new(2);
    assert_eq!(pool, pool.clone());
    assert_ne!(pool, Pool::new(2));
    assert!(format!("{pool:?}").contains("Pool"));
    assert!(format!("{:?}", AlertDescription::DECODE_ERROR).contains("decode_error"));
    let texts = [
        LingerError::GaveUp { discarded: 7 }.to_string(),
        LingerError::StillSending { discarded: 7 }.to_string(),
        ExportError::TooLong { max: 7, actual: 8 }.to_string(),
        MoveError::AlreadyUsed.to_string(),
    ];
    assert!(texts[..3].iter().all(|text| text.contains('7')), "{texts:?}");
    assert!(texts[3].contains("already read"));
    let error = WriterConfig::check(&with(|config| config.capacity = 0)).unwrap_err();
    let source = core::error::Error::source(&MoveError::Config(error)).map(ToString::to_string);
    assert_eq!(source, Some(error.to_string()));
    assert!(core::error::Error::source(&MoveError::Malformed).is_none());
}
