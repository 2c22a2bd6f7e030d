//! Services of the machine's host, as under a debugger: arguments, files to read, a console and an
//! exit status. The connection does not use them.

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
/// The program exits normally rather than through a fault.
const APPLICATION_EXIT: usize = 0x20026;
/// The result of an operation that the host refused.
const REFUSED: usize = usize::MAX;

/// Returns the program's name and its arguments, separated by spaces.
pub(crate) fn command_line() -> Option<String> {
    let mut text = [0_u8; 1024];
    let mut arguments = [text.as_mut_ptr().expose_provenance(), text.len()];
    // SAFETY: the host writes at most that many bytes to the buffer, and the length to the second
    // argument.
    let status = unsafe { call(COMMAND_LINE, arguments.as_mut_ptr()) };
    if status == REFUSED {
        return None;
    }
    core::str::from_utf8(text.get(..arguments[1])?).ok().map(ToOwned::to_owned)
}

/// Returns the content of a file on the host, or `None` if it cannot be read.
pub(crate) fn read_file(path: &str) -> Option<Vec<u8>> {
    let file = File::open(path)?;
    let mut content = vec![0; file.len()?];
    file.read_exact(&mut content)?;
    Some(content)
}

/// Stops the machine.
pub(crate) fn exit(status: u8) -> ! {
    let mut arguments = [APPLICATION_EXIT, status.into()];
    loop {
        // SAFETY: the host reads the two arguments. The call returns only if there is no host.
        unsafe { call(EXIT, arguments.as_mut_ptr()) };
    }
}

/// The host's console.
pub(crate) struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // The operation expects text that ends with a zero byte.
        let mut block = [0; 128];
        for part in text.as_bytes().chunks(block.len() - 1) {
            let (copy, rest) = block.split_at_mut(part.len());
            copy.copy_from_slice(part);
            rest[0] = 0;
            // SAFETY: the host reads the block's bytes up to that zero byte.
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
        // SAFETY: the host reads the path, which has this length and a zero byte after it.
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
        // SAFETY: the host writes at most that many bytes to the buffer.
        let missing = unsafe { call(READ, arguments.as_mut_ptr()) };
        (missing == 0).then_some(())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: the host reads the handle, which is not used afterwards.
        unsafe { call(CLOSE, [self.0].as_mut_ptr()) };
    }
}

/// # Safety
/// `arguments` must point to the arguments that the operation expects, and everything that the
/// operation does to memory must be sound.
unsafe fn call(operation: usize, arguments: *mut usize) -> usize {
    let result;
    // SAFETY: guaranteed by the caller.
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
