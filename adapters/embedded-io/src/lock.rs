//! A lock for two futures of one thread.

use core::cell::{RefCell, RefMut};
use core::future::poll_fn;
use core::ops::{Deref, DerefMut};
use core::task::{Poll, Waker};

/// Which of the two futures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Reading,
    Writing,
}

/// A `RefCell` that a future can wait for.
#[derive(Debug)]
pub(crate) struct Lock<T> {
    content: RefCell<T>,
    reading: Waiting,
    writing: Waiting,
}

/// The waker of a future that waits. A future that is dropped leaves its waker here; it then wakes
/// once for nothing.
#[derive(Debug, Default)]
struct Waiting(RefCell<Option<Waker>>);

impl<T> Lock<T> {
    pub(crate) fn new(content: T) -> Self {
        let content = RefCell::new(content);
        Self { content, reading: Waiting::default(), writing: Waiting::default() }
    }

    pub(crate) async fn lock(&self, side: Side) -> Guard<'_, T> {
        let (ours, theirs) = match side {
            Side::Reading => (&self.reading, &self.writing),
            Side::Writing => (&self.writing, &self.reading),
        };
        poll_fn(|cx| match self.content.try_borrow_mut() {
            Ok(content) => Poll::Ready(Guard { content, _theirs: WakeAfter(theirs) }),
            Err(_) => {
                ours.0.replace(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }

    /// The content, unless the other future holds it.
    pub(crate) fn try_lock(&self) -> Option<RefMut<'_, T>> {
        self.content.try_borrow_mut().ok()
    }

    pub(crate) fn into_inner(self) -> T {
        self.content.into_inner()
    }
}

/// Fields are dropped in this order, so the content is free when the other future is woken.
#[derive(Debug)]
pub(crate) struct Guard<'a, T> {
    content: RefMut<'a, T>,
    _theirs: WakeAfter<'a>,
}

#[derive(Debug)]
struct WakeAfter<'a>(&'a Waiting);

impl Drop for WakeAfter<'_> {
    fn drop(&mut self) {
        if let Some(waker) = self.0.0.take() {
            waker.wake();
        }
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.content
    }
}
