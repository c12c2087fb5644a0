//! Standard output and standard error, without a panic where nobody reads them. IO.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
};

use super::CommandError;

/// Writes what a command is for to standard output. A reader that has gone (`| head`) is no error; a full disk is.
pub fn product(bytes: &[u8]) -> Result<(), CommandError> {
    let mut output = io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CommandError::transient(format!(
            "failed to write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Tells something on standard error, if anybody listens.
pub fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
