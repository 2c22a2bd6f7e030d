//! The counters of all connections.

use std::fmt;

use wantwrite::{Progress, Version};

use crate::engine::Session;

/// The content of `/stats`: since the start, including open connections.
#[derive(Default)]
pub(crate) struct Stats {
    pub(crate) accepted: u64,
    pub(crate) open: usize,
    pub(crate) peak: usize,
    tls12: u64,
    tls13: u64,
    resumed: u64,
    pub(crate) requests: u64,
    /// Requests that were rejected.
    pub(crate) refused: u64,
    clean: u64,
    truncated: u64,
    failed_handshakes: u64,
    failed: u64,
    reset: u64,
    timed_out: u64,
    totals: Totals,
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionEnd {
    /// With our `close_notify`, or the client's.
    Clean,
    /// The client's bytes ended without `close_notify`.
    Truncated,
    FailedHandshake,
    /// With a fatal error after the handshake.
    Failed,
    /// With an error of the socket.
    Reset,
    TimedOut,
}

/// The totals of one connection, or of all of them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Totals {
    /// Bytes on the wire.
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) progress: Progress,
    /// Bytes held by buffers now.
    pub(crate) memory: usize,
}

impl Stats {
    pub(crate) fn opened(&mut self) {
        self.accepted += 1;
        self.open += 1;
        self.peak = self.peak.max(self.open);
    }

    pub(crate) fn negotiated(&mut self, session: Session) {
        match session.version {
            Version::Tls12 => self.tls12 += 1,
            Version::Tls13 => self.tls13 += 1,
        }
        self.resumed += u64::from(session.resumed);
    }

    /// Accounts for a connection's progress from `before` to `now`.
    pub(crate) fn moved(&mut self, before: &Totals, now: &Totals) {
        let totals = &mut self.totals;
        totals.received += now.received - before.received;
        totals.sent += now.sent - before.sent;
        totals.memory = totals.memory + now.memory - before.memory;
        let (before, now) = (&before.progress, &now.progress);
        totals.progress.accepted += now.accepted - before.accepted;
        totals.progress.drained_plaintext += now.drained_plaintext - before.drained_plaintext;
        totals.progress.records += now.records - before.records;
        totals.progress.key_updates += now.key_updates - before.key_updates;
    }

    pub(crate) fn closed(&mut self, end: ConnectionEnd) {
        self.open -= 1;
        *match end {
            ConnectionEnd::Clean => &mut self.clean,
            ConnectionEnd::Truncated => &mut self.truncated,
            ConnectionEnd::FailedHandshake => &mut self.failed_handshakes,
            ConnectionEnd::Failed => &mut self.failed,
            ConnectionEnd::Reset => &mut self.reset,
            ConnectionEnd::TimedOut => &mut self.timed_out,
        } += 1;
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { received, sent, progress, memory } = &self.totals;
        writeln!(f, "connections {}", self.accepted)?;
        writeln!(f, "open {}", self.open)?;
        writeln!(f, "peak {}", self.peak)?;
        writeln!(f, "tls12 {}", self.tls12)?;
        writeln!(f, "tls13 {}", self.tls13)?;
        writeln!(f, "resumed {}", self.resumed)?;
        writeln!(f, "requests {}", self.requests)?;
        writeln!(f, "refused {}", self.refused)?;
        writeln!(f, "clean {}", self.clean)?;
        writeln!(f, "truncated {}", self.truncated)?;
        writeln!(f, "failed_handshakes {}", self.failed_handshakes)?;
        writeln!(f, "failed {}", self.failed)?;
        writeln!(f, "reset {}", self.reset)?;
        writeln!(f, "timed_out {}", self.timed_out)?;
        writeln!(f, "wire_received {received}")?;
        writeln!(f, "wire_sent {sent}")?;
        writeln!(f, "plaintext_accepted {}", progress.accepted)?;
        writeln!(f, "plaintext_delivered {}", progress.drained_plaintext)?;
        writeln!(f, "records {}", progress.records)?;
        writeln!(f, "key_updates {}", progress.key_updates)?;
        writeln!(f, "buffer_memory {memory}")
    }
}
