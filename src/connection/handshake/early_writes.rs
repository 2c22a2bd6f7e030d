//! Early data that we write: when it is allowed, and how long it waits for rustls to seal it.

use crate::aead::{Cost, KeyBudget, MAX_RECORD_BLOCKS};
use crate::connection::backend::{Backend, Step};
use crate::connection::early::{EarlyData, EarlyDataStatus, Keep};
use crate::num::to_u64;
use crate::reader::Role;
use crate::writer::Writer;

/// Early data, and whether more may be written.
#[derive(Debug)]
pub(super) struct EarlyWrites {
    data: EarlyData,
    /// How much of it can be held.
    capacity: usize,
    /// What its key may still seal, once it has sealed something.
    budget: Option<KeyBudget>,
    window: Window,
}

/// What a record of early data takes from its key. rustls hands over only the number of records, so
/// each is assumed to have the maximum length.
const EACH: Cost = Cost { records: 1, blocks: MAX_RECORD_BLOCKS };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    Closed,
    Open,
}

impl EarlyWrites {
    pub(super) fn new(capacity: usize) -> Self {
        Self { data: EarlyData::default(), capacity, budget: None, window: Window::Closed }
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

    pub(super) const fn budget(&self) -> Option<KeyBudget> {
        self.budget
    }

    /// How much more can be written while `waiting` bytes are pending: no more than can be held (a
    /// client keeps everything it has written), and no more than the key may seal.
    pub(super) fn room(
        &self,
        role: Role,
        waiting: usize,
        budget: KeyBudget,
        fragment_len: usize,
    ) -> usize {
        let written = self.data.written_len();
        let room = self.capacity.saturating_sub(match role {
            Role::Client => written,
            Role::Server => written.max(waiting),
        });
        // What is pending is less than a record, and is sealed first.
        let pending = self.data.pending().len();
        let records = budget.affords(EACH, 0, to_u64(room.saturating_add(pending)));
        // At most the number that was converted to a `u64`.
        let records = usize::try_from(records).unwrap_or(0);
        room.min(records.saturating_mul(fragment_len).saturating_sub(pending))
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
    /// and more than `max` bytes are unsealed. `budget` is what the key may still seal.
    pub(super) fn seal_down_to(
        &mut self,
        max: usize,
        fragment_len: usize,
        mut budget: KeyBudget,
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
            let sealed = match budget.affords(EACH, 0, 1) {
                0 => None,
                _ => backend.seal_early(fragment),
            };
            let Some(sealed) = sealed else {
                self.window = Window::Closed;
                return;
            };
            // The ticket does not allow any more.
            if sealed.taken() < fragment.len() {
                self.window = Window::Closed;
            }
            budget.spend_times(EACH, 1);
            self.budget = Some(budget);
            self.data.sealed(sealed.taken(), keep);
            writer.append_flight(sealed.into_record().into());
        }
    }
}
