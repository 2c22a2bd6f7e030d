//! Our writer beside ring sealing the same bytes in place: one record a write, drained each time.
//!
//! `cargo bench --bench seal`; read the ratios of one run, not the times.

use bytes::Buf;
use core::hint::black_box;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use wantwrite::{CipherSuite, Coalescing, TrafficSecret, WriteKeys, Writer, WriterConfig};

const SIZES: [usize; 6] = [16, 64, 256, 1024, 4096, 16384];

/// ring alone: header and nonce made, content and type byte already in place, nothing copied.
fn ring_alone(c: &mut Criterion) {
    let mut group = c.benchmark_group("seal");
    for size in SIZES {
        let Ok(key) = UnboundKey::new(&AES_128_GCM, &[7; 16]) else {
            return;
        };
        let key = LessSafeKey::new(key);
        let mut record = vec![0; size + 1];
        let mut seq = 0_u64;
        group.throughput(Throughput::Bytes(u64::try_from(size).unwrap_or(0)));
        group.bench_function(BenchmarkId::new("ring alone", size), |b| {
            b.iter(|| {
                seq += 1;
                let mut nonce = [9; 12];
                for (byte, seq) in nonce[4..].iter_mut().zip(seq.to_be_bytes()) {
                    *byte ^= seq;
                }
                let [_, _, _, _, _, _, hi, lo] = (record.len() + 16).to_be_bytes();
                let header = [23, 3, 3, hi, lo];
                let nonce = Nonce::assume_unique_for_key(nonce);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(header), &mut record);
                black_box(tag)
            });
        });
    }
}

fn writer() -> Option<Writer> {
    let secret = TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[7; 32]).ok()?;
    let mut config = WriterConfig::default();
    config.coalescing = Coalescing::Off;
    Some(Writer::new(WriteKeys::from_secret(secret), config))
}

fn drain(writer: &mut Writer) {
    let mut outbound = writer.outbound();
    while outbound.has_remaining() {
        let len = black_box(outbound.chunk()).len();
        outbound.advance(len);
    }
}

/// One copy into place.
fn write(c: &mut Criterion) {
    let mut group = c.benchmark_group("seal");
    for size in SIZES {
        let Some(mut writer) = writer() else { return };
        let plaintext = vec![1; size];
        group.throughput(Throughput::Bytes(u64::try_from(size).unwrap_or(0)));
        group.bench_function(BenchmarkId::new("write", size), |b| {
            b.iter(|| {
                let accepted = writer.write(black_box(&plaintext));
                drain(&mut writer);
                accepted
            });
        });
    }
}

/// No copy: the bytes are made in the slot (the making is not counted).
fn slot(c: &mut Criterion) {
    let mut group = c.benchmark_group("seal");
    for size in SIZES {
        let Some(mut writer) = writer() else { return };
        group.throughput(Throughput::Bytes(u64::try_from(size).unwrap_or(0)));
        group.bench_function(BenchmarkId::new("slot", size), |b| {
            b.iter(|| {
                let committed = writer.slot().and_then(|slot| slot.commit(size));
                drain(&mut writer);
                committed
            });
        });
    }
}

criterion_group!(benches, ring_alone, write, slot);
criterion_main!(benches);
