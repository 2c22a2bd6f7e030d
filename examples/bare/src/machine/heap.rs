//! The heap: 1 MiB inside the program, with a record of its peak use.

use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicUsize, Ordering};

use talc::TalcLock;
use talc::source::Claim;

const ARENA_LEN: usize = 1024 * 1024;

static mut ARENA: [u8; ARENA_LEN] = [0; ARENA_LEN];

#[global_allocator]
pub(crate) static HEAP: Heap = Heap {
    // SAFETY: nothing else refers to the arena.
    talc: TalcLock::new(unsafe { Claim::array(&raw mut ARENA) }),
    peak: AtomicUsize::new(0),
};

/// The allocator, with a high-water mark.
pub(crate) struct Heap {
    talc: TalcLock<spin::Mutex<()>, Claim>,
    peak: AtomicUsize,
}

impl Heap {
    /// Returns the bytes in use.
    pub(crate) fn used(&self) -> usize {
        self.talc.lock().counters().allocated_bytes
    }

    /// Returns the peak use in bytes.
    pub(crate) fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    fn note(&self) {
        self.peak.fetch_max(self.used(), Ordering::Relaxed);
    }
}

// SAFETY: every call is forwarded to an allocator that upholds the contract.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller upholds the contract.
        let memory = unsafe { self.talc.alloc(layout) };
        self.note();
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract.
        unsafe { self.talc.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_len: usize) -> *mut u8 {
        // SAFETY: the caller upholds the contract.
        let memory = unsafe { self.talc.realloc(memory, layout, new_len) };
        self.note();
        memory
    }
}
