//! One connection over the UART: sends lines, receives them back, and compares.

use core::hint;

use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Step};
use wantwrite::{CipherSuite, Connection, KeyUpdateRequest, Progress, ReaderState, Version};

use crate::Error;
use crate::lines;
use crate::machine::{HEAP, Uart, WireError};

/// How much the peer may send before its `close_notify` while we close. It sends tickets, but no
/// data.
const MAX_DISCARDED: u64 = 4096;

pub(crate) struct Exchange {
    driver: Driver<WireError>,
    uart: Uart,
    /// The number of bytes to send, and to receive back.
    len: u64,
    sent: u64,
    received: u64,
}

/// The result of an exchange.
pub(crate) struct Exchanged {
    pub(crate) suite: CipherSuite,
    pub(crate) progress: Progress,
    /// The bytes that came back as expected.
    pub(crate) received: u64,
    /// The records received.
    pub(crate) records: u64,
    /// The heap in use after the handshake.
    pub(crate) heap: usize,
}

impl Exchange {
    pub(crate) fn new(connection: Connection, uart: Uart, len: u64) -> Self {
        Self { driver: Driver::new(connection), uart, len, sent: 0, received: 0 }
    }

    /// Sends and receives `len` bytes, closes, and waits until the peer has closed too.
    ///
    /// # Errors
    /// Any failure before the peer has closed. The alert for the peer has been sent.
    pub(crate) fn run(mut self) -> Result<Exchanged, Error> {
        self.wait_for(Goal::Handshake)?;
        let heap = HEAP.used();
        while self.received < self.len {
            if self.sent < self.len && self.reach(Goal::Write)? {
                self.write()?;
            }
            if self.reach(Goal::Read)? {
                self.read()?;
            } else {
                hint::spin_loop();
            }
        }
        self.wait_for(Goal::Linger { max: MAX_DISCARDED })?;
        let connection = self.driver.connection();
        if connection.reader_state() != ReaderState::PeerClosed {
            return Err("the peer has not closed".into());
        }
        Ok(Exchanged {
            suite: connection.cipher_suite().ok_or("the handshake did not complete")?,
            progress: connection.writer().progress(),
            received: self.received,
            records: connection.reader().records(),
            heap,
        })
    }

    /// Produces plaintext directly in the memory where it will be sealed, and updates the keys
    /// halfway.
    fn write(&mut self) -> Result<(), Error> {
        let (position, left) = (self.sent, self.len - self.sent);
        let written = self.driver.write_plaintext(|writer| {
            let mut slot = writer.slot()?;
            let len = slot.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            lines::fill(&mut slot[..len], position);
            slot.commit(len)?;
            Ok(len)
        });
        self.sent += u64::try_from(written.map_err(explain)?)?;
        let middle = self.len / 2;
        if position < middle && self.sent >= middle {
            self.update_keys()?;
        }
        self.reach(Goal::Offer)?;
        Ok(())
    }

    /// Updates our keys, and asks the peer to update its own. TLS 1.2 has no KeyUpdate.
    fn update_keys(&mut self) -> Result<(), Error> {
        let connection = self.driver.connection_mut();
        if connection.protocol_version() == Some(Version::Tls13) {
            connection.writer_mut().update_keys(KeyUpdateRequest::Requested)?;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), Error> {
        let (position, left) = (self.received, self.len - self.received);
        let mut is_right = false;
        let read = self.driver.read_plaintext(|connection| {
            let plaintext = connection.plaintext();
            let len = plaintext.len();
            is_right = lines::are_reversed(plaintext, position);
            connection.consume_all();
            Ok(len)
        });
        let read = u64::try_from(read.map_err(explain)?)?;
        if read == 0 {
            return Err("the peer has closed too soon".into());
        }
        if !is_right || read > left {
            return Err("the data that came back is not what was sent".into());
        }
        self.received += read;
        self.reach(Goal::Offer)?;
        Ok(())
    }

    fn wait_for(&mut self, goal: Goal) -> Result<(), Error> {
        while !self.reach(goal)? {
            hint::spin_loop();
        }
        Ok(())
    }

    /// Works towards `goal` as far as the UART allows now. Returns `false` if that did not reach
    /// it.
    fn reach(&mut self, goal: Goal) -> Result<bool, Error> {
        loop {
            match self.driver.next(goal).map_err(explain)? {
                Step::Done => return Ok(true),
                Step::Blocked => return Ok(false),
                Step::Flush => self.driver.flushed(),
                Step::Write(mut bytes) => match self.uart.send(bytes.chunk()) {
                    0 => self.driver.blocked(),
                    len => self.driver.wrote(len),
                },
                Step::Read(memory) => match self.uart.receive(memory) {
                    Ok(0) => self.driver.blocked(),
                    Ok(len) => self.driver.read(len),
                    Err(error) => self.driver.failed(FarEnd::Unknown, error),
                },
            }
        }
    }
}

fn explain(fault: Fault<WireError>) -> Error {
    match fault {
        Fault::Transport(error) => error.into(),
        Fault::WriteZero => "the UART accepts nothing more".into(),
        Fault::Overrun(error) | Fault::WriteOverrun(error) => error.into(),
        Fault::Connection(error) => error.into(),
        Fault::Write(error) => error.into(),
        Fault::Linger(error) => error.into(),
    }
}
