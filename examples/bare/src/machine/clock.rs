//! The PL031, a real-time clock.

use core::time::Duration;

use super::register::Register;

// SAFETY: this is the PL031's counter of seconds. Accessing it changes no memory.
const SECONDS: Register = unsafe { Register::at(0x0901_0000) };

/// Returns the time since the start of 1970.
pub(crate) fn unix_time() -> Option<Duration> {
    Some(Duration::from_secs(SECONDS.read().into()))
}
