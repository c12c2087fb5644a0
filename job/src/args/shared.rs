//! Flags that several commands have. Pure.

use std::path::PathBuf;

use clap::{Args as ClapArgs, builder::BoolishValueParser};

/// Which sources.
#[derive(Clone, Debug, ClapArgs)]
pub struct SourceArgs {
    /// File or folder with ScrapeSource manifests (YAML or JSON); a folder is read with its sub-folders.
    #[arg(long, env = "SMS_SOURCES", value_name = "PATH")]
    pub sources: Option<PathBuf>,

    /// One source as JSON, as the operator hands it over. Such a source may name no files.
    #[arg(
        long,
        env = "SMS_SOURCE",
        value_name = "JSON",
        hide = true,
        hide_env_values = true
    )]
    pub source: Option<String>,

    /// Only these, by API name, comma-separated.
    #[arg(long, env = "SMS_APIS", value_name = "A,B", value_delimiter = ',')]
    pub apis: Vec<String>,
}

/// Where events are stored.
#[derive(Clone, Debug, ClapArgs)]
pub struct StoreArgs {
    /// sqlite://PATH, postgres://USER:PASSWORD@HOST/DATABASE or stdout: [default: a SQLite file in the user's data
    /// folder].
    #[arg(long, env = "SMS_STORE_URL", value_name = "URL", hide_env_values = true)]
    pub store: Option<String>,

    /// File that holds the store's address, for an address with a password.
    #[arg(
        long,
        env = "SMS_STORE_URL_FILE",
        value_name = "PATH",
        conflicts_with = "store"
    )]
    pub store_file: Option<PathBuf>,

    /// Store where neither the flags above nor the manifest name one; with it a --store-file that does not exist is no
    /// error. This is how a cluster without a database starts with stdout: [default: a SQLite file in the user's data
    /// folder].
    #[arg(
        long,
        env = "SMS_DEFAULT_STORE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub default_store: Option<String>,
}

/// What a run may reach.
#[derive(Clone, Debug, ClapArgs)]
pub struct ReachArgs {
    /// Allow sources on private, loopback and link-local addresses. What may be reached is for whoever runs the
    /// process, never for whoever writes a source.
    #[arg(long, env = "SMS_ALLOW_PRIVATE_ADDRESSES", default_value_t = false, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", action = clap::ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub allow_private_addresses: bool,

    /// PEM file with further certificate authorities.
    #[arg(long, env = "SMS_CA_FILE", value_name = "PATH")]
    pub ca_file: Option<PathBuf>,

    /// HTTP proxy that pages are fetched through. It looks names up itself: what it reaches is for whoever runs it. Proxies
    /// of the environment (HTTPS_PROXY) are not used [default: none].
    #[arg(long, env = "SMS_PROXY", value_name = "URL", hide_env_values = true)]
    pub proxy: Option<String>,

    /// Folder with secrets, read as FOLDER/<secret name>/<key>.
    #[arg(long, env = "SMS_SECRETS_DIR", value_name = "FOLDER")]
    pub secrets_dir: Option<PathBuf>,

    /// Longest time of one run, in seconds, waiting for another run of the same source included.
    #[arg(long, env = "SMS_RUN_TIMEOUT", value_name = "SECONDS", default_value_t = 540, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub run_timeout: u64,
}

/// Where metrics are pushed. Credentials come from variables or files alone, so that no process list shows them:
/// SMS_PUSHGATEWAY_USERNAME with SMS_PUSHGATEWAY_PASSWORD, or SMS_PUSHGATEWAY_TOKEN; each also with _FILE.
#[derive(Clone, Debug, ClapArgs)]
pub struct PushArgs {
    /// Address of the Pushgateway [default: no push].
    #[arg(long, env = "SMS_PUSHGATEWAY_URL", value_name = "URL", hide_env_values = true)]
    pub pushgateway: Option<String>,

    /// Name of this installation in `sms_source_info`.
    #[arg(long, env = "SMS_INSTALLATION", value_name = "NAME", default_value = "local")]
    pub installation: String,
}
