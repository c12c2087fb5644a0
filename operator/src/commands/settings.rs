//! From flags to checked settings. IO: reads the file of Job settings.

use std::env;

use super::CommandError;
use crate::{
    args::JobArgs,
    gateway::GatewaySettings,
    settings::{self, Config, JobSettings, PushgatewayAuth, PushgatewaySettings, SettingsError},
};

/// Settings of Jobs: those of the file, with what flags say instead.
///
/// # Errors
/// The file or a flag that cannot be used.
pub fn config(args: &JobArgs) -> Result<Config, CommandError> {
    let mut job = file(args)?;
    if let Some(secret) = &args.store_secret {
        job.store.secret_name.clone_from(secret);
    }
    if let Some(allow) = args.allow_private_addresses {
        job.allow_private_addresses = allow;
    }
    if let (None, Some(url)) = (&job.pushgateway, &args.pushgateway) {
        // Checked here as well, since the message of the settings would name a file that there may not be.
        GatewaySettings::new(url, |_| None).map_err(CommandError::configuration)?;
        job.pushgateway = Some(PushgatewaySettings {
            url: url.clone(),
            secret_name: None,
            auth: PushgatewayAuth::default(),
        });
    }
    Config::new(
        job,
        args.job_image.clone(),
        args.secret_prefix.clone(),
        args.installation.clone(),
    )
    .map_err(CommandError::configuration)
}

fn file(args: &JobArgs) -> Result<JobSettings, CommandError> {
    let Some(path) = &args.job_settings else {
        return settings::parse("", "--job-settings").map_err(CommandError::configuration);
    };
    let origin = path.display().to_string();
    let yaml = std::fs::read_to_string(path).map_err(|error| {
        CommandError::configuration(format!("--job-settings (SMS_JOB_SETTINGS) {origin}: {error}"))
    })?;
    settings::parse(&yaml, &origin)
        .map_err(in_one_line)
        .map_err(CommandError::configuration)
}

/// The words of the YAML reader begin with a label of their own, and then quote the file, which may hold credentials.
fn in_one_line(error: SettingsError) -> SettingsError {
    match error {
        SettingsError::Syntax { origin, problem } => {
            let line = problem.lines().next().unwrap_or_default();
            SettingsError::Syntax {
                origin,
                problem: line.strip_prefix("error: ").unwrap_or(line).to_owned(),
            }
        }
        SettingsError::NoImage | SettingsError::Value { .. } => error,
    }
}

/// The Pushgateway as the operator reaches it: that of the flag, else that of the Jobs; with the credentials that
/// variables hold.
///
/// # Errors
/// An address or credentials that cannot be used.
pub fn gateway(args: &JobArgs, config: &Config) -> Result<Option<GatewaySettings>, CommandError> {
    let of_jobs = config.job.pushgateway.as_ref().map(|gateway| &gateway.url);
    let Some(url) = args.pushgateway.as_ref().or(of_jobs) else {
        return Ok(None);
    };
    GatewaySettings::new(url, |name| env::var(name).ok())
        .map(Some)
        .map_err(CommandError::configuration)
}
