//! The one door between C and the engine: NULL, panics, and objects that a panic has spoilt.

use core::mem;
use core::panic::AssertUnwindSafe;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};
use std::panic::catch_unwind;

use crate::error::{Failure, ww_error, ww_status};

/// What a call that gives a status ends with.
pub(crate) type Outcome = Result<(), ww_status>;

/// What C holds by a pointer. It may move it between threads, and look at it from several.
pub(crate) trait Object: Send + Sync {
    fn spoilt(&self) -> &Spoilt;
}

/// Whether a call on the object has panicked: nothing is known of the object's state then, and
/// no call looks at it again.
#[derive(Debug, Default)]
pub(crate) struct Spoilt(AtomicBool);

impl Spoilt {
    // An object has one user at a time, or is only looked at: no order is needed.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a body, and tells whether it panicked. What it was working on must not be used then.
fn caught<R>(body: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => Some(result),
        Err(payload) => {
            // Its drop might panic again.
            mem::forget(payload);
            None
        }
    }
}

/// A call that may change the object.
///
/// # Safety
/// `object` is as the contract of every function says.
#[inline]
pub(crate) unsafe fn enter<T: Object>(
    object: *mut T,
    body: impl FnOnce(&mut T) -> Outcome,
) -> ww_status {
    // SAFETY: it is NULL or a live object that nobody else uses now.
    let Some(object) = (unsafe { object.as_mut() }) else { return ww_status::WW_ERROR_NULL };
    if object.spoilt().is_set() {
        return ww_status::WW_ERROR_PANIC;
    }
    match caught(|| body(object)) {
        Some(Ok(())) => ww_status::WW_OK,
        Some(Err(status)) => status,
        None => {
            object.spoilt().set();
            ww_status::WW_ERROR_PANIC
        }
    }
}

/// A call that may change the object and gives something besides its status: `initial`, unless
/// the body says something else. It is given on errors too.
///
/// # Safety
/// `object` and `out` are as the contract of every function says.
#[inline]
pub(crate) unsafe fn enter_for<T: Object, R>(
    object: *mut T,
    out: *mut R,
    initial: R,
    body: impl FnOnce(&mut T, &mut R) -> Outcome,
) -> ww_status {
    if out.is_null() {
        return ww_status::WW_ERROR_NULL;
    }
    let mut value = initial;
    // SAFETY: as this function's.
    let status = unsafe { enter(object, |object| body(object, &mut value)) };
    // SAFETY: it is not NULL, so that it is good for a write.
    unsafe { out.write(value) };
    status
}

/// A call that only looks at the object: `missing` for NULL and for an object that is spoilt.
///
/// # Safety
/// `object` is as the contract of every function says.
#[inline]
pub(crate) unsafe fn look<T: Object, R>(
    object: *const T,
    missing: R,
    body: impl FnOnce(&T) -> R,
) -> R {
    // SAFETY: it is NULL or a live object that is not changed meanwhile.
    let Some(object) = (unsafe { object.as_ref() }) else { return missing };
    if object.spoilt().is_set() {
        return missing;
    }
    match caught(|| body(object)) {
        Some(value) => value,
        None => {
            object.spoilt().set();
            missing
        }
    }
}

/// A call that only looks at the object, and gives what it sees besides its status.
///
/// # Safety
/// `object` and `out` are as the contract of every function says.
pub(crate) unsafe fn look_for<T: Object, R>(
    object: *const T,
    out: *mut R,
    initial: R,
    body: impl FnOnce(&T, &mut R) -> Outcome,
) -> ww_status {
    if out.is_null() {
        return ww_status::WW_ERROR_NULL;
    }
    let mut value = initial;
    let missing =
        if object.is_null() { ww_status::WW_ERROR_NULL } else { ww_status::WW_ERROR_PANIC };
    let seen = |object: &T| match body(object, &mut value) {
        Ok(()) => ww_status::WW_OK,
        Err(status) => status,
    };
    // SAFETY: as this function's.
    let status = unsafe { look(object, missing, seen) };
    // SAFETY: it is not NULL, so that it is good for a write.
    unsafe { out.write(value) };
    status
}

/// A call that only looks at the object, and gives only its status.
///
/// # Safety
/// `object` is as the contract of every function says.
pub(crate) unsafe fn look_status<T: Object>(
    object: *const T,
    body: impl FnOnce(&T) -> Outcome,
) -> ww_status {
    let mut nothing = ();
    // SAFETY: as this function's; `nothing` is a place.
    unsafe { look_for(object, &raw mut nothing, (), |object, ()| body(object)) }
}

/// A call that makes an object and gives a pointer to it, NULL if it fails. Why is told in
/// `error` unless that is NULL.
///
/// # Safety
/// `out` and `error` are as the contract of every function says.
pub(crate) unsafe fn create<T>(
    out: *mut *mut T,
    error: *mut ww_error,
    body: impl FnOnce() -> Result<*mut T, Failure>,
) -> ww_status {
    let made = match out.is_null() {
        true => Err(Failure::null("the place for the object")),
        false => caught(body).unwrap_or_else(|| Err(Failure::panicked())),
    };
    let (object, status) = match made {
        Ok(object) => (object, ww_status::WW_OK),
        Err(failure) => {
            if !error.is_null() {
                // SAFETY: it is not NULL, so that it is good for a write.
                unsafe { error.write(failure.to_c()) };
            }
            (ptr::null_mut(), failure.status())
        }
    };
    if !out.is_null() {
        // SAFETY: it is not NULL, so that it is good for a write.
        unsafe { out.write(object) };
    }
    status
}

/// Gives an object to C.
pub(crate) fn give<T>(object: T) -> *mut T {
    Box::into_raw(Box::new(object))
}

/// Frees what [`give`] gave; NULL is nothing.
///
/// # Safety
/// `object` is as the contract of every function says, and is not used again.
pub(crate) unsafe fn free<T>(object: *mut T) {
    if !object.is_null() {
        // SAFETY: it came from `give`, and C gives it up.
        let object = unsafe { Box::from_raw(object) };
        drop_caught(object);
    }
}

/// Drops what a panic may have spoilt, and what may panic again.
pub(crate) fn drop_caught<T>(object: T) {
    let _panicked = caught(|| drop(object));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Counter {
        spoilt: Spoilt,
        calls: usize,
    }

    impl Object for Counter {
        fn spoilt(&self) -> &Spoilt {
            &self.spoilt
        }
    }

    #[test]
    fn a_panic_is_caught_and_spoils_the_object() {
        let counter = give(Counter::default());
        let mut seen = 7;
        let panics = |_: &mut Counter| -> Outcome { panic!("caught") };
        // SAFETY: the object is live and nobody else uses it; `seen` is a value.
        unsafe {
            assert_eq!(enter(counter, panics), ww_status::WW_ERROR_PANIC);
            let counts = |counter: &mut Counter, calls: &mut usize| {
                counter.calls += 1;
                *calls = counter.calls;
                Ok(())
            };
            assert_eq!(enter_for(counter, &raw mut seen, 0, counts), ww_status::WW_ERROR_PANIC);
            assert_eq!((seen, look(counter, 9, |counter| counter.calls)), (0, 9));
            free(counter);
        }
    }

    #[test]
    fn a_panic_of_a_const_call_spoils_the_object_too() {
        let counter = give(Counter::default());
        // SAFETY: as above.
        unsafe {
            assert_eq!(look(counter, 3, |_| panic!("caught")), 3);
            assert_eq!(enter(counter, |_| Ok(())), ww_status::WW_ERROR_PANIC);
            free(counter);
        }
    }

    #[test]
    fn a_panic_while_making_an_object_is_an_error() {
        let mut made: *mut Counter = ptr::dangling_mut();
        // SAFETY: both are places of the right types, or NULL.
        let status = unsafe { create(&raw mut made, ptr::null_mut(), || panic!("caught")) };
        assert_eq!((status, made.is_null()), (ww_status::WW_ERROR_PANIC, true));
    }
}
