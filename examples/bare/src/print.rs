//! Text for the host's console.

macro_rules! println {
    ($($text:tt)*) => {{
        // The program does not depend on its output being read.
        let _unread = core::fmt::Write::write_fmt(
            &mut $crate::machine::Console,
            format_args!("{}\n", format_args!($($text)*)),
        );
    }};
}
pub(crate) use println;
