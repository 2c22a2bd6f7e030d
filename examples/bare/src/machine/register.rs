//! Device registers.

use core::ptr;

/// A 32-bit register at a fixed address.
#[derive(Clone, Copy)]
pub(super) struct Register(*mut u32);

impl Register {
    /// # Safety
    /// `address` must be that of a register. Reading or writing it must not affect memory.
    pub(super) const unsafe fn at(address: usize) -> Self {
        Self(ptr::without_provenance_mut(address))
    }

    pub(super) fn read(self) -> u32 {
        // SAFETY: guaranteed by the caller of `at`. Rust does not use device memory itself.
        unsafe { self.0.read_volatile() }
    }

    pub(super) fn write(self, value: u32) {
        // SAFETY: as in `read`.
        unsafe { self.0.write_volatile(value) }
    }
}
