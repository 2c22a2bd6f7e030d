//! Searches all writable memory of this process for bytes that must not be there.

#[cfg(target_os = "linux")]
use std::fs::File;
#[cfg(target_os = "linux")]
use std::io::Read;
#[cfg(target_os = "linux")]
use std::os::unix::fs::FileExt;
use std::sync::Mutex;

use wantwrite::CipherSuite;
use zeroize::Zeroizing;

use super::raw_peer::expand;

/// A run of this many of these bytes does not occur in ciphertext.
pub const MARK: u8 = 0xa7;
pub const RUN: usize = 16;

/// Plaintext made of marks, which is wiped when it is dropped.
pub fn marks(len: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(vec![MARK; len])
}

pub fn has_marks(memory: &[u8]) -> bool {
    let mut run = 0;
    memory.iter().any(|&byte| {
        run = if byte == MARK { run + 1 } else { 0 };
        run == RUN
    })
}

/// Counts the bytes in the runs that [`has_marks`] finds.
fn count_marks(memory: &[u8]) -> usize {
    memory.chunk_by(|a, b| a == b).filter(|run| has_marks(run)).map(<[u8]>::len).sum()
}

/// Held by one test at a time, because a scan would find what the other tests hold.
pub static ALONE: Mutex<()> = Mutex::new(());

/// Bytes to look for, kept inverted so that a scan does not find them here.
#[derive(Debug)]
pub struct Masked(Vec<u8>);

impl Masked {
    pub fn of(bytes: &[u8]) -> Self {
        Self(bytes.iter().map(|byte| !byte).collect())
    }

    /// Derives a value from this secret with HKDF-Expand-Label.
    pub fn expanded(&self, suite: CipherSuite, label: &[u8], len: usize) -> Self {
        wiping_the_stack(|| {
            let secret = Zeroizing::new(self.0.iter().map(|byte| !byte).collect::<Vec<u8>>());
            Self::of(&Zeroizing::new(expand(suite, &secret, label, len)))
        })
    }

    /// How often the last 16 bytes begin in the first `len` bytes of the memory. Only the last ones
    /// count, because an allocator overwrites the first bytes of freed memory.
    fn count_in(&self, memory: &[u8], len: usize) -> usize {
        let last = &self.0[self.0.len().saturating_sub(16)..];
        let starts = memory[..len].iter().enumerate().filter(|(_, byte)| **byte == !last[0]);
        let is_here = |window: &[u8]| window.iter().zip(last).all(|(byte, not)| *byte == !not);
        starts.filter(|(at, _)| memory.get(*at..at + last.len()).is_some_and(is_here)).count()
    }
}

/// Runs `work`, then overwrites the stack below. Otherwise, leftovers on the stack would reach the
/// heap as the padding of values that are moved.
#[inline(never)]
pub fn wiping_the_stack<T>(work: impl FnOnce() -> T) -> T {
    #[inline(never)]
    fn call<T>(work: impl FnOnce() -> T) -> T {
        work()
    }
    #[inline(never)]
    fn wipe() {
        core::hint::black_box(&mut [0_u8; 32 * 1024]);
    }
    let made = call(work);
    wipe();
    made
}

/// Memory is read in overlapping pieces, so that nothing is missed at a boundary.
#[cfg(target_os = "linux")]
const STEP: usize = 1 << 20;
#[cfg(target_os = "linux")]
const OVERLAP: usize = 64;

/// Searches all writable memory of this process, freed or not. It allocates its own memory up
/// front, because later allocations would overwrite freed memory.
#[cfg(target_os = "linux")]
pub struct Scan {
    maps: String,
    bytes: Zeroizing<Vec<u8>>,
    /// An address whose mapping is skipped.
    except: Option<u64>,
}

#[cfg(target_os = "linux")]
impl Scan {
    pub fn new() -> Self {
        let maps = String::with_capacity(1 << 20);
        let bytes = Zeroizing::new(vec![0; STEP + OVERLAP]);
        let mut this = Self { maps, bytes, except: None };
        assert!(!this.finds_marks());
        let held = marks(RUN);
        assert!(this.finds_marks(), "they are found in place");
        drop(held);
        this
    }

    /// A scan of the heap only. It skips the stack, which `local` is on.
    pub fn without_stack<T>(local: &T) -> Self {
        let except = u64::try_from(core::ptr::from_ref(local).addr()).ok();
        Self { except, ..Self::new() }
    }

    pub fn finds_marks(&mut self) -> bool {
        self.count_marks() > 0
    }

    /// Counts the marks in runs that are long enough.
    pub fn count_marks(&mut self) -> usize {
        let mut count = 0;
        self.look_at_all(|memory, new_len| count += count_marks(&memory[..new_len]));
        count
    }

    /// Counts the occurrences of these bytes.
    pub fn count(&mut self, bytes: &Masked) -> usize {
        let mut count = 0;
        self.look_at_all(|memory, new_len| count += bytes.count_in(memory, new_len));
        count
    }

    /// Passes memory to `look_at` in pieces, each with the number of its bytes that the next piece
    /// does not repeat.
    fn look_at_all(&mut self, mut look_at: impl FnMut(&[u8], usize)) {
        self.maps.clear();
        File::open("/proc/self/maps").unwrap().read_to_string(&mut self.maps).unwrap();
        let memory = File::open("/proc/self/mem").unwrap();
        let [own_start, own_end] = {
            let own = self.bytes.as_ptr_range();
            [own.start, own.end].map(|at| u64::try_from(at.addr()).unwrap())
        };
        let writable = self.maps.lines().filter(|line| line.contains(" rw"));
        for line in writable {
            let (range, _) = line.split_once(' ').unwrap();
            let (start, end) = range.split_once('-').unwrap();
            let [start, end] = [start, end].map(|at| u64::from_str_radix(at, 16).unwrap());
            if self.except.is_some_and(|at| (start..end).contains(&at)) {
                continue;
            }
            // Skip our own buffer: it contains what was just read.
            for range in [start..end.min(own_start), start.max(own_end)..end] {
                for at in range.clone().step_by(STEP) {
                    let len = usize::try_from(range.end - at).unwrap().min(self.bytes.len());
                    let n = memory.read_at(&mut self.bytes[..len], at).unwrap_or(0);
                    let is_last = at + u64::try_from(len).unwrap() == range.end;
                    look_at(&self.bytes[..n], if is_last { n } else { n.min(STEP) });
                }
            }
        }
        self.bytes.fill(0);
    }
}
