//! `kubectl-sms`: installs the TLS provider, parses flags, and turns the result into an exit code. IO.

use std::process::ExitCode;

use sms_operator::plugin;

fn main() -> ExitCode {
    // Fails only if a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    plugin::run(plugin::args::parse())
}
