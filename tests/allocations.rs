//! What is allocated in steady state, and how much an idle connection holds.
//!
//! A separate program without the test harness, whose threads also allocate.
#![expect(clippy::unwrap_used, reason = "tests")]

extern crate alloc;

use alloc::sync::Arc;
use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use wantwrite::{
    BufferPolicy, CipherSuite, Connection, ConnectionConfig, Pool, ReadKeys, Role, Version,
    WriteKeys, Writer, WriterConfig,
};
use wantwrite_testing::writer::writer_and_reader;
use wantwrite_testing::*;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn write_and_drain(writer: &mut Writer, data: &[u8]) {
    writer.write_atomic(data).unwrap();
    let mut drain = writer.drain();
    while drain.remaining() > 0 {
        let len = drain.chunk().len();
        drain.advance(len).unwrap();
    }
}

fn thousand_writes_of_64_bytes_and_of_16_kib_allocate_nothing() {
    for &suite in CipherSuite::ALL {
        let (mut writer, _) = writer_and_reader(suite, WriterConfig::default());
        for len in [64, 16384] {
            let data = vec![1; len];
            write_and_drain(&mut writer, &data);
            let region = Region::new(ALLOCATOR);
            for _ in 0..1000 {
                write_and_drain(&mut writer, &data);
            }
            let change = region.change();
            assert_eq!(change.allocations + change.reallocations, 0, "{suite:?} {len}");
        }
    }
}

/// Chunks that were handed out return to the pool, including their bookkeeping.
fn owned_hand_off_with_a_pool_allocates_nothing() {
    let mut config = WriterConfig::default();
    config.pool = Some(Pool::new(8));
    let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
    let (mut writer, _) = writer_and_reader(suite, config);
    let data = vec![1; 40_000];
    let mut hand_off = || {
        writer.write_atomic(&data).unwrap();
        let mut len = 0;
        while writer.wants_drain() {
            len += writer.drain().take_chunk(usize::MAX).unwrap().len();
        }
        assert!(len > data.len());
    };
    (0..10).for_each(|_| hand_off());
    let region = Region::new(ALLOCATOR);
    (0..1000).for_each(|_| hand_off());
    let change = region.change();
    assert_eq!(change.allocations + change.reallocations, 0);
}

/// Both halves of each connection release their memory and take it again several times in a round
/// trip.
fn thousand_round_trips_of_connections_with_a_pool_allocate_nothing() {
    let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
    let config = ConnectionConfig::pooled(Pool::new(8));
    let ends = [([1; 16], [2; 16], Role::Client), ([2; 16], [1; 16], Role::Server)];
    let [mut client, mut server] = ends.map(|(write, read, role)| {
        let write = WriteKeys::new(suite, &write, [3; 12], 0).unwrap();
        let read = ReadKeys::new(suite, &read, [3; 12], 0).unwrap();
        Connection::from_keys(write, read, role, config.clone()).unwrap()
    });
    for len in [64, 16_384, 50_000] {
        let (data, mut buf) = (vec![1; len], vec![0; len]);
        let mut round_trip = || {
            carry(&mut client, &mut server, &data, &mut buf);
            carry(&mut server, &mut client, &data, &mut buf);
            assert_eq!(client.memory_held() + server.memory_held(), 0);
        };
        round_trip();
        let region = Region::new(ALLOCATOR);
        (0..1000).for_each(|_| round_trip());
        let change = region.change();
        assert_eq!(change.allocations + change.reallocations, 0, "{len}");
    }
}

fn carry(from: &mut Connection, to: &mut Connection, data: &[u8], buf: &mut [u8]) {
    from.writer_mut().write_atomic(data).unwrap();
    let mut len = 0;
    while from.wants().drain {
        let mut drain = from.writer_mut().drain();
        let taken = to.receive(drain.chunk());
        drain.advance(taken).unwrap();
        len += to.read(&mut buf[len..]).unwrap();
    }
    assert_eq!(&buf[..len], data);
}

/// `BufferPolicy::Release` costs one allocation for each segment that gets filled.
fn released_segments_are_all_that_is_allocated() {
    let mut config = WriterConfig::default();
    config.buffers = BufferPolicy::Release;
    let (mut writer, _) = writer_and_reader(CipherSuite::TLS_AES_128_GCM_SHA256, config);
    for (len, segments) in [(64, 1), (16384, 1), (65536, 4)] {
        let data = vec![1; len];
        write_and_drain(&mut writer, &data);
        let region = Region::new(ALLOCATOR);
        (0..1000).for_each(|_| write_and_drain(&mut writer, &data));
        let change = region.change();
        assert_eq!(change.allocations + change.reallocations, 1000 * segments, "{len}");
        assert_eq!(writer.memory_held(), 0);
    }
}

/// A job that runs too late, because its thread was busy, has nothing to seal.
fn jobs_of_finished_batches_hold_less_than_100_bytes() {
    let mut config = WriterConfig::default();
    config.capacity = 1 << 20;
    let (mut writer, _) = writer_and_reader(CipherSuite::TLS_AES_128_GCM_SHA256, config);
    let mut waiting = Vec::with_capacity(1000);
    let mut late_job = || {
        let batch = writer.seal_batch(&mut vec![1; 600_000].into()).unwrap();
        waiting.push(batch.job());
        assert_eq!(batch.finish(), Ok(600_000));
        let mut drain = writer.drain();
        drain.advance(drain.remaining()).unwrap();
    };
    late_job();
    let region = Region::new(ALLOCATOR);
    (0..319).for_each(|_| late_job());
    let change = region.change();
    let held = change.bytes_allocated - change.bytes_deallocated;
    assert!(held < 319 * 100, "319 jobs hold {held} bytes");
}

/// Only the connection's own memory, without the configuration. It includes one small certificate,
/// of which rustls and we each keep a copy.
fn an_idle_client_that_was_shrunk_holds_at_most_3000_bytes() {
    for suite in CipherSuite::ALL.iter().copied().filter(|suite| suite.version() == Version::Tls13)
    {
        let identity = Identity::for_suite(suite);
        let mut config = client_config(suite, &identity);
        // Otherwise the connection has a copy of the configuration.
        config.enable_secret_extraction = true;
        let config = Arc::new(config);
        let mut client = Connection::client(Arc::clone(&config), server_name()).unwrap();
        let mut server = Peer::server(server_config(suite, &identity));
        negotiate(&mut client, &mut server);
        for len in [0, 100, 10_000] {
            let wire = server.send(&vec![1; len]);
            feed(&mut client, &wire);
            assert_eq!(read_all(&mut client).len(), len);
            assert_eq!(client.writer_mut().write(&vec![2; len]), Ok(len));
            server.feed(&drain(&mut client)).unwrap();
            client.shrink();
            assert_eq!(client.memory_held(), 0);
        }
        let region = Region::new(ALLOCATOR);
        drop(client);
        let held = size_of::<Connection>() + region.change().bytes_deallocated;
        assert!(held <= 3000, "{suite:?}: {held}");
    }
}

fn main() {
    thousand_round_trips_of_connections_with_a_pool_allocate_nothing();
    println!("test thousand_round_trips_of_connections_with_a_pool_allocate_nothing ... ok");
    thousand_writes_of_64_bytes_and_of_16_kib_allocate_nothing();
    println!("test thousand_writes_of_64_bytes_and_of_16_kib_allocate_nothing ... ok");
    owned_hand_off_with_a_pool_allocates_nothing();
    println!("test owned_hand_off_with_a_pool_allocates_nothing ... ok");
    released_segments_are_all_that_is_allocated();
    println!("test released_segments_are_all_that_is_allocated ... ok");
    jobs_of_finished_batches_hold_less_than_100_bytes();
    println!("test jobs_of_finished_batches_hold_less_than_100_bytes ... ok");
    an_idle_client_that_was_shrunk_holds_at_most_3000_bytes();
    println!("test an_idle_client_that_was_shrunk_holds_at_most_3000_bytes ... ok");
}
