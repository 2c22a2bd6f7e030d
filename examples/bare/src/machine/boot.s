// From reset to the first function. We start at EL1 on one core, with the MMU off and every
// register undefined.

.section .text.boot, "ax"
.globl _start
_start:
    // ring and compiled Rust use the vector registers: disable the trap for them (CPACR_EL1.FPEN).
    mov     x0, #(3 << 20)
    msr     cpacr_el1, x0
    adr     x0, vectors
    msr     vbar_el1, x0
    // Without the MMU, all memory is device memory, where unaligned accesses fault. ring's C and
    // assembly make unaligned accesses.
    ldr     x0, =MEMORY_KINDS
    msr     mair_el1, x0
    ldr     x0, =TRANSLATION
    msr     tcr_el1, x0
    adrp    x0, level_1
    add     x0, x0, :lo12:level_1
    msr     ttbr0_el1, x0
    isb
    tlbi    vmalle1
    ic      iallu
    dsb     nsh
    isb
    mrs     x0, sctlr_el1
    orr     x0, x0, #(1 << 0)       // M: translate
    orr     x0, x0, #(1 << 2)       // C: data caches
    orr     x0, x0, #(1 << 12)      // I: instruction cache
    bic     x0, x0, #(1 << 1)       // A: no alignment check
    msr     sctlr_el1, x0
    isb
    // Exceptions have their own stack, so that a stack overflow can still be reported.
    ldr     x0, =exception_stack_top
    mov     sp, x0
    msr     spsel, #0
    ldr     x0, =stack_bottom
    ldr     x1, =stack_top
    mov     sp, x1
    // Whatever still has this pattern at the end was never used.
    ldr     x2, =UNUSED_STACK
0:  stp     x2, x2, [x0], #16
    cmp     x0, x1
    b.lo    0b
    ldr     x0, =bss_start
    ldr     x1, =bss_end
1:  cmp     x0, x1
    b.hs    2f
    stp     xzr, xzr, [x0], #16
    b       1b
2:  mov     x29, xzr                // the outermost frame
    mov     x30, xzr
    bl      {start}
3:  wfi
    b       3b

// No exception is expected: interrupts are off and nothing is paged.
.balign 2048
vectors:
.rept 16
.balign 128
    mrs     x0, esr_el1
    mrs     x1, elr_el1
    mrs     x2, far_el1
    b       {exception}
.endr

// Addresses are mapped to themselves. Addresses without an entry fault, address 0 among them.
.section .rodata.tables, "a"
.set MEMORY_KINDS, 0x04ff           // 0: normal, write-back. 1: device, nGnRE
.set TRANSLATION, 32 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 // 4 GiB, cached tables, no upper half
.set TABLE, 3
.set BLOCK, 1 | 1 << 10             // marked as accessed, so that the first access does not fault
.set NORMAL, 0 << 2 | 3 << 8        // inner shareable
.set DEVICE, 1 << 2
.set READ_ONLY, 1 << 7
.set NO_EXECUTE, 3 << 53

.balign 4096
level_2_peripherals:
.fill   72, 8, 0
.quad   0x09000000 | BLOCK | DEVICE | NO_EXECUTE // the UART and the clock
.fill   439, 8, 0
level_2_memory:
.quad   0x40000000 | BLOCK | NORMAL | READ_ONLY
.quad   0x40200000 | BLOCK | NORMAL | NO_EXECUTE
.quad   0x40400000 | BLOCK | NORMAL | NO_EXECUTE
.quad   0x40600000 | BLOCK | NORMAL | NO_EXECUTE
.fill   508, 8, 0
level_1:
.quad   level_2_peripherals + TABLE
.quad   level_2_memory + TABLE
.quad   0, 0
