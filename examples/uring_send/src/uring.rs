//! An io_uring that owns the memory and sockets that the kernel works with.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::mem;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use io_uring::squeue::{Entry, Flags};
use io_uring::types::{Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, opcode};
use socket2::Socket;
use wantwrite::Chunk;
use wantwrite::bytes::BytesMut;

/// Sends and receives on several connections. The ring owns memory and sockets from the call that
/// submits them until the completion that returns the memory.
pub(crate) struct Ring {
    uring: IoUring,
    /// The operations in flight, by the number that identifies each to the kernel.
    in_flight: HashMap<u64, InFlight>,
    next_id: u64,
    pub(crate) counts: Counts,
}

/// Counts that only the ring can make.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) sends: u64,
    pub(crate) waits: u64,
    pub(crate) completions: u64,
    /// The most sends that were in flight together, on all connections.
    pub(crate) peak_sends: usize,
}

struct InFlight {
    connection: usize,
    memory: Memory,
    _socket: Arc<Socket>,
}

/// Memory whose bytes stay in place when it is moved.
pub(crate) enum Memory {
    Sent(Chunk),
    Received(BytesMut),
}

/// A completed operation, with its memory.
pub(crate) struct Completion {
    pub(crate) connection: usize,
    pub(crate) memory: Memory,
    pub(crate) result: io::Result<usize>,
}

impl Ring {
    /// Creates a ring with room for `entries` operations in flight.
    pub(crate) fn new(entries: u32) -> io::Result<Self> {
        Ok(Self {
            uring: IoUring::new(entries)?,
            in_flight: HashMap::new(),
            next_id: 0,
            counts: Counts::default(),
        })
    }

    /// Sends `chunks` in order: each send begins after the one before it has sent everything. If
    /// one sends only a part, it completes with that length, and all sends after it complete with
    /// `ECANCELED`.
    pub(crate) fn send(
        &mut self,
        connection: usize,
        socket: &Arc<Socket>,
        chunks: Vec<Chunk>,
    ) -> io::Result<()> {
        // The kernel ends a chain at the end of a submission.
        let (len, capacity) = {
            let queue = self.uring.submission();
            (queue.len(), queue.capacity())
        };
        if chunks.len() > capacity {
            return Err(io::Error::other("a chain is longer than the ring"));
        }
        if chunks.len() > capacity - len {
            self.uring.submit()?;
        }
        let mut left = chunks.len();
        for chunk in chunks {
            left -= 1;
            // Without MSG_WAITALL, a short send counts as complete, and the chain continues after
            // it.
            let flags = libc::MSG_WAITALL | libc::MSG_NOSIGNAL;
            let len = u32::try_from(chunk.len()).map_err(io::Error::other)?;
            let fd = Fd(socket.as_raw_fd());
            let entry = opcode::Send::new(fd, chunk.as_ptr(), len).flags(flags).build();
            let entry = if left > 0 { entry.flags(Flags::IO_LINK) } else { entry };
            self.push(entry, connection, socket, Memory::Sent(chunk))?;
            self.counts.sends += 1;
        }
        self.counts.peak_sends = self.counts.peak_sends.max(self.sends_in_flight().count());
        Ok(())
    }

    /// Receives up to the length of `memory`.
    pub(crate) fn receive(
        &mut self,
        connection: usize,
        socket: &Arc<Socket>,
        mut memory: BytesMut,
    ) -> io::Result<()> {
        let len = u32::try_from(memory.len()).map_err(io::Error::other)?;
        let entry = opcode::Recv::new(Fd(socket.as_raw_fd()), memory.as_mut_ptr(), len).build();
        self.push(entry, connection, socket, Memory::Received(memory))
    }

    /// Asks the kernel to cancel the sends of a connection, wherever they are.
    pub(crate) fn cancel_sends(&mut self, connection: usize) -> io::Result<()> {
        let ids: Vec<u64> = self
            .sends_in_flight()
            .filter(|(_, send)| send.connection == connection)
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            self.push_entry(&opcode::AsyncCancel::new(id).build().user_data(NOTHING))?;
        }
        Ok(())
    }

    /// Submits everything to the kernel and waits for completions, for at most `patience`.
    pub(crate) fn wait(&mut self, patience: Duration) -> io::Result<Vec<Completion>> {
        let timespec = Timespec::from(patience);
        let args = SubmitArgs::new().timespec(&timespec);
        match self.uring.submitter().submit_with_args(1, &args) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.raw_os_error() == Some(libc::ETIME) => {}
            Err(error) => return Err(error),
        }
        self.counts.waits += 1;
        let mut completions = Vec::new();
        for entry in self.uring.completion() {
            // A cancellation has no entry in `in_flight`.
            let Some(InFlight { connection, memory, .. }) =
                self.in_flight.remove(&entry.user_data())
            else {
                continue;
            };
            let result = usize::try_from(entry.result())
                .map_err(|_| io::Error::from_raw_os_error(-entry.result()));
            completions.push(Completion { connection, memory, result });
        }
        self.counts.completions += u64::try_from(completions.len()).map_err(io::Error::other)?;
        Ok(completions)
    }

    fn sends_in_flight(&self) -> impl Iterator<Item = (&u64, &InFlight)> {
        self.in_flight.iter().filter(|(_, op)| matches!(op.memory, Memory::Sent(_)))
    }

    /// Submits an operation that uses `memory` and `socket`.
    fn push(
        &mut self,
        entry: Entry,
        connection: usize,
        socket: &Arc<Socket>,
        memory: Memory,
    ) -> io::Result<()> {
        let id = self.next_id;
        self.next_id += 1;
        let in_flight = InFlight { connection, memory, _socket: Arc::clone(socket) };
        self.in_flight.insert(id, in_flight);
        self.push_entry(&entry.user_data(id))
    }

    #[expect(unsafe_code, reason = "the kernel works with memory behind the compiler's back")]
    fn push_entry(&mut self, entry: &Entry) -> io::Result<()> {
        loop {
            // SAFETY: `in_flight` owns everything that `entry` points to, in memory that does not
            // move with its owner. It gives the memory up only when the operation completes. Until
            // then nothing else accesses it, and if the ring is dropped first, the memory is
            // leaked.
            if unsafe { self.uring.submission().push(entry) }.is_ok() {
                return Ok(());
            }
            self.uring.submit()?;
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // The kernel can still be using the memory.
        mem::forget(mem::take(&mut self.in_flight));
    }
}

/// The number of operations without memory.
const NOTHING: u64 = u64::MAX;
