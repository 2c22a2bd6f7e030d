//! A TLS client with nothing underneath: no libc and no `std`, only system calls.
//!
//! It sends lines to a server that returns them, either unchanged or each reversed (as
//! `openssl s_server -rev` does), updates its keys halfway, closes, and compares the digest of the
//! lines that came back with that of the lines sent.
//!
//!     examples/freestanding/build.sh && examples/freestanding/run.sh
//!
//! `sys` and `environment.rs` are what a program without libc has to provide. The event loop is in
//! `transfer.rs`.
#![no_std]
#![no_main]

extern crate alloc;

mod args;
mod environment;
mod lines;
mod print;
mod report;
mod sys;
mod transfer;

use alloc::boxed::Box;
use alloc::format;
use core::error;
use core::ffi::CStr;

use args::{Options, USAGE};
use print::{eprintln, println};
use report::Report;
use sys::{HEAP, Socket};
use transfer::Transfer;
use wantwrite::Connection;

/// Any error that ends the program. It is only printed.
type Error = Box<dyn error::Error>;

/// `_start` calls this with the program's name and its arguments. Returns the exit status.
fn main(arguments: &[&'static CStr]) -> u8 {
    let options = match Options::parse(arguments.get(1..).unwrap_or_default()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{}", USAGE.trim_end());
            return 0;
        }
        Err(error) => {
            eprintln!("freestanding: {error}\n{}", usage_line());
            return WRONG_ARGUMENTS;
        }
    };
    match run(&options) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("freestanding: {error}");
            1
        }
    }
}

fn usage_line() -> &'static str {
    USAGE.lines().find(|line| line.starts_with("Usage: ")).unwrap_or(USAGE)
}

/// The conventional exit status for wrong arguments.
const WRONG_ARGUMENTS: u8 = 2;

fn run(options: &Options) -> Result<(), Error> {
    let config = environment::client_config(options.ca)?;
    for _ in 0..options.connections {
        let connection = Connection::client(config.clone(), options.name.clone())?;
        let socket = Socket::connect(options.address)
            .map_err(|error| format!("{}: {error}", options.address))?;
        let transferred = Transfer::new(connection, socket, options).run()?;
        let report = Report(&transferred);
        println!("{report}");
        if !transferred.is_intact() {
            return Err("the data that came back is not what was sent".into());
        }
    }
    println!("heap high-water mark     {} bytes", HEAP.peak());
    Ok(())
}
