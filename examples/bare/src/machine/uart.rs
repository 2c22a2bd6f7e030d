//! The PL011, a UART: the wire to the peer.

use core::{error, fmt};

use super::register::Register;

const BASE: usize = 0x0900_0000;

// SAFETY: these offsets are the PL011's. Accessing its registers changes no memory.
const DATA: Register = unsafe { Register::at(BASE) };
// SAFETY: as above.
const FLAGS: Register = unsafe { Register::at(BASE + 0x18) };
// SAFETY: as above.
const DIVISOR_INTEGER: Register = unsafe { Register::at(BASE + 0x24) };
// SAFETY: as above.
const DIVISOR_FRACTION: Register = unsafe { Register::at(BASE + 0x28) };
// SAFETY: as above.
const LINE_CONTROL: Register = unsafe { Register::at(BASE + 0x2c) };
// SAFETY: as above.
const CONTROL: Register = unsafe { Register::at(BASE + 0x30) };
// SAFETY: as above.
const INTERRUPT_MASK: Register = unsafe { Register::at(BASE + 0x38) };

const FLAG_BUSY: u32 = 1 << 3;
const FLAG_RECEIVE_EMPTY: u32 = 1 << 4;
const FLAG_TRANSMIT_FULL: u32 = 1 << 5;
const LINE_FIFOS: u32 = 1 << 4;
const LINE_8_BITS: u32 = 3 << 5;
const CONTROL_ENABLE: u32 = 1 << 0;
const CONTROL_TRANSMIT: u32 = 1 << 8;
const CONTROL_RECEIVE: u32 = 1 << 9;
/// TLS does not retransmit lost bytes, so the wire must be able to hold the sender back.
const CONTROL_FLOW: u32 = 3 << 14;

/// The machine's only UART. Create it once.
pub(crate) struct Uart(());

impl Uart {
    /// Starts the device at 115,200 bits per second, from its 24 MHz clock.
    pub(crate) fn start() -> Self {
        CONTROL.write(0);
        while FLAGS.read() & FLAG_BUSY != 0 {}
        INTERRUPT_MASK.write(0);
        DIVISOR_INTEGER.write(13);
        DIVISOR_FRACTION.write(1);
        LINE_CONTROL.write(LINE_8_BITS | LINE_FIFOS);
        CONTROL.write(CONTROL_ENABLE | CONTROL_TRANSMIT | CONTROL_RECEIVE | CONTROL_FLOW);
        Self(())
    }

    /// Sends as many of the bytes as the device accepts now, and returns how many that were.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> usize {
        let mut sent = 0;
        for byte in bytes {
            if FLAGS.read() & FLAG_TRANSMIT_FULL != 0 {
                break;
            }
            DATA.write(u32::from(*byte));
            sent += 1;
        }
        sent
    }

    /// Receives what has arrived, up to the length of `memory`, and returns how many bytes that
    /// were.
    ///
    /// # Errors
    /// [`WireError`] if a byte arrived damaged, or while there was no room for it.
    pub(crate) fn receive(&mut self, memory: &mut [u8]) -> Result<usize, WireError> {
        let mut received = 0;
        for place in memory {
            if FLAGS.read() & FLAG_RECEIVE_EMPTY != 0 {
                break;
            }
            // A byte's error flags are in the same register.
            let [byte, errors, ..] = DATA.read().to_le_bytes();
            if errors != 0 {
                return Err(WireError(errors));
            }
            *place = byte;
            received += 1;
        }
        Ok(received)
    }
}

/// A byte was lost.
#[derive(Debug)]
pub(crate) struct WireError(u8);

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the UART has lost a byte: errors {:#06b}", self.0)
    }
}

impl error::Error for WireError {}
