//! Errors that name the file, address or stream that they are about.

use std::fmt::Display;
use std::io::{self, Read, Write};

use crate::Error;

/// Adds a name to a result's error.
pub trait At<T> {
    /// Prefixes the error: it becomes "name: error".
    ///
    /// # Errors
    /// The result's own error.
    fn at(self, name: impl Display) -> Result<T, Error>;
}

impl<T, E: Display> At<T> for Result<T, E> {
    fn at(self, name: impl Display) -> Result<T, Error> {
        self.map_err(|error| format!("{name}: {error}").into())
    }
}

/// A stream whose errors begin with its name.
#[derive(Debug)]
pub struct Named<S> {
    stream: S,
    name: String,
}

impl<S> Named<S> {
    /// Wraps a stream with its name.
    pub fn new(stream: S, name: impl Display) -> Self {
        Self { stream, name: name.to_string() }
    }

    fn explain(&self, error: io::Error) -> io::Error {
        match error.kind() {
            // The caller tries again.
            io::ErrorKind::Interrupted => error,
            kind => io::Error::new(kind, format!("{}: {error}", self.name)),
        }
    }
}

impl<S: Read> Read for Named<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buf).map_err(|error| self.explain(error))
    }
}

impl<S: Write> Write for Named<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.stream.write(buf).map_err(|error| self.explain(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush().map_err(|error| self.explain(error))
    }
}
