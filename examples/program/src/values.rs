//! Parsers for the values of options, for `parse_with`.

use std::num::ParseIntError;
use std::str::FromStr;

use crate::Error;

/// Parses a number of bytes, with an optional suffix KiB, MiB or GiB.
///
/// # Errors
/// The error says what was expected.
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

/// Parses a [`size`] of memory, up to 1 GiB. A larger one is more likely a mistake, and allocating
/// it would abort the program.
///
/// # Errors
/// The errors of `size`, or a size that is too large.
pub fn memory_size(text: &str) -> Result<usize, Error> {
    match usize::try_from(size(text)?) {
        Ok(size) if size <= MAX_MEMORY => Ok(size),
        _ => Err("expected at most 1GiB".into()),
    }
}

const MAX_MEMORY: usize = 1 << 30;

/// Parses a number.
///
/// # Errors
/// The text is not a number, or the number is too large for `T`.
pub fn number<T: FromStr<Err = ParseIntError>>(text: &str) -> Result<T, Error> {
    Ok(text.parse()?)
}

/// Parses HOST:PORT. An IPv6 address must be in brackets.
///
/// # Errors
/// The error says what was expected.
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

/// Parses a value with `parse`, and rejects zero.
///
/// # Errors
/// The errors of `parse`, or a zero.
pub fn at_least_one<T: Default + PartialEq>(
    parse: impl FnOnce(&str) -> Result<T, Error>,
) -> impl FnOnce(&str) -> Result<T, Error> {
    |text| match parse(text)? {
        zero if zero == T::default() => Err("expected at least 1".into()),
        number => Ok(number),
    }
}

/// Returns the value next to the given word.
///
/// # Errors
/// The error lists the words.
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
