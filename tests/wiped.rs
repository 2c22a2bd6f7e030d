//! What is left in memory: of plaintext nothing, wherever it was, and of traffic secrets nothing.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Mutex, PoisonError};

use bytes::{Buf, Bytes, BytesMut};
use wantwrite::*;
use wantwrite_testing::writer::*;
use zeroize::{Zeroize, Zeroizing};

const SUITES_HERE: [CipherSuite; 2] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// No ciphertext has this byte so often in a row.
const MARK: u8 = 0xa7;
const RUN: usize = 16;

/// Plaintext that is gone itself when it is dropped.
fn marks(len: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(vec![MARK; len])
}

fn has_marks(memory: &[u8]) -> bool {
    let mut run = 0;
    memory.iter().any(|&byte| {
        run = if byte == MARK { run + 1 } else { 0 };
        run == RUN
    })
}

/// One test at a time: what the others hold would be seen.
static ALONE: Mutex<()> = Mutex::new(());

/// A way for a writer to have had plaintext; then it is dropped.
type Way = (&'static str, fn(&mut Writer));

const WAYS: [Way; 10] = [
    ("sealed and drained", |writer| {
        writer.write_all(&marks(50_000)).unwrap();
        drain_writer(writer);
    }),
    ("sealed and not drained", |writer| {
        writer.write_all(&marks(50_000)).unwrap();
        writer.flush().unwrap();
    }),
    ("in an open record", |writer| writer.write_all(&marks(10_000)).unwrap()),
    ("in an open record of a writer that was aborted", |writer| {
        writer.write_all(&marks(10_000)).unwrap();
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
        writer.write_all(&marks(10_000)).unwrap();
        let _not_in_tls12 = writer.update_keys(KeyUpdateRequest::Requested);
        writer.slot().unwrap().fill(MARK);
        writer.abort(AlertDescription::INTERNAL_ERROR);
    }),
    ("drained in part, and taken as chunks", |writer| {
        writer.write_all(&marks(50_000)).unwrap();
        drop(writer.outbound().take_chunk(10_000));
        writer.outbound().advance(10_000);
    }),
    ("in a batch, dropped unfinished", |writer| {
        let plaintext = marks(50_000);
        drop(writer.seal_batch(&mut Bytes::from_owner(plaintext)).unwrap());
    }),
];

#[test]
fn no_plaintext_is_left_in_segments_that_come_back_to_a_pool() {
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
            // A slot is memory as it was left.
            let mut next: Vec<Writer> = Vec::new();
            for left in (0..pool.len()).rev() {
                let (mut writer, _) = writer_and_reader(suite, pooled());
                assert!(!has_marks(&writer.slot().unwrap()), "{way}");
                writer.write_all(b"x").unwrap();
                assert_eq!(pool.len(), left, "{way}");
                next.push(writer);
            }
        }
    }
}

/// Owned plaintext is sealed where it lies.
#[test]
fn owned_plaintext_is_ciphertext_in_its_own_memory_afterwards() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut writer, _) = writer_and_reader(SUITES_HERE[0], WriterConfig::default());
    let mut owned = BytesMut::with_capacity(16_385);
    owned.resize(16_384, MARK);
    assert_eq!(writer.write_owned(&mut owned), Ok(16_384));
    let outbound = writer.outbound();
    assert!(!outbound.chunks().any(has_marks));
}

#[cfg(target_os = "linux")]
mod in_the_whole_process {
    use std::fs::File;
    use std::io::Read;
    use std::os::unix::fs::FileExt;

    use super::*;

    /// Looks at all memory of this process that can be written, freed or not. What it needs for
    /// that it has from the beginning: memory freed since must not be used again.
    struct Scan {
        maps: String,
        bytes: Zeroizing<Vec<u8>>,
        /// An address that is not looked at, nor what is mapped with it.
        except: Option<u64>,
    }

    impl Scan {
        fn new() -> Self {
            let maps = String::with_capacity(1 << 20);
            let bytes = Zeroizing::new(vec![0; 1 << 20]);
            let mut this = Self { maps, bytes, except: None };
            assert!(!this.finds_marks());
            let held = marks(RUN);
            assert!(this.finds_marks(), "they are found where they are");
            drop(held);
            this
        }

        fn finds_marks(&mut self) -> bool {
            self.maps.clear();
            File::open("/proc/self/maps").unwrap().read_to_string(&mut self.maps).unwrap();
            let memory = File::open("/proc/self/mem").unwrap();
            let writable = self.maps.lines().filter(|line| line.contains(" rw"));
            let mut found = false;
            for line in writable {
                let (range, _) = line.split_once(' ').unwrap();
                let (start, end) = range.split_once('-').unwrap();
                let [start, end] = [start, end].map(|at| u64::from_str_radix(at, 16).unwrap());
                if self.except.is_some_and(|at| (start..end).contains(&at)) {
                    continue;
                }
                for at in (start..end).step_by(self.bytes.len()) {
                    let n = memory.read_at(&mut self.bytes, at).unwrap_or(0);
                    found |= has_marks(&self.bytes[..n]);
                }
            }
            self.bytes.zeroize();
            self.bytes.resize(1 << 20, 0);
            found
        }
    }

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

    #[test]
    fn no_plaintext_is_left_by_a_reader() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scan = Scan::new();
        for suite in SUITES_HERE {
            let (mut writer, _) = writer_and_reader(suite, WriterConfig::default());
            writer.write_all(&marks(20_000)).unwrap();
            let wire = drain_writer(&mut writer);
            for consumed in [0, 100, 16_384, 20_000] {
                let (_, mut reader) = writer_and_reader(suite, WriterConfig::default());
                assert_eq!(reader.receive(&wire), wire.len());
                let _ = reader.process().unwrap();
                assert!(has_marks(reader.plaintext()));
                reader.consume(consumed);
                let _ = reader.process().unwrap();
                drop(reader);
                assert!(!scan.finds_marks(), "{suite:?}, {consumed} bytes consumed");
            }
            let mut altered = wire.clone();
            *altered.last_mut().unwrap() ^= 1;
            let (_, mut reader) = writer_and_reader(suite, WriterConfig::default());
            assert_eq!(reader.receive(&altered), altered.len());
            let _ = reader.process().unwrap();
            reader.consume(usize::MAX);
            assert!(reader.process().is_err());
            assert!(!scan.finds_marks(), "{suite:?}, after a failure");
        }
    }

    /// Not so of the keys made of it, of which ring has copies, nor of the stack, where values that
    /// were moved leave theirs.
    #[test]
    fn no_traffic_secret_is_left_on_the_heap_when_it_was_updated_or_dropped() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scan = Scan::new();
        let on_the_stack = 0;
        scan.except = u64::try_from(core::ptr::from_ref(&on_the_stack).addr()).ok();
        for updates in 0..3 {
            let suite = SUITES_HERE[0];
            let secret = marks(suite.secret_len());
            let keys = WriteKeys::from_secret(TrafficSecret::new(suite, &secret).unwrap());
            drop(secret);
            assert!(scan.finds_marks(), "the secret, in its box");
            let mut writer = Writer::new(keys, WriterConfig::default());
            for _ in 0..updates {
                writer.update_keys(KeyUpdateRequest::NotRequested).unwrap();
                drain_writer(&mut writer);
                assert!(!scan.finds_marks(), "the secret of an earlier generation");
            }
            drop(writer);
            assert!(!scan.finds_marks(), "{updates} updates");
        }
    }
}
