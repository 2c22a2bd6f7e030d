//! A client for a server that answers line by line, on embassy's executor. One task writes while
//! another reads. On a microcontroller, embassy-net's `TcpReader` and `TcpWriter` replace
//! `socket.rs`.

extern crate alloc;

mod socket;
mod tasks;

use alloc::rc::Rc;
use alloc::sync::Arc;
use core::cell::RefCell;
use core::error::Error;
use core::net::SocketAddr;

// Linked in because the executor needs its `std` implementation.
use critical_section as _;
use embassy_executor::Executor;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use wantwrite::Connection;
use wantwrite_embedded_io::{DroppedCall, SplitStream};

pub use socket::{Failure, Reader, Socket, Writer};
use tasks::Outcome;

/// Sends `lines`, returns as many lines of the answer, and closes the connection.
///
/// # Errors
/// An error of the socket or the connection, as text.
pub fn talk(
    address: SocketAddr,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    lines: Vec<String>,
) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
    let (reader, writer) = Socket::connect(address)?.split();
    let connection = Connection::client(config, name)?;
    // A dropped socket call has done nothing: it first waits, then transfers the bytes in one step.
    let stream = SplitStream::new(connection, reader, writer, DroppedCall::DidNothing);
    // Tasks live forever, so everything they borrow must too.
    let stream = Box::leak(Box::new(stream));
    let executor = Box::leak(Box::new(Executor::new()));
    let outcome: Rc<RefCell<Outcome>> = Rc::default();
    let result = Rc::clone(&outcome);
    let mut failed = None;
    executor.run_until(
        |spawner| match tasks::begin(spawner, stream, lines, outcome) {
            Ok(task) => spawner.spawn(task),
            Err(error) => failed = Some(error),
        },
        || result.borrow().is_over(),
    );
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(result.take().into_lines()?),
    }
}
