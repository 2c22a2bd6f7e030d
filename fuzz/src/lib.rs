//! What the targets call: the functions that the tests call too.

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../../tests/fuzz/deterministic.rs"]
mod deterministic;
#[path = "../../tests/fuzz/targets/mod.rs"]
pub mod targets;
