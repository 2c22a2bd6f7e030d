//! The scenarios. All use TLS 1.3 with AES-128-GCM, and drain everything.

use core::hint::black_box;

use bytes::BytesMut;
use wantwrite::{
    CipherSuite, Coalescing, Connection, ConnectionConfig, KeyUpdateRequest, ReaderConfig,
    TrafficSecret, WriteKeys, Writer, WriterConfig,
};

use benches::common::Error;
use benches::common::forecasts::{Fill, ONE_SIZE, Policy, TWO_SIZES, busy_writer};
use benches::common::halves::{drain_all, reader, writer};
use benches::common::handshake::Ends;

const SUITE: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;

/// A call to repeat.
pub(crate) trait Scenario {
    /// Does the uncounted work before each call.
    fn prepare(&mut self) -> Result<(), Error>;

    fn run(&mut self) -> Result<(), Error>;
}

type Make = fn() -> Result<Box<dyn Scenario>, Error>;

pub(crate) const SCENARIOS: [(&str, Make); 18] = [
    ("write 16 B", || write(16)),
    ("write 1 KiB", || write(1024)),
    ("write 16 KiB", || write(16384)),
    ("write 64 KiB", || write(65536)),
    ("slot 16 B", || slot(16)),
    ("slot 16 KiB", || slot(16384)),
    ("write_owned 64 KiB", || write_owned(65536)),
    ("100 writes of 64 B, coalescing", || coalescing(64, 100)),
    ("64 records drained by chunk", drain_by_chunk),
    ("64 records taken as chunks", take_chunks),
    ("reader, record of 16 B", || open(16)),
    ("reader, record of 16 KiB", || open(16384)),
    ("connection, write 16 B", connection),
    ("key update", key_update),
    ("room(), 64 KiB", || room(64 << 10, &ONE_SIZE[0])),
    ("room(), 1 GiB of 100 B", || room(1 << 30, &ONE_SIZE[2])),
    ("room(), 1 GiB, ramp, padded to 16 B", || room(1 << 30, &TWO_SIZES[1])),
    ("wire_len(1 GiB), 64 KiB of 100 B", wire_len),
];

fn write(len: usize) -> Result<Box<dyn Scenario>, Error> {
    let plaintext = vec![1; len];
    steps(writer(SUITE, one_record_a_write())?, nothing, move |writer| {
        writer.write_atomic(black_box(&plaintext))?;
        drain_all(writer.drain());
        Ok(())
    })
}

fn slot(len: usize) -> Result<Box<dyn Scenario>, Error> {
    steps(writer(SUITE, one_record_a_write())?, nothing, move |writer| {
        writer.slot()?.commit(len)?;
        drain_all(writer.drain());
        Ok(())
    })
}

fn write_owned(len: usize) -> Result<Box<dyn Scenario>, Error> {
    steps(
        (writer(SUITE, one_record_a_write())?, BytesMut::new()),
        move |(_, plaintext)| {
            // One spare byte after the last fragment, for its content type.
            plaintext.reserve(len + 1);
            plaintext.resize(len, 1);
            Ok(())
        },
        |(writer, plaintext)| {
            writer.write_owned(plaintext)?;
            drain_all(writer.drain());
            Ok(())
        },
    )
}

fn coalescing(len: usize, writes: usize) -> Result<Box<dyn Scenario>, Error> {
    let plaintext = vec![1; len];
    steps(writer(SUITE, WriterConfig::default())?, nothing, move |writer| {
        for _ in 0..writes {
            writer.write_atomic(black_box(&plaintext))?;
        }
        drain_all(writer.drain());
        Ok(())
    })
}

fn drain_by_chunk() -> Result<Box<dyn Scenario>, Error> {
    steps(long_writer()?, fill, |writer| {
        drain_all(writer.drain());
        Ok(())
    })
}

fn take_chunks() -> Result<Box<dyn Scenario>, Error> {
    steps(long_writer()?, fill, |writer| {
        while let Some(chunk) = writer.drain().take_chunk(usize::MAX) {
            drop(black_box(chunk));
        }
        Ok(())
    })
}

fn open(len: usize) -> Result<Box<dyn Scenario>, Error> {
    let plaintext = vec![1; len];
    let both = (writer(SUITE, one_record_a_write())?, reader(SUITE, ReaderConfig::default())?);
    steps(
        both,
        move |(writer, reader)| {
            writer.write_atomic(&plaintext)?;
            let mut drain = writer.drain();
            let taken = reader.receive(drain.chunk());
            drain.advance(taken)?;
            Ok(())
        },
        move |(_, reader)| {
            let _events = reader.process()?;
            let opened = black_box(reader.plaintext()).len();
            reader.consume_all();
            if opened == len { Ok(()) } else { Err("the record was not opened".into()) }
        },
    )
}

fn connection() -> Result<Box<dyn Scenario>, Error> {
    let mut config = ConnectionConfig::default();
    config.writer = one_record_a_write();
    let (client, _server) = Ends::new(SUITE)?.ours(&config)?;
    steps(client, nothing, |client: &mut Connection| {
        client.writer_mut().write_atomic(black_box(&[1; 16]))?;
        drain_all(client.writer_mut().drain());
        Ok(())
    })
}

fn key_update() -> Result<Box<dyn Scenario>, Error> {
    let keys = WriteKeys::from_secret(TrafficSecret::new(SUITE, &[7; 32])?);
    steps(Writer::new(keys, WriterConfig::default())?, nothing, |writer| {
        writer.update_keys(KeyUpdateRequest::NotRequested)?;
        drain_all(writer.drain());
        Ok(())
    })
}

fn room(capacity: usize, policy: &Policy) -> Result<Box<dyn Scenario>, Error> {
    steps(busy_writer(SUITE, capacity, policy, Fill::Little)?, nothing, |writer| {
        black_box(black_box(writer).room());
        Ok(())
    })
}

fn wire_len() -> Result<Box<dyn Scenario>, Error> {
    let writer = busy_writer(SUITE, 64 << 10, &ONE_SIZE[2], Fill::Little)?;
    steps(writer, nothing, |writer| {
        black_box(black_box(writer).wire_len(1 << 30));
        Ok(())
    })
}

fn one_record_a_write() -> WriterConfig {
    let mut config = WriterConfig::default();
    config.coalescing = Coalescing::Off;
    config
}

fn long_writer() -> Result<Writer, Error> {
    let mut config = WriterConfig::default();
    config.capacity = 64 * 16384;
    writer(SUITE, config)
}

fn fill(writer: &mut Writer) -> Result<(), Error> {
    Ok(writer.write_atomic(&vec![1; 64 * 16384])?)
}

fn nothing<S>(_: &mut S) -> Result<(), Error> {
    Ok(())
}

/// Returns a scenario made of its state and two steps.
fn steps<S: 'static>(
    state: S,
    prepare: impl FnMut(&mut S) -> Result<(), Error> + 'static,
    run: impl FnMut(&mut S) -> Result<(), Error> + 'static,
) -> Result<Box<dyn Scenario>, Error> {
    Ok(Box::new(Steps { state, prepare, run }))
}

struct Steps<S, P, R> {
    state: S,
    prepare: P,
    run: R,
}

impl<S, P, R> Scenario for Steps<S, P, R>
where
    P: FnMut(&mut S) -> Result<(), Error>,
    R: FnMut(&mut S) -> Result<(), Error>,
{
    fn prepare(&mut self) -> Result<(), Error> {
        (self.prepare)(&mut self.state)
    }

    fn run(&mut self) -> Result<(), Error> {
        (self.run)(&mut self.state)
    }
}
