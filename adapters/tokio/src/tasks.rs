//! The tasks that wait for a stream.

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

/// The task that reads and the task that writes, which may be one and the same.
///
/// A transport remembers one waker per direction. Only the reading side reads from it, but both
/// sides write to it, because reading sends answers. So while two tasks wait, the transport's
/// writing side gets a waker that we make. It wakes the task that waits to write. If none does, it
/// wakes the reading task, which sends what a finished write has left. A write can also finish after
/// it has taken the event: it then wakes the reading task itself.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    waiting: Waiting,
    /// Created when two tasks wait for the first time.
    both: Option<(Arc<Both>, Waker)>,
}

#[derive(Debug, Default)]
struct Waiting {
    reading: Task,
    writing: Task,
}

#[derive(Debug, Default)]
struct Task {
    /// The waker of the latest task, whether it waits or not.
    waker: Option<Waker>,
    waits: bool,
}

/// The state behind the waker that we make.
#[derive(Debug, Default)]
struct Both(Mutex<Waiting>);

impl Tasks {
    /// Returns the waker for the transport's writing side. Call this before you poll the transport,
    /// which may wake immediately.
    #[inline]
    pub(crate) fn begin<'a>(&'a mut self, side: Side, waker: &'a Waker) -> &'a Waker {
        let (ours, other) = self.waiting.of(side);
        ours.set(waker);
        if self.both.is_none() && !other.waits { waker } else { self.begin_beside(side, waker) }
    }

    /// [`begin`](Self::begin) when two tasks wait or have waited.
    fn begin_beside<'a>(&'a mut self, side: Side, waker: &'a Waker) -> &'a Waker {
        if !self.waiting.of(side).1.is_another(waker) {
            // Any waker that the transport got earlier is as good as this one.
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

    /// `waits` says whether the poll was pending. A task whose poll was ready no longer waits. If it
    /// got an event of the transport during that poll, this passes it on.
    #[inline]
    pub(crate) fn end(&mut self, side: Side, waits: bool) {
        self.waiting.of(side).0.waits = waits;
        if let Some((both, _)) = &self.both {
            // Not under the lock: a waker may poll immediately.
            if let Some(task) = both.with(|waiting| waiting.end(side, waits)) {
                task.wake();
            }
        }
    }

    /// Whether a task waits to write.
    #[inline]
    pub(crate) const fn is_writing(&self) -> bool {
        self.waiting.writing.waits
    }

    /// Wakes the writing task: what it waits for may have happened without an event of the
    /// transport.
    pub(crate) fn wake_writing(&mut self) {
        if self.waiting.writing.waits {
            self.waiting.writing.waits = false;
            if let Some((both, _)) = &self.both {
                both.with(|waiting| waiting.writing.waits = false);
            }
            if let Some(task) = &self.waiting.writing.waker {
                task.wake_by_ref();
            }
        }
    }
}

impl Waiting {
    /// The task of this side, and the task of the other side.
    const fn of(&mut self, side: Side) -> (&mut Task, &mut Task) {
        match side {
            Side::Reading => (&mut self.reading, &mut self.writing),
            Side::Writing => (&mut self.writing, &mut self.reading),
        }
    }

    /// The end of a poll. Returns the other task if this one was woken during its poll and does not
    /// wait any longer.
    fn end(&mut self, side: Side, waits: bool) -> Option<Waker> {
        let (ours, other) = self.of(side);
        let was_woken = !mem::replace(&mut ours.waits, waits);
        if was_woken && !waits { other.take() } else { None }
    }
}

impl Task {
    /// Marks the task as waiting: from now on, the transport may wake it.
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

    /// Whether it waits and is a task other than `waker`'s.
    fn is_another(&self, waker: &Waker) -> bool {
        self.waits && self.waker.as_ref().is_some_and(|task| !task.will_wake(waker))
    }

    /// Takes its waker if it waits; it then no longer waits.
    fn take(&mut self) -> Option<Waker> {
        if mem::take(&mut self.waits) { self.waker.take() } else { None }
    }
}

impl Both {
    fn with<R>(&self, f: impl FnOnce(&mut Waiting) -> R) -> R {
        // A panic elsewhere leaves this consistent: each of our steps is one assignment.
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Not under the lock: a waker may poll immediately.
        let task =
            self.with(|Waiting { reading, writing }| writing.take().or_else(|| reading.take()));
        if let Some(task) = task {
            task.wake();
        }
    }
}
