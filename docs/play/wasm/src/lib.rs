//! A [`Session`] for a page. The page and this module exchange only memory and numbers.
//!
//! The page writes a command to [`input`], calls [`run`], and reads text from [`output`].
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::panic::PanicInfo;

use play::{Command, CommandError, Session};
use spin::Mutex;
use talc::TalcLock;
use talc::source::Claim;

static PAGE: Mutex<Page> =
    Mutex::new(Page { session: None, input: Vec::new(), output: String::new() });

struct Page {
    session: Option<Session>,
    input: Vec<u8>,
    output: String,
}

/// Returns where to write a command of `len` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn input(len: usize) -> *mut u8 {
    let mut page = PAGE.lock();
    page.input.clear();
    page.input.resize(len, 0);
    page.input.as_mut_ptr()
}

/// Runs the command. Returns the length of the output: the view as JSON, or an error that starts
/// with `!`.
#[unsafe(no_mangle)]
pub extern "C" fn run() -> usize {
    let mut page = PAGE.lock();
    page.output = match page.run() {
        Ok(view) => view,
        Err(error) => alloc::format!("!{error}"),
    };
    page.output.len()
}

/// Returns where the output is.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    PAGE.lock().output.as_ptr()
}

impl Page {
    fn run(&mut self) -> Result<String, CommandError> {
        let line =
            core::str::from_utf8(&self.input).map_err(|_| CommandError::Unknown)?.to_string();
        let session = match &mut self.session {
            Some(session) => session,
            none => none.insert(Session::new()?),
        };
        if !line.is_empty() {
            session.run(line.parse::<Command>()?)?;
        }
        Ok(session.view())
    }
}

static mut ARENA: [u8; ARENA_LEN] = [0; ARENA_LEN];
/// Four times the size of both buffers at their largest, their copies, and the text.
const ARENA_LEN: usize = 8 * 1024 * 1024;

#[global_allocator]
static HEAP: TalcLock<Mutex<()>, Claim> =
    // SAFETY: nothing else refers to the arena.
    TalcLock::new(unsafe { Claim::array(&raw mut ARENA) });

#[panic_handler]
fn panic(_info: &PanicInfo<'_>) -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    loop {
        core::hint::spin_loop();
    }
}

// Sealing records needs no randomness.
getrandom::register_custom_getrandom!(no_randomness);

fn no_randomness(_dest: &mut [u8]) -> Result<(), getrandom::Error> {
    Err(getrandom::Error::UNSUPPORTED)
}
