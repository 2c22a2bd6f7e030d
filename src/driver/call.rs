//! What has been done for a goal so far.

use super::Goal;
use super::step::Asked;

/// What the transport has shown in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Ready,
    Blocked,
    Failed,
}

/// What has been done for a goal since it was first asked for. It ends with `Done`, `Blocked` or a
/// fault, or when another goal is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    goal: Option<Goal>,
    writing: Direction,
    reading: Direction,
    has_flushed: bool,
    /// From then on, faults of the peer are reported only after it has ended.
    has_closed: bool,
}

impl Call {
    pub(super) const NONE: Self = Self::new(None);

    pub(super) const fn new(goal: Option<Goal>) -> Self {
        let (writing, reading) = (Direction::Ready, Direction::Ready);
        Self { goal, writing, reading, has_flushed: false, has_closed: false }
    }

    pub(super) fn is_for(&self, goal: Goal) -> bool {
        self.goal == Some(goal)
    }

    pub(super) const fn writing(&self) -> Direction {
        self.writing
    }

    pub(super) fn may_write(&self) -> bool {
        self.writing == Direction::Ready
    }

    pub(super) fn may_read(&self) -> bool {
        self.reading == Direction::Ready
    }

    pub(super) const fn has_flushed(&self) -> bool {
        self.has_flushed
    }

    pub(super) const fn has_closed(&self) -> bool {
        self.has_closed
    }

    /// The transport could not do what the driver asked.
    pub(super) const fn blocked(&mut self, asked: Asked) {
        match asked {
            Asked::Nothing => {}
            Asked::Write | Asked::Flush => self.writing = Direction::Blocked,
            Asked::Read | Asked::Probe | Asked::Discard => self.reading = Direction::Blocked,
        }
    }

    /// A read that would have blocked does not end the goal any more.
    pub(super) const fn reads_again(&mut self) {
        self.reading = Direction::Ready;
    }

    pub(super) const fn writing_failed(&mut self) {
        self.writing = Direction::Failed;
    }

    /// The transport will have something to flush again.
    pub(super) const fn writes(&mut self) {
        self.has_flushed = false;
    }

    pub(super) const fn flushed(&mut self) {
        self.has_flushed = true;
    }

    pub(super) const fn set_closed(&mut self, has_closed: bool) {
        self.has_closed = has_closed;
    }
}
