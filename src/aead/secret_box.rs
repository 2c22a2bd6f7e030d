//! Secrets that stay in one place.

use alloc::boxed::Box;

use zeroize::Zeroize;

/// A secret at a fixed place on the heap, which is wiped on drop.
///
/// Moving a value leaves its bits behind, even in freed memory. Here, only a pointer is moved.
/// Neither `Clone` nor `Debug`.
pub(super) struct SecretBox<T: Zeroize>(Box<T>);

impl<T: Zeroize> SecretBox<T> {
    /// Allocates a value without secrets, which are then written in place.
    pub(super) fn new(empty: T) -> Self {
        Self(Box::new(empty))
    }

    #[inline]
    pub(super) const fn get(&self) -> &T {
        &self.0
    }

    pub(super) const fn get_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Zeroize> Drop for SecretBox<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
