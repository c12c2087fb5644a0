//! What whoever runs the operator decides about every Job: image, powers, defaults. Pure.
//!
//! A source never gets at any of this: who may write a source is not who runs the operator.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    Affinity, EnvVar, LocalObjectReference, ResourceRequirements, Toleration, TopologySpreadConstraint,
};
use serde::Deserialize;

/// Settings of Jobs, as the file of `--job-settings` holds them (YAML).
#[derive(Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct JobSettings {
    /// Image of `sms_scraper`. The flag `--job-image` wins.
    pub image: Option<String>,
    /// `Always`, `IfNotPresent` or `Never`.
    pub image_pull_policy: Option<String>,
    /// Secrets in each source's namespace with the registry's password.
    pub image_pull_secrets: Vec<LocalObjectReference>,
    /// Service account of the Pods. They get no token of it in any case.
    pub service_account_name: Option<String>,
    /// Labels of CronJobs, Jobs and Pods. They win over a source's.
    pub labels: BTreeMap<String, String>,
    /// Annotations of Jobs and Pods. They win over a source's.
    pub annotations: BTreeMap<String, String>,
    /// Labels that a node must have. They win over a source's.
    pub node_selector: BTreeMap<String, String>,
    /// Taints that Pods tolerate.
    pub tolerations: Vec<Toleration>,
    /// Where Pods are placed.
    pub affinity: Option<Affinity>,
    /// How Pods are spread.
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// Priority of the Pods.
    pub priority_class_name: Option<String>,
    /// Runtime of the Pods.
    pub runtime_class_name: Option<String>,
    /// Requests and limits of the resources for which a source has none.
    pub resources: Option<ResourceRequirements>,
    /// User and group of the Pods. `null` leaves them to the cluster, as OpenShift wants it.
    pub run_as_user: Option<i64>,
    /// Further environment variables. Those that the operator sets itself cannot be named here.
    pub env: Vec<EnvVar>,
    /// ConfigMap in each source's namespace with further certificate authorities.
    pub ca_config_map: Option<CaConfigMap>,
    /// Where events are stored if a source does not say.
    pub store: StoreSettings,
    /// Where runs push their metrics.
    pub pushgateway: Option<PushgatewaySettings>,
    /// Allow sources on private, loopback and link-local addresses.
    pub allow_private_addresses: bool,
    /// HTTP proxy that pages are fetched through.
    pub proxy: Option<String>,
    /// What runs log, in tracing's filter syntax.
    pub log: Option<String>,
}

/// User of the Pods where nothing else is said: the one of the image.
pub const DEFAULT_USER: i64 = 65532;

/// Further certificate authorities.
#[derive(Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaConfigMap {
    /// Name of the ConfigMap.
    pub name: String,
    /// Key with the certificates (PEM).
    #[serde(default = "default_ca_key")]
    pub key: String,
}

fn default_ca_key() -> String {
    "ca.crt".to_owned()
}

/// Where events are stored if a source does not say.
#[derive(Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StoreSettings {
    /// Secret in each source's namespace whose key `url` is the store's address. Where there is no such Secret, runs write
    /// their events to standard output and remember nothing.
    pub secret_name: String,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            secret_name: "sms-store".to_owned(),
        }
    }
}

/// Where runs push their metrics.
#[derive(Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PushgatewaySettings {
    /// Address, as a Pod reaches it.
    pub url: String,
    /// Secret in each source's namespace with the keys that `auth` needs.
    #[serde(default)]
    pub secret_name: Option<String>,
    /// How to log in with the Secret: keys `username` and `password`, or `token`.
    #[serde(default)]
    pub auth: PushgatewayAuth,
}

/// How runs log in at the Pushgateway.
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub enum PushgatewayAuth {
    /// User name and password.
    #[default]
    Basic,
    /// A token.
    Bearer,
}

/// Settings of Jobs, checked: what builders read.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Image of `sms_scraper`.
    pub image: String,
    /// Everything else of the file.
    pub job: JobSettings,
    /// What the name of a Secret that a source names must begin with.
    pub secret_prefix: String,
    /// Name of this installation: whose groups in a Pushgateway are ours.
    pub installation: String,
}

/// Why the settings of Jobs cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Not YAML, or not of this form.
    #[error("{origin}: {problem}")]
    Syntax {
        /// File name.
        origin: String,
        /// Place and problem.
        problem: String,
    },
    /// There is no image.
    #[error("no image for Jobs is set: give --job-image (SMS_JOB_IMAGE) or image in --job-settings")]
    NoImage,
    /// A value makes no sense.
    #[error("{field}: {problem}")]
    Value {
        /// The field or flag.
        field: String,
        /// What is wrong and what to write instead.
        problem: String,
    },
}

/// Reads the settings of Jobs.
///
/// # Errors
/// With the field and, for YAML, the line.
pub fn parse(yaml: &str, origin: &str) -> Result<JobSettings, SettingsError> {
    let syntax = |problem: String| SettingsError::Syntax {
        origin: origin.to_owned(),
        problem,
    };
    if yaml.trim().is_empty() {
        return Ok(JobSettings {
            run_as_user: Some(DEFAULT_USER),
            ..JobSettings::default()
        });
    }
    let value: serde_json::Value = serde_saphyr::from_str(yaml).map_err(|error| syntax(error.to_string()))?;
    let says_user = value.get("runAsUser").is_some();
    let mut settings: JobSettings = serde_path_to_error::deserialize(value)
        .map_err(|error| syntax(format!("{}: {}", error.path(), error.inner())))?;
    if !says_user {
        settings.run_as_user = Some(DEFAULT_USER);
    }
    Ok(settings)
}

impl Config {
    /// Checks the settings.
    ///
    /// # Errors
    /// The first field that cannot be used.
    pub fn new(
        job: JobSettings,
        image: Option<String>,
        secret_prefix: String,
        installation: String,
    ) -> Result<Self, SettingsError> {
        let value = |field: &str, problem: &str| SettingsError::Value {
            field: field.to_owned(),
            problem: problem.to_owned(),
        };
        let image = image
            .or_else(|| job.image.clone())
            .filter(|image| !image.trim().is_empty())
            .ok_or(SettingsError::NoImage)?;
        let policies = ["Always", "IfNotPresent", "Never"];
        if let Some(policy) = &job.image_pull_policy
            && !policies.contains(&policy.as_str())
        {
            return Err(value("imagePullPolicy", "write Always, IfNotPresent or Never"));
        }
        if installation.is_empty() || installation.len() > 63 {
            return Err(value(
                "--installation (SMS_INSTALLATION)",
                "use 1 to 63 characters",
            ));
        }
        let mut names = BTreeSet::new();
        for variable in &job.env {
            let field = format!("env.{}", variable.name);
            let is_ours = variable.name.starts_with("SMS_") && variable.name != "SMS_LOG_FORMAT";
            if variable.name.is_empty() || is_ours {
                return Err(value(
                    &field,
                    "is set by the operator: use the setting that is meant for it",
                ));
            }
            if !names.insert(&variable.name) {
                return Err(value(&field, "is written twice: keep one"));
            }
        }
        if let Some(proxy) = &job.proxy {
            match proxy.parse::<url::Url>() {
                Ok(url) if url.password().is_some() => {
                    return Err(value(
                        "proxy",
                        "holds a password, which every Pod would show: use a proxy that asks for none",
                    ));
                }
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {}
                _ => {
                    return Err(value(
                        "proxy",
                        "is no address: write for example http://proxy:3128",
                    ));
                }
            }
        }
        if let Some(gateway) = &job.pushgateway {
            match gateway.url.parse::<url::Url>() {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.password().is_none() => {}
                Ok(url) if url.password().is_some() => {
                    return Err(value(
                        "pushgateway.url",
                        "holds a password: put it into a Secret and name that in pushgateway.secretName",
                    ));
                }
                _ => {
                    return Err(value(
                        "pushgateway.url",
                        "is no address: write for example http://pushgateway:9091",
                    ));
                }
            }
        }
        Ok(Self {
            image,
            job,
            secret_prefix,
            installation,
        })
    }
}
