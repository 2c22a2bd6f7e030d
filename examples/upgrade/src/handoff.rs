//! Moves connections from one process to another over a Unix socket, each with its TCP socket
//! (`SCM_RIGHTS`).
//!
//! A message is a four-byte length, sent together with a descriptor, and then that many bytes.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use program::Error;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use wantwrite::{ConnectionConfig, MovedConnection};

use crate::client::{Client, Progress};
use crate::server::Identity;

/// The option that starts a process as a successor.
pub(crate) const SUCCEED: &str = "succeed";

/// Longer messages are rejected. No connection needs one.
const MAX_LEN: usize = 1 << 20;

/// The successor, as seen by the process that is leaving.
pub(crate) struct Successor(UnixStream);

impl Successor {
    /// Starts the successor, and sends it the listener.
    pub(crate) fn start(listener: &TcpListener, identity: &Identity) -> Result<Self, Error> {
        let (ours, theirs) = UnixStream::pair()?;
        // Not waited for: the child outlives this process.
        let _child = Command::new(std::env::current_exe()?)
            .arg(format!("--{SUCCEED}"))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .spawn()?;
        let mut this = Self(ours);
        this.send(listener.as_fd(), &identity.to_bytes())?;
        Ok(this)
    }

    /// Sends a client that is [ready](Client::is_ready_to_move). The inner `Err` returns a client
    /// that could not be moved after all.
    pub(crate) fn give(&mut self, client: Client) -> Result<Result<(), Box<Client>>, Error> {
        let (socket, progress, moved) = match client.into_moved() {
            Ok(parts) => parts,
            Err(client) => return Ok(Err(client)),
        };
        let message = [&progress.to_bytes()[..], moved.dangerous_bytes()].concat();
        self.send(socket.as_fd(), &message)?;
        Ok(Ok(()))
    }

    fn send(&mut self, descriptor: BorrowedFd<'_>, message: &[u8]) -> Result<(), Error> {
        let len = u32::try_from(message.len())?.to_be_bytes();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let descriptors = [descriptor];
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
        sendmsg(&self.0, &[IoSlice::new(&len)], &mut ancillary, SendFlags::empty())?;
        Ok(self.0.write_all(message)?)
    }
}

/// The messages from the previous process.
pub(crate) struct Inheritance(UnixStream);

impl Inheritance {
    pub(crate) fn from_stdin() -> Result<Self, Error> {
        let stdin = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self(UnixStream::from(stdin)))
    }

    /// Receives the listener and the identity, which are the first messages.
    pub(crate) fn first(&mut self) -> Result<(TcpListener, Identity), Error> {
        let (descriptor, bytes) = self.receive()?.ok_or("the previous process has exited")?;
        Ok((TcpListener::from(descriptor), Identity::from_bytes(&bytes)?))
    }

    /// Receives the next client. `None` after the last.
    pub(crate) fn next(&mut self, config: &ConnectionConfig) -> Result<Option<Client>, Error> {
        let Some((descriptor, mut message)) = self.receive()? else { return Ok(None) };
        let (progress, moved) = Progress::from_bytes(&mut message)?;
        // This also wipes the keys in the message.
        let connection = MovedConnection::from_bytes(moved)?.into_connection(config.clone())?;
        Ok(Some(Client::new(TcpStream::from(descriptor), connection, progress)?))
    }

    fn receive(&mut self) -> Result<Option<(OwnedFd, Vec<u8>)>, Error> {
        let mut len = [0; 4];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC;
        let received =
            recvmsg(&self.0, &mut [IoSliceMut::new(&mut len)], &mut ancillary, flags)?.bytes;
        if received == 0 {
            return Ok(None);
        }
        let descriptor = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        });
        let descriptor = descriptor.ok_or("expected a descriptor with each message")?;
        self.0.read_exact(len.get_mut(received..).unwrap_or(&mut []))?;
        let len = usize::try_from(u32::from_be_bytes(len))?;
        if len > MAX_LEN {
            return Err(format!("expected a message of at most {MAX_LEN} bytes, got {len}").into());
        }
        let mut message = vec![0; len];
        self.0.read_exact(&mut message)?;
        Ok(Some((descriptor, message)))
    }
}

impl AsFd for Inheritance {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
