//! The source that is previewed: checked here, so that problems are told at once. IO: reads a file or standard input.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use sms_crds::{
    ScrapeSource,
    manifest::{self, FileAccess, Manifests},
};

use crate::{commands::CommandError, plugin::Result};

/// Reads the one source of a file.
///
/// # Errors
/// It cannot be read, holds not exactly one source, a wrong one, or one of another namespace.
pub fn read(file: &Path, namespace: &str) -> Result<ScrapeSource> {
    let origin = file.display().to_string();
    let text = text(file).map_err(|error| {
        CommandError::configuration(format!(
            "{origin}: cannot be read: {error}: name a file that exists, or - for standard input"
        ))
    })?;
    one(&text, &origin, namespace).map_err(CommandError::configuration)
}

fn text(file: &Path) -> io::Result<String> {
    if file.as_os_str() != "-" {
        return fs::read_to_string(file);
    }
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text)?;
    Ok(text)
}

fn one(text: &str, origin: &str, namespace: &str) -> Result<ScrapeSource, String> {
    let Manifests {
        mut sources,
        problems,
    } = manifest::read_manifests(text, origin, FileAccess::Refused);
    if !problems.is_empty() {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        return Err(lines.join("\nerror: "));
    }
    let (Some(mut source), true) = (sources.pop(), sources.is_empty()) else {
        return Err(format!("{origin}: write exactly one ScrapeSource into it"));
    };
    match &source.metadata.namespace {
        Some(of_file) if of_file != namespace => Err(format!(
            "{origin}: the source is of namespace {of_file}, and this is about {namespace}: add -n {of_file}"
        )),
        _ => {
            source.metadata.namespace = Some(namespace.to_owned());
            Ok(source)
        }
    }
}

/// Checks a source of the cluster as its operator does: it may be one that the operator has refused.
///
/// # Errors
/// Every problem.
pub fn check(source: &ScrapeSource, origin: &str) -> Result<()> {
    let problems = manifest::validate(source, FileAccess::Refused);
    if problems.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| format!("{origin}: {problem}"))
        .collect();
    Err(CommandError::configuration(lines.join("\nerror: ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "apiVersion: sms-scraper.dev/v1alpha1\nkind: ScrapeSource\nmetadata: {name: x}\n\
                        spec: {fetch: {url: 'https://example.org/'}, extract: {jsonLd: {}}}\n";

    #[test]
    fn exactly_one_good_source_is_taken_into_the_namespace() {
        let source = one(GOOD, "a.yaml", "music").unwrap();
        assert_eq!(source.key().to_string(), "music/x");
        let two = format!("{GOOD}---\n{}", GOOD.replace("name: x", "name: z"));
        assert_eq!(
            one(&two, "a.yaml", "music").unwrap_err(),
            "a.yaml: write exactly one ScrapeSource into it"
        );
        assert!(one("", "a.yaml", "music").is_err());
    }

    #[test]
    fn a_source_of_another_namespace_is_refused_with_the_flag() {
        let other = GOOD.replace("{name: x}", "{name: x, namespace: clubs}");
        assert!(
            one(&other, "a.yaml", "music")
                .unwrap_err()
                .ends_with("add -n clubs")
        );
        assert!(one(&other, "a.yaml", "clubs").is_ok());
    }

    #[test]
    fn a_file_in_the_place_of_a_page_is_refused() {
        let file = GOOD.replace("https://example.org/", "file:///var/run/secrets/x");
        assert!(one(&file, "a.yaml", "music").unwrap_err().contains("file://"));
        let mut source = one(GOOD, "a.yaml", "music").unwrap();
        source.spec.fetch.url = "file:///var/run/secrets/x".to_owned();
        assert!(check(&source, "music/x").unwrap_err().message.contains("file://"));
    }
}
