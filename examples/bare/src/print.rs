//! Text for the host's console.

macro_rules! println {
    ($($text:tt)*) => {{
        // That nobody may read it is no reason to fail.
        let _unread = core::fmt::Write::write_fmt(
            &mut $crate::machine::Console,
            format_args!("{}\n", format_args!($($text)*)),
        );
    }};
}
pub(crate) use println;
