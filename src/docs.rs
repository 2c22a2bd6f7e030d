//! The manual, a page a module. It is in the documentation only.

#[doc = include_str!("../docs/ssl-write.md")]
pub mod coming_from_ssl_write {}

#[doc = include_str!("../docs/event-loops.md")]
pub mod event_loops {}

/// Its doctests are in `tests/published`, which has the adapters.
#[cfg_attr(not(doctest), doc = include_str!("../docs/runtimes.md"))]
pub mod runtimes {}

#[doc = include_str!("../docs/memory.md")]
pub mod back_pressure_and_memory {}

#[doc = include_str!("../docs/key-updates.md")]
pub mod key_updates_and_limits {}

#[doc = include_str!("../docs/sizes.md")]
pub mod sizes_and_padding {}

#[doc = include_str!("../docs/early-data.md")]
pub mod early_data {}

#[doc = include_str!("../docs/exporters.md")]
pub mod exporters {}

#[doc = include_str!("../docs/late-decisions.md")]
pub mod late_decisions {}

#[doc = include_str!("../docs/providers.md")]
pub mod other_providers {}

/// Its doctests are in `examples/tokio_turmoil`, which has the crates that it is about.
#[cfg_attr(not(doctest), doc = include_str!("../docs/simulation.md"))]
pub mod deterministic_simulation {}

#[doc = include_str!("../docs/peers.md")]
pub mod other_programs {}

#[doc = include_str!("../docs/c.md")]
pub mod from_c {}

#[doc = include_str!("../docs/no-libc.md")]
pub mod no_libc {}
