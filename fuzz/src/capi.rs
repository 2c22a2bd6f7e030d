//! Compares the C library with the engine: the same calls, in any order, give the same statuses,
//! counts, states and bytes.

use capi_calls::capi::{ww_buffer, ww_goal, ww_reading, ww_status, ww_writing};
use capi_calls::{Chunk as CChunk, Connection as CConnection, Stepped};
use wantwrite::bytes::Buf;
use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Step};
use wantwrite::*;

use super::draw::{self, Input, Result};

const MAX_OPS: usize = 120;

pub fn run(data: &[u8]) {
    let _answers = answers(data);
}

/// The goals and answers of an input's drivers, under their names in DESIGN.md's table of goals.
pub fn answers(data: &[u8]) -> Vec<(&'static str, &'static str)> {
    let mut input = Input::new(data);
    let Ok(mut ends) = ends(&mut input, draw::aeads(data)) else { return Vec::new() };
    for _ in 0..MAX_OPS {
        if input.is_empty() || step(&mut input, &mut ends).is_err() {
            break;
        }
        ends.iter().for_each(End::check);
    }
    ends.map(|end| end.answers).concat()
}

/// One endpoint, once in C and once in Rust.
struct End {
    c: CConnection,
    rust: Driver<i32>,
    /// The chunks that were taken and not put back, oldest first.
    chunks: Vec<(CChunk, Chunk)>,
    /// Whether the driver has just reached `Goal::Write`.
    is_behind_write_goal: bool,
    answers: Vec<(&'static str, &'static str)>,
}

/// The C library always uses the default AEADs.
fn ends(input: &mut Input<'_>, aeads: [AeadProvider; 2]) -> Result<[End; 2]> {
    let suite = *input.choose(&CipherSuite::ALL[..3])?;
    let mut settings = capi_calls::settings();
    let mut config = ConnectionConfig::default();
    [config.writer.aead, config.reader.aead] = aeads;
    config.writer.capacity = input.int_in_range(1..=4)? * MAX_FRAGMENT_LEN;
    settings.write_capacity = config.writer.capacity;
    if input.ratio(1, 2)? {
        config.writer.buffers = BufferPolicy::Release;
        config.reader.buffers = BufferPolicy::Release;
        settings.release_buffers = 1;
    }
    if input.ratio(1, 4)? {
        config.writer.coalescing = Coalescing::Off;
        settings.no_coalescing = -1;
    }
    if input.ratio(1, 4)? {
        settings.record_len = input.int_in_range(1..=3000)?;
        config.writer.sizing = Sizing::Fixed(settings.record_len);
    }
    if input.ratio(1, 4)? {
        settings.padding_multiple = input.int_in_range(1..=600)?;
        config.writer.padding = Padding::Multiple(settings.padding_multiple);
    }
    if input.ratio(1, 4)? {
        settings.max_fragment_len = input.int_in_range(64..=MAX_FRAGMENT_LEN)?;
        config.writer.max_fragment_len = settings.max_fragment_len;
    }
    let secret = |byte| vec![byte; suite.secret_len()];
    let end = |write: u8, read: u8, role| {
        let is_server = role == Role::Server;
        let (write, read) = (secret(write), secret(read));
        let c = CConnection::from_secrets(suite, &write, &read, is_server, &settings);
        let write = WriteKeys::from_secret(TrafficSecret::new(suite, &write).unwrap());
        let read = ReadKeys::from_secret(TrafficSecret::new(suite, &read).unwrap());
        let rust = Connection::from_keys(write, read, role, config.clone()).unwrap();
        End {
            c: c.unwrap_or_else(|error| panic!("{}", capi_calls::text(&error))),
            rust: Driver::new(rust),
            chunks: Vec::new(),
            is_behind_write_goal: false,
            answers: Vec::new(),
        }
    };
    Ok([end(1, 2, Role::Client), end(2, 1, Role::Server)])
}

fn step(input: &mut Input<'_>, ends: &mut [End; 2]) -> Result<()> {
    let which = usize::from(input.ratio(1, 4)?);
    let op: u8 = input.int_in_range(0..=31)?;
    if op <= 5 {
        let n = draw::len(input)?;
        let is_copied = input.arbitrary()?;
        deliver(ends, which, n, is_copied);
        return Ok(());
    }
    let end = &mut ends[which];
    match op {
        6..=8 => end.write(&plaintext(draw::len(input)?)),
        9 => end.writev([draw::len(input)?, draw::len(input)?, 0]),
        10 => end.write_atomic(&plaintext(draw::len(input)?)),
        11 => end.slot(draw::len(input)?, input.arbitrary()?),
        12 => end.slot_commit(draw::len(input)?),
        13 => end.flush(),
        14 => end.advance(draw::len(input)?),
        15 => end.take(draw::len(input)?),
        16 => end.put_back(draw::len(input)?),
        17 => end.update_keys(draw::request(input)?),
        18 | 19 => end.process(),
        20 => end.consume(draw::len(input)?),
        21 | 22 => end.read(draw::len(input)?),
        23..=26 => end.next(input.int_in_range(-1..=6)?),
        27 => end.report(input)?,
        28 => end.impossible(),
        29 => end.in_commit(draw::len(input)?),
        30 => {
            assert_eq!(end.c.shrink(), ww_status::WW_OK);
            end.rust.connection_mut().shrink();
        }
        _ => match input.int_in_range(0..=7)? {
            0_u8 => end.close(),
            1 => end.abort(input.arbitrary()?),
            2 => end.write_and_close(&plaintext(draw::len(input)?)),
            3 => {
                assert_eq!(end.c.in_end(), ww_status::WW_OK);
                end.rust.connection_mut().end_of_input();
            }
            _ => end.flush(),
        },
    }
    Ok(())
}

fn plaintext(len: usize) -> Vec<u8> {
    (0..=250).cycle().take(len).collect()
}

/// Delivers bytes from one endpoint to the other.
fn deliver(ends: &mut [End; 2], from: usize, max: usize, is_copied: bool) {
    let [client, server] = ends;
    let (from, to) = if from == 0 { (client, server) } else { (server, client) };
    let (status, out) = from.c.out();
    assert_eq!(status, ww_status::WW_OK);
    let mut drain = from.rust.connection_mut().writer_mut().drain();
    assert_eq!(out, drain.chunk());
    let wire = &out[..out.len().min(max)];
    let taken = if is_copied {
        let taken = to.rust.connection_mut().receive(wire);
        assert_eq!(to.c.receive(wire), (ww_status::WW_OK, taken));
        taken
    } else {
        let (status, memory) = to.c.lend_in();
        assert_eq!(status, ww_status::WW_OK);
        let lent = to.rust.connection_mut().lend_inbound().unwrap_or_default();
        assert_eq!(memory.len(), lent.len());
        let n = wire.len().min(lent.len());
        memory[..n].copy_from_slice(&wire[..n]);
        lent[..n].copy_from_slice(&wire[..n]);
        let committed = to.rust.connection_mut().commit_inbound(n);
        assert_eq!(to.c.in_commit(n), overrun(committed));
        if committed.is_ok() { n } else { 0 }
    };
    assert_eq!(from.c.out_advance(taken), ww_status::WW_OK);
    drain.advance(taken).unwrap();
}

impl End {
    fn connection(&self) -> &Connection {
        self.rust.connection()
    }

    fn writer(&mut self) -> &mut Writer {
        self.rust.connection_mut().writer_mut()
    }

    fn check(&self) {
        let (c, rust) = (&self.c, self.connection());
        let wants = rust.wants();
        let bits = [(wants.drain, 1), (wants.input, 2), (wants.process, 4)];
        assert_eq!(c.wants(), bits.iter().map(|(is_set, bit)| u32::from(*is_set) * bit).sum());
        assert_eq!(c.room(), rust.writer().room());
        assert_eq!(c.wire_len(1000), rust.writer().wire_len(1000));
        assert_eq!(c.memory_held(), rust.memory_held());
        assert_eq!(c.plaintext(), (ww_status::WW_OK, rust.plaintext()));
        let writing = match rust.writer_state() {
            WriterState::Negotiating => ww_writing::WW_WRITING_NEGOTIATING,
            WriterState::Open => ww_writing::WW_WRITING_OPEN,
            WriterState::Closing => ww_writing::WW_WRITING_CLOSING,
            WriterState::Closed => ww_writing::WW_WRITING_CLOSED,
            _ => ww_writing::WW_WRITING_FAILED,
        };
        let reading = match rust.reader_state() {
            ReaderState::Negotiating => ww_reading::WW_READING_NEGOTIATING,
            ReaderState::Open => ww_reading::WW_READING_OPEN,
            ReaderState::PeerClosed => ww_reading::WW_READING_PEER_CLOSED,
            ReaderState::Truncated => ww_reading::WW_READING_TRUNCATED,
            _ => ww_reading::WW_READING_FAILED,
        };
        let buffer = match rust.writer().buffer_state() {
            BufferState::Empty => ww_buffer::WW_BUFFER_EMPTY,
            BufferState::Holding => ww_buffer::WW_BUFFER_HOLDING,
            _ => ww_buffer::WW_BUFFER_FULL,
        };
        assert_eq!((c.writing_state(), c.reading_state()), (writing, reading));
        assert_eq!(c.buffer_state(), buffer);
        let (progress, (status, counts)) = (rust.writer().progress(), c.progress());
        assert_eq!(status, ww_status::WW_OK);
        assert_eq!(
            (counts.accepted, counts.drained, counts.drained_plaintext),
            (progress.accepted, progress.drained, progress.drained_plaintext)
        );
        assert_eq!((counts.records, counts.key_updates), (progress.records, progress.key_updates));
        let (error, ours) = (rust.error(), c.error());
        assert_eq!(ours.status, error.as_ref().map_or(ww_status::WW_OK, fatal));
        let alert = match &error {
            Some(ConnectionError::Record(Error::PeerAlert(alert))) => Some(*alert),
            Some(error) => error.alert(),
            None => None,
        };
        assert_eq!(ours.alert, alert.map_or(-1, |alert| i32::from(alert.0)));
        if let Some(error) = error {
            assert_eq!(capi_calls::text(&ours), error.to_string());
        }
    }

    fn write_with(
        &mut self,
        c: (ww_status, usize),
        write: impl FnOnce(&mut Writer) -> core::result::Result<usize, WriteError>,
    ) {
        let expected = if core::mem::take(&mut self.is_behind_write_goal) {
            match self.rust.write_plaintext(write) {
                Ok(n) => (ww_status::WW_OK, n),
                // C returns the same status with the driver as without it.
                Err(Fault::Connection(_)) => (ww_status::WW_ERROR_FAILED, 0),
                Err(fault) => (faulty(&fault), 0),
            }
        } else {
            match write(self.rust.connection_mut().writer_mut()) {
                Ok(n) => (ww_status::WW_OK, n),
                Err(error) => (refused(error), error.accepted()),
            }
        };
        assert_eq!(c, expected);
    }

    fn write(&mut self, buf: &[u8]) {
        let written = self.c.write(buf);
        self.write_with(written, |writer| writer.write(buf));
    }

    fn writev(&mut self, lens: [usize; 3]) {
        let bufs = lens.map(plaintext);
        let bufs = bufs.each_ref().map(Vec::as_slice);
        let written = self.c.writev(&bufs);
        self.write_with(written, |writer| writer.write_vectored(&bufs));
    }

    fn write_atomic(&mut self, buf: &[u8]) {
        assert_eq!(self.c.write_atomic(buf), status(self.writer().write_atomic(buf)));
    }

    fn write_and_close(&mut self, buf: &[u8]) {
        assert_eq!(self.c.write_and_close(buf), status(self.writer().write_and_close(buf)));
    }

    /// Fills a slot. Commits some of it, or leaves it so that a later call lends it again.
    fn slot(&mut self, n: usize, is_committed: bool) {
        let Self { c, rust, .. } = self;
        let writer = rust.connection_mut().writer_mut();
        let (lent, expected) = (c.slot(), writer.lend_slot());
        match expected {
            Ok(memory) => {
                assert_eq!((lent.0, lent.1.len()), (ww_status::WW_OK, memory.len()));
                let n = n.min(memory.len());
                lent.1[..n].fill(7);
                memory[..n].fill(7);
                if is_committed {
                    assert_eq!(c.slot_commit(n), status(writer.commit_slot(n)));
                }
            }
            Err(error) => assert_eq!((lent.0, lent.1.len()), (refused(error), 0)),
        }
    }

    /// Commits `n` bytes of a slot that was just lent, so that both sides know how much that is. A
    /// larger commit is refused.
    fn slot_commit(&mut self, n: usize) {
        let Self { c, rust, .. } = self;
        let writer = rust.connection_mut().writer_mut();
        if let Ok(memory) = writer.lend_slot() {
            memory.fill(9);
            c.slot().1.fill(9);
        }
        assert_eq!(c.slot_commit(n), status(writer.commit_slot(n)));
        assert_eq!(c.slot_commit(usize::MAX), status(writer.commit_slot(usize::MAX)));
    }

    fn flush(&mut self) {
        assert_eq!(self.c.flush(), status(self.writer().flush()));
    }

    fn close(&mut self) {
        assert_eq!(self.c.close(), status(self.rust.connection_mut().close()));
    }

    fn abort(&mut self, alert: u8) {
        assert_eq!(self.c.abort(alert), ww_status::WW_OK);
        self.rust.connection_mut().abort(AlertDescription(alert));
    }

    fn update_keys(&mut self, request: KeyUpdateRequest) {
        let updated = self.c.update_keys(i32::from(request == KeyUpdateRequest::Requested));
        assert_eq!(updated, status(self.writer().update_keys(request)));
    }

    /// Skips pending bytes, which the peer never receives.
    fn advance(&mut self, n: usize) {
        let Self { c, rust, .. } = self;
        let mut drain = rust.connection_mut().writer_mut().drain();
        let (status, pieces) = c.out_iov(3);
        let expected: Vec<_> = drain.chunks().take(3).collect();
        assert_eq!((status, pieces), (ww_status::WW_OK, expected));
        assert_eq!(c.out_advance(n), overrun(drain.advance(n)));
    }

    fn take(&mut self, max: usize) {
        let (status, chunk) = self.c.out_take(max);
        assert_eq!(status, ww_status::WW_OK);
        let expected = self.writer().drain().take_chunk(max);
        assert_eq!(
            chunk.as_ref().map(|chunk| (chunk.span(), chunk.offset())),
            expected.as_ref().map(|chunk| (&**chunk, chunk.offset()))
        );
        self.chunks.extend(chunk.zip(expected));
    }

    fn put_back(&mut self, sent: usize) {
        let Some((mut c, mut rust)) = self.chunks.pop() else { return };
        if sent <= rust.len() {
            rust.advance(sent);
            assert_eq!(c.advance(sent), ww_status::WW_OK);
        } else {
            assert_eq!(c.advance(sent), ww_status::WW_ERROR_OVERRUN);
        }
        let put_back = self.c.put_back(c);
        match self.writer().put_back(rust) {
            Ok(()) => assert!(put_back.is_ok()),
            Err(PutBackError(rust)) => {
                let (status, c) = put_back.unwrap_err();
                assert_eq!((status, c.span()), (ww_status::WW_ERROR_PUT_BACK, &*rust));
            }
        }
    }

    fn process(&mut self) {
        let processed = self.rust.connection_mut().process();
        assert_eq!(self.c.process(), processed.map_or_else(|e| fatal(&e), |()| ww_status::WW_OK));
    }

    fn consume(&mut self, n: usize) {
        assert_eq!(self.c.consume(n), overrun(self.rust.connection_mut().consume(n)));
    }

    fn read(&mut self, len: usize) {
        let mut buf = vec![0; len];
        let expected = self.rust.read_plaintext(|connection| connection.read(&mut buf));
        let (status, read) = self.c.read(len);
        match expected {
            Ok(n) => assert_eq!((status, &*read), (ww_status::WW_OK, &buf[..n])),
            Err(fault) => assert_eq!((status, &*read), (faulty(&fault), &[][..])),
        }
    }

    fn next(&mut self, number: i32) {
        let goal = match number {
            0 => Goal::Handshake,
            1 => Goal::Read,
            2 => Goal::Write,
            3 => Goal::Offer,
            4 => Goal::Flush,
            5 => Goal::Close,
            6 => Goal::Linger { max: 100 },
            _ => {
                assert_eq!(self.c.next(number).0, ww_status::WW_ERROR_ARGUMENT);
                return;
            }
        };
        // An unknown goal, above, changes nothing.
        self.is_behind_write_goal = false;
        assert_eq!(ww_goal::WW_GOAL_CLOSE as i32, 5);
        let (status, (step, _)) =
            if number == 6 { self.c.next_linger(100) } else { self.c.next(number) };
        let next = self.rust.next(goal);
        self.answers.push((name(goal), answer(&next)));
        match (next, step) {
            (Ok(Step::Write(mut out)), Stepped::Write(bytes)) => assert_eq!(bytes, out.chunk()),
            (Ok(Step::Read(memory)), Stepped::Read(lent)) => assert_eq!(memory.len(), lent.len()),
            (Ok(Step::Flush), Stepped::Flush) | (Ok(Step::Blocked), Stepped::Blocked) => {}
            (Ok(Step::Done), Stepped::Done) => self.is_behind_write_goal = goal == Goal::Write,
            (Err(fault), Stepped::Done) => {
                assert_eq!(status, faulty(&fault));
                return;
            }
            (expected, step) => panic!("expected {expected:?}, got {step:?}"),
        }
        assert_eq!(status, ww_status::WW_OK);
    }

    /// Makes a report, whether or not the driver asked for a step.
    fn report(&mut self, input: &mut Input<'_>) -> Result<()> {
        let n = draw::len(input)?;
        let status = match input.int_in_range(0..=5)? {
            0_u8 => {
                self.rust.wrote(n);
                self.c.wrote(n)
            }
            1 => {
                // The memory stays unfilled, so report the end of input or too much.
                let n = if n == 0 { 0 } else { usize::MAX };
                self.rust.read(n);
                self.c.got(n)
            }
            2 => {
                self.rust.flushed();
                self.c.flushed()
            }
            3 => {
                self.rust.blocked();
                self.c.blocked()
            }
            4 => {
                assert_eq!(self.c.transport_failed(3, 9), ww_status::WW_ERROR_ARGUMENT);
                self.rust.failed(FarEnd::Reset, 9);
                self.c.transport_failed(2, 9)
            }
            _ => {
                self.rust.gave_up();
                self.c.gave_up()
            }
        };
        assert_eq!(status, ww_status::WW_OK);
        Ok(())
    }

    fn in_commit(&mut self, n: usize) {
        // Without a new loan, only a length beyond any loan has the same result on both sides.
        let too_much = n.saturating_add(1 << 31);
        let committed = self.rust.connection_mut().commit_inbound(too_much);
        assert_eq!(self.c.in_commit(too_much), overrun(committed));
        let committed = self.rust.connection_mut().commit_inbound(0);
        assert_eq!(self.c.in_commit(0), overrun(committed));
    }

    /// Calls that the C library refuses without calling the engine.
    fn impossible(&mut self) {
        assert_eq!(self.c.write_null(1), (ww_status::WW_ERROR_NULL, 0));
        assert_eq!(self.c.write_impossible(), (ww_status::WW_ERROR_ARGUMENT, 0));
        let written = self.c.write_null(0);
        self.write_with(written, |writer| writer.write(b""));
    }
}

const fn name(goal: Goal) -> &'static str {
    match goal {
        Goal::Handshake => "`Handshake`",
        Goal::Read => "`Read`",
        Goal::Write => "`Write`",
        Goal::Offer => "`Offer`",
        Goal::Flush => "`Flush`",
        Goal::Close => "`Close`",
        _ => "`Linger`",
    }
}

fn answer(next: &core::result::Result<Step<'_>, Fault<i32>>) -> &'static str {
    match next {
        Ok(Step::Write(_)) => "Write",
        Ok(Step::Flush) => "Flush",
        Ok(Step::Read(_)) => "Read",
        Ok(Step::Done) => "Done",
        Ok(Step::Blocked) => "Blocked",
        Err(Fault::Transport(_)) => "Transport",
        Err(Fault::Connection(_)) => "Connection",
        _ => "another fault",
    }
}

fn status(written: core::result::Result<(), WriteError>) -> ww_status {
    written.map_or_else(refused, |()| ww_status::WW_OK)
}

fn refused(error: WriteError) -> ww_status {
    match error {
        WriteError::NoRoom { .. } => ww_status::WW_ERROR_NO_ROOM,
        WriteError::Closed => ww_status::WW_ERROR_CLOSED,
        WriteError::KeyLimit { .. } => ww_status::WW_ERROR_KEY_LIMIT,
        WriteError::Overrun(_) => ww_status::WW_ERROR_OVERRUN,
        WriteError::NoKeyUpdate => ww_status::WW_ERROR_NO_KEY_UPDATE,
        WriteError::Negotiating => ww_status::WW_ERROR_NEGOTIATING,
        _ => ww_status::WW_ERROR_FAILED,
    }
}

fn overrun(moved: core::result::Result<(), Overrun>) -> ww_status {
    moved.map_or(ww_status::WW_ERROR_OVERRUN, |()| ww_status::WW_OK)
}

fn fatal(error: &ConnectionError) -> ww_status {
    match error {
        ConnectionError::Record(Error::Peer(_)) => ww_status::WW_ERROR_PEER_PROTOCOL,
        ConnectionError::Record(Error::PeerAlert(_)) => ww_status::WW_ERROR_PEER_ALERT,
        ConnectionError::Record(Error::Truncated) => ww_status::WW_ERROR_TRUNCATED,
        ConnectionError::Record(Error::Aborted(_)) => ww_status::WW_ERROR_ABORTED,
        ConnectionError::Record(Error::KeysExhausted) => ww_status::WW_ERROR_KEYS_EXHAUSTED,
        error => panic!("no handshake, but {error}"),
    }
}

fn faulty(fault: &Fault<i32>) -> ww_status {
    match fault {
        Fault::Transport(9) => ww_status::WW_ERROR_TRANSPORT,
        Fault::Transport(number) => panic!("another number: {number}"),
        Fault::WriteZero => ww_status::WW_ERROR_WRITE_ZERO,
        Fault::Overrun(_) | Fault::WriteOverrun(_) => ww_status::WW_ERROR_OVERRUN,
        Fault::Connection(error) => fatal(error),
        Fault::Write(error) => refused(*error),
        Fault::Linger(LingerError::GaveUp { .. }) => ww_status::WW_ERROR_GAVE_UP,
        Fault::Linger(_) => ww_status::WW_ERROR_STILL_SENDING,
    }
}
