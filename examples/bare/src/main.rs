//! A TLS client on a machine without an operating system: QEMU's `virt`, AArch64.
//!
//! The UART is its wire. It sends lines to a server that reverses each of them
//! (`openssl s_server -rev`), updates its keys halfway, compares the lines that come back, closes,
//! and waits until the server has closed too.
//!
//!     examples/bare/build.sh && examples/bare/run.sh
//!
//! `machine` is what a program like this has to provide. The loop is in `exchange.rs`.
#![no_std]
#![no_main]

extern crate alloc;

mod client;
mod exchange;
mod lines;
mod machine;
mod print;

use alloc::boxed::Box;
use core::error;

use exchange::{Exchange, Exchanged};
use machine::{HEAP, Uart};
use print::println;
use wantwrite::Connection;
use wantwrite::rustls::pki_types::ServerName;

/// Any error that ends the program. It is only printed.
type Error = Box<dyn error::Error>;

const USAGE: &str = "arguments: HOST FILE_OF_TRUSTED_CERTIFICATES KIB";

/// The boot code calls this once.
fn main() -> u8 {
    match run() {
        Ok(()) => 0,
        Err(error) => {
            println!("error: {error}");
            1
        }
    }
}

fn run() -> Result<(), Error> {
    let command_line = machine::command_line().ok_or(USAGE)?;
    let mut arguments = command_line.split_ascii_whitespace().skip(1);
    let (Some(host), Some(path), Some(kib)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err(USAGE.into());
    };
    let pem = machine::read_file(path).ok_or("the file with certificates cannot be read")?;
    let config = client::config(&pem)?;
    let name = ServerName::try_from(host).map_err(|_| "HOST is neither a name nor an address")?;
    let connection = Connection::client(config, name.to_owned())?;
    let len = u64::from(kib.parse::<u32>()?) * 1024;
    report(&Exchange::new(connection, Uart::start(), len).run()?);
    Ok(())
}

fn report(exchanged: &Exchanged) {
    let Exchanged { suite, progress, .. } = exchanged;
    println!("suite                    {:?}, {suite:?}", suite.version());
    println!(
        "sent                     {} bytes in {} records",
        progress.drained_plaintext, progress.records
    );
    println!("KeyUpdates               {}", progress.key_updates);
    println!(
        "came back reversed       {} bytes in {} records",
        exchanged.received, exchanged.records
    );
    println!("heap after the handshake {} bytes", exchanged.heap);
    println!("heap high-water mark     {} bytes", HEAP.peak());
    println!("stack high-water mark    {} bytes", machine::stack_peak());
}
