//! The Job of a preview: the source's own, with another command, and nothing of what makes a run a run. Pure.
//!
//! The operator counts Jobs and Pods with its label `app.kubernetes.io/managed-by` that a CronJob or a source owns. This
//! one has another label and no owner. The component stays `job`: a network policy for runs holds for previews too.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        batch::v1::{CronJob, Job, JobSpec},
        core::v1::{
            Container, DownwardAPIVolumeFile, DownwardAPIVolumeSource, EnvVar, ObjectFieldSelector, PodSpec,
            PodTemplateSpec, Volume, VolumeMount,
        },
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::ResourceExt;
use sms_crds::{ScrapeSource, labels};

use super::format_word;
use crate::{controller::validate::STORE_KEY, names, plugin::args::PreviewArgs, runs::pod::CONTAINER};

/// A finished preview that nobody could delete is deleted after this time, in seconds.
pub const TTL_SECONDS: i32 = 60;

/// Value of the label `app.kubernetes.io/managed-by`.
const MANAGED_BY: &str = "kubectl-sms";
/// Label: the source that is previewed.
const PREVIEW_OF: &str = "sms-scraper.dev/preview-of";
/// Annotation of the Pod: the source as JSON, which the Pod reads as a file.
const SOURCE: &str = "sms-scraper.dev/preview-source";

/// Name of the volume with the source.
const VOLUME: &str = "preview-source";
const FOLDER: &str = "/etc/sms-scraper/preview";
const FILE: &str = "source.json";

/// Longest part of a source's name in the name of its preview: Kubernetes adds five characters for the Job, and six for
/// the Pod.
const NAME_LIMIT: usize = 40;

/// Most bytes of a source: Kubernetes takes 256 KiB of annotations.
const SOURCE_LIMIT: usize = 200 * 1024;

/// Variables that only a run needs: where it stores and pushes, and what it tells the operator.
fn is_of_runs(name: &str) -> bool {
    name.starts_with("SMS_STORE_URL")
        || name.starts_with("SMS_PUSHGATEWAY_")
        || matches!(
            name,
            "SMS_DEFAULT_STORE_URL" | "SMS_SOURCE" | "SMS_TERMINATION_MESSAGE_PATH" | "SMS_INSTALLATION"
        )
}

/// The Job that previews `source` with image and settings of `cron_job`.
///
/// # Errors
/// `cron_job` is not one that the operator made, or the source is too large.
pub fn preview(cron_job: &CronJob, source: &ScrapeSource, args: &PreviewArgs) -> Result<Job, String> {
    let foreign = || {
        format!(
            "CronJob {} has no container {CONTAINER}: it is not one that the operator made; delete or rename it",
            cron_job.name_any()
        )
    };
    let template = cron_job
        .spec
        .as_ref()
        .and_then(|spec| spec.job_template.spec.as_ref())
        .map(|spec| spec.template.clone())
        .ok_or_else(foreign)?;
    let json = serde_json::to_string(&source.to_travel()).map_err(|error| error.to_string())?;
    if json.len() > SOURCE_LIMIT {
        return Err(format!(
            "source {} has {} KiB as JSON: make it smaller than {} KiB",
            source.key(),
            json.len() / 1024,
            SOURCE_LIMIT / 1024
        ));
    }
    let metadata = template.metadata.unwrap_or_default();
    let labels = labels_of(metadata.labels.unwrap_or_default(), &source.name_any());
    let mut annotations = metadata.annotations.unwrap_or_default();
    annotations.insert(SOURCE.to_owned(), json);
    let template = template.spec.unwrap_or_default();
    let stores: Vec<String> = [store_of(source), own(&template).as_ref().and_then(store_of)]
        .into_iter()
        .flatten()
        .collect();
    let pod = pod(template, &stores, args).ok_or_else(foreign)?;
    Ok(Job {
        metadata: ObjectMeta {
            generate_name: Some(generate_name(&source.name_any())),
            namespace: source.namespace(),
            labels: Some(labels.clone()),
            ..ObjectMeta::default()
        },
        spec: Some(JobSpec {
            active_deadline_seconds: Some(seconds(args)),
            backoff_limit: Some(0),
            ttl_seconds_after_finished: Some(TTL_SECONDS),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(labels),
                    annotations: Some(annotations),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod),
            },
            ..JobSpec::default()
        }),
        status: None,
    })
}

/// The source whose CronJob this is: another one than the source to preview where that comes from a file.
fn own(pod: &PodSpec) -> Option<ScrapeSource> {
    let container = pod
        .containers
        .iter()
        .find(|container| container.name == CONTAINER)?;
    let variable = container
        .env
        .iter()
        .flatten()
        .find(|variable| variable.name == "SMS_SOURCE")?;
    // The operator doubles it, so that Kubernetes expands nothing.
    serde_json::from_str(&variable.value.as_ref()?.replace("$$", "$")).ok()
}

/// The file with the store's address below the folder of Secrets, where a source names its own.
fn store_of(source: &ScrapeSource) -> Option<String> {
    let secret = source.spec.store.as_ref()?.secret_ref.as_ref()?;
    Some(format!("{}/{STORE_KEY}", secret.name))
}

fn seconds(args: &PreviewArgs) -> i64 {
    i64::try_from(args.timeout.as_secs()).unwrap_or(i64::MAX).max(1)
}

fn generate_name(source: &str) -> String {
    let name = names::cron_job(source);
    let cut = name.get(..NAME_LIMIT.min(name.len())).unwrap_or_default();
    format!("{}-preview-", cut.trim_end_matches('-'))
}

fn labels_of(mut labels: BTreeMap<String, String>, source: &str) -> BTreeMap<String, String> {
    labels.remove(labels::SOURCE);
    labels.insert(labels::MANAGED_BY.to_owned(), MANAGED_BY.to_owned());
    labels.insert(PREVIEW_OF.to_owned(), source.to_owned());
    labels
}

/// The Pod; `stores` are the files with addresses of stores below the folder of Secrets.
fn pod(mut pod: PodSpec, stores: &[String], args: &PreviewArgs) -> Option<PodSpec> {
    pod.automount_service_account_token = Some(false);
    let container = pod
        .containers
        .iter_mut()
        .find(|container| container.name == CONTAINER)?;
    let files_of_runs = rewrite(container, args);
    let volumes = pod.volumes.get_or_insert_default();
    // A claim may be mounted by one Pod alone, and a preview must not keep a run from it.
    let claims: Vec<String> = volumes
        .iter()
        .filter(|volume| volume.persistent_volume_claim.is_some())
        .map(|volume| volume.name.clone())
        .collect();
    volumes.retain(|volume| !claims.contains(&volume.name));
    let mounts = container.volume_mounts.get_or_insert_default();
    mounts.retain(|mount| !claims.contains(&mount.name));
    for volume in volumes.iter_mut() {
        forget(volume, mounts, &files_of_runs, stores);
    }
    let is_empty = |volume: &Volume| {
        let projected = volume.projected.as_ref();
        projected.is_some_and(|projected| projected.sources.as_ref().is_none_or(Vec::is_empty))
    };
    mounts.retain(|mount| {
        !volumes
            .iter()
            .any(|volume| volume.name == mount.name && is_empty(volume))
    });
    volumes.retain(|volume| !is_empty(volume));
    volumes.push(source_volume());
    mounts.push(VolumeMount {
        name: VOLUME.to_owned(),
        mount_path: FOLDER.to_owned(),
        read_only: Some(true),
        ..VolumeMount::default()
    });
    Some(pod)
}

/// Gives the container its new command; returns the files that only a run reads.
fn rewrite(container: &mut Container, args: &PreviewArgs) -> Vec<String> {
    container.args = Some(
        [
            "preview",
            &format!("{FOLDER}/{FILE}"),
            "--format",
            format_word(args.output),
            "--limit",
            &args.limit.to_string(),
        ]
        .map(str::to_owned)
        .to_vec(),
    );
    let variables = container.env.get_or_insert_default();
    let files = variables
        .iter()
        .filter(|variable| is_of_runs(&variable.name) && variable.name.ends_with("_FILE"))
        .filter_map(|variable| variable.value.clone())
        .collect();
    let replaced = ["SMS_LOG", "SMS_LOG_FORMAT", "SMS_RUN_TIMEOUT"];
    variables.retain(|variable| !is_of_runs(&variable.name) && !replaced.contains(&variable.name.as_str()));
    let run_timeout = (seconds(args) - (seconds(args) / 10).max(5)).max(1).to_string();
    // Logs and the product come out of a Pod as one stream.
    for (name, value) in [("SMS_LOG", "off"), ("SMS_RUN_TIMEOUT", &run_timeout)] {
        variables.push(EnvVar {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            value_from: None,
        });
    }
    files
}

/// Takes the files that only a run reads out of the volume with the Secrets.
fn forget(volume: &mut Volume, mounts: &[VolumeMount], files: &[String], stores: &[String]) {
    let Some(projected) = &mut volume.projected else {
        return;
    };
    let Some(mount) = mounts.iter().find(|mount| mount.name == volume.name) else {
        return;
    };
    let folder = mount.mount_path.trim_end_matches('/');
    let sources = projected.sources.get_or_insert_default();
    for secret in sources.iter_mut().filter_map(|source| source.secret.as_mut()) {
        if let Some(items) = &mut secret.items {
            items.retain(|item| {
                !stores.contains(&item.path) && !files.contains(&format!("{folder}/{}", item.path))
            });
        }
    }
    // Without items the whole Secret would be there.
    sources.retain(|source| {
        let items = source.secret.as_ref().and_then(|secret| secret.items.as_ref());
        items.is_none_or(|items| !items.is_empty())
    });
}

fn source_volume() -> Volume {
    Volume {
        name: VOLUME.to_owned(),
        downward_api: Some(DownwardAPIVolumeSource {
            items: Some(vec![DownwardAPIVolumeFile {
                path: FILE.to_owned(),
                field_ref: Some(ObjectFieldSelector {
                    field_path: format!("metadata.annotations['{SOURCE}']"),
                    api_version: None,
                }),
                ..DownwardAPIVolumeFile::default()
            }]),
            ..DownwardAPIVolumeSource::default()
        }),
        ..Volume::default()
    }
}

#[cfg(test)]
mod tests;
