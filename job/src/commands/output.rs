//! Standard output and standard error, without a panic where nobody reads them. IO.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
};

use super::CommandError;

/// Prints what a command is for on standard output. A reader that has gone (`| head`) is no error; a full disk is.
pub fn product(text: impl Display) -> Result<(), CommandError> {
    let mut output = io::stdout().lock();
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
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

/// `1 source`, `2 sources`.
pub fn counted(number: usize, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {what}{ending}")
}
