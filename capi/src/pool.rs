//! Memory that connections share.

use core::ptr;

use wantwrite::Pool;

use crate::error::{ww_error, ww_status};
use crate::guard;

/// Memory from which connections take their buffers while they are busy. Any number of threads may
/// use it at the same time.
#[derive(Debug)]
pub struct ww_pool(Pool);

impl ww_pool {
    pub(crate) fn handle(&self) -> Pool {
        self.0.clone()
    }
}

/// Creates a pool that keeps at most `max_segments` segments of 16.4 KiB, and as much memory for
/// input. A small pool is enough: it holds only memory that no connection is using.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_pool_new(max_segments: usize, pool: *mut *mut ww_pool) -> ww_status {
    let error = ptr::null_mut::<ww_error>();
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::create(pool, error, || Ok(guard::give(ww_pool(Pool::new(max_segments))))) }
}

/// Frees your handle. Connections and chunks keep what they use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_pool_free(pool: *mut ww_pool) {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::free(pool) };
}
