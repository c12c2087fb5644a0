//! Logs: to standard error, pretty on a terminal and JSON otherwise. IO.

use std::{
    io::{self, IsTerminal, Write},
    sync::LazyLock,
};

use indicatif::MultiProgress;

use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::args::LogFormat;

/// The progress bars of this process. Bars and log lines share one terminal, so they have to know of each other.
pub static PROGRESS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Standard error, with the progress bars out of the way while a line is written.
struct AboveBars;

impl Write for AboveBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        PROGRESS.suspend(|| io::stderr().write_all(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Starts logging. Standard output is for products (events, tables that were asked for), so logs go to standard error.
///
/// # Errors
/// `filter` is no filter; in words.
pub fn start(filter: Option<&str>, format: Option<LogFormat>, quiet: bool) -> Result<(), String> {
    let default = if quiet { "warn" } else { "info,sqlx=warn" };
    let filter = EnvFilter::try_new(filter.unwrap_or(default))
        .map_err(|error| format!("--log (SMS_LOG): {error}; write for example info or sms_job=debug"))?;
    // Below info these print addresses of requests, and an address can hold a key.
    let quiet_libraries = ["hyper", "hyper_util", "h2", "reqwest", "rustls"];
    let filter = quiet_libraries
        .iter()
        .filter_map(|library| format!("{library}=info").parse().ok())
        .fold(filter, EnvFilter::add_directive);
    let terminal = std::io::stderr().is_terminal();
    let format = format.unwrap_or(if terminal {
        LogFormat::Pretty
    } else {
        LogFormat::Json
    });
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(|| AboveBars)
        .with_target(false);
    let layer = match format {
        LogFormat::Pretty => layer.with_ansi(terminal).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    // A second start, as in tests, changes nothing.
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
    Ok(())
}
