//! The manual, a page a module. It is in the documentation only.

#[doc = include_str!("../docs/no-libc.md")]
pub mod no_libc {}
