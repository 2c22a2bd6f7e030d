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

/// A call that only reads the object. Fails for NULL and for a poisoned object.
///
/// # Safety
/// `object` obeys the contract of every function.
#[inline]
pub(crate) unsafe fn seen<T: Object, R>(
    object: *const T,
    body: impl FnOnce(&T) -> R,
) -> Result<R, ww_status> {
    // SAFETY: it is NULL or a live object that nothing changes during the call.
    let Some(object) = (unsafe { object.as_ref() }) else { return Err(ww_status::WW_ERROR_NULL) };
    if object.spoilt().is_set() {
        return Err(ww_status::WW_ERROR_PANIC);
    }
    caught(|| body(object)).ok_or_else(|| {
        object.spoilt().set();
        ww_status::WW_ERROR_PANIC
    })
}

/// Like [`seen`], but returns `missing` for NULL and for a poisoned object.
///
/// # Safety
/// `object` obeys the contract of every function.
#[inline]
pub(crate) unsafe fn look<T: Object, R>(
    object: *const T,
    missing: R,
    body: impl FnOnce(&T) -> R,
) -> R {
    // SAFETY: the caller upholds this function's contract.
    unsafe { seen(object, body) }.unwrap_or(missing)
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
    // SAFETY: the caller upholds this function's contract.
    let status = match unsafe { seen(object, |object| body(object, &mut value)) } {
        Ok(Ok(())) => ww_status::WW_OK,
        Ok(Err(status)) | Err(status) => status,
    };
    // SAFETY: it is not NULL, so it is valid for a write.
    unsafe { out.write(value) };
    status
}

/// A call that stores in `error` why the object has failed, or that it has not. A panic is such a
/// reason.
///
/// # Safety
/// `object` and `error` obey the contract of every function.
pub(crate) unsafe fn look_for_failure<T: Object>(
    object: *const T,
    error: *mut ww_error,
    failure: impl FnOnce(&T) -> Option<Failure>,
) -> ww_status {
    if error.is_null() {
        return ww_status::WW_ERROR_NULL;
    }
    // SAFETY: the caller upholds this function's contract.
    let (failure, status) = match unsafe { seen(object, failure) } {
        Ok(failure) => (failure, ww_status::WW_OK),
        Err(ww_status::WW_ERROR_PANIC) => (Some(Failure::panicked()), ww_status::WW_ERROR_PANIC),
        Err(status) => (None, status),
    };
    let reason = failure.map_or(ww_error::NONE, |failure| failure.to_c());
    // SAFETY: it is not NULL, so it is valid for a write.
    unsafe { error.write(reason) };
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
    use crate::chunk::{ww_chunk_advance, ww_chunk_free};
    use crate::connection::{ww_connection_error, ww_connection_free, ww_connection_new_from_keys};
    use crate::error::ww_fault;
    use crate::keys::ww_keys;
    use crate::output::{ww_out_take, ww_put_back};
    use crate::raw_reader::{ww_reader_error, ww_reader_free, ww_reader_new, ww_reader_on_sealed};
    use crate::raw_writer::{ww_writer_error, ww_writer_fail, ww_writer_free, ww_writer_new};
    use crate::writing::ww_write_atomic;

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

    /// Poisons the object.
    fn poison<T: Object>(object: *mut T) {
        // SAFETY: the tests pass live objects that nothing else uses.
        let status = unsafe { enter(object, |_| panic!("caught")) };
        assert_eq!(status, ww_status::WW_ERROR_PANIC);
    }

    /// What an `_error` function returns, and the reason that it stores.
    fn stored(call: impl FnOnce(*mut ww_error) -> ww_status) -> [ww_status; 2] {
        let mut error = ww_error::NONE;
        let status = call(&raw mut error);
        assert_eq!(error.fault == ww_fault::WW_FAULT_LIBRARY, status == ww_status::WW_ERROR_PANIC);
        [status, error.status]
    }

    #[test]
    fn a_poisoned_half_is_not_taken_for_a_healthy_one() {
        const PANIC: ww_status = ww_status::WW_ERROR_PANIC;
        let bytes = [1; 32];
        let keys = ww_keys {
            size: size_of::<ww_keys>(),
            suite: 0x1301,
            secret: bytes.as_ptr(),
            secret_len: 32,
            generation: 0,
            key: ptr::null(),
            key_len: 0,
            iv: ptr::null(),
            seq: 0,
        };
        let mut connection = ptr::null_mut();
        let (mut writer, mut reader) = (ptr::null_mut(), ptr::null_mut());
        let (defaults, error) = (ptr::null(), ptr::null_mut());
        // SAFETY: all objects are live until they are freed, and nothing else uses them.
        unsafe {
            let (write, read) = (&raw const keys, &raw const keys);
            ww_connection_new_from_keys(write, read, 0, defaults, &raw mut connection, error);
            ww_writer_new(write, defaults, &raw mut writer, error);
            ww_reader_new(read, 0, defaults, &raw mut reader, error);
            assert_eq!(ww_writer_fail(writer, reader), ww_status::WW_OK);
            assert_eq!(ww_reader_on_sealed(reader, writer), ww_status::WW_OK);

            poison(reader);
            assert_eq!(ww_writer_fail(writer, reader), PANIC);
            assert_eq!(stored(|error| ww_writer_error(writer, error)), [ww_status::WW_OK; 2]);
            assert_eq!(stored(|error| ww_reader_error(reader, error)), [PANIC; 2]);
            ww_reader_free(reader);

            ww_reader_new(read, 0, defaults, &raw mut reader, error);
            poison(writer);
            assert_eq!(ww_reader_on_sealed(reader, writer), PANIC);
            assert_eq!(stored(|error| ww_reader_error(reader, error)), [ww_status::WW_OK; 2]);
            assert_eq!(stored(|error| ww_writer_error(writer, error)), [PANIC; 2]);
            ww_reader_free(reader);
            ww_writer_free(writer);

            let mut chunk = ptr::null_mut();
            assert_eq!(ww_write_atomic(connection, bytes.as_ptr().cast(), 32), ww_status::WW_OK);
            assert_eq!(ww_out_take(connection, 10, &raw mut chunk), ww_status::WW_OK);
            poison(chunk);
            assert_eq!(ww_put_back(connection, chunk), PANIC);
            assert_eq!(ww_chunk_advance(chunk, 0), PANIC);
            ww_chunk_free(chunk);
            let stored_by = |connection| stored(|error| ww_connection_error(connection, error));
            assert_eq!(stored_by(connection), [ww_status::WW_OK; 2]);
            poison(connection);
            assert_eq!(stored_by(connection), [PANIC; 2]);
            ww_connection_free(connection);
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
