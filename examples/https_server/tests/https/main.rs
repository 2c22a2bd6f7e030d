//! Runs the server program against stock rustls clients, and against clients that misbehave.
#![cfg(unix)]
#![expect(clippy::std_instead_of_alloc, clippy::std_instead_of_core, reason = "tests")]

mod certificates;
mod command_line;
mod echo;
mod http;
mod limits;
mod misuse;
mod options;
mod uploads;

use wantwrite_testing::https::{client, server};
