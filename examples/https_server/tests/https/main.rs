//! The server as a program: with stock rustls clients, and with clients that misbehave.
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
