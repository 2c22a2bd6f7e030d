//! The PL031: the time.

use core::time::Duration;

use super::register::Register;

// SAFETY: the PL031's counter of seconds; it moves nothing in memory.
const SECONDS: Register = unsafe { Register::at(0x0901_0000) };

/// Since the beginning of 1970.
pub(crate) fn unix_time() -> Option<Duration> {
    Some(Duration::from_secs(SECONDS.read().into()))
}
