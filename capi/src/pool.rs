//! Memory that connections share.

use core::ptr;

use wantwrite::Pool;

use crate::error::{ww_error, ww_status};
use crate::guard;

/// Memory that connections take their buffers from while they are busy. It may be used from any
/// number of threads at once.
#[derive(Debug)]
pub struct ww_pool(Pool);

impl ww_pool {
    pub(crate) fn handle(&self) -> Pool {
        self.0.clone()
    }
}

/// A pool that keeps at most `max_segments` segments of 16.5 KiB and as much memory for input.
/// It need not be large: memory is in it only while no connection uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_pool_new(max_segments: usize, pool: *mut *mut ww_pool) -> ww_status {
    let error = ptr::null_mut::<ww_error>();
    // SAFETY: the contract of every function.
    unsafe { guard::create(pool, error, || Ok(guard::give(ww_pool(Pool::new(max_segments))))) }
}

/// Frees your handle. Connections and chunks keep what they use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_pool_free(pool: *mut ww_pool) {
    // SAFETY: the contract of every function.
    unsafe { guard::free(pool) };
}
