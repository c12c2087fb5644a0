//! Logs: to standard error, pretty on a terminal and JSON otherwise. IO.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::args::LogFormat;

/// Quiet at `info`: kube logs each failed request as an error, although whoever made it tells of it too.
const DEFAULT: &str = "info,kube_client::client::builder=off";

/// Below `info` these print headers and addresses, which can hold credentials.
const NEVER_BELOW_INFO: [&str; 5] = ["hyper", "hyper_util", "reqwest", "rustls", "tower"];

/// Starts logging.
///
/// # Errors
/// `filter` is no filter; in words.
pub fn start(filter: Option<&str>, format: Option<LogFormat>) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter.unwrap_or(DEFAULT))
        .map_err(|error| format!("--log (SMS_LOG): {error}; write for example info or sms_operator=debug"))?;
    let filter = NEVER_BELOW_INFO
        .iter()
        .filter_map(|library| format!("{library}=info").parse().ok())
        .fold(filter, EnvFilter::add_directive);
    let is_terminal = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false);
    let is_pretty = format.map_or(is_terminal, |format| format == LogFormat::Pretty);
    let layer = match is_pretty {
        true => layer.with_ansi(is_terminal).boxed(),
        false => layer.json().flatten_event(true).boxed(),
    };
    // A second start, as in tests, changes nothing.
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
    Ok(())
}
