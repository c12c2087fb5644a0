//! Step four: the objects of a source into the cluster. IO; the only writer of CronJobs and Jobs.

use k8s_openapi::{
    api::batch::v1::{CronJob, Job},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use sms_crds::{
    ScrapeSource,
    labels::{SOURCE_GENERATION, SPEC_HASH},
    v1alpha1::status::AppliedCronJob,
};
use tracing::info;

use super::{
    build::{Prepared, Resources, own_labels_hash},
    calls,
    cron_jobs::CronJobRecord,
    error::{ApplyError, CallError},
    observe::Observed,
};
use crate::{context::Context, names, settings::Config};

/// What is in the cluster now.
#[derive(Debug)]
pub struct Applied {
    /// The CronJob.
    pub cron_job: AppliedCronJob,
    /// Name of the Job that run-now made, or why it could not be made.
    pub run_now: Option<Result<String, CallError>>,
    /// Whether anything was written.
    pub is_changed: bool,
}

/// Applies what a source should have. The CronJob comes first: it owns the schedule, and a Job that was asked for is made
/// from the same template.
///
/// # Errors
/// A name that is taken, or a call that failed. Applying again is always safe.
pub async fn apply(
    context: &Context,
    observed: &Observed,
    resources: Resources<Prepared>,
) -> Result<Applied, ApplyError> {
    let (cron_job, run_now) = resources.into_parts();
    let (cron_job, is_changed) = apply_cron_job(context, observed, cron_job).await?;
    let run_now = match run_now {
        // The CronJob stands in any case, and the status has to say so.
        Some(job) => Some(create_job(&context.client, &job).await),
        None => None,
    };
    Ok(Applied {
        cron_job,
        is_changed: is_changed || run_now.is_some(),
        run_now,
    })
}

async fn apply_cron_job(
    context: &Context,
    observed: &Observed,
    desired: CronJob,
) -> Result<(AppliedCronJob, bool), ApplyError> {
    let Context {
        client,
        config,
        caches,
        ..
    } = context;
    let uid = observed.source.uid().unwrap_or_default();
    let name = desired.name_any();
    let namespace = desired.namespace().unwrap_or_default();
    let found = match &observed.cron_job {
        Some(record) => record.clone(),
        None => match calls::create(client, &desired).await {
            Ok(metadata) => {
                info!(source = %observed.source.key(), "Created CronJob {name}");
                caches.cron_jobs().set_own(&metadata, config);
                return Ok((applied(&metadata), true));
            }
            Err(error) if error.is_already_exists() => {
                // Somebody took our label away, or the watch is behind.
                let existing = Api::<CronJob>::namespaced(client.clone(), &namespace)
                    .get_metadata(&name)
                    .await
                    .map_err(CallError::of(format!("read CronJob {namespace}/{name}")))?;
                CronJobRecord::of(&existing.metadata, config)
            }
            Err(error) => return Err(error.into()),
        },
    };
    let known = observed
        .source
        .status
        .as_ref()
        .and_then(|status| status.cron_job.as_ref());
    let is_known = known.is_some_and(|known| *known.uid == *found.uid);
    match &found.owner_uid {
        _ if found.is_terminating => return Err(ApplyError::BeingDeleted { name }),
        Some(owner) if **owner == *uid => {}
        // Somebody took the owner away from a CronJob of ours.
        None if is_known => {}
        // That of an earlier source of this name: Kubernetes collects it.
        Some(_) if found.owner(&name) == Some(format!("ScrapeSource {}", observed.source.name_any())) => {
            return Err(ApplyError::BeingDeleted { name });
        }
        _ => {
            let owner = found.owner(&name).unwrap_or_else(|| "nobody".to_owned());
            return Err(ApplyError::NameTaken { name, owner });
        }
    }
    if is_as_desired(&found, &desired, known, config) {
        return Ok((
            AppliedCronJob {
                name,
                uid: found.uid.into(),
                generation: found.generation,
            },
            false,
        ));
    }
    if found.spec_hash.as_deref() != hash_of(&desired) {
        refuse_old_view(context, &observed.source, &name, &found).await?;
    }
    let spec = serde_json::to_value(&desired.spec).unwrap_or_default();
    let metadata = calls::replace_spec(client, &desired, spec).await?;
    info!(source = %observed.source.key(), "Updated CronJob {name}");
    caches.cron_jobs().set_own(&metadata, config);
    Ok((applied(&metadata), true))
}

/// Fails if the CronJob was built from a newer spec than the one that the watch has shown: after a restart the first list may
/// be old. The annotation alone decides nothing, since anybody can write one; the API server knows.
async fn refuse_old_view(
    context: &Context,
    source: &ScrapeSource,
    name: &str,
    found: &CronJobRecord,
) -> Result<(), ApplyError> {
    let is_of_source =
        found.owner_uid.is_some() && found.owner_uid.as_deref() == source.metadata.uid.as_deref();
    let Some(built_from) = found
        .source_generation
        .filter(|built_from| is_of_source && Some(*built_from) > source.metadata.generation)
    else {
        return Ok(());
    };
    let act = format!("read ScrapeSource {}", source.key());
    let sources =
        Api::<ScrapeSource>::namespaced(context.client.clone(), &source.namespace().unwrap_or_default());
    let newest = sources
        .get_metadata(&source.name_any())
        .await
        .map_err(CallError::of(act))?;
    if newest.metadata.uid == source.metadata.uid && newest.metadata.generation == source.metadata.generation
    {
        return Ok(());
    }
    Err(ApplyError::OldView {
        name: name.to_owned(),
        built_from,
    })
}

fn hash_of(desired: &CronJob) -> Option<&str> {
    desired.annotations().get(SPEC_HASH).map(String::as_str)
}

/// Whether a CronJob is as the operator left it: what we gave it, our labels, and no change of its spec by anybody since.
/// Without a note of how we left it, the generation of an object that was never changed will do.
fn is_as_desired(
    found: &CronJobRecord,
    desired: &CronJob,
    known: Option<&AppliedCronJob>,
    config: &Config,
) -> bool {
    let is_as_written = found.own_generation == Some(found.generation);
    let is_untouched = match known {
        Some(known) => *known.uid == *found.uid && known.generation == found.generation,
        None => found.generation == 1,
    };
    let owner = desired.owner_references().first().map(|owner| owner.uid.as_str());
    (is_untouched || is_as_written)
        && found.owner_uid.as_deref() == owner
        && found.spec_hash.as_deref() == hash_of(desired)
        && found.labels == own_labels_hash(desired.labels(), config)
}

fn applied(metadata: &ObjectMeta) -> AppliedCronJob {
    AppliedCronJob {
        name: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
        generation: metadata.generation.unwrap_or_default(),
    }
}

/// Makes the Job that run-now asks for. One that is there already is found by its token as soon as the watch shows it.
async fn create_job(client: &Client, job: &Job) -> Result<String, CallError> {
    calls::create(client, job).await?;
    let name = job.name_any();
    info!("Created Job {}/{name}", job.namespace().unwrap_or_default());
    Ok(name)
}

/// What the annotation with the hash says of a CronJob that was suspended because its source is wrong.
const SUSPENDED: &str = "suspended";

/// Suspends the CronJob of a source that is wrong, and changes nothing else in it.
///
/// # Errors
/// The call failed.
pub async fn suspend(context: &Context, observed: &Observed) -> Result<(), ApplyError> {
    let source = &observed.source;
    let Some(found) = &observed.cron_job else {
        return Ok(());
    };
    let is_ours = found.owner_uid.is_some() && found.owner_uid.as_deref() == source.metadata.uid.as_deref();
    if !is_ours || found.is_terminating || found.spec_hash.as_deref() == Some(SUSPENDED) {
        return Ok(());
    }
    let name = names::cron_job(&source.name_any());
    refuse_old_view(context, source, &name, found).await?;
    let namespace = source.namespace().unwrap_or_default();
    let annotations = json!({
        SPEC_HASH: SUSPENDED,
        SOURCE_GENERATION: source.metadata.generation.map(|generation| generation.to_string()),
    });
    let metadata = calls::suspend(&context.client, &namespace, &name, &annotations).await?;
    info!(source = %source.key(), "Suspended CronJob {name}");
    context.caches.cron_jobs().set_own(&metadata, &context.config);
    Ok(())
}
