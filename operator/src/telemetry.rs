//! Logs: to standard error, pretty on a terminal and JSON otherwise. IO.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::args::LogFormat;

/// Logs each failed request as an error, although whoever made it tells of it too.
const TALKATIVE: &str = "kube_client::client::builder=off";

/// Below `info` these print headers, addresses and answers, which can hold credentials.
const NEVER_BELOW_INFO: [&str; 6] = ["hyper", "hyper_util", "kube_client", "reqwest", "rustls", "tower"];

/// Starts logging.
///
/// # Errors
/// `filter` is no filter; in words.
pub fn start(filter: Option<&str>, format: Option<LogFormat>) -> Result<(), String> {
    let text = filter.unwrap_or("info");
    let filter = EnvFilter::try_new(text)
        .map_err(|error| format!("--log (SMS_LOG): {error}; write for example info or sms_operator=debug"))?;
    let quiet = (!text.contains("kube_client")).then(|| TALKATIVE.to_owned());
    let filter = NEVER_BELOW_INFO
        .iter()
        .map(|library| format!("{library}=info"))
        .chain(quiet)
        .filter_map(|directive| directive.parse().ok())
        .fold(filter, EnvFilter::add_directive);
    let is_terminal = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false);
    let is_pretty = format.map_or(is_terminal, |format| format == LogFormat::Pretty);
    let layer = match is_pretty {
        true => layer.with_ansi(is_terminal).boxed(),
        // A line names its source itself.
        false => layer
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .boxed(),
    };
    // A second start, as in tests, changes nothing.
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
    Ok(())
}
