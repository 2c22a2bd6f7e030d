//! The few Linux system calls that a client needs, for x86_64.

use core::arch::asm;
use core::error::Error;
use core::ffi::{CStr, c_int, c_short};
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

/// Why a system call failed: the kernel's error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(usize);

impl Errno {
    pub(crate) const INTERRUPTED: Self = Self(4);
    pub(crate) const WOULD_BLOCK: Self = Self(11);
    const PIPE: Self = Self(32);
    const CONNECTION_RESET: Self = Self(104);
    const TIMED_OUT: Self = Self(110);
    const CONNECTION_REFUSED: Self = Self(111);
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::PIPE => f.write_str("the peer has closed the transport"),
            Self::CONNECTION_RESET => f.write_str("connection reset"),
            Self::TIMED_OUT => f.write_str("timed out"),
            Self::CONNECTION_REFUSED => f.write_str("connection refused"),
            Self(number) => write!(f, "system error {number}"),
        }
    }
}

impl Error for Errno {}

/// An open descriptor, closed on drop.
#[derive(Debug)]
struct Fd(c_int);

impl Fd {
    fn new(number: usize) -> Result<Self, Errno> {
        c_int::try_from(number).map(Self).map_err(|_| Errno(number))
    }

    fn arg(&self) -> usize {
        descriptor(self.0)
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        // SAFETY: touches no memory, and only this value owned the descriptor.
        let _closed = unsafe { call(CLOSE, [self.arg(), 0, 0, 0, 0, 0]) };
    }
}

/// A file opened for reading.
#[derive(Debug)]
pub(crate) struct File(Fd);

impl File {
    /// Opens the file at `path`.
    pub(crate) fn open(path: &CStr) -> Result<Self, Errno> {
        let path = path.as_ptr().expose_provenance();
        // SAFETY: the path ends with a zero byte; O_RDONLY is 0.
        Fd::new(unsafe { call(OPEN, [path, 0, 0, 0, 0, 0]) }?).map(Self)
    }

    /// Reads into `buf` and returns the number of bytes, 0 at the end of the file.
    pub(crate) fn read(&self, buf: &mut [u8]) -> Result<usize, Errno> {
        let to = buf.as_mut_ptr().expose_provenance();
        // SAFETY: the kernel writes at most `buf.len()` bytes to `buf`.
        unsafe { call(READ, [self.0.arg(), to, buf.len(), 0, 0, 0]) }
    }
}

/// A TCP socket that never blocks after it has connected.
#[derive(Debug)]
pub(crate) struct Socket(Fd);

impl Socket {
    /// Connects to `address`, and blocks until that is done.
    pub(crate) fn connect(address: SocketAddr) -> Result<Self, Errno> {
        let (family, bytes, len) = socket_address(address);
        // SAFETY: touches no memory.
        let number = unsafe { call(SOCKET, [family, SOCK_STREAM | SOCK_CLOEXEC, 0, 0, 0, 0]) }?;
        let this = Self(Fd::new(number)?);
        let address = bytes.as_ptr().expose_provenance();
        // SAFETY: the kernel reads `len` bytes, which is at most the length of the array.
        unsafe { call(CONNECT, [this.0.arg(), address, len, 0, 0, 0]) }?;
        Ok(this)
    }

    /// Passes a prefix of `bytes` to the transport and returns its length.
    pub(crate) fn send(&self, bytes: &[u8]) -> Result<usize, Errno> {
        let from = bytes.as_ptr().expose_provenance();
        let flags = MSG_DONTWAIT | MSG_NOSIGNAL;
        // SAFETY: the kernel reads at most `bytes.len()` bytes from `bytes`.
        unsafe { call(SENDTO, [self.0.arg(), from, bytes.len(), flags, 0, 0]) }
    }

    /// Receives available bytes into `buf` and returns their number, 0 at the end.
    pub(crate) fn receive(&self, buf: &mut [u8]) -> Result<usize, Errno> {
        let to = buf.as_mut_ptr().expose_provenance();
        // SAFETY: the kernel writes at most `buf.len()` bytes to `buf`.
        unsafe { call(RECVFROM, [self.0.arg(), to, buf.len(), MSG_DONTWAIT, 0, 0]) }
    }
}

/// The events that one socket waits for, in the layout of poll(2), which also writes its answer
/// there.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Poll {
    descriptor: c_int,
    events: c_short,
    revents: c_short,
}

/// The readiness of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Events {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

impl Poll {
    /// Waits until `socket` is ready for any of `events`, and returns for which. Returns none if
    /// `timeout` has passed. A socket with an error counts as ready for both, so the next call on
    /// it returns the error.
    pub(crate) fn wait(
        socket: &Socket,
        events: Events,
        timeout: Duration,
    ) -> Result<Events, Errno> {
        let mut poll = Self {
            descriptor: socket.0.0,
            events: if events.readable { POLLIN } else { 0 }
                | if events.writable { POLLOUT } else { 0 },
            revents: 0,
        };
        let at = (&raw mut poll).expose_provenance();
        let millis = usize::try_from(timeout.as_millis()).unwrap_or(usize::MAX);
        // SAFETY: the kernel reads and writes one structure of this layout.
        unsafe { call(POLL, [at, 1, millis, 0, 0, 0]) }?;
        let ready = |event| poll.revents & (event | POLLERR | POLLHUP) != 0;
        Ok(Events { readable: ready(POLLIN), writable: ready(POLLOUT) })
    }
}

/// Fills `buf` with random bytes. Waits until the kernel's pool has been initialised.
pub(crate) fn fill_random(mut buf: &mut [u8]) -> Result<(), Errno> {
    while !buf.is_empty() {
        let to = buf.as_mut_ptr().expose_provenance();
        // SAFETY: the kernel writes at most `buf.len()` bytes to `buf`.
        match unsafe { call(GETRANDOM, [to, buf.len(), 0, 0, 0, 0]) } {
            Ok(len) => buf = buf.get_mut(len..).unwrap_or_default(),
            Err(Errno::INTERRUPTED) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The source of ring's randomness, called by the `getrandom` package next to this one.
#[unsafe(no_mangle)]
fn freestanding_fill_random(dest: &mut [u8]) -> bool {
    fill_random(dest).is_ok()
}

/// Returns the time since the start of 1970.
pub(crate) fn unix_time() -> Option<Duration> {
    let mut time = [0_i64; 2];
    let to = time.as_mut_ptr().expose_provenance();
    // SAFETY: the kernel writes two 64-bit integers there, seconds and nanoseconds.
    unsafe { call(CLOCK_GETTIME, [CLOCK_REALTIME, to, 0, 0, 0, 0]) }.ok()?;
    let [seconds, nanos] = time;
    Some(Duration::new(seconds.try_into().ok()?, nanos.try_into().ok()?))
}

/// Writes a prefix of `bytes` to one of the standard descriptors.
pub(crate) fn write(to: c_int, bytes: &[u8]) -> Result<usize, Errno> {
    let from = bytes.as_ptr().expose_provenance();
    // SAFETY: the kernel reads at most `bytes.len()` bytes from `bytes`.
    unsafe { call(WRITE, [descriptor(to), from, bytes.len(), 0, 0, 0]) }
}

/// Ends the program.
pub(crate) fn exit(status: u8) -> ! {
    loop {
        // SAFETY: touches no memory and does not return.
        let _never = unsafe { call(EXIT_GROUP, [usize::from(status), 0, 0, 0, 0, 0]) };
    }
}

pub(crate) const STDOUT: c_int = 1;
pub(crate) const STDERR: c_int = 2;

/// Returns the address family, the structure that connect(2) reads (`sockaddr_in` or
/// `sockaddr_in6`), and its length.
fn socket_address(address: SocketAddr) -> (usize, [u8; 28], usize) {
    let mut bytes = [0; 28];
    bytes[2..4].copy_from_slice(&address.port().to_be_bytes());
    let (family, len): (u8, _) = match address {
        SocketAddr::V4(address) => {
            bytes[4..8].copy_from_slice(&address.ip().octets());
            (AF_INET, 16)
        }
        SocketAddr::V6(address) => {
            bytes[4..8].copy_from_slice(&address.flowinfo().to_be_bytes());
            bytes[8..24].copy_from_slice(&address.ip().octets());
            bytes[24..28].copy_from_slice(&address.scope_id().to_ne_bytes());
            (AF_INET6, 28)
        }
    };
    bytes[0] = family;
    (usize::from(family), bytes, len)
}

/// Converts a descriptor to an argument. An invalid one (-1) stays invalid.
fn descriptor(number: c_int) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Performs the system call `number`. The kernel reports errors as -1 to -4095.
///
/// # Safety
/// The memory that the arguments refer to must be valid until the call returns.
unsafe fn call(number: usize, arguments: [usize; 6]) -> Result<usize, Errno> {
    let [a, b, c, d, e, f] = arguments;
    let answer: usize;
    // SAFETY: the caller guarantees that the memory is valid. `syscall` itself overwrites rcx with
    // its return address and r11 with the flags, and preserves everything else.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => answer,
            in("rdi") a,
            in("rsi") b,
            in("rdx") c,
            in("r10") d,
            in("r8") e,
            in("r9") f,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    if answer > usize::MAX - 4095 { Err(Errno(answer.wrapping_neg())) } else { Ok(answer) }
}

// <asm/unistd_64.h>
const READ: usize = 0;
const WRITE: usize = 1;
const OPEN: usize = 2;
const CLOSE: usize = 3;
const POLL: usize = 7;
const SOCKET: usize = 41;
const CONNECT: usize = 42;
const SENDTO: usize = 44;
const RECVFROM: usize = 45;
const CLOCK_GETTIME: usize = 228;
const EXIT_GROUP: usize = 231;
const GETRANDOM: usize = 318;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const SOCK_STREAM: usize = 1;
const SOCK_CLOEXEC: usize = 0o2_000_000;
const MSG_DONTWAIT: usize = 0x40;
const MSG_NOSIGNAL: usize = 0x4000;
const POLLIN: c_short = 0x1;
const POLLOUT: c_short = 0x4;
const POLLERR: c_short = 0x8;
const POLLHUP: c_short = 0x10;
const CLOCK_REALTIME: usize = 0;
