//! One direction of a transport.

use alloc::boxed::Box;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};

/// One half of a transport, with at most one operation at a time.
///
/// The operation is stored here and not in the future that waits for it. If you drop that future,
/// the next call finds the result.
pub(crate) enum Lane<IO, T> {
    Idle(IO),
    Busy(Operation<IO, T>),
    /// Only after starting an operation has panicked.
    Lost,
}

type Operation<IO, T> = Pin<Box<dyn Future<Output = (IO, T)>>>;

impl<IO, T> Lane<IO, T> {
    pub(crate) const fn is_idle(&self) -> bool {
        matches!(self, Self::Idle(_))
    }

    /// Starts an operation, unless one is running. It returns the half together with its result.
    pub(crate) fn start<F>(&mut self, operation: impl FnOnce(IO) -> F)
    where
        F: Future<Output = (IO, T)> + 'static,
    {
        *self = match core::mem::replace(self, Self::Lost) {
            Self::Idle(io) => Self::Busy(Box::pin(operation(io))),
            other => other,
        };
    }

    /// The result of the operation, if one has completed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Option<T> {
        let Self::Busy(operation) = self else { return None };
        let Poll::Ready((io, result)) = operation.as_mut().poll(cx) else { return None };
        *self = Self::Idle(io);
        Some(result)
    }
}

impl<IO, T> fmt::Debug for Lane<IO, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_idle() { "Idle" } else { "Busy" })
    }
}
