//! No allocation in steady state.
//!
//! A program of its own, without the test harness: its threads allocate too.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use bytes::Buf;
use common::writer::writer_and_reader;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use wantwrite::{CipherSuite, Pool, Writer, WriterConfig};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn write_and_drain(writer: &mut Writer, data: &[u8]) {
    writer.write_all(data).unwrap();
    let mut outbound = writer.outbound();
    while outbound.has_remaining() {
        let len = outbound.chunk().len();
        outbound.advance(len);
    }
}

fn thousand_writes_of_64_bytes_and_of_16_kib_allocate_nothing() {
    for suite in CipherSuite::ALL {
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

/// What was handed out comes back to the pool, and its bookkeeping with it.
fn owned_hand_off_with_a_pool_allocates_nothing() {
    let mut config = WriterConfig::default();
    config.pool = Some(Pool::new(8));
    let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
    let (mut writer, _) = writer_and_reader(suite, config);
    let data = vec![1; 40_000];
    let mut hand_off = || {
        writer.write_all(&data).unwrap();
        let mut len = 0;
        while writer.wants_drain() {
            len += writer.outbound().take_chunk(usize::MAX).unwrap().len();
        }
        assert!(len > data.len());
    };
    (0..10).for_each(|_| hand_off());
    let region = Region::new(ALLOCATOR);
    (0..1000).for_each(|_| hand_off());
    let change = region.change();
    assert_eq!(change.allocations + change.reallocations, 0);
}

fn main() {
    thousand_writes_of_64_bytes_and_of_16_kib_allocate_nothing();
    println!("test thousand_writes_of_64_bytes_and_of_16_kib_allocate_nothing ... ok");
    owned_hand_off_with_a_pool_allocates_nothing();
    println!("test owned_hand_off_with_a_pool_allocates_nothing ... ok");
}
