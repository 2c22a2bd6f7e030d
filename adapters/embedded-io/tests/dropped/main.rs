//! Drops futures at every place where they are pending, during a whole exchange with stock rustls.
//! rustls opens every record in order, and so detects any that is lost, repeated or cut.
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "tests"
)]

mod exchange;
mod link;
mod parts;
mod split;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Polls futures, and drops them at the places where they are pending.
#[derive(Default)]
pub(crate) struct Runner {
    /// How often a future has been pending.
    pub(crate) places: usize,
    pub(crate) drops: Drops,
}

/// The places where futures are dropped.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Drops {
    #[default]
    Nowhere,
    At(usize),
    Everywhere,
}

impl Runner {
    pub(crate) const fn new(drops: Drops) -> Self {
        Self { places: 0, drops }
    }

    /// Returns the result of `call`, or `None` if it was dropped.
    pub(crate) fn try_once<T>(&mut self, call: impl Future<Output = T>) -> Option<T> {
        let mut call = pin!(call);
        for _ in 0..1_000_000 {
            if let Poll::Ready(result) = call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
            {
                return Some(result);
            }
            let place = self.places;
            self.places += 1;
            if self.drops == Drops::Everywhere || self.drops == Drops::At(place) {
                return None;
            }
        }
        panic!("it waits forever");
    }
}
