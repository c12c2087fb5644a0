//! The Pod of a run: restricted Pod Security profile, no service-account token, secrets as files. Pure.

use k8s_openapi::{
    api::core::v1::{
        Capabilities, ConfigMapVolumeSource, Container, EnvVar, KeyToPath, PersistentVolumeClaimVolumeSource,
        PodSecurityContext, PodSpec, PodTemplateSpec, ProjectedVolumeSource, SeccompProfile,
        SecretProjection, SecurityContext, Volume, VolumeMount, VolumeProjection,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{labels, resources};
use crate::{
    controller::validate::{STORE_KEY, StoreChoice, ValidatedSource},
    settings::{Config, PushgatewayAuth},
};

/// Name of the only container.
pub const CONTAINER: &str = "scraper";

const SECRETS: &str = "/var/run/secrets/sms-scraper";
const AUTHORITIES: &str = "/etc/sms-scraper/authorities";
const DATA: &str = "/data";

/// The template of the Pods of `source`.
pub fn template(source: &ValidatedSource, config: &Config) -> PodTemplateSpec {
    let annotations = labels::annotations_of_job(source, config);
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(labels::of_job(source, config)),
            annotations: (!annotations.is_empty()).then_some(annotations),
            ..ObjectMeta::default()
        }),
        spec: Some(pod(source, config)),
    }
}

fn pod(source: &ValidatedSource, config: &Config) -> PodSpec {
    let job = &config.job;
    let mut node_selector = source.job.node_selector.clone();
    node_selector.extend(job.node_selector.clone());
    PodSpec {
        restart_policy: Some("Never".to_owned()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        service_account_name: job.service_account_name.clone(),
        image_pull_secrets: present(job.image_pull_secrets.clone()),
        node_selector: (!node_selector.is_empty()).then_some(node_selector),
        tolerations: present(job.tolerations.clone()),
        affinity: job.affinity.clone(),
        topology_spread_constraints: present(job.topology_spread_constraints.clone()),
        priority_class_name: job.priority_class_name.clone(),
        runtime_class_name: job.runtime_class_name.clone(),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: job.run_as_user,
            run_as_group: job.run_as_user,
            // Files of secrets are readable for this group alone.
            fs_group: job.run_as_user,
            fs_group_change_policy: job.run_as_user.map(|_| "OnRootMismatch".to_owned()),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                localhost_profile: None,
            }),
            ..PodSecurityContext::default()
        }),
        volumes: present(volumes(source, config)),
        containers: vec![Container {
            name: CONTAINER.to_owned(),
            image: Some(config.image.clone()),
            image_pull_policy: job.image_pull_policy.clone(),
            args: Some(vec!["ingester".to_owned()]),
            env: Some(environment(source, config)),
            resources: Some(resources::merged(
                source.job.resources.as_ref(),
                job.resources.clone().unwrap_or_else(resources::fallback),
            )),
            volume_mounts: present(mounts(source, config)),
            security_context: Some(SecurityContext {
                allow_privilege_escalation: Some(false),
                read_only_root_filesystem: Some(true),
                capabilities: Some(Capabilities {
                    drop: Some(vec!["ALL".to_owned()]),
                    add: None,
                }),
                ..SecurityContext::default()
            }),
            ..Container::default()
        }],
        ..PodSpec::default()
    }
}

fn present<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

fn variable(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: Some(value.into()),
        value_from: None,
    }
}

/// The source comes first and with every `$` doubled: the kubelet replaces `$(NAME)` by variables that stand earlier
/// (Kubernetes API, `EnvVar.value`).
fn environment(source: &ValidatedSource, config: &Config) -> Vec<EnvVar> {
    let job = &config.job;
    let deadline = source.job.active_deadline();
    let mut all = vec![
        variable("SMS_SOURCE", source.json.replace('$', "$$")),
        variable("SMS_TERMINATION_MESSAGE_PATH", "/dev/termination-log"),
        variable("SMS_SECRETS_DIR", SECRETS),
        variable("SMS_INSTALLATION", config.installation.clone()),
        // Earlier than Kubernetes, so that the run can still tell what took so long.
        variable(
            "SMS_RUN_TIMEOUT",
            (deadline - (deadline / 10).max(5)).max(1).to_string(),
        ),
        variable("SMS_LOG_FORMAT", "json"),
    ];
    match &source.store {
        StoreChoice::Secret => {}
        StoreChoice::VolumeClaim(_) => {
            all.push(variable(
                "SMS_STORE_URL",
                format!("sqlite://{DATA}/events.sqlite"),
            ));
        }
        StoreChoice::Default => {
            let file = format!("{SECRETS}/{}/{STORE_KEY}", job.store.secret_name);
            all.push(variable("SMS_STORE_URL_FILE", file));
            all.push(variable("SMS_DEFAULT_STORE_URL", "stdout:"));
        }
    }
    if let Some(gateway) = job.pushgateway.as_ref().filter(|_| source.pushes) {
        all.push(variable("SMS_PUSHGATEWAY_URL", gateway.url.clone()));
        if let Some(secret) = &gateway.secret_name {
            all.extend(
                credentials(gateway.auth)
                    .iter()
                    .map(|(name, key)| variable(name, format!("{SECRETS}/{secret}/{key}"))),
            );
        }
    }
    if let Some(authorities) = &job.ca_config_map {
        let file = format!("{AUTHORITIES}/{}", authorities.key);
        if job.pushgateway.is_some() && source.pushes {
            all.push(variable("SMS_PUSHGATEWAY_CA_FILE", file.clone()));
        }
        all.push(variable("SMS_CA_FILE", file));
    }
    if job.allow_private_addresses {
        all.push(variable("SMS_ALLOW_PRIVATE_ADDRESSES", "true"));
    }
    if let Some(proxy) = &job.proxy {
        all.push(variable("SMS_PROXY", proxy.clone()));
    }
    if let Some(filter) = &job.log {
        all.push(variable("SMS_LOG", filter.clone()));
    }
    for extra in &job.env {
        all.retain(|variable| variable.name != extra.name);
        all.push(extra.clone());
    }
    all
}

/// Variables and keys of the credentials for the Pushgateway.
fn credentials(auth: PushgatewayAuth) -> &'static [(&'static str, &'static str)] {
    match auth {
        PushgatewayAuth::Basic => &[
            ("SMS_PUSHGATEWAY_USERNAME_FILE", "username"),
            ("SMS_PUSHGATEWAY_PASSWORD_FILE", "password"),
        ],
        PushgatewayAuth::Bearer => &[("SMS_PUSHGATEWAY_TOKEN_FILE", "token")],
    }
}

/// Every Secret is optional: where one is missing the run itself says which, instead of a Pod that never starts.
fn projection<'k>(secret: &str, keys: impl IntoIterator<Item = &'k str>) -> VolumeProjection {
    VolumeProjection {
        secret: Some(SecretProjection {
            name: secret.to_owned(),
            optional: Some(true),
            items: Some(
                keys.into_iter()
                    .map(|key| KeyToPath {
                        key: key.to_owned(),
                        path: format!("{secret}/{key}"),
                        mode: None,
                    })
                    .collect(),
            ),
        }),
        ..VolumeProjection::default()
    }
}

fn projections(source: &ValidatedSource, config: &Config) -> Vec<VolumeProjection> {
    let mut all: Vec<_> = source
        .secrets
        .iter()
        .map(|(name, keys)| projection(name, keys.iter().map(String::as_str)))
        .collect();
    if source.store == StoreChoice::Default {
        all.push(projection(&config.job.store.secret_name, [STORE_KEY]));
    }
    let gateway = config.job.pushgateway.as_ref().filter(|_| source.pushes);
    if let Some((gateway, secret)) =
        gateway.and_then(|gateway| Some((gateway, gateway.secret_name.as_ref()?)))
    {
        all.push(projection(
            secret,
            credentials(gateway.auth).iter().map(|(_, key)| *key),
        ));
    }
    all
}

fn volumes(source: &ValidatedSource, config: &Config) -> Vec<Volume> {
    let mut all = Vec::new();
    let projections = projections(source, config);
    if !projections.is_empty() {
        all.push(Volume {
            name: "secrets".to_owned(),
            projected: Some(ProjectedVolumeSource {
                // The group reads, nobody else.
                default_mode: Some(0o440),
                sources: Some(projections),
            }),
            ..Volume::default()
        });
    }
    if let Some(authorities) = &config.job.ca_config_map {
        all.push(Volume {
            name: "authorities".to_owned(),
            config_map: Some(ConfigMapVolumeSource {
                name: authorities.name.clone(),
                optional: Some(true),
                ..ConfigMapVolumeSource::default()
            }),
            ..Volume::default()
        });
    }
    if let StoreChoice::VolumeClaim(claim) = &source.store {
        all.push(Volume {
            name: "data".to_owned(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: claim.clone(),
                read_only: None,
            }),
            ..Volume::default()
        });
    }
    all
}

fn mounts(source: &ValidatedSource, config: &Config) -> Vec<VolumeMount> {
    volumes(source, config)
        .into_iter()
        .map(|volume| {
            let (path, read_only) = match volume.name.as_str() {
                "data" => (DATA, None),
                "authorities" => (AUTHORITIES, Some(true)),
                _ => (SECRETS, Some(true)),
            };
            VolumeMount {
                name: volume.name,
                mount_path: path.to_owned(),
                read_only,
                ..VolumeMount::default()
            }
        })
        .collect()
}
