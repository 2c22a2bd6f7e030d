//! Registers of devices.

use core::ptr;

/// 32 bits at a fixed address.
#[derive(Clone, Copy)]
pub(super) struct Register(*mut u32);

impl Register {
    /// # Safety
    /// At `address` is a register that may be read and written without harm to memory.
    pub(super) const unsafe fn at(address: usize) -> Self {
        Self(ptr::without_provenance_mut(address))
    }

    pub(super) fn read(self) -> u32 {
        // SAFETY: the promise of `at`. Rust knows nothing of device memory.
        unsafe { self.0.read_volatile() }
    }

    pub(super) fn write(self, value: u32) {
        // SAFETY: the same.
        unsafe { self.0.write_volatile(value) }
    }
}
