//! Values of options, for `parse_with`.

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
        _ => return Err("the suffixes are KiB, MiB and GiB".into()),
    };
    let number: u64 = digits.parse()?;
    Ok(number.checked_mul(unit).ok_or("that is too much")?)
}

/// A [`size`] of memory.
///
/// # Errors
/// The same, and where the machine cannot address it.
pub fn memory_size(text: &str) -> Result<usize, Error> {
    Ok(usize::try_from(size(text)?)?)
}

/// What `parse` reads, if it is not zero.
///
/// # Errors
/// Those of `parse`; zero.
pub fn at_least_one<T: Default + PartialEq>(
    parse: impl FnOnce(&str) -> Result<T, Error>,
) -> impl FnOnce(&str) -> Result<T, Error> {
    |text| match parse(text)? {
        zero if zero == T::default() => Err("it must be at least 1".into()),
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
