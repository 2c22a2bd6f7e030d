//! Stands in for getrandom 0.2, which on Linux is a call into libc: ring's only way to randomness
//! asks the program instead.
#![no_std]

/// Fills `dest` with bytes that nobody can predict.
///
/// # Errors
/// [`Error`] if the program's source has failed.
pub fn getrandom(dest: &mut [u8]) -> Result<(), Error> {
    if freestanding_fill_random(dest) { Ok(()) } else { Err(Error) }
}

/// There is no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error;

unsafe extern "Rust" {
    // Missing, it fails the link.
    safe fn freestanding_fill_random(dest: &mut [u8]) -> bool;
}
