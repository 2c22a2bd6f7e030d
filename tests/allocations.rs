//! No allocation in steady state.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use bytes::Buf;
use common::writer::writer_and_reader;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use wantwrite::{CipherSuite, Writer, WriterConfig};

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

/// The only test of this binary: another one's allocations would be counted too.
#[test]
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
