//! Step two: a source that can be built, or why it cannot. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde_json::Value;
use sms_crds::{
    Problem, ScrapeSource, SourceKey,
    conditions::ConditionReason,
    manifest::{self, FileAccess},
    schedule::Schedule,
    v1alpha1::{JobSpec, SecretKeyRef},
    zone::time_zone,
};

use crate::settings::Config;

/// Key of a store's address in its Secret.
pub const STORE_KEY: &str = "url";

/// A source that was checked: what builders read. Nobody reads the spec after this for anything else.
#[derive(Clone, Debug)]
pub struct ValidatedSource {
    /// `namespace/name`
    pub key: SourceKey,
    /// `metadata.uid`
    pub uid: String,
    /// `metadata.generation`; an object that no API server has stored has none.
    pub generation: Option<i64>,
    /// The schedule, `H` resolved.
    pub schedule: Schedule,
    /// Its time zone.
    pub zone: TimeZone,
    /// The name of the time zone.
    pub zone_name: String,
    /// Whether scheduled runs are suspended.
    pub suspend: bool,
    /// Names and keys of the Secrets that the source names itself.
    pub secrets: BTreeMap<String, BTreeSet<String>>,
    /// Where events are stored.
    pub store: StoreChoice,
    /// Settings of the Job.
    pub job: JobSpec,
    /// The source as it travels to the Job: JSON without status.
    pub json: String,
    /// Whether its runs push metrics: not if another source has the API name.
    pub pushes: bool,
}

/// Where events are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreChoice {
    /// The Secret that the operator is configured with, or standard output where there is none.
    Default,
    /// The Secret that the source names; it is among its secrets.
    Secret,
    /// A SQLite file on the volume of this claim.
    VolumeClaim(String),
}

/// Why a source cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The condition's reason.
    pub reason: ConditionReason,
    /// Every problem: field, problem, remedy.
    pub problems: Vec<Problem>,
}

impl Refusal {
    /// Whether the source asks for what it may not have: it must not go on having it.
    pub fn is_of_permission(&self) -> bool {
        matches!(
            self.reason,
            ConditionReason::SecretNotAllowed | ConditionReason::VolumeNotAllowed
        )
    }

    /// The problems on one line.
    pub fn message(&self) -> String {
        let problems: Vec<_> = self.problems.iter().map(ToString::to_string).collect();
        problems.join("; ")
    }
}

/// Checks a source. `is_owner` tells whether the API name is its own.
///
/// # Errors
/// Everything that is wrong with it.
pub fn validate(source: &ScrapeSource, config: &Config, is_owner: bool) -> Result<ValidatedSource, Refusal> {
    let invalid = |problems| Refusal {
        reason: ConditionReason::InvalidSource,
        problems,
    };
    let mut problems = manifest::validate(source, FileAccess::Refused);
    let spec = &source.spec;
    let key = source.key();
    let schedule = Schedule::parse(&spec.schedule, &key);
    let zone = time_zone(&spec.time_zone, "spec.timeZone");
    let (schedule, zone) = match (schedule, zone) {
        (Ok(schedule), Ok(zone)) if problems.is_empty() => (schedule, zone),
        (schedule, zone) => {
            if problems.is_empty() {
                problems.extend(
                    schedule
                        .err()
                        .map(|e| Problem::new("spec.schedule", e.to_string())),
                );
                problems.extend(zone.err());
            }
            return Err(invalid(problems));
        }
    };
    problems.extend(powerful_keys(source));
    if !problems.is_empty() {
        return Err(invalid(problems));
    }
    let secrets = secrets(source);
    let refused: Vec<_> = secrets
        .iter()
        .filter_map(|secret| secret.refusal(config))
        .collect();
    if !refused.is_empty() {
        return Err(Refusal {
            reason: ConditionReason::SecretNotAllowed,
            problems: refused,
        });
    }
    if let Some(problem) = claim_problem(source, config) {
        return Err(Refusal {
            reason: ConditionReason::VolumeNotAllowed,
            problems: vec![problem],
        });
    }
    let mut by_name: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for secret in secrets {
        by_name.entry(secret.name).or_default().insert(secret.key);
    }
    let store = spec.store.as_ref();
    let store = match store.and_then(|store| store.volume_claim.as_ref()) {
        Some(claim) => StoreChoice::VolumeClaim(claim.claim_name.clone()),
        None if store.is_some_and(|store| store.secret_ref.is_some()) => StoreChoice::Secret,
        None => StoreChoice::Default,
    };
    let json = serde_json::to_string(&source.to_travel()).map_err(|error| {
        invalid(vec![Problem::new(
            "spec",
            format!("cannot be written as JSON: {error}"),
        )])
    })?;
    Ok(ValidatedSource {
        key,
        uid: source.metadata.uid.clone().unwrap_or_default(),
        generation: source.metadata.generation,
        schedule,
        zone,
        zone_name: spec.time_zone.clone(),
        suspend: spec.suspend,
        secrets: by_name,
        store,
        job: spec.job.clone().unwrap_or_default(),
        json,
        pushes: is_owner,
    })
}

/// Domains of labels and annotations that other software obeys: they give a Pod a cloud role, another network, a side-car.
const POWERFUL_DOMAINS: [&str; 7] = [
    "amazonaws.com",
    "azure.com",
    "azure.workload.identity",
    "cncf.io",
    "gke.io",
    "istio.io",
    "linkerd.io",
];

/// Labels and annotations that would give the Job more than whoever writes a source may give.
fn powerful_keys(source: &ScrapeSource) -> Vec<Problem> {
    let Some(job) = &source.spec.job else {
        return Vec::new();
    };
    let is_powerful = |key: &str| {
        let domain = key.split_once('/').map_or("", |(domain, _)| domain);
        POWERFUL_DOMAINS.iter().any(|parent| {
            let rest = domain.strip_suffix(parent);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    };
    let named = |field: &'static str, key: &String| {
        is_powerful(key).then(|| {
            Problem::new(
                format!("spec.job.{field}.{key}"),
                "gives Pods more than a source may: ask whoever runs the operator to set it for all Jobs",
            )
        })
    };
    let labels = job.labels.keys().filter_map(|key| named("labels", key));
    let annotations = job.annotations.keys().filter_map(|key| named("annotations", key));
    labels.chain(annotations).collect()
}

/// Why a source may not have its volume: it is written to, and made readable for the Job's group, so that claims are opted in by
/// their names as Secrets are.
fn claim_problem(source: &ScrapeSource, config: &Config) -> Option<Problem> {
    let claim = source.spec.store.as_ref()?.volume_claim.as_ref()?;
    let (name, prefix) = (&claim.claim_name, &config.secret_prefix);
    (!name.starts_with(prefix.as_str())).then(|| {
        Problem::new(
            "spec.store.volumeClaim.claimName",
            format!("a source may name only claims that begin with {prefix}: create one, for example {prefix}{name}"),
        )
    })
}

/// A Secret that a source names.
struct SecretUse {
    path: String,
    name: String,
    key: String,
    is_store: bool,
}

impl SecretUse {
    /// Why the source may not name it. Whoever may write a source can send what a Secret holds to an address of their own,
    /// so that Secrets are opted in by their names, and those of stores and of the gateway are for nothing else.
    fn refusal(&self, config: &Config) -> Option<Problem> {
        let Self { path, name, key, .. } = self;
        let prefix = &config.secret_prefix;
        let is_the_operators = !self.is_store
            && (*name == config.job.store.secret_name
                || config
                    .job
                    .pushgateway
                    .as_ref()
                    .is_some_and(|gateway| gateway.secret_name.as_ref() == Some(name)));
        let problem = if !name.starts_with(prefix.as_str()) {
            format!(
                "a source may name only Secrets that begin with {prefix}: rename Secret {name}, for example to {prefix}{name}"
            )
        } else if is_the_operators {
            format!(
                "Secret {name} is for the store or the Pushgateway alone: put what this site needs into another Secret"
            )
        } else if !self.is_store && key == STORE_KEY {
            format!(
                "key {STORE_KEY} of a Secret is the address of a store: name the key in Secret {name} differently"
            )
        } else {
            return None;
        };
        Some(Problem::new(path.clone(), problem))
    }
}

/// Every Secret that a source names.
fn secrets(source: &ScrapeSource) -> Vec<SecretUse> {
    let mut found = Vec::new();
    let fetch = serde_json::to_value(&source.spec.fetch).unwrap_or_default();
    collect_secrets(&fetch, "spec.fetch", &mut found);
    if let Some(reference) = source
        .spec
        .store
        .as_ref()
        .and_then(|store| store.secret_ref.as_ref())
    {
        found.push(SecretUse {
            path: "spec.store.secretRef.name".to_owned(),
            name: reference.name.clone(),
            key: STORE_KEY.to_owned(),
            is_store: true,
        });
    }
    found
}

/// Looks at every field, so that one that is added to the API later is not forgotten here.
fn collect_secrets(value: &Value, path: &str, found: &mut Vec<SecretUse>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = format!("{path}.{name}");
                match serde_json::from_value::<SecretKeyRef>(value.clone()) {
                    Ok(SecretKeyRef { name: secret, key }) if name == "secretKeyRef" => {
                        found.push(SecretUse {
                            path: format!("{path}.name"),
                            name: secret,
                            key,
                            is_store: false,
                        });
                    }
                    _ => collect_secrets(value, &path, found),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_secrets(item, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
