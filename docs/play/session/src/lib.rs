//! The session of the interactive page: a [`Writer`](wantwrite::Writer), a program that writes and
//! a transport that drains, all driven by text commands.
//!
//! The page runs it as WebAssembly, and the program `play` runs it natively. The same commands
//! produce the same views.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod command;
mod inspector;
mod session;
mod settings;
mod view;

pub use command::{Command, CommandError};
pub use session::Session;
