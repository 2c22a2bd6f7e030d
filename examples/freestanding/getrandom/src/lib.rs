//! A replacement for getrandom 0.2, which calls libc on Linux. ring has no other source of
//! randomness. This one calls the program instead.
#![no_std]

/// Fills `dest` with unpredictable bytes.
///
/// # Errors
/// [`Error`] if the program's source of randomness failed.
pub fn getrandom(dest: &mut [u8]) -> Result<(), Error> {
    if freestanding_fill_random(dest) { Ok(()) } else { Err(Error) }
}

/// No randomness is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error;

unsafe extern "Rust" {
    // If the program does not define this function, linking fails.
    safe fn freestanding_fill_random(dest: &mut [u8]) -> bool;
}
