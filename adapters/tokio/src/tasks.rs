//! Who waits for a stream.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::mem;
use core::task::Waker;
use std::sync::{Mutex, PoisonError};

/// What a task does with the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Reading,
    Writing,
}

/// The task that reads and the task that writes; they may be one.
///
/// A transport remembers one waker for each direction. Only reading reads it, but both write it:
/// answers go out while we read. So, while two tasks wait, the transport's writing side is given
/// a waker of our own. It wakes the task that waits to write, and the reading one only where none
/// does: it sends what a finished write has left.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    waiting: Waiting,
    /// Made when two tasks wait for the first time.
    both: Option<(Arc<Both>, Waker)>,
}

#[derive(Debug, Default)]
struct Waiting {
    reading: Task,
    writing: Task,
}

#[derive(Debug, Default)]
struct Task {
    /// The last one's, whether it waits or not.
    waker: Option<Waker>,
    waits: bool,
}

/// What the waker of our own knows.
#[derive(Debug, Default)]
struct Both(Mutex<Waiting>);

impl Tasks {
    /// The waker for the transport's writing side. To be called before the transport is polled:
    /// it may wake at once.
    #[inline]
    pub(crate) fn begin<'a>(&'a mut self, side: Side, waker: &'a Waker) -> &'a Waker {
        let (ours, other) = self.waiting.of(side);
        ours.set(waker);
        if self.both.is_none() && !other.waits { waker } else { self.begin_beside(side, waker) }
    }

    /// The same where two tasks wait, or did.
    fn begin_beside<'a>(&'a mut self, side: Side, waker: &'a Waker) -> &'a Waker {
        if !self.waiting.of(side).1.is_another(waker) {
            // Whatever it was given before is worth as much as this.
            if let Some((both, _)) = &self.both {
                both.with(|waiting| waiting.of(side).0.set(waker));
            }
            return waker;
        }
        let (both, ours) = self.both.get_or_insert_with(|| {
            let both = Arc::new(Both::default());
            let waker = Waker::from(Arc::clone(&both));
            (both, waker)
        });
        both.with(|waiting| {
            let (reading, writing) = (&self.waiting.reading, &self.waiting.writing);
            waiting.reading.copy(reading);
            waiting.writing.copy(writing);
        });
        ours
    }

    /// Whether the poll was pending: those that were ready wait no more.
    #[inline]
    pub(crate) fn end(&mut self, side: Side, waits: bool) {
        self.waiting.of(side).0.waits = waits;
        if let Some((both, _)) = &self.both {
            both.with(|waiting| waiting.of(side).0.waits = waits);
        }
    }

    /// What the writing task waits for may have come about without an event of the transport.
    pub(crate) fn wake_writing(&mut self) {
        if self.waiting.writing.waits {
            self.end(Side::Writing, false);
            if let Some(task) = &self.waiting.writing.waker {
                task.wake_by_ref();
            }
        }
    }
}

impl Waiting {
    /// This side's task, and the other's.
    const fn of(&mut self, side: Side) -> (&mut Task, &mut Task) {
        match side {
            Side::Reading => (&mut self.reading, &mut self.writing),
            Side::Writing => (&mut self.writing, &mut self.reading),
        }
    }
}

impl Task {
    /// It waits, as far as the transport may wake it from now on.
    #[inline]
    fn set(&mut self, waker: &Waker) {
        match &mut self.waker {
            Some(task) if task.will_wake(waker) => {}
            Some(task) => task.clone_from(waker),
            None => self.waker = Some(waker.clone()),
        }
        self.waits = true;
    }

    fn copy(&mut self, other: &Self) {
        self.waker.clone_from(&other.waker);
        self.waits = other.waits;
    }

    /// Whether it waits, and is not the task of this waker.
    fn is_another(&self, waker: &Waker) -> bool {
        self.waits && self.waker.as_ref().is_some_and(|task| !task.will_wake(waker))
    }

    /// Its waker, if it waits; then it does not any more.
    fn take(&mut self) -> Option<Waker> {
        if mem::take(&mut self.waits) { self.waker.take() } else { None }
    }
}

impl Both {
    fn with<R>(&self, f: impl FnOnce(&mut Waiting) -> R) -> R {
        // A panic elsewhere leaves it whole: every step of ours is one assignment.
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Not under the lock: a waker may poll at once.
        let task =
            self.with(|Waiting { reading, writing }| writing.take().or_else(|| reading.take()));
        if let Some(task) = task {
            task.wake();
        }
    }
}
