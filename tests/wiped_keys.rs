//! Keys, IVs and traffic secrets exist in one place each, wherever their owner is moved, and
//! nowhere after it is dropped. The tests search the heap, freed or not, but not the stack.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

extern crate alloc;

use alloc::sync::Arc;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use wantwrite::*;
use wantwrite_testing::scan::{ALONE, Masked, Scan, wiping_the_stack};
use wantwrite_testing::writer::{drain_writer, with};
use wantwrite_testing::*;
use zeroize::Zeroizing;

/// Bytes that do not occur anywhere else, on the stack.
fn secret<const N: usize>(seed: u8) -> [u8; N] {
    let mut state = u32::from(seed).wrapping_mul(0x9e37_79b9) | 1;
    core::array::from_fn(|_| {
        state = state.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
        state.to_be_bytes()[0]
    })
}

/// What one direction must keep secret.
struct Kept {
    key: Masked,
    iv: Masked,
    /// Only in TLS 1.3.
    secret: Option<Masked>,
}

impl Kept {
    /// The secrets of a direction with raw keys.
    fn raw(suite: CipherSuite) -> Self {
        wiping_the_stack(|| {
            let key = Masked::of(&secret::<32>(1)[..suite.key_len()]);
            Self { key, iv: Masked::of(&secret::<12>(2)), secret: None }
        })
    }

    /// The secrets derived from a traffic secret.
    fn of(suite: CipherSuite, secret: Masked) -> Self {
        let key = secret.expanded(suite, b"key", suite.key_len());
        let iv = secret.expanded(suite, b"iv", 12);
        Self { key, iv, secret: Some(secret) }
    }

    /// The secrets of the next generation.
    fn next(&self, suite: CipherSuite) -> Self {
        let secret = self.secret.as_ref().unwrap();
        Self::of(suite, secret.expanded(suite, b"traffic upd", suite.secret_len()))
    }

    /// Asserts how often each of them occurs.
    #[track_caller]
    fn assert_found(&self, scan: &mut Scan, times: usize, when: &str) {
        assert_eq!(scan.count(&self.key), times, "keys {when}");
        assert_eq!(scan.count(&self.iv), times, "IVs {when}");
        if let Some(secret) = &self.secret {
            assert_eq!(scan.count(secret), times, "secrets {when}");
        }
    }
}

/// Moves a value through a box and a vector. When these are freed, their memory keeps a bitwise
/// copy of the value.
fn moved<T>(value: T) -> T {
    let boxed = Box::new(value);
    let mut vec = Vec::with_capacity(1);
    vec.push(*boxed);
    vec.pop().unwrap()
}

fn write_keys(suite: CipherSuite) -> WriteKeys {
    wiping_the_stack(|| {
        // In a separate stack frame from the one that makes the keys, because a value contains
        // padding that is never written.
        let key = wiping_the_stack(|| Zeroizing::new(secret::<32>(1).to_vec()));
        WriteKeys::new(suite, &key[..suite.key_len()], secret(2), 0).unwrap()
    })
}

fn read_keys(suite: CipherSuite) -> ReadKeys {
    wiping_the_stack(|| {
        // In a separate stack frame from the one that makes the keys, because a value contains
        // padding that is never written.
        let key = wiping_the_stack(|| Zeroizing::new(secret::<32>(1).to_vec()));
        ReadKeys::new(suite, &key[..suite.key_len()], secret(2), 0).unwrap()
    })
}

fn traffic_secret(suite: CipherSuite) -> TrafficSecret {
    wiping_the_stack(|| {
        let secret = secret::<48>(3);
        TrafficSecret::new(suite, &secret[..suite.secret_len()]).unwrap()
    })
}

fn generation_0(suite: CipherSuite) -> Kept {
    let secret = wiping_the_stack(|| Masked::of(&secret::<48>(3)[..suite.secret_len()]));
    Kept::of(suite, secret)
}

/// Seals under the first number, whose nonce is the IV. To seal, ring puts ChaCha20's key on the
/// stack.
fn seal_something(writer: &mut Writer) {
    wiping_the_stack(|| {
        writer.write_atomic(b"sealed").unwrap();
        drain_writer(writer);
    });
}

fn tls13() -> impl Iterator<Item = CipherSuite> {
    CipherSuite::ALL.iter().copied().filter(|suite| suite.version() == Version::Tls13)
}

#[test]
fn the_keys_of_a_writer_are_in_one_place_until_it_is_dropped() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let on_the_stack = 0;
    let mut scan = Scan::without_stack(&on_the_stack);
    for &suite in CipherSuite::ALL {
        let kept = Kept::raw(suite);
        let mut writer =
            moved(Writer::new(moved(write_keys(suite)), WriterConfig::default()).unwrap());
        seal_something(&mut writer);
        // ring's key is another copy.
        assert!(scan.count(&kept.key) > 1, "ring's key is not found: {suite:?}");
        writer.shrink();
        kept.assert_found(&mut scan, 1, "of a writer that was shrunk");
        let parts = moved(moved(writer).into_parts().unwrap());
        kept.assert_found(&mut scan, 1, "of a writer's parts");
        let mut writer = moved(Writer::from_parts(parts, &WriterConfig::default()).unwrap());
        seal_something(&mut writer);
        let keys = moved(writer.into_parts().unwrap().into_keys());
        assert_eq!(scan.count(&kept.iv), 1);
        drop(keys);
        kept.assert_found(&mut scan, 0, "of keys that were dropped");
    }
}

#[test]
fn the_keys_of_a_reader_are_in_one_place_until_it_is_dropped() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let on_the_stack = 0;
    let mut scan = Scan::without_stack(&on_the_stack);
    for &suite in CipherSuite::ALL {
        let kept = Kept::raw(suite);
        let keys = moved(read_keys(suite));
        let mut reader = moved(Reader::new(keys, Role::Client, ReaderConfig::default()).unwrap());
        reader.shrink();
        kept.assert_found(&mut scan, 1, "of a reader that was shrunk");
        drop(moved(reader));
        kept.assert_found(&mut scan, 0, "of a reader that was dropped");
    }
}

#[test]
fn a_traffic_secret_is_in_one_place_until_it_is_dropped() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let on_the_stack = 0;
    let mut scan = Scan::without_stack(&on_the_stack);
    for suite in tls13() {
        let kept = generation_0(suite).secret.unwrap();
        let secret = moved(traffic_secret(suite));
        assert_eq!(scan.count(&kept), 1, "moved");
        drop(secret);
        assert_eq!(scan.count(&kept), 0, "dropped");
        let keys = moved(WriteKeys::from_secret(moved(traffic_secret(suite))));
        assert_eq!(scan.count(&kept), 1, "in write keys");
        drop(keys);
        assert_eq!(scan.count(&kept), 0, "in write keys that were dropped");
        let keys = moved(ReadKeys::from_secret(moved(traffic_secret(suite))));
        drop(moved(Reader::new(keys, Role::Client, ReaderConfig::default()).unwrap()));
        assert_eq!(scan.count(&kept), 0, "in a reader that was dropped");
    }
}

#[test]
fn no_traffic_secret_is_left_on_the_heap_after_an_update_or_drop() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let on_the_stack = 0;
    let mut scan = Scan::without_stack(&on_the_stack);
    for suite in tls13() {
        let mut kept = generation_0(suite);
        let keys = WriteKeys::from_secret(traffic_secret(suite));
        let mut writer = moved(Writer::new(keys, WriterConfig::default()).unwrap());
        for _ in 0..3 {
            writer.shrink();
            kept.assert_found(&mut scan, 1, "of this generation");
            wiping_the_stack(|| {
                writer.update_keys(KeyUpdateRequest::NotRequested).unwrap();
                drain_writer(&mut writer);
            });
            kept.assert_found(&mut scan, 0, "of an earlier generation");
            kept = kept.next(suite);
        }
        let parts = moved(writer.into_parts().unwrap());
        drop(moved(Writer::from_parts(parts, &WriterConfig::default()).unwrap()));
        kept.assert_found(&mut scan, 0, "of a writer that was dropped");
    }
}

#[test]
fn sealing_threads_leave_no_key_behind() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let on_the_stack = 0;
    let mut scan = Scan::without_stack(&on_the_stack);
    // To seal, ring puts ChaCha20's key on the stack, between two segments that are moved.
    let aes = |suite: &CipherSuite| !format!("{suite:?}").contains("CHACHA20");
    for suite in CipherSuite::ALL.iter().copied().filter(aes) {
        let kept = Kept::raw(suite);
        let config = with(|config| config.capacity = 1 << 20);
        let mut writer = Writer::new(write_keys(suite), config).unwrap();
        let batch = writer.seal_batch(&mut Bytes::from_static(&[0; 200_000])).unwrap();
        let late = batch.job();
        assert_eq!(wiping_the_stack(|| batch.job().run()), batch.tasks());
        assert_eq!(batch.finish(), Ok(200_000));
        drain_writer(&mut writer);
        writer.shrink();
        kept.assert_found(&mut scan, 1, "of a writer that was shrunk");
        drop(writer);
        kept.assert_found(&mut scan, 0, "of a writer that was dropped");
        assert_eq!(late.run(), 0);
    }
}

/// The secret with this label. rustls has it too, and does not wipe it everywhere.
#[derive(Debug)]
struct Logged {
    label: &'static str,
    secret: Mutex<Option<Masked>>,
}

impl Logged {
    fn new(label: &'static str) -> Arc<Self> {
        Arc::new(Self { label, secret: Mutex::default() })
    }

    fn take(&self) -> Masked {
        self.secret.lock().unwrap().take().unwrap()
    }
}

impl rustls::KeyLog for Logged {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        if label == self.label {
            *self.secret.lock().unwrap() = Some(Masked::of(secret));
        }
    }
}

/// rustls leaves copies of it on the heap, as many as if we keep none.
#[test]
fn our_copy_of_the_exporter_secret_is_wiped_on_drop() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let on_the_stack = 0;
    let mut scan = Scan::without_stack(&on_the_stack);
    for suite in tls13() {
        for role in ROLES {
            let [without, with] = [false, true].map(|exporter| {
                let log = Logged::new("EXPORTER_SECRET");
                let ours = moved(established_with_log(suite, role, log.clone(), exporter));
                let secret = log.take();
                let exported = ours.export_keying_material([0; 32], b"label", None);
                assert_eq!(exported.is_ok(), exporter);
                let alive = scan.count(&secret);
                drop(ours);
                (alive, scan.count(&secret))
            });
            assert!(with.0 > without.0, "{suite:?} {role:?}: kept {with:?} {without:?}");
            assert_eq!(with.1, without.1, "{suite:?} {role:?}: left");
        }
    }
}

fn established_with_log(
    suite: CipherSuite,
    role: Role,
    log: Arc<Logged>,
    exporter: bool,
) -> Connection {
    wiping_the_stack(|| {
        let identity = Identity::for_suite(suite);
        let (mut client, mut server) =
            (client_config(suite, &identity), server_config(suite, &identity));
        let mut config = ConnectionConfig::default();
        config.exporter = exporter;
        let (mut ours, mut peer) = match role {
            Role::Client => {
                client.key_log = log;
                let ours = Connection::client_with(client.into(), server_name(), config);
                (moved(ours.unwrap()), Peer::server(server))
            }
            Role::Server => {
                server.key_log = log;
                let ours = Connection::server_with(server.into(), config);
                (moved(ours.unwrap()), Peer::client(client))
            }
        };
        negotiate(&mut ours, &mut peer);
        ours
    })
}

/// The test looks at the key after a KeyUpdate that the peer has not seen, because only we have it.
#[test]
fn the_keys_of_a_connection_are_in_one_place_until_it_is_dropped() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let on_the_stack = 0;
    let mut scan = Scan::without_stack(&on_the_stack);
    for suite in tls13() {
        for takes_apart in [false, true] {
            let identity = Identity::for_suite(suite);
            let log = Logged::new("CLIENT_TRAFFIC_SECRET_0");
            let mut config = client_config(suite, &identity);
            config.key_log = log.clone();
            let mut ours = moved(Connection::client(config.into(), server_name()).unwrap());
            let mut peer = Peer::server(server_config(suite, &identity));
            wiping_the_stack(|| {
                negotiate(&mut ours, &mut peer);
                ours.writer_mut().update_keys(KeyUpdateRequest::NotRequested).unwrap();
                drain(&mut ours);
            });
            let kept = Kept::of(suite, log.take()).next(suite);
            ours.shrink();
            kept.assert_found(&mut scan, 1, "of a connection");
            let ours = moved(ours);
            if takes_apart {
                let (parts, _) = moved(ours.into_parts().unwrap());
                assert_eq!(scan.count(&kept.key), 1, "keys of a connection's parts");
                assert_eq!(scan.count(&kept.iv), 1, "IVs of a connection's parts");
                drop(parts);
            } else {
                drop(ours);
            }
            kept.assert_found(&mut scan, 0, "of a connection that was dropped");
        }
    }
}
