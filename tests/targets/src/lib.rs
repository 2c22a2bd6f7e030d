//! Seals and opens one record for a caller that shares only memory and numbers with us: a
//! WebAssembly host such as `run.mjs`.
#![no_std]

extern crate alloc;

use alloc::vec::Vec;
use core::panic::PanicInfo;

use spin::Mutex;
use talc::TalcLock;
use talc::source::Claim;
use wantwrite::{
    CipherSuite, KeyLimits, Padding, ReadKeys, Reader, ReaderConfig, Role, WriteKeys, Writer,
    WriterConfig,
};

/// A key and its IV, followed by content or a record.
static SHARED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Returned by a function that rejects its input.
const REFUSED: usize = usize::MAX;

/// Resizes the shared memory to `len` bytes. This can move it.
#[unsafe(no_mangle)]
pub extern "C" fn resize(len: usize) {
    SHARED.lock().resize(len, 0);
}

/// The address of the shared memory.
#[unsafe(no_mangle)]
pub extern "C" fn address() -> *mut u8 {
    SHARED.lock().as_mut_ptr()
}

/// Seals the content as application data, and replaces it with the record. Returns the record's
/// length.
#[unsafe(no_mangle)]
pub extern "C" fn seal(suite: u16, seq: u64, padding: usize) -> usize {
    replace(suite, |suite, key, iv, content| {
        let keys = WriteKeys::new(suite, key, iv, seq).ok()?;
        let mut config = WriterConfig::default();
        // Some vectors are beyond the limit of what one key should seal.
        config.key_limits = Some(KeyLimits { records: u64::MAX, blocks: u64::MAX });
        if padding > 0 {
            // The content and the type byte come first.
            config.padding = Padding::Multiple(content.len() + 1 + padding);
        }
        let mut writer = Writer::new(keys, config).ok()?;
        match content {
            [] => writer.write_cover(padding).ok()?,
            _ => writer.write_atomic(content).ok()?,
        }
        Some(writer.drain().chunk().to_vec())
    })
}

/// Opens the record, and replaces it with its application data. Returns the length.
#[unsafe(no_mangle)]
pub extern "C" fn open(suite: u16, seq: u64) -> usize {
    replace(suite, |suite, key, iv, record| {
        let keys = ReadKeys::new(suite, key, iv, seq).ok()?;
        let mut reader = Reader::new(keys, Role::Client, ReaderConfig::default()).ok()?;
        if reader.receive(record) < record.len() {
            return None;
        }
        let _no_key_update = reader.process().ok()?;
        Some(reader.plaintext().to_vec())
    })
}

/// Replaces the bytes after key and IV.
fn replace(
    suite: u16,
    make: impl FnOnce(CipherSuite, &[u8], [u8; 12], &[u8]) -> Option<Vec<u8>>,
) -> usize {
    let mut shared = SHARED.lock();
    let made = CipherSuite::from_wire(suite).and_then(|suite| {
        let (key, rest) = shared.split_at_checked(suite.key_len())?;
        let (iv, content) = rest.split_first_chunk()?;
        let made = make(suite, key, *iv, content)?;
        Some((suite.key_len() + iv.len(), made))
    });
    let Some((start, made)) = made else { return REFUSED };
    shared.truncate(start);
    shared.extend_from_slice(&made);
    made.len()
}

static mut ARENA: [u8; ARENA_LEN] = [0; ARENA_LEN];
const ARENA_LEN: usize = 1024 * 1024;

#[global_allocator]
static HEAP: TalcLock<Mutex<()>, Claim> =
    // SAFETY: nothing else names the arena.
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

// Records need no randomness.
getrandom::register_custom_getrandom!(no_randomness);

fn no_randomness(_dest: &mut [u8]) -> Result<(), getrandom::Error> {
    Err(getrandom::Error::UNSUPPORTED)
}
