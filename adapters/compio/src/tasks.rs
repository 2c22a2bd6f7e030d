//! The tasks that wait for a stream.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::mem;
use core::task::{Context, Waker};
use std::sync::{Mutex, PoisonError};

/// What a task does with the stream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    Reading,
    Writing,
}

/// The task that reads and the task that writes, which may be one and the same.
///
/// An operation remembers one waker, and each task needs every result, because reading sends
/// answers. So operations wake both tasks.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Mutex<[Option<Waker>; 2]>);

impl Tasks {
    /// Call this before you poll anything: a poll may wake immediately.
    pub(crate) fn remember(&self, side: Side, cx: &Context<'_>) {
        self.with(|tasks| match task(tasks, side) {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        });
    }

    /// That task no longer waits.
    pub(crate) fn forget(&self, side: Side) {
        self.with(|tasks| task(tasks, side).take());
    }

    fn with<R>(&self, f: impl FnOnce(&mut [Option<Waker>; 2]) -> R) -> R {
        // A panic elsewhere leaves this consistent: each of our steps is one assignment.
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Wake for Tasks {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Not under the lock: a waker may poll immediately.
        for waker in self.with(mem::take).into_iter().flatten() {
            waker.wake();
        }
    }
}

const fn task(tasks: &mut [Option<Waker>; 2], side: Side) -> &mut Option<Waker> {
    let [reading, writing] = tasks;
    match side {
        Side::Reading => reading,
        Side::Writing => writing,
    }
}
