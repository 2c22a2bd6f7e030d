//! All memory of this process that can be written, looked at for what must not be there.

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

/// No ciphertext has this byte so often in a row.
pub const MARK: u8 = 0xa7;
pub const RUN: usize = 16;

/// Plaintext that is gone itself when it is dropped.
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

/// The bytes of runs that [`has_marks`] finds.
fn count_marks(memory: &[u8]) -> usize {
    memory.chunk_by(|a, b| a == b).filter(|run| has_marks(run)).map(<[u8]>::len).sum()
}

/// One test at a time: what the others hold would be seen.
pub static ALONE: Mutex<()> = Mutex::new(());

/// Bytes to look for, kept inverted: or else they would be found here.
#[derive(Debug)]
pub struct Masked(Vec<u8>);

impl Masked {
    pub fn of(bytes: &[u8]) -> Self {
        Self(bytes.iter().map(|byte| !byte).collect())
    }

    /// What HKDF-Expand-Label makes of this secret.
    pub fn expanded(&self, suite: CipherSuite, label: &[u8], len: usize) -> Self {
        wiping_the_stack(|| {
            let secret = Zeroizing::new(self.0.iter().map(|byte| !byte).collect::<Vec<u8>>());
            Self::of(&Zeroizing::new(expand(suite, &secret, label, len)))
        })
    }

    /// How often the last 16 bytes begin in the first `len` bytes of the memory: an allocator
    /// writes over the first ones of what is freed.
    fn count_in(&self, memory: &[u8], len: usize) -> usize {
        let last = &self.0[self.0.len().saturating_sub(16)..];
        let starts = memory[..len].iter().enumerate().filter(|(_, byte)| **byte == !last[0]);
        let is_here = |window: &[u8]| window.iter().zip(last).all(|(byte, not)| *byte == !not);
        starts.filter(|(at, _)| memory.get(*at..at + last.len()).is_some_and(is_here)).count()
    }
}

/// Does `work`, and overwrites the stack below: or else what it left there would get into the heap,
/// as the unused bytes of values that are moved.
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

/// Memory is looked at in pieces that overlap: nothing is hidden by where it lies.
#[cfg(target_os = "linux")]
const STEP: usize = 1 << 20;
#[cfg(target_os = "linux")]
const OVERLAP: usize = 64;

/// Looks at all memory of this process that can be written, freed or not. What it needs for
/// that it has from the beginning: memory freed since must not be used again.
#[cfg(target_os = "linux")]
pub struct Scan {
    maps: String,
    bytes: Zeroizing<Vec<u8>>,
    /// An address that is not looked at, nor what is mapped with it.
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
        assert!(this.finds_marks(), "they are found where they are");
        drop(held);
        this
    }

    /// A scan of the heap only: without the stack, on which `local` is.
    pub fn without_stack<T>(local: &T) -> Self {
        let except = u64::try_from(core::ptr::from_ref(local).addr()).ok();
        Self { except, ..Self::new() }
    }

    pub fn finds_marks(&mut self) -> bool {
        self.count_marks() > 0
    }

    /// The bytes that are marks, in runs that are long enough.
    pub fn count_marks(&mut self) -> usize {
        let mut count = 0;
        self.look_at_all(|memory, new_len| count += count_marks(&memory[..new_len]));
        count
    }

    /// How often these bytes are there.
    pub fn count(&mut self, bytes: &Masked) -> usize {
        let mut count = 0;
        self.look_at_all(|memory, new_len| count += bytes.count_in(memory, new_len));
        count
    }

    /// Shows memory in pieces, each with how many of its bytes are not in the next one too.
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
            // What was read is in the buffer: it would be found twice.
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
