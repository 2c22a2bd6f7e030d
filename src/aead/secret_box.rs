//! Secrets that stay where they are.

use alloc::boxed::Box;

use zeroize::Zeroize;

/// A secret in one place on the heap, which is wiped on drop.
///
/// A value that is moved leaves its bits behind, in freed memory too. Here these are a pointer.
/// Neither `Clone` nor `Debug`.
pub(super) struct SecretBox<T: Zeroize>(Box<T>);

impl<T: Zeroize> SecretBox<T> {
    /// A value without secrets yet, which are to be written where it lies.
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
