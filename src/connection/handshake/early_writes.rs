//! Early data that we write: when it is allowed, and how long it waits for rustls to seal it.

use super::Handshake;
use crate::aead::{CipherSuite, Cost, KeyBudget, MAX_RECORD_BLOCKS};
use crate::connection::backend::{Backend, Step};
use crate::connection::early::{EarlyData, EarlyDataStatus, Keep};
use crate::num::to_u64;
use crate::reader::Role;
use crate::writer::{Writer, WriterState};

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
        // The pending bytes are less than a record, and are sealed first.
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

impl Handshake {
    /// Whether early data can be written.
    pub(in crate::connection) fn takes_early_data(&self, writer: &Writer) -> bool {
        self.seals_early_data(writer) && writer.state() == WriterState::Negotiating
    }

    /// Whether early data can be sealed: not while a message from the peer is incomplete.
    fn seals_early_data(&self, writer: &Writer) -> bool {
        self.early.is_open() && self.input.is_all_used() && !writer.has_failed()
    }

    /// How much early data can be written now.
    pub(in crate::connection) fn early_room(&self, writer: &Writer) -> usize {
        if !self.takes_early_data(writer) {
            return 0;
        }
        let (budget, fragment_len) = (self.early_budget(writer), self.early_fragment_len(writer));
        self.early.room(self.backend.role(), writer.waiting(), budget, fragment_len)
    }

    /// What the key of early data may still seal. After the handshake, a server's key also seals
    /// its tickets and what is written then.
    fn early_budget(&self, writer: &Writer) -> KeyBudget {
        self.early.budget().unwrap_or_else(|| {
            let suite = self.backend.suite().and_then(CipherSuite::from_wire);
            let tickets = to_u64(self.backend.tickets());
            let blocks = tickets.saturating_mul(MAX_RECORD_BLOCKS);
            KeyBudget::of_key(writer.early_key_limits(suite), tickets, blocks)
        })
    }

    /// Accepts early data. Full records are sealed immediately.
    pub(in crate::connection) fn write_early(&mut self, plaintext: &[u8], writer: &mut Writer) {
        self.early.data_mut().write(plaintext);
        self.seal_early_down_to(self.early_fragment_len(writer).saturating_sub(1), writer);
    }

    /// Seals the early data that was accepted.
    pub(in crate::connection) fn seal_early(&mut self, writer: &mut Writer) {
        self.seal_early_down_to(0, writer);
    }

    /// Seals the early data that was accepted if the drain has reached it.
    pub(in crate::connection) fn seal_early_for_drain(&mut self, writer: &mut Writer) {
        if writer.waiting() == 0 {
            self.seal_early(writer);
        }
    }

    /// Whether sealing early data would make bytes pending.
    pub(in crate::connection) fn has_early_pending(&self, writer: &Writer) -> bool {
        self.seals_early_data(writer) && self.early.has_pending()
    }

    fn seal_early_down_to(&mut self, max: usize, writer: &mut Writer) {
        if self.seals_early_data(writer) {
            let (fragment_len, budget) =
                (self.early_fragment_len(writer), self.early_budget(writer));
            self.early.seal_down_to(max, fragment_len, budget, &mut *self.backend, writer);
        }
    }

    /// The longest fragment of early data. The backend's own cap is not the writer's once that was
    /// changed.
    fn early_fragment_len(&self, writer: &Writer) -> usize {
        writer.max_content_len().min(self.backend.max_early_len())
    }
}
