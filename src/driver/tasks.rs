//! The tasks that wait for a connection.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::task::Waker;
use std::sync::{Mutex, PoisonError};

/// What a task does with the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It reads plaintext.
    Reading,
    /// It writes plaintext, flushes or closes.
    Writing,
}

/// The task that reads and the task that writes, which can be the same task. This is for adapters
/// that implement `poll_*` functions.
///
/// A transport remembers one waker per direction. Only the reading task reads from it, but both
/// tasks write to it, because responses are sent while reading. So give the transport's writing
/// side a waker that wakes both tasks (`Waker::from(Arc<Tasks>)`); then neither task replaces the
/// other's waker. Each task also works without the other: either one sends what the other has left.
/// During the handshake, both also read.
///
/// A task is remembered until it is woken. If it waits for something else by then, it is woken once
/// for nothing.
#[derive(Debug, Default)]
pub struct Tasks(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    reading: Option<Waker>,
    writing: Option<Waker>,
}

impl Tasks {
    /// Remembers the waker of `side`. Call this before you poll the transport, which may wake
    /// immediately.
    pub fn remember(&self, side: Side, waker: &Waker) {
        self.with(side, |task| match task {
            Some(task) => task.clone_from(waker),
            None => *task = Some(waker.clone()),
        });
    }

    /// Wakes the task of `side`, if there is one.
    pub fn wake(&self, side: Side) {
        // Not while holding the lock: a waker may poll immediately.
        if let Some(task) = self.with(side, Option::take) {
            task.wake();
        }
    }

    fn with<R>(&self, side: Side, f: impl FnOnce(&mut Option<Waker>) -> R) -> R {
        // A panic elsewhere cannot leave this half updated: each update is a single assignment.
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f(match side {
            Side::Reading => &mut waiting.reading,
            Side::Writing => &mut waiting.writing,
        })
    }
}

impl Wake for Tasks {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        Self::wake(self, Side::Reading);
        Self::wake(self, Side::Writing);
    }
}
