//! Memory that replaces a socket.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::hint::black_box;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::mem;
use std::rc::Rc;

/// A client's end. Can be cloned, since some libraries own theirs and some receive callbacks.
#[derive(Clone, Default)]
pub(crate) struct Transport(Rc<RefCell<Ends>>);

#[derive(Default)]
struct Ends {
    inbound: VecDeque<u8>,
    drain: Vec<u8>,
    discards: bool,
}

impl Transport {
    /// From now on, looks at what is written and discards it, like a transport that accepts
    /// everything by reference and costs almost nothing.
    pub(crate) fn discard(&self) {
        self.0.borrow_mut().discards = true;
    }

    pub(crate) fn deliver(&self, bytes: &[u8]) {
        self.0.borrow_mut().inbound.extend(bytes);
    }

    /// Returns whether neither end has anything to read.
    pub(crate) fn is_idle(&self) -> bool {
        let ends = self.0.borrow();
        ends.inbound.is_empty() && ends.drain.is_empty()
    }

    pub(crate) fn take_written(&self) -> Vec<u8> {
        mem::take(&mut self.0.borrow_mut().drain)
    }
}

impl Ends {
    fn write(&mut self, buf: &[u8]) {
        if self.discards {
            black_box(buf);
        } else {
            self.drain.extend(buf);
        }
    }
}

impl Write for Transport {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(buf);
        Ok(buf.len())
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut ends = self.0.borrow_mut();
        for buf in bufs {
            ends.write(buf);
        }
        Ok(bufs.iter().map(|buf| buf.len()).sum())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Transport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.borrow_mut().inbound.read(buf)? {
            0 if !buf.is_empty() => Err(ErrorKind::WouldBlock.into()),
            n => Ok(n),
        }
    }
}

/// The functions for libraries that take callbacks, and the callbacks' context.
#[cfg(any(feature = "gnutls", feature = "s2n"))]
pub(crate) mod callback {
    #![expect(unsafe_code, reason = "C libraries pass buffers and context as pointers")]

    use std::ffi::c_void;
    use std::slice;

    use super::*;

    impl Transport {
        /// Returns a pointer that is valid as long as `self` or a clone of it.
        pub(crate) fn as_context(&self) -> *mut c_void {
            Rc::as_ptr(&self.0).cast_mut().cast()
        }
    }

    /// # Safety
    /// `context` must be from [`Transport::as_context`] and still valid. `data` must point to `len`
    /// bytes.
    pub(crate) unsafe fn send(context: *mut c_void, data: *const c_void, len: usize) {
        // SAFETY: guaranteed by the caller.
        let (ends, data) = unsafe {
            (&*context.cast::<RefCell<Ends>>(), slice::from_raw_parts(data.cast::<u8>(), len))
        };
        ends.borrow_mut().write(data);
    }

    /// Returns how many bytes there were. 0 means "would block".
    ///
    /// # Safety
    /// `context` must be from [`Transport::as_context`] and still valid. `data` must point to `len`
    /// bytes that are initialised, or that are not read before they are.
    pub(crate) unsafe fn receive(context: *mut c_void, data: *mut c_void, len: usize) -> usize {
        // SAFETY: guaranteed by the caller.
        let ends = unsafe { &*context.cast::<RefCell<Ends>>() };
        let mut ends = ends.borrow_mut();
        let len = len.min(ends.inbound.len());
        for (offset, byte) in ends.inbound.drain(..len).enumerate() {
            // SAFETY: `offset < len`.
            unsafe { data.cast::<u8>().add(offset).write(byte) };
        }
        len
    }
}
