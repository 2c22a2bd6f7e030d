//! The memory of an established, idle connection in bytes: inline, and on the heap.
//!
//! `cargo bench -p benches --bench memory`. The heap is what the allocator gets back when the
//! connection is dropped. Configurations, the ticket store and a pool's segments are shared, so
//! they are not included. Tickets have been stored, and everything written has been drained.
//!
//! This is a benchmark rather than an example because it does not show how to use the crate. It
//! compares the crate with rustls, with the same connections as the other benchmarks.

use core::mem::size_of;
use std::alloc::System;
use std::io::{self, Write};

use benches::common::Error;
use benches::common::handshake::{Ends, carry};
use ring::aead::LessSafeKey;
use rustls::{ClientConnection, ServerConnection};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use wantwrite::{BufferPolicy, CipherSuite, Connection, ConnectionConfig, Pool, Reader, Writer};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The bytes that each side writes before it is idle again.
const WRITTEN: [usize; 3] = [0, 64 * 1024, 1024 * 1024];

fn main() -> Result<(), Error> {
    let ends = Ends::new(CipherSuite::TLS_AES_128_GCM_SHA256)?;
    println!(
        "idle connections, TLS 1.3, AES-128-GCM; a server's certificate of {} bytes",
        ends.certificate_len()
    );
    println!(
        "{:<28} {:>7} {:>12} {:>12} {:>12} {:>12}",
        "", "inline", "heap at", "heap after", "heap after", "all, at"
    );
    println!(
        "{:<28} {:>7} {:>12} {:>12} {:>12} {:>12}",
        "", "", "hand-over", "64 KiB", "1 MiB", "hand-over"
    );
    for (policy, config) in policies() {
        let held = WRITTEN.map(|len| ours(&ends, &config, len, policy == SHRUNK));
        rows("Connection", policy, [size_of::<Connection>(); 2], held)?;
    }
    let inline = [size_of::<ClientConnection>(), size_of::<ServerConnection>()];
    rows("rustls", "", inline, WRITTEN.map(|len| buffered(&ends, len)))?;
    let unbuffered = ends.unbuffered()?;
    let inline = size_of_val(&unbuffered);
    row("rustls unbuffered, client", inline, &[freed_by(|| drop(unbuffered))]);
    let (_, kernel) = ends.unbuffered()?.dangerous_into_kernel_connection()?;
    let inline = size_of_val(&kernel);
    row("rustls kernel, client *", inline, &[freed_by(|| drop(kernel))]);
    println!("* without keys: ring's take {} bytes each", size_of::<LessSafeKey>());
    println!("Writer: {} bytes inline, Reader: {}", size_of::<Writer>(), size_of::<Reader>());
    Ok(())
}

/// Any policy, after a call of `shrink`.
const SHRUNK: &str = "shrink()";

fn policies() -> [(&'static str, ConnectionConfig); 4] {
    let retain = ConnectionConfig::default();
    let mut release = ConnectionConfig::default();
    release.writer.buffers = BufferPolicy::Release;
    release.reader.buffers = BufferPolicy::Release;
    let pool = ConnectionConfig::pooled(Pool::new(8));
    [("Retain", retain.clone()), ("Release", release), ("Pool", pool), (SHRUNK, retain)]
}

/// Returns the heap of our client and our server, after each has written `len` bytes to the other.
fn ours(
    ends: &Ends,
    config: &ConnectionConfig,
    len: usize,
    shrinks: bool,
) -> Result<[usize; 2], Error> {
    let (mut client, mut server) = ends.ours(config)?;
    send(&mut client, &mut server, len)?;
    send(&mut server, &mut client, len)?;
    if shrinks {
        client.shrink();
        server.shrink();
    }
    Ok([freed_by(|| drop(client)), freed_by(|| drop(server))])
}

fn send(from: &mut Connection, to: &mut Connection, len: usize) -> Result<(), Error> {
    let plaintext = vec![1; len];
    let mut rest = &plaintext[..];
    while !rest.is_empty() {
        rest = &rest[from.writer_mut().write(rest)?..];
        carry(from, to)?;
    }
    Ok(())
}

/// Returns the same for rustls, whose ciphertext is discarded.
fn buffered(ends: &Ends, len: usize) -> Result<[usize; 2], Error> {
    let (mut client, mut server) = ends.buffered()?;
    let plaintext = vec![1; len];
    let mut rest = &plaintext[..];
    while !rest.is_empty() {
        let n = client.writer().write(rest)?;
        server.writer().write_all(&rest[..n])?;
        rest = &rest[n..];
        while client.wants_write() {
            client.write_tls(&mut io::sink())?;
        }
        while server.wants_write() {
            server.write_tls(&mut io::sink())?;
        }
    }
    Ok([freed_by(|| drop(client)), freed_by(|| drop(server))])
}

fn freed_by(drop: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    drop();
    let change = region.change();
    change.bytes_deallocated.saturating_sub(change.bytes_allocated)
}

/// Measures a client and a server for each length written.
fn rows(
    name: &str,
    policy: &str,
    inline: [usize; 2],
    held: [Result<[usize; 2], Error>; 3],
) -> Result<(), Error> {
    let held = held.into_iter().collect::<Result<Vec<_>, _>>()?;
    for (i, role) in ["client", "server"].into_iter().enumerate() {
        let heap: Vec<usize> = held.iter().map(|held| held[i]).collect();
        row(format!("{name}, {role} {policy}").trim_end(), inline[i], &heap);
    }
    Ok(())
}

fn row(name: &str, inline: usize, heap: &[usize]) {
    let cell = |i: usize| heap.get(i).map(usize::to_string).unwrap_or_default();
    let all = inline + heap.first().unwrap_or(&0);
    println!("{name:<28} {inline:>7} {:>12} {:>12} {:>12} {all:>12}", cell(0), cell(1), cell(2));
}
