//! What the program has of the machine's host, as under a debugger: arguments, files to read, a
//! console and an exit status. No byte of a connection takes this way.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::arch::asm;
use core::fmt;

const OPEN: usize = 0x01;
const CLOSE: usize = 0x02;
const WRITE_TEXT: usize = 0x04;
const READ: usize = 0x06;
const FILE_LEN: usize = 0x0c;
const COMMAND_LINE: usize = 0x15;
const EXIT: usize = 0x18;

/// C's mode `rb`.
const MODE_READ: usize = 1;
/// The program ends by itself, and no fault ends it.
const APPLICATION_EXIT: usize = 0x20026;
/// What a refused operation returns.
const REFUSED: usize = usize::MAX;

/// The program's name and its arguments, with a space between any two.
pub(crate) fn command_line() -> Option<String> {
    let mut text = [0_u8; 1024];
    let mut arguments = [text.as_mut_ptr().expose_provenance(), text.len()];
    // SAFETY: the host writes at most so many bytes there, and over the second argument how many.
    let status = unsafe { call(COMMAND_LINE, arguments.as_mut_ptr()) };
    if status == REFUSED {
        return None;
    }
    core::str::from_utf8(text.get(..arguments[1])?).ok().map(ToOwned::to_owned)
}

/// All of a file of the host; `None` if it cannot be read.
pub(crate) fn read_file(path: &str) -> Option<Vec<u8>> {
    let file = File::open(path)?;
    let mut content = vec![0; file.len()?];
    file.read_exact(&mut content)?;
    Some(content)
}

/// Ends the machine.
pub(crate) fn exit(status: u8) -> ! {
    let mut arguments = [APPLICATION_EXIT, status.into()];
    loop {
        // SAFETY: this reads the two arguments. It does not return, unless nobody listens.
        unsafe { call(EXIT, arguments.as_mut_ptr()) };
    }
}

/// The host's console.
pub(crate) struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // The operation takes text up to a zero.
        let mut block = [0; 128];
        for part in text.as_bytes().chunks(block.len() - 1) {
            let (copy, rest) = block.split_at_mut(part.len());
            copy.copy_from_slice(part);
            rest[0] = 0;
            // SAFETY: the host reads the bytes of the block up to that zero.
            unsafe { call(WRITE_TEXT, block.as_mut_ptr().cast()) };
        }
        Ok(())
    }
}

struct File(usize);

impl File {
    fn open(path: &str) -> Option<Self> {
        let terminated = [path.as_bytes(), &[0]].concat();
        let mut arguments = [terminated.as_ptr().expose_provenance(), MODE_READ, path.len()];
        // SAFETY: the host reads the path, which has so many bytes and then a zero.
        let handle = unsafe { call(OPEN, arguments.as_mut_ptr()) };
        (handle != REFUSED).then_some(Self(handle))
    }

    fn len(&self) -> Option<usize> {
        // SAFETY: the host reads the handle.
        let len = unsafe { call(FILE_LEN, [self.0].as_mut_ptr()) };
        (len != REFUSED).then_some(len)
    }

    fn read_exact(&self, memory: &mut [u8]) -> Option<()> {
        let mut arguments = [self.0, memory.as_mut_ptr().expose_provenance(), memory.len()];
        // SAFETY: the host writes at most so many bytes there.
        let missing = unsafe { call(READ, arguments.as_mut_ptr()) };
        (missing == 0).then_some(())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: the host reads the handle, which nobody has any more.
        unsafe { call(CLOSE, [self.0].as_mut_ptr()) };
    }
}

/// # Safety
/// `arguments` points to what the operation takes, and the host may do to memory what the operation
/// does.
unsafe fn call(operation: usize, arguments: *mut usize) -> usize {
    let result;
    // SAFETY: by the caller's promise.
    unsafe {
        asm!(
            "hlt #0xf000",
            inlateout("x0") operation => result,
            inlateout("x1") arguments => _,
            options(nostack, preserves_flags),
        );
    }
    result
}
