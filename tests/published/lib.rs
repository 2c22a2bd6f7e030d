//! Tests that need all published packages together. The doctests compile every block of the page
//! about them.

#[cfg(doctest)]
#[doc = include_str!("../../docs/runtimes.md")]
struct Runtimes;
