//! The processor's random numbers. ring gets them through getrandom, which calls this module.

use core::arch::asm;

getrandom::register_custom_getrandom!(fill);

fn fill(dest: &mut [u8]) -> Result<(), getrandom::Error> {
    if !has_random_numbers() {
        return Err(getrandom::Error::UNSUPPORTED);
    }
    for part in dest.chunks_mut(size_of::<u64>()) {
        let number = (0..ATTEMPTS).find_map(|_| random_number());
        let number = number.ok_or(getrandom::Error::FAILED_RDRAND)?.to_ne_bytes();
        part.iter_mut().zip(number).for_each(|(byte, random)| *byte = random);
    }
    Ok(())
}

/// After delivering this many bytes, the source can need a moment to collect more entropy.
const ATTEMPTS: u32 = 1000;

/// Without this check, the instruction would fault on processors that do not have it.
fn has_random_numbers() -> bool {
    let features: u64;
    // SAFETY: reads an identification register of the processor.
    unsafe {
        asm!(
            "mrs {features}, id_aa64isar0_el1",
            features = out(reg) features,
            options(nomem, nostack, preserves_flags),
        );
    }
    features >> 60 != 0
}

fn random_number() -> Option<u64> {
    let (number, is_valid): (u64, u64);
    // SAFETY: `fill` has checked that RNDR exists. It changes only its destination register and the
    // flags.
    unsafe {
        asm!(
            "mrs {number}, s3_3_c2_c4_0",
            "cset {is_valid}, ne",
            number = out(reg) number,
            is_valid = out(reg) is_valid,
            options(nomem, nostack),
        );
    }
    (is_valid == 1).then_some(number)
}
