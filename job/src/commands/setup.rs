//! From flags to settings. IO: reads the files that flags name.

use std::{io::ErrorKind, path::PathBuf, sync::Arc, time::Duration};

use super::CommandError;
use crate::{
    args::{PushArgs, ReachArgs, StoreArgs},
    environment::{Environment, StorePool},
    push::PushSettings,
    secrets::Secrets,
    stop::Stop,
    store::{StoreError, StoreUrl},
};
use tokio::runtime::Builder;
use url::Url;

/// Runs a command on a runtime. One thread is enough: a run waits for the network, and extraction is a process of its
/// own.
pub fn block_on(command: impl Future<Output = Result<u8, CommandError>>) -> Result<u8, CommandError> {
    block_on_runtime(Builder::new_current_thread(), command)
}

/// Runs a command that answers others: while one thread writes a long answer, the other answers probes.
pub fn block_on_threads(command: impl Future<Output = Result<u8, CommandError>>) -> Result<u8, CommandError> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2);
    block_on_runtime(builder, command)
}

fn block_on_runtime(
    mut builder: Builder,
    command: impl Future<Output = Result<u8, CommandError>>,
) -> Result<u8, CommandError> {
    // Fails only if a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|error| CommandError::transient(format!("failed to start the runtime: {error}")))?;
    let result = runtime.block_on(command);
    // A name look-up that hangs in the system's resolver must not keep a finished process.
    runtime.shutdown_background();
    result
}

/// The store that the flags name, if any.
pub fn store_url(args: &StoreArgs) -> Result<Option<StoreUrl>, CommandError> {
    let text = match (&args.store, &args.store_file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => match std::fs::read_to_string(path) {
            Ok(text) => text,
            // A Secret that is mounted only where it exists.
            Err(error) if error.kind() == ErrorKind::NotFound && args.default_store.is_some() => {
                return Ok(None);
            }
            Err(error) => {
                return Err(CommandError::configuration(format!(
                    "--store-file (SMS_STORE_URL_FILE) {}: {error}",
                    path.display()
                )));
            }
        },
        (None, None) => return Ok(None),
    };
    parse_store(&text, "--store (SMS_STORE_URL)").map(Some)
}

fn parse_store(text: &str, name: &str) -> Result<StoreUrl, CommandError> {
    text.trim()
        .parse()
        .map_err(|error| CommandError::configuration(format!("{name}: {error}")))
}

/// The store where neither flags nor manifest name one: `--default-store`, else a file of the user's.
pub fn fallback_store(args: &StoreArgs) -> Result<StoreUrl, CommandError> {
    match &args.default_store {
        Some(text) => parse_store(text, "--default-store (SMS_DEFAULT_STORE_URL)"),
        None => Ok(default_store()),
    }
}

/// A SQLite file in the user's data folder (XDG Base Directory Specification). Without such a folder there is no default:
/// a file in whatever folder the process happens to run in would be found by nobody.
fn default_store() -> StoreUrl {
    let folder = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute())
    };
    folder("XDG_DATA_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
        .map_or_else(StoreUrl::missing, |folder| {
            StoreUrl::sqlite_file(folder.join("sms_scraper/events.sqlite"))
        })
}

/// A store's error with the exit code that fits it.
pub fn store_error(error: &StoreError) -> CommandError {
    let message = error.to_string();
    match error.is_transient() {
        true => CommandError::transient(message),
        false => CommandError::configuration(message),
    }
}

/// The proxy that a flag names. Its address may hold a password, and is not repeated in the message.
fn proxy(text: &str) -> Result<Url, CommandError> {
    let is_proxy = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    text.trim().parse().ok().filter(is_proxy).ok_or_else(|| {
        CommandError::configuration(
            "--proxy (SMS_PROXY) is no address of a proxy: write for example http://proxy:3128",
        )
    })
}

/// The environment of runs. A process that ends with its runs may read pages itself (`reads_here`); one that goes on
/// leaves all of them to workers.
pub fn environment(
    store: &StoreArgs,
    reach: &ReachArgs,
    push: &PushArgs,
    stop: Stop,
    reads_here: bool,
) -> Result<Arc<Environment>, CommandError> {
    let settings = push
        .pushgateway
        .as_deref()
        .filter(|url| !url.trim().is_empty())
        .map(|url| PushSettings::from_variables(url, |name| std::env::var(name).ok()))
        .transpose()
        .map_err(|error| CommandError::configuration(error.to_string()))?;
    let worker = std::env::current_exe().map_err(|error| {
        CommandError::transient(format!("failed to find this program's own file: {error}"))
    })?;
    if let Some(path) = reach.ca_file.as_ref().filter(|path| !path.is_file()) {
        let path = path.display();
        return Err(CommandError::configuration(format!(
            "--ca-file (SMS_CA_FILE) {path}: no such file; in a cluster: the operator's job settings name a ConfigMap in \
             caConfigMap, create it with that key in the source's namespace"
        )));
    }
    Ok(Arc::new(Environment {
        worker,
        reads_here,
        allow_private_addresses: reach.allow_private_addresses,
        ca_file: reach.ca_file.clone(),
        proxy: reach.proxy.as_deref().map(proxy).transpose()?,
        secrets: Secrets::from_dir(reach.secrets_dir.clone()),
        push: settings,
        installation: push.installation.clone(),
        run_timeout: Duration::from_secs(reach.run_timeout),
        stores: StorePool::new(store_url(store)?, fallback_store(store)?),
        stop,
    }))
}
