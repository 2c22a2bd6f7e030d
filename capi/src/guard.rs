//! The only way from C into the engine: handles NULL, panics, and objects that a panic has
//! poisoned.

use core::mem;
use core::panic::AssertUnwindSafe;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};
use std::panic::catch_unwind;

use crate::error::{Failure, ww_error, ww_status};

/// The result of a call that returns a status.
pub(crate) type Outcome = Result<(), ww_status>;

/// An object that C holds by pointer. C may move it between threads, and read it from several.
pub(crate) trait Object: Send + Sync {
    fn spoilt(&self) -> &Spoilt;
}

/// Whether a call on the object has panicked. The object's state is then unknown, and no further
/// call touches it.
#[derive(Debug, Default)]
pub(crate) struct Spoilt(AtomicBool);

impl Spoilt {
    // An object has one user at a time, or is only read, so no ordering is needed.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `body`, and returns `None` if it panicked. What `body` worked on must not be used after
/// that.
fn caught<R>(body: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => Some(result),
        Err(payload) => {
            // Dropping it might panic again.
            mem::forget(payload);
            None
        }
    }
}

/// A call that may change the object.
///
/// # Safety
/// `object` obeys the contract of every function.
#[inline]
pub(crate) unsafe fn enter<T: Object>(
    object: *mut T,
    body: impl FnOnce(&mut T) -> Outcome,
) -> ww_status {
    // SAFETY: it is NULL or a live object that nothing else uses during the call.
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

/// A call that may change the object and also returns a value through `out`: `initial`, unless
/// `body` sets another. `out` is set on errors too.
///
/// # Safety
/// `object` and `out` obey the contract of every function.
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
    // SAFETY: the caller upholds this function's contract.
    let status = unsafe { enter(object, |object| body(object, &mut value)) };
    // SAFETY: it is not NULL, so it is valid for a write.
    unsafe { out.write(value) };
    status
}

/// A call that only reads the object. Returns `missing` for NULL and for a poisoned object.
///
/// # Safety
/// `object` obeys the contract of every function.
#[inline]
pub(crate) unsafe fn look<T: Object, R>(
    object: *const T,
    missing: R,
    body: impl FnOnce(&T) -> R,
) -> R {
    // SAFETY: it is NULL or a live object that nothing changes during the call.
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

/// A call that only reads the object, and returns a value through `out` as well as a status.
///
/// # Safety
/// `object` and `out` obey the contract of every function.
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
    // SAFETY: the caller upholds this function's contract.
    let status = unsafe { look(object, missing, seen) };
    // SAFETY: it is not NULL, so it is valid for a write.
    unsafe { out.write(value) };
    status
}

/// A call that only reads the object, and returns only a status.
///
/// # Safety
/// `object` obeys the contract of every function.
pub(crate) unsafe fn look_status<T: Object>(
    object: *const T,
    body: impl FnOnce(&T) -> Outcome,
) -> ww_status {
    let mut nothing = ();
    // SAFETY: the caller upholds this function's contract; `nothing` is a local variable.
    unsafe { look_for(object, &raw mut nothing, (), |object, ()| body(object)) }
}

/// A call that creates an object and returns a pointer to it, or NULL if it fails. The reason, or
/// that there is none, is stored in `error` unless that is NULL.
///
/// # Safety
/// `out` and `error` obey the contract of every function.
pub(crate) unsafe fn create<T>(
    out: *mut *mut T,
    error: *mut ww_error,
    body: impl FnOnce() -> Result<*mut T, Failure>,
) -> ww_status {
    let made = match out.is_null() {
        true => Err(Failure::null("the place for the object")),
        false => caught(body).unwrap_or_else(|| Err(Failure::panicked())),
    };
    let (object, reason) = match made {
        Ok(object) => (object, ww_error::NONE),
        Err(failure) => (ptr::null_mut(), failure.to_c()),
    };
    let status = reason.status;
    if !error.is_null() {
        // SAFETY: it is not NULL, so it is valid for a write.
        unsafe { error.write(reason) };
    }
    if !out.is_null() {
        // SAFETY: it is not NULL, so it is valid for a write.
        unsafe { out.write(object) };
    }
    status
}

/// Gives an object to C.
pub(crate) fn give<T>(object: T) -> *mut T {
    Box::into_raw(Box::new(object))
}

/// Frees what [`give`] gave. Does nothing for NULL.
///
/// # Safety
/// `object` obeys the contract of every function, and is not used again.
pub(crate) unsafe fn free<T>(object: *mut T) {
    if !object.is_null() {
        // SAFETY: it came from `give`, and C gives it up.
        let object = unsafe { Box::from_raw(object) };
        drop_caught(object);
    }
}

/// Drops an object that a panic may have poisoned, and whose drop may panic again.
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
    fn a_panic_is_caught_and_poisons_the_object() {
        let counter = give(Counter::default());
        let mut seen = 7;
        let panics = |_: &mut Counter| -> Outcome { panic!("caught") };
        // SAFETY: the object is live and nothing else uses it; `seen` is a local variable.
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
    fn a_panic_in_a_const_call_poisons_the_object_too() {
        let counter = give(Counter::default());
        // SAFETY: as above.
        unsafe {
            assert_eq!(look(counter, 3, |_| panic!("caught")), 3);
            assert_eq!(enter(counter, |_| Ok(())), ww_status::WW_ERROR_PANIC);
            free(counter);
        }
    }

    #[test]
    fn a_panic_while_creating_an_object_is_an_error() {
        let mut made: *mut Counter = ptr::dangling_mut();
        // SAFETY: both are local variables of the right types, or NULL.
        let status = unsafe { create(&raw mut made, ptr::null_mut(), || panic!("caught")) };
        assert_eq!((status, made.is_null()), (ww_status::WW_ERROR_PANIC, true));
    }
}
