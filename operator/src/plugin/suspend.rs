//! `suspend` and `resume`. IO: patches sources.

use jiff::Timestamp;
use kube::api::Patch;
use serde_json::{Value, json};

use super::{
    Result,
    args::SuspendArgs,
    cluster::Cluster,
    found::Found,
    patch_params,
    problem::{self, Act, Scope},
    table, tell,
};
use crate::commands::{CommandError, output};

/// Sets `spec.suspend` of each source that is not as wanted.
pub async fn run(cluster: &Cluster, args: &SuspendArgs, suspend: bool) -> Result {
    let scope = cluster.scope(args.all_namespaces);
    let all = cluster.sources(&scope).await?;
    if args.all && all.is_empty() {
        tell(format_args!("No ScrapeSource {scope}"));
    }
    let mut code = 0;
    let mut failed = |error: CommandError| {
        tell(format_args!("error: {}", error.message));
        code = code.max(error.code);
    };
    for name in &args.names {
        if !all.iter().any(|found| found.key().name == *name) {
            failed(cluster.unknown(name, &all).await);
        }
    }
    for found in &all {
        if !args.all && !args.names.contains(&found.key().name) {
            continue;
        }
        match set(cluster, found, suspend).await {
            Ok(told) => output::product(format!("{told}\n").as_bytes())?,
            Err(error) => failed(error),
        }
    }
    Ok(code)
}

async fn set(cluster: &Cluster, found: &Found, suspend: bool) -> Result<String> {
    let key = found.key();
    let state = if suspend { "suspended" } else { "resumed" };
    if found.is_suspended() == suspend {
        return Ok(format!(
            "{key} unchanged ({})",
            if suspend {
                "is suspended already"
            } else {
                "is not suspended"
            }
        ));
    }
    let scope = Scope::Namespace(key.namespace.clone());
    let patched = cluster
        .objects(&scope)
        .patch(&key.name, &patch_params(), &Patch::Merge(patch(suspend)))
        .await
        .map_err(|error| {
            problem::explain(
                &error,
                &Act::on("patch", "scrapesources", &scope).named(&key.name),
            )
        })?;
    // None of a source that is suspended.
    let next = Found::of(patched)
        .source
        .ok()
        .and_then(|source| table::next_run(&source, Timestamp::now()));
    Ok(match next {
        Some(next) => format!("{key} {state}; next run at {next}"),
        None => format!("{key} {state}"),
    })
}

/// What is merged into the object.
fn patch(suspend: bool) -> Value {
    json!({ "spec": { "suspend": suspend } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patch_touches_nothing_but_suspend() {
        assert_eq!(patch(true), json!({ "spec": { "suspend": true } }));
        assert_eq!(patch(false), json!({ "spec": { "suspend": false } }));
    }
}
