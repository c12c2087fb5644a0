//! The offline validator and a real API server agree about every manifest of `crds/tests/manifests`. IO.
//!
//! A file's name says who refuses it: `check-` only the offline validator and the operator, since neither schema nor CEL
//! can express the rule; every other prefix the API server too. Each document goes to the server as it stands, as a dry
//! run with strict field validation, the way `kubectl` sends it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use http::Request;
use serde_json::Value;
use sms_crds::manifest;
use sms_e2e::{Cluster, Namespace, crd};

/// Enough that the table means something.
const AT_LEAST: usize = 60;

/// What is expected of one file, or what was seen.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    server: bool,
    offline: bool,
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../crds/tests/manifests")
        .join(folder);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending != "txt"));
    files.sort();
    files
}

/// The documents of a file; a List is taken apart, and objects of other kinds are left out, as `kubectl` would send them
/// elsewhere.
fn documents(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in text.lines() {
        match (line == "---", documents.last_mut()) {
            (false, Some(document)) => document.extend([line, "\n"]),
            _ => documents.push(String::new()),
        }
    }
    documents.iter().flat_map(|document| objects(document)).collect()
}

fn objects(document: &str) -> Vec<String> {
    let parsed = serde_saphyr::from_str::<Value>(document).unwrap_or(Value::String(String::new()));
    let is_builtin = |object: &Value| object["apiVersion"] == "v1";
    match &parsed {
        Value::Null => Vec::new(),
        Value::Object(fields) if is_builtin(&parsed) => match fields.get("items").and_then(Value::as_array) {
            Some(items) => items
                .iter()
                .filter(|item| !is_builtin(item))
                .map(Value::to_string)
                .collect(),
            None => Vec::new(),
        },
        _ => vec![document.to_owned()],
    }
}

/// What the API server says to all objects of a text: nothing, or why it refuses the first one that it refuses.
async fn ask(cluster: &Cluster, namespace: &str, text: &str) -> Result<(), kube::Error> {
    // The namespaces that manifests name do not exist.
    let text = text.replace("namespace: music", &format!("namespace: {namespace}"));
    let path = format!(
        "/apis/sms-scraper.dev/v1alpha1/namespaces/{namespace}/scrapesources?dryRun=All&fieldValidation=Strict"
    );
    for document in documents(&text) {
        // The server's YAML does not know all of JSON's escapes; clients tell the two apart as well.
        let format = if document.starts_with('{') { "json" } else { "yaml" };
        let request = Request::post(&path)
            .header("Content-Type", format!("application/{format}"))
            .body(document.into_bytes())
            .unwrap();
        cluster.client().request_text(request).await?;
    }
    Ok(())
}

/// A rule of the schema or of CEL refuses what can be read (422), strict decoding and YAML what cannot (400).
fn is_refused_by(name: &str, error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else {
        return false;
    };
    match name.split('-').next() {
        Some("cel") => status.code == 422,
        Some("yaml") => status.code == 400,
        _ => matches!(status.code, 400 | 422),
    }
}

#[tokio::test]
async fn the_offline_validator_and_the_api_server_agree() {
    let Some(cluster) = Cluster::from_env().await else {
        return;
    };
    crd::install(&cluster).await;
    let namespace = Namespace::create(&cluster, "schema").await;
    let mut seen = 0;
    let mut different = Vec::new();
    for file in files("valid").into_iter().chain(files("invalid")) {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        let valid = file.parent().unwrap().ends_with("valid");
        let expected = Verdict {
            server: valid || name.starts_with("check-"),
            offline: valid,
        };
        let answer = ask(&cluster, namespace.name(), &text).await;
        let offline = manifest::parse_manifests(&text, name);
        let found = Verdict {
            server: answer.is_ok(),
            offline: offline.is_ok(),
        };
        let is_another_reason = answer.as_ref().is_err_and(|error| !is_refused_by(name, error));
        if found != expected || is_another_reason {
            different.push(format!(
                "{name}: expected {expected:?}\n  server: {answer:?}\n  offline: {:?}",
                offline.err()
            ));
        }
        seen += 1;
    }
    assert!(seen >= AT_LEAST, "only {seen} manifests");
    assert!(
        different.is_empty(),
        "{} of {seen} differ:\n{}",
        different.len(),
        different.join("\n")
    );
    namespace.delete().await;
}
