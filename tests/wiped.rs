//! No plaintext is left in memory, wherever it was.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::PoisonError;

use bytes::{Bytes, BytesMut};
use ring::aead;
use wantwrite::*;
use wantwrite_testing::raw_peer::{APPLICATION_DATA, RawPeer};
use wantwrite_testing::scan::{ALONE, MARK, has_marks, marks};
use wantwrite_testing::writer::*;
use wantwrite_testing::*;

const SUITES_HERE: [CipherSuite; 2] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// A way for a writer to hold plaintext before it is dropped.
type Way = (&'static str, fn(&mut Writer));

const WAYS: [Way; 10] = [
    ("sealed and drained", |writer| {
        writer.write_atomic(&marks(50_000)).unwrap();
        drain_writer(writer);
    }),
    ("sealed and not drained", |writer| {
        writer.write_atomic(&marks(50_000)).unwrap();
        writer.flush().unwrap();
    }),
    ("in a current record", |writer| writer.write_atomic(&marks(10_000)).unwrap()),
    ("in a current record of a writer that was aborted", |writer| {
        writer.write_atomic(&marks(10_000)).unwrap();
        writer.abort(AlertDescription::INTERNAL_ERROR);
        drain_writer(writer);
    }),
    ("lent and not committed", |writer| writer.slot().unwrap().fill(MARK)),
    ("lent and committed in part", |writer| {
        let mut slot = writer.slot().unwrap();
        slot.fill(MARK);
        slot.commit(100).unwrap();
        drain_writer(writer);
    }),
    ("lent, and then overrun", |writer| {
        let mut slot = writer.slot().unwrap();
        slot.fill(MARK);
        let len = slot.len();
        assert!(slot.commit(len + 1).is_err());
    }),
    ("moved up by a KeyUpdate, and aborted", |writer| {
        writer.write_atomic(&marks(10_000)).unwrap();
        let _not_in_tls12 = writer.update_keys(KeyUpdateRequest::Requested);
        writer.slot().unwrap().fill(MARK);
        writer.abort(AlertDescription::INTERNAL_ERROR);
    }),
    ("drained in part, and taken as chunks", |writer| {
        writer.write_atomic(&marks(50_000)).unwrap();
        drop(writer.drain().take_chunk(10_000));
        writer.drain().advance(10_000).unwrap();
    }),
    ("in a batch, dropped unfinished", |writer| {
        let plaintext = marks(50_000);
        drop(writer.seal_batch(&mut Bytes::from_owner(plaintext)).unwrap());
    }),
];

#[test]
fn no_plaintext_is_left_in_segments_returned_to_a_pool() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for suite in SUITES_HERE {
        for (way, use_it) in WAYS {
            let pool = Pool::new(8);
            let pooled = || with(|config| config.pool = Some(pool.clone()));
            let (mut writer, _) = writer_and_reader(suite, pooled());
            use_it(&mut writer);
            let comes_back = !writer.wants_drain();
            drop(writer);
            assert!(!comes_back || !pool.is_empty(), "{way}");
            // A slot shows memory as its last user left it.
            let mut next: Vec<Writer> = Vec::new();
            for left in (0..pool.len()).rev() {
                let (mut writer, _) = writer_and_reader(suite, pooled());
                assert!(!has_marks(&writer.slot().unwrap()), "{way}");
                writer.write_atomic(b"x").unwrap();
                assert_eq!(pool.len(), left, "{way}");
                next.push(writer);
            }
        }
    }
}

/// Owned plaintext is sealed in place.
#[test]
fn owned_plaintext_is_ciphertext_in_its_own_memory_afterwards() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut writer, _) = writer_and_reader(SUITES_HERE[0], WriterConfig::default());
    let mut owned = BytesMut::with_capacity(16_385);
    owned.resize(16_384, MARK);
    assert_eq!(writer.write_owned(&mut owned), Ok(16_384));
    let drain = writer.drain();
    assert!(!drain.chunks().any(has_marks));
}

#[cfg(target_os = "linux")]
mod in_the_whole_process {
    use super::*;
    use wantwrite_testing::scan::Scan;
    use zeroize::Zeroizing;

    #[test]
    fn no_plaintext_is_left_by_a_writer() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scan = Scan::new();
        for suite in SUITES_HERE {
            for (way, use_it) in WAYS {
                for policy in [BufferPolicy::Retain, BufferPolicy::Release] {
                    let config = with(|config| config.buffers = policy);
                    let (mut writer, _) = writer_and_reader(suite, config);
                    use_it(&mut writer);
                    drop(writer);
                    assert!(!scan.finds_marks(), "{way}, {policy:?}, {suite:?}");
                }
            }
        }
    }

    /// The scan runs while the writer is alive, because dropping it would wipe the record anyway.
    #[test]
    fn the_current_record_is_wiped_when_the_writer_fails() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scan = Scan::new();
        for suite in SUITES_HERE {
            for pool in [None, Some(Pool::new(4))] {
                let config = with(|config| config.pool = pool.clone());
                let (mut writer, _) = writer_and_reader(suite, config.clone());
                writer.write_atomic(&marks(10_000)).unwrap();
                assert!(scan.finds_marks(), "in the current record");
                writer.abort(AlertDescription::INTERNAL_ERROR);
                assert!(!scan.finds_marks(), "{suite:?}: written, then aborted");
                let (mut other, _) = writer_and_reader(suite, config);
                other.write_atomic(b"x").unwrap();
                other.slot().unwrap().fill(MARK);
                other.abort(AlertDescription::INTERNAL_ERROR);
                assert!(!scan.finds_marks(), "{suite:?}: lent, then aborted");
                assert!(writer.wants_drain() && other.wants_drain(), "the alerts are pending");
            }
        }
    }

    #[test]
    fn the_current_record_is_wiped_when_the_connection_fails() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scan = Scan::new();
        for suite in SUITES_HERE {
            let ways: [fn(&mut Connection, &mut RawPeer); 2] = [
                |ours, _| ours.abort(AlertDescription::INTERNAL_ERROR),
                |ours, peer| {
                    let mut wire = peer.seal(APPLICATION_DATA, b"altered");
                    *wire.last_mut().unwrap() ^= 1;
                    assert_eq!(ours.receive(&wire), wire.len());
                    assert!(ours.process().is_err());
                },
            ];
            for fails in ways {
                let (mut ours, mut peer) = RawPeer::established(suite, Role::Client);
                ours.writer_mut().write_atomic(&marks(10_000)).unwrap();
                assert!(scan.finds_marks(), "in the current record");
                fails(&mut ours, &mut peer);
                assert!(!scan.finds_marks(), "{suite:?}");
                assert!(ours.wants().drain, "the alert is pending");
            }
        }
    }

    #[test]
    fn no_plaintext_is_left_by_a_reader() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scan = Scan::new();
        for suite in SUITES_HERE {
            let (mut writer, _) = writer_and_reader(suite, WriterConfig::default());
            writer.write_atomic(&marks(20_000)).unwrap();
            let wire = drain_writer(&mut writer);
            for consumed in [0, 100, 16_384] {
                let (_, mut reader) = writer_and_reader(suite, WriterConfig::default());
                assert_eq!(reader.receive(&wire), wire.len());
                let _ = reader.process().unwrap();
                assert!(has_marks(reader.plaintext()));
                reader.consume(consumed.min(reader.plaintext().len())).unwrap();
                let _ = reader.process().unwrap();
                drop(reader);
                assert!(!scan.finds_marks(), "{suite:?}, {consumed} bytes consumed");
            }
            let mut altered = wire.clone();
            *altered.last_mut().unwrap() ^= 1;
            let (_, mut reader) = writer_and_reader(suite, WriterConfig::default());
            assert_eq!(reader.receive(&altered), altered.len());
            let _ = reader.process().unwrap();
            reader.consume_all();
            assert!(reader.process().is_err());
            assert!(!scan.finds_marks(), "{suite:?}, after a failure");
        }
    }

    /// The scan runs while the memory is in the pool.
    #[test]
    fn no_plaintext_is_left_in_inbound_memory_returned_to_a_pool() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scan = Scan::new();
        for suite in SUITES_HERE {
            let (mut writer, _) = writer_and_reader(suite, WriterConfig::default());
            writer.write_atomic(&marks(20_000)).unwrap();
            let wire = drain_writer(&mut writer);
            let pool = Pool::new(2);
            let mut config = ReaderConfig::default();
            config.pool = Some(pool.clone());
            let opened = || {
                let (_, keys) = keys(suite);
                let mut reader = Reader::new(keys, Role::Server, config.clone()).unwrap();
                assert_eq!(reader.receive(&wire), wire.len());
                let _ = reader.process().unwrap();
                assert!(has_marks(reader.plaintext()));
                assert_eq!(pool.inbound_len(), 0, "in use");
                reader
            };
            let mut read = opened();
            while !read.plaintext().is_empty() {
                read.consume_all();
                let _ = read.process().unwrap();
            }
            assert_eq!(pool.inbound_len(), config.capacity, "it is empty");
            assert!(!scan.finds_marks(), "{suite:?}, read");
            let mut failed = opened();
            failed.fail(Error::Aborted(AlertDescription::INTERNAL_ERROR));
            failed.consume_all();
            assert_eq!(pool.inbound_len(), config.capacity, "it has failed");
            assert!(!scan.finds_marks(), "{suite:?}, failed");
            drop(opened());
            assert_eq!(pool.inbound_len(), config.capacity, "it is dropped");
            assert!(!scan.finds_marks(), "{suite:?}, dropped");
        }
    }

    /// A handshake longer than the buffer leaves it with more memory, which shrinks when enough has
    /// been read.
    #[test]
    fn no_plaintext_is_left_in_inbound_memory_that_was_shrunk() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scan = Scan::new();
        let suite = SUITES_HERE[1];
        let config = ConnectionConfig::default();
        let (mut ours, mut peer) = client_of_a_long_chain(suite, 60_000, config);
        while peer.0.is_handshaking() {
            peer.feed(&drain(&mut ours)).unwrap();
            if peer.0.is_handshaking() {
                feed(&mut ours, &peer.take_wire());
            }
        }
        let plaintext = marks(50_000);
        let wire = [peer.take_wire(), peer.send(&plaintext), peer.send(&plaintext[..10_000])];
        drop(plaintext);
        let taken: usize = wire.iter().map(|part| ours.receive(part)).sum();
        assert!(taken > 60_000);
        ours.process().unwrap();
        let held = ours.memory_held();
        while ours.memory_held() == held {
            ours.process().unwrap();
            assert!(has_marks(ours.plaintext()));
            ours.consume_all();
        }
        assert!(ours.memory_held() > 0, "unopened records are held");
        assert!(!scan.finds_marks());
        ours.process().unwrap();
        assert!(has_marks(ours.plaintext()));
    }

    /// Configurations that allow early data, where the client already has a ticket.
    struct EarlyEnds {
        client: rustls::ClientConfig,
        server: rustls::ServerConfig,
    }

    impl EarlyEnds {
        fn new() -> Self {
            let suite = SUITES_HERE[0];
            let identity = Identity::for_suite(suite);
            let (mut client, mut server) =
                (client_config(suite, &identity), server_config(suite, &identity));
            (client.enable_early_data, server.max_early_data_size) = (true, 20_000);
            let this = Self { client, server };
            negotiate(&mut this.our_client(), &mut Peer::server(this.server.clone()));
            this
        }

        fn our_client(&self) -> Connection {
            let mut config = ConnectionConfig::default();
            config.early_data = true;
            Connection::client_with(self.client.clone().into(), server_name(), config).unwrap()
        }

        fn our_client_with_marks(&self, len: usize) -> Connection {
            let mut ours = self.our_client();
            let mut early = ours.early_writer().unwrap();
            let plaintext = marks(len);
            // It is written in pieces, so that the kept data grows.
            let accepted: usize = plaintext.chunks(700).map(|piece| early.write(piece)).sum();
            assert_eq!(accepted, len);
            ours
        }
    }

    /// Feeds the peer only the ClientHello, and feeds us its answer. We cannot wipe early data in
    /// the peer.
    fn answer_the_hello(ours: &mut Connection, server: &rustls::ServerConfig) {
        let mut peer = Peer::server(server.clone());
        let wire = drain(ours);
        let hello_len = 5 + usize::from(u16::from_be_bytes([wire[3], wire[4]]));
        peer.feed(&wire[..hello_len]).unwrap();
        feed(ours, &peer.take_wire());
    }

    #[test]
    fn no_early_data_is_left_by_a_client() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scan = Scan::new();
        drop(EarlyEnds::new().our_client_with_marks(10_000));
        assert!(!scan.finds_marks(), "not sealed");

        let mut ours = EarlyEnds::new().our_client_with_marks(10_000);
        drain(&mut ours);
        assert!(scan.finds_marks(), "rejected data would have to be returned");
        ours.abort(AlertDescription::INTERNAL_ERROR);
        assert!(!scan.finds_marks(), "aborted");

        let ends = EarlyEnds::new();
        let mut ours = ends.our_client_with_marks(10_000);
        answer_the_hello(&mut ours, &ends.server);
        assert_eq!(ours.early_data_status(), EarlyDataStatus::Accepted);
        assert!(!scan.finds_marks(), "accepted");

        let mut ends = EarlyEnds::new();
        let mut ours = ends.our_client_with_marks(10_000);
        ends.server.session_storage = rustls::server::ServerSessionMemoryCache::new(8);
        answer_the_hello(&mut ours, &ends.server);
        assert_eq!(ours.early_data_status(), EarlyDataStatus::Rejected);
        assert!(scan.finds_marks(), "it is returned");
        drop(ours);
        assert!(!scan.finds_marks(), "rejected");
    }

    #[test]
    fn no_early_data_is_left_by_a_server() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scan = Scan::new();
        let lengths = [(10_000, 0), (10_000, 100), (10_000, 10_000), (1_000, 0), (200, 0)];
        for (len, consumed) in lengths {
            let ends = EarlyEnds::new();
            let mut client = ends.our_client_with_marks(len);
            let wire = drain(&mut client);
            drop(client);
            assert!(!scan.finds_marks(), "the client");
            let mut config = ConnectionConfig::default();
            config.early_data = true;
            config.reader.buffers = BufferPolicy::Release;
            let mut ours = Connection::server_with(ends.server.into(), config).unwrap();
            feed(&mut ours, &wire);
            assert_eq!(ours.early_plaintext().len(), len);
            assert!(has_marks(ours.early_plaintext()));
            ours.consume_early(consumed).unwrap();
            let held = if consumed < len { len } else { 0 };
            assert_eq!(scan.count_marks(), held, "{consumed} of {len} bytes consumed");
            drop(ours);
            assert!(!scan.finds_marks(), "{consumed} of {len} bytes consumed");
        }
    }

    /// A TLS 1.3 ticket in fragments.
    #[test]
    fn no_message_bytes_are_left_where_they_were_joined() {
        const FRAGMENT: usize = 500;
        const FRAGMENTS: u8 = 20;
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scan = Scan::new();
        let suite = SUITES_HERE[0];
        let key = aead::UnboundKey::new(&aead::AES_128_GCM, &[3; 16]).unwrap();
        let key = aead::LessSafeKey::new(key);
        let mut config = ReaderConfig::default();
        config.buffers = BufferPolicy::Release;
        let keys = ReadKeys::new(suite, &[3; 16], [0; 12], 0).unwrap();
        let mut reader = Reader::new(keys, Role::Client, config).unwrap();
        let [_, _, len_hi, len_lo] =
            u32::to_be_bytes(u32::try_from(FRAGMENT).unwrap() * u32::from(FRAGMENTS) - 4);
        for seq in 0..FRAGMENTS {
            let mut record = Zeroizing::new(Vec::with_capacity(FRAGMENT + 100));
            if seq == 0 {
                record.extend([4, 0, len_hi, len_lo]);
            }
            record.resize(FRAGMENT, MARK);
            record.push(22);
            let mut nonce = [0; 12];
            nonce[11] = seq;
            let header = raw_peer::header(23, record.len() + 16);
            let nonce = aead::Nonce::assume_unique_for_key(nonce);
            let aad = aead::Aad::from(header);
            let tag = key.seal_in_place_separate_tag(nonce, aad, &mut record).unwrap();
            for part in [&header[..], &record, tag.as_ref()] {
                assert_eq!(reader.receive(part), part.len());
            }
            let tickets = reader.process().unwrap().tickets;
            let joined = FRAGMENT * (usize::from(seq) + 1) - 4;
            assert_eq!(scan.count_marks(), if tickets == 0 { joined } else { 0 });
            assert_eq!(tickets > 0, seq + 1 == FRAGMENTS);
        }
        assert_eq!(reader.memory_held(), 0);
    }
}
