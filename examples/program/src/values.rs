//! Values of options, for `parse_with`.

use std::num::ParseIntError;
use std::str::FromStr;

use crate::Error;

/// A number of bytes, perhaps with the suffix KiB, MiB or GiB.
///
/// # Errors
/// It says what was expected.
pub fn size(text: &str) -> Result<u64, Error> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit: u64 = match &text[digits.len()..] {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => {
            return Err("expected a number of bytes, or one with the suffix KiB, MiB or GiB".into());
        }
    };
    let number: u64 = digits.parse()?;
    Ok(number.checked_mul(unit).ok_or("expected a smaller size")?)
}

/// A [`size`] of memory, up to 1 GiB: a larger one is more likely a mistake, and allocating it would
/// abort the program.
///
/// # Errors
/// Those of `size`, and a size that is too large.
pub fn memory_size(text: &str) -> Result<usize, Error> {
    match usize::try_from(size(text)?) {
        Ok(size) if size <= MAX_MEMORY => Ok(size),
        _ => Err("expected at most 1GiB".into()),
    }
}

const MAX_MEMORY: usize = 1 << 30;

/// A number.
///
/// # Errors
/// It is not a number, or too large for `T`.
pub fn number<T: FromStr<Err = ParseIntError>>(text: &str) -> Result<T, Error> {
    Ok(text.parse()?)
}

/// HOST:PORT, with an IPv6 address in brackets.
///
/// # Errors
/// It says what was expected.
pub fn host_and_port(text: &str) -> Result<String, Error> {
    let is_whole = text.rsplit_once(':').is_some_and(|(host, port)| {
        let is_bracketed = host.starts_with('[') && host.ends_with(']');
        !host.is_empty()
            && (is_bracketed || !host.contains(':'))
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if is_whole {
        return Ok(text.to_owned());
    }
    Err("expected HOST:PORT, such as localhost:8080 or [::1]:8080".into())
}

/// What `parse` reads, if it is not zero.
///
/// # Errors
/// Those of `parse`, and zero.
pub fn at_least_one<T: Default + PartialEq>(
    parse: impl FnOnce(&str) -> Result<T, Error>,
) -> impl FnOnce(&str) -> Result<T, Error> {
    |text| match parse(text)? {
        zero if zero == T::default() => Err("expected at least 1".into()),
        number => Ok(number),
    }
}

/// The value beside the word that was given.
///
/// # Errors
/// It lists the words.
pub fn one_of<T: Copy, const N: usize>(
    choices: [(&'static str, T); N],
) -> impl FnOnce(&str) -> Result<T, Error> {
    move |text| match choices.iter().find(|(word, _)| *word == text) {
        Some((_, value)) => Ok(*value),
        None => {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            Err(format!("expected one of: {}", words.join(", ")).into())
        }
    }
}
