//! Which threads can use the public types, and the other traits that the compiler derives
//! automatically.

use core::marker::PhantomData;
use core::panic::{RefUnwindSafe, UnwindSafe};

use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Outgoing, Side, Step, Tasks};
use wantwrite::*;
use wantwrite_embedded_io::*;
use wantwrite_futures_io::*;
use wantwrite_fuzzing::{
    Call, ForgedRecord, Keys, Link, Mutation, NoTrafficSecret, OpenedRecord, RecordForge,
    RecordOpener, Script, Tape, Taped, Transcript,
};
use wantwrite_tokio::*;

/// `false`, unless the type has an inherent constant, which takes precedence over this one.
trait Otherwise {
    const IS: bool = false;
}

/// Defines a type that reports whether its parameter implements a trait.
macro_rules! probe {
    ($name:ident, $trait:ident) => {
        struct $name<T>(PhantomData<T>);

        impl<T> Otherwise for $name<T> {}

        impl<T: $trait> $name<T> {
            const IS: bool = true;
        }
    };
}

probe!(IsSend, Send);
probe!(IsSync, Sync);
probe!(IsUnpin, Unpin);
probe!(IsUnwindSafe, UnwindSafe);
probe!(IsRefUnwindSafe, RefUnwindSafe);

/// The traits of a type in this order, as text.
macro_rules! traits_of {
    ($type:ty) => {{
        let traits = [
            ("Send", <IsSend<$type>>::IS),
            ("Sync", <IsSync<$type>>::IS),
            ("Unpin", <IsUnpin<$type>>::IS),
            ("UnwindSafe", <IsUnwindSafe<$type>>::IS),
            ("RefUnwindSafe", <IsRefUnwindSafe<$type>>::IS),
        ];
        let names = traits.iter().filter(|(_, is)| *is).map(|(name, _)| *name);
        names.collect::<Vec<_>>().join(" ")
    }};
}

/// A row for each type: its name, the traits it has, and the traits it should have.
macro_rules! table {
    ($($name:ident $(<$($argument:tt),+>)?: $expected:expr,)*) => {
        [$((stringify!($name), traits_of!($name $(<$($argument),+>)?), $expected)),*]
    };
}

const ALL: &str = "Send Sync Unpin UnwindSafe RefUnwindSafe";

/// Contains a trait object, like rustls's state, or a mutable reference.
const NO_UNWIND: &str = "Send Sync Unpin";

struct Pipe;

impl embedded_io::ErrorType for Pipe {
    type Error = core::convert::Infallible;
}

#[test]
fn public_types_have_the_auto_traits_in_the_table() {
    let table = table! {
        BufferPolicy: ALL,
        BufferState: ALL,
        CipherSuite: ALL,
        ClientHello: ALL,
        Coalescing: ALL,
        ConnectionError: NO_UNWIND,
        EarlyDataStatus: ALL,
        EarlyWriter<'static>: NO_UNWIND,
        EmbeddedError<()>: NO_UNWIND,
        Error: ALL,
        KeyUpdateRequest: ALL,
        Padding: ALL,
        PeerFault: ALL,
        ReaderState: ALL,
        Role: ALL,
        Sizing: ALL,
        Version: ALL,
        WriteError: ALL,
        WriterState: ALL,
        Acceptor: NO_UNWIND,
        AlertDescription: ALL,
        Batch<'static>: NO_UNWIND,
        Chunk: ALL,
        Conditions: ALL,
        AeadProvider: ALL,
        ConfigError: ALL,
        Congestion: ALL,
        Connection: NO_UNWIND,
        ConnectionConfig: ALL,
        EmbeddedStream<Pipe>: NO_UNWIND,
        ExportError: ALL,
        AsyncEmbeddedStream<Pipe>: NO_UNWIND,
        DroppedCall: ALL,
        ReadHalf<'static, Pipe, Pipe>: "Unpin",
        SplitStream<Pipe, Pipe>: "Send Unpin",
        WriteHalf<'static, Pipe, Pipe>: "Unpin",
        FallibleTlsHandshake<()>: NO_UNWIND,
        FlushPoint: ALL,
        FuturesStream<()>: NO_UNWIND,
        ForgedRecord<'static>: ALL,
        HandshakeKind: ALL,
        Inbound<'static>: "Send Sync Unpin RefUnwindSafe",
        InvalidKeyLength: ALL,
        KeyLimits: ALL,
        Drain<'static>: "Send Sync Unpin RefUnwindSafe",
        PeerLimits: ALL,
        Pool: ALL,
        Progress: ALL,
        RecordEnds: ALL,
        PutBackError: ALL,
        ReadKeys: ALL,
        Reader: NO_UNWIND,
        ReaderConfig: ALL,
        ReaderEvents: ALL,
        Call: ALL,
        Keys: ALL,
        Link: NO_UNWIND,
        Mutation: ALL,
        NoTrafficSecret: ALL,
        OpenedRecord: ALL,
        RecordForge: ALL,
        RecordOpener: ALL,
        Script: ALL,
        Tape: ALL,
        Taped: ALL,
        Transcript: ALL,
        SealJob: ALL,
        SealWorkers: NO_UNWIND,
        Slot<'static>: NO_UNWIND,
        MoveError: ALL,
        MovedConnection: ALL,
        Overrun: ALL,
        SlowStart: ALL,
        Stream<()>: NO_UNWIND,
        TlsAcceptor: NO_UNWIND,
        TlsConnector: NO_UNWIND,
        TlsHandshake<()>: NO_UNWIND,
        TlsStream<()>: NO_UNWIND,
        TrafficSecret: ALL,
        Wants: ALL,
        Window: ALL,
        Credit: ALL,
        Driver<()>: NO_UNWIND,
        FarEnd: ALL,
        Fault<()>: NO_UNWIND,
        LazyConfigAcceptor<()>: NO_UNWIND,
        LingerError: ALL,
        Side: ALL,
        Tasks: ALL,
        Goal: ALL,
        Outgoing<'static>: "Send Sync Unpin RefUnwindSafe",
        StartHandshake<()>: NO_UNWIND,
        Step<'static>: "Send Sync Unpin RefUnwindSafe",
        Tls12Close: ALL,
        WriteKeys: ALL,
        Writer: NO_UNWIND,
        WriterConfig: ALL,
        WriterParts: ALL,
    };
    check(
        &table,
        &[
            include_str!("../../public-api.txt"),
            include_str!("../../adapters/embedded-io/public-api.txt"),
            include_str!("../../adapters/futures-io/public-api.txt"),
            include_str!("../../adapters/tokio/public-api.txt"),
            include_str!("../../fuzzing/public-api.txt"),
        ],
    );
}

/// It has the same names as the tokio adapter, and therefore its own table.
#[cfg(feature = "compio")]
#[test]
fn public_types_of_the_compio_adapter_have_the_auto_traits_in_the_table() {
    use compio::net::TcpStream;
    use wantwrite_compio::{TlsAcceptor, TlsConnector, TlsReadHalf, TlsStream, TlsWriteHalf};

    // A stream and its halves share one connection without a lock.
    let table = table! {
        TlsAcceptor: NO_UNWIND,
        TlsConnector: NO_UNWIND,
        TlsReadHalf<TcpStream>: "Unpin",
        TlsStream<TcpStream>: "Unpin",
        TlsWriteHalf<TcpStream>: "Unpin",
    };
    check(&table, &[include_str!("../../adapters/compio/public-api.txt")]);
}

/// Checks that the table has all types of these APIs, and that the compiler agrees with it.
fn check(table: &[(&'static str, String, &str)], apis: &[&'static str]) {
    let other: Vec<_> = table.iter().filter(|(_, found, expected)| found != expected).collect();
    assert!(other.is_empty(), "not as the table has it: {other:?}");
    let mut listed: Vec<&str> = table.iter().map(|(name, ..)| *name).collect();
    listed.sort_unstable();
    assert_eq!(listed, public_types(apis));
}

/// The types of public APIs, by name.
fn public_types(apis: &[&'static str]) -> Vec<&'static str> {
    let names = apis.iter().flat_map(|api| api.lines()).filter_map(|line| {
        let line = line.trim_start_matches("#[non_exhaustive] ");
        let rest =
            ["pub struct ", "pub enum "].iter().find_map(|start| line.strip_prefix(start))?;
        let path = rest.split(|c: char| !c.is_alphanumeric() && !"_:".contains(c)).next()?;
        path.rsplit("::").next()
    });
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    // `TlsStream` also has names in `client` and `server`.
    names.dedup();
    names
}
