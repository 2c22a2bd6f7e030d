//! Early data that we write: when it is allowed, and how long it waits for rustls to seal it.

use crate::connection::backend::{Backend, Step};
use crate::connection::early::{EarlyData, EarlyDataStatus, Keep};
use crate::reader::Role;
use crate::writer::Writer;

/// Early data, and whether more may be written.
#[derive(Debug)]
pub(super) struct EarlyWrites {
    data: EarlyData,
    /// How much of it can be held.
    capacity: usize,
    window: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    Closed,
    Open,
}

impl EarlyWrites {
    pub(super) fn new(capacity: usize) -> Self {
        Self { data: EarlyData::default(), capacity, window: Window::Closed }
    }

    pub(super) const fn data(&self) -> &EarlyData {
        &self.data
    }

    pub(super) const fn data_mut(&mut self) -> &mut EarlyData {
        &mut self.data
    }

    pub(super) fn into_data(self) -> EarlyData {
        self.data
    }

    pub(super) fn is_open(&self) -> bool {
        self.window == Window::Open
    }

    pub(super) fn has_pending(&self) -> bool {
        !self.data.pending().is_empty()
    }

    /// How much more can be held while `waiting` bytes are pending. A client keeps everything it
    /// has written.
    pub(super) fn room(&self, role: Role, waiting: usize) -> usize {
        let written = self.data.written_len();
        self.capacity.saturating_sub(match role {
            Role::Client => written,
            Role::Server => written.max(waiting),
        })
    }

    /// Follows the backend's steps: a client can write before its Finished, and a server, if
    /// allowed at all, after its own.
    pub(super) fn on_step(&mut self, step: &Step, role: Role) {
        match (step, role, self.data.status()) {
            (Step::EarlyTraffic, Role::Client, EarlyDataStatus::NotOffered) => {
                self.data.set_status(EarlyDataStatus::Offered);
                self.window = Window::Open;
            }
            (Step::Traffic, Role::Server, _) => self.window = Window::Open,
            (Step::EarlyTraffic | Step::Traffic, ..) => {}
            _ => self.window = Window::Closed,
        }
    }

    /// Seals written data, in fragments of at most `fragment_len` bytes, while the window is open
    /// and more than `max` bytes are unsealed.
    pub(super) fn seal_down_to(
        &mut self,
        max: usize,
        fragment_len: usize,
        backend: &mut dyn Backend,
        writer: &mut Writer,
    ) {
        let keep = match backend.role() {
            Role::Client => Keep::Everything,
            Role::Server => Keep::Nothing,
        };
        while self.is_open() && self.data.pending().len() > max {
            let pending = self.data.pending();
            let fragment = pending.get(..fragment_len).unwrap_or(pending);
            let Some(sealed) = backend.seal_early(fragment) else {
                self.window = Window::Closed;
                return;
            };
            // The ticket does not allow any more.
            if sealed.taken() < fragment.len() {
                self.window = Window::Closed;
            }
            self.data.sealed(sealed.taken(), keep);
            writer.append_flight(sealed.into_record().into());
        }
    }
}
