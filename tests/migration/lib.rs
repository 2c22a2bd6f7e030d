//! The page for users who migrate from tokio-rustls, and the programs that it names. The doctests
//! compile every block of it. The connector that it shows for clients is tested here.

#[path = "../../adapters/tokio/programs/https.rs"]
pub mod https;

#[cfg(doctest)]
#[doc = include_str!("../../adapters/tokio/README.md")]
struct Page;
