//! Replays a script of commands from standard input, one per line, and prints the view after each
//! as a line of JSON.
#![forbid(unsafe_code)]
#![expect(clippy::std_instead_of_core, reason = "a program, which has std")]

use std::error::Error;
use std::io::{self, Write};

use play::{Command, Session};

fn main() -> Result<(), Box<dyn Error>> {
    let mut session = Session::new()?;
    let mut out = io::stdout().lock();
    for line in io::stdin().lines() {
        session.run(line?.parse::<Command>()?)?;
        writeln!(out, "{}", session.view())?;
    }
    Ok(())
}
