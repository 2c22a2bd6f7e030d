//! What needs all published packages at once. As doctests, the page about them: every line of it
//! compiles.

#[cfg(doctest)]
#[doc = include_str!("../../docs/runtimes.md")]
struct Runtimes;
