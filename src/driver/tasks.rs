//! Who waits for a connection.

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

/// The task that reads and the task that writes; they may be one. For adapters of `poll_*`
/// functions.
///
/// A transport remembers one waker for each direction. Only reading reads it, but both write it:
/// answers go out while we read. So give the transport's writing side a waker that wakes both
/// tasks (`Waker::from(Arc<Tasks>)`), and neither takes the place of the other. Nor has either to
/// be there: what one has left the other sends. While negotiating, both read as well.
///
/// A task is remembered until it is woken; if it waits for something else by then, it is woken
/// in vain once.
#[derive(Debug, Default)]
pub struct Tasks(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    reading: Option<Waker>,
    writing: Option<Waker>,
}

impl Tasks {
    /// To be called before the transport is polled: it may wake at once.
    pub fn remember(&self, side: Side, waker: &Waker) {
        self.with(side, |task| match task {
            Some(task) => task.clone_from(waker),
            None => *task = Some(waker.clone()),
        });
    }

    /// Wakes the task of `side`, if there is one.
    pub fn wake(&self, side: Side) {
        // Not under the lock: a waker may poll at once.
        if let Some(task) = self.with(side, Option::take) {
            task.wake();
        }
    }

    fn with<R>(&self, side: Side, f: impl FnOnce(&mut Option<Waker>) -> R) -> R {
        // A panic elsewhere leaves them whole: every step of ours is one assignment.
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
