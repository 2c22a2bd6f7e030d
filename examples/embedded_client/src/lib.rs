//! A client of a server that answers lines, on embassy's executor: one task writes while another
//! reads. On a microcontroller, `socket.rs` is embassy-net's `TcpReader` and `TcpWriter`.

extern crate alloc;

mod socket;
mod tasks;

use alloc::rc::Rc;
use alloc::sync::Arc;
use core::cell::RefCell;
use core::error::Error;
use core::net::SocketAddr;

// Whose `std` the executor links.
use critical_section as _;
use embassy_executor::Executor;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use wantwrite::Connection;
use wantwrite_embedded_io::{DroppedCall, SplitStream};

pub use socket::{Failure, Reader, Socket, Writer};
use tasks::Outcome;

/// Sends `lines`, and gives as many lines of the answer; then both sides end.
///
/// # Errors
/// The socket's or the connection's, in words.
pub fn talk(
    address: SocketAddr,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    lines: Vec<String>,
) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
    let (reader, writer) = Socket::connect(address)?.split();
    let connection = Connection::client(config, name)?;
    // A socket does nothing in a call that is dropped: it waits, then does all at once.
    let stream = SplitStream::new(connection, reader, writer, DroppedCall::DidNothing);
    // Tasks live for ever, and so does what they have.
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
