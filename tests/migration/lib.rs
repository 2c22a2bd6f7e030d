//! The page for those who come from tokio-rustls, with the programs that it names. As doctests,
//! every block of it compiles; the connector that it has for clients is tested here.

#[path = "../../adapters/tokio/programs/https.rs"]
pub mod https;

#[cfg(doctest)]
#[doc = include_str!("../../adapters/tokio/README.md")]
struct Page;
