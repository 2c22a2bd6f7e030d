//! The names that DESIGN.md's tables give to what a driver and its connection are in.

use wantwrite::driver::{FarEnd, Goal};
use wantwrite::*;

use super::{End, GOALS, Report};

impl End {
    /// The row of the table of situations, or `None` if this may be more than one of them.
    pub(super) fn situation(&self, goal: (&'static str, Goal)) -> Option<&'static str> {
        let tls = self.tls();
        let state = tls.writer_state();
        let waits = tls.wants().drain;
        if self.failed_earlier && self.asked == Some((GOALS[3], "Done")) {
            return Some("open, writing failed in an earlier call");
        }
        let is_about_it = self.report.is_some() && self.asked.is_some_and(|(of, _)| of == goal);
        if self.alert_failed && !is_about_it {
            let row = "failed, the alert could not be sent in an earlier call";
            return self.was_open.then_some(row);
        }
        if let (Some((of, step)), Some(report)) = (self.asked, self.report) {
            let is_full = tls.writer().buffer_state() == BufferState::Full;
            // A goal that does not read looks the same after a read for another.
            let does_read = match state {
                WriterState::Negotiating => !matches!(goal.0, "`Offer`" | "`Flush`"),
                _ => goal.0 == "`Read`",
            };
            if of != goal && (step != "Read" || does_read) {
                return None;
            }
            return match (state, step, report) {
                (WriterState::Negotiating, "Write", Report::Blocked) => {
                    Some("negotiating, writing would block")
                }
                (WriterState::Negotiating, "Write", Report::Failed(FarEnd::Unknown)) => {
                    Some("negotiating, writing failed")
                }
                (WriterState::Negotiating, "Write", Report::Failed(_)) => {
                    Some("negotiating, writing failed and the peer is gone")
                }
                (WriterState::Negotiating, "Read", Report::Blocked) => {
                    Some("negotiating, reading would block")
                }
                // `Close` and `Linger` have closed it by now.
                (WriterState::Open | WriterState::Closing, "Write", Report::Blocked) if is_full => {
                    Some("open, the buffer is full and writing would block")
                }
                (WriterState::Open, "Read", Report::Blocked) => Some("open, reading would block"),
                (WriterState::Open, "Read", Report::Failed(_)) => Some("open, reading failed"),
                (WriterState::Open, "Read", Report::Read(0)) => Some("input was truncated"),
                (WriterState::Failed, "Write", Report::Blocked) if self.was_open => {
                    Some("failed, the alert would block")
                }
                (WriterState::Failed, "Write", Report::Failed(FarEnd::Gone)) if self.was_open => {
                    Some("failed, the alert could not be sent")
                }
                _ => None,
            };
        }
        let rests = tls.plaintext().is_empty() && self.failures == 0;
        match (state, tls.reader_state(), tls.writer().buffer_state()) {
            (WriterState::Negotiating, ..) if waits => Some("negotiating, a flight is pending"),
            (WriterState::Negotiating, ..) => Some("negotiating, the flight is drained"),
            (WriterState::Open, ReaderState::Truncated, _) => Some("input was truncated"),
            (WriterState::Open, ReaderState::PeerClosed, BufferState::Empty) if rests => {
                Some("the peer has closed")
            }
            (WriterState::Open, ReaderState::Open, BufferState::Empty) if rests => Some("open"),
            (WriterState::Open, ReaderState::Open, BufferState::Empty) => {
                Some("open, plaintext is available")
            }
            (WriterState::Open, ReaderState::Open, BufferState::Holding) if rests => {
                Some("open, bytes are pending")
            }
            (WriterState::Open, ReaderState::Open, BufferState::Full) if rests => {
                Some("open, the buffer is full")
            }
            (WriterState::Closing, ReaderState::Open, _) if rests => {
                Some("closed, `close_notify` is pending")
            }
            (WriterState::Closed, ReaderState::Open, _) if rests => Some("closed"),
            (WriterState::Failed, ..) if self.was_open && waits => {
                Some("failed, the alert is pending")
            }
            (WriterState::Failed, ..) if self.was_open => Some("failed"),
            _ => None,
        }
    }

    /// The column of the table of calls.
    pub(super) fn column(&self) -> &'static str {
        let tls = self.tls();
        let waits = tls.wants().drain;
        match (tls.writer_state(), tls.writer().buffer_state()) {
            (WriterState::Negotiating, _) if waits => "Negotiating, flight",
            (WriterState::Negotiating, _) => "Negotiating",
            (WriterState::Open, BufferState::Empty) => "Open, Empty",
            (WriterState::Open, BufferState::Holding) => "Open, Holding",
            (WriterState::Open, _) => "Open, Full",
            (WriterState::Closing, _) => "Closing",
            (WriterState::Closed, _) => "Closed",
            _ if waits => "Failed, alert",
            _ if matches!(tls.error(), Some(ConnectionError::Record(Error::PeerAlert(_)))) => {
                "Failed, by the peer"
            }
            _ => "Failed",
        }
    }
}
