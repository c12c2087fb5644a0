//! Manifests that are accepted, and manifests that are refused with exactly the messages beside them.
//!
//! A file's name says which part refuses it: `yaml-`, `object-`, `schema-` and `cel-` are refused by an API server too,
//! `check-` only here and by the operator. To write the messages anew, run the tests with `UPDATE_MESSAGES=1` and read
//! the difference.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sms_crds::manifest::{self, FileAccess};

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/manifests")
        .join(folder);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| {
        file.extension()
            .and_then(|found| found.to_str())
            .is_some_and(|found| ending.contains(found))
    });
    files.sort();
    files
}

fn name(file: &Path) -> &str {
    file.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}

#[test]
fn valid_manifests_are_accepted_and_survive_a_round_trip() {
    let files = files("valid", "yaml json");
    assert!(files.len() >= 15, "{}", files.len());
    for file in files {
        let sources = manifest::parse_manifests(&fs::read_to_string(&file).unwrap(), name(&file));
        let sources = sources.unwrap_or_else(|errors| panic!("{errors}"));
        assert!(!sources.is_empty(), "{}", file.display());
        assert_eq!(
            manifest::conflicts(sources.iter().map(|source| (source, ""))),
            [],
            "{}",
            file.display()
        );
        for source in sources {
            let json = serde_json::to_string(&source.to_travel()).unwrap();
            let again = manifest::read_manifests(&json, "SMS_SOURCE", FileAccess::Allowed);
            assert_eq!(again.problems, [], "{}", file.display());
            assert_eq!(again.sources[0].spec, source.spec);
            assert_eq!(again.sources[0].key(), source.key());
            source.validate_cel().unwrap();
        }
    }
}

#[test]
fn invalid_manifests_are_refused_with_exactly_these_messages() {
    let files = files("invalid", "yaml");
    assert!(files.len() >= 60, "{}", files.len());
    let mut different = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let found = match manifest::parse_manifests(&text, name(&file)) {
            Ok(_) => "accepted\n".to_owned(),
            Err(errors) => format!("{errors}\n"),
        };
        let beside = file.with_extension("txt");
        if std::env::var_os("UPDATE_MESSAGES").is_some() {
            fs::write(&beside, &found).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if found != expected || found == "accepted\n" {
            different.push(format!(
                "{}\nexpected:\n{expected}found:\n{found}",
                file.display()
            ));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_message_names_a_place_and_a_remedy() {
    for file in files("invalid", "yaml") {
        let text = fs::read_to_string(&file).unwrap();
        for problem in manifest::read_manifests(&text, name(&file), FileAccess::Allowed).problems {
            let words = &problem.problem.problem;
            let remedy = [": ", "; ", "must start with"]
                .iter()
                .any(|mark| words.contains(mark));
            assert!(remedy, "{problem}");
            assert!(problem.line.is_some(), "{problem}");
            assert!(!words.contains('\n'), "{problem}");
        }
    }
}

#[test]
fn a_wrong_source_does_not_keep_the_others_from_being_used() {
    let good = "apiVersion: sms-scraper.dev/v1alpha1\nkind: ScrapeSource\nmetadata: { name: good }\n\
                spec: { fetch: { url: https://a.example }, extract: { jsonLd: {} } }\n";
    let bad = good.replace("good", "bad").replace("jsonLd", "jsonld");
    let broken = "spec: {\n";
    let found = manifest::read_manifests(
        &format!("{bad}---\n{good}---\n{broken}"),
        "all.yaml",
        FileAccess::Allowed,
    );
    assert_eq!(
        found
            .sources
            .iter()
            .map(|source| source.key().to_string())
            .collect::<Vec<_>>(),
        ["default/good"]
    );
    let told: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told[0],
        "all.yaml:4: bad: spec.extract.jsonld: is not a field: did you mean jsonLd?"
    );
    assert_eq!(found.problems[1].document, 3);
}

#[test]
fn the_api_name_cannot_be_changed_added_or_removed() {
    let text = |name: &str| {
        format!(
            "apiVersion: sms-scraper.dev/v1alpha1\nkind: ScrapeSource\nmetadata: {{ name: club }}\nspec:\n{name}  \
             fetch: {{ url: https://club.example }}\n  extract: {{ jsonLd: {{}} }}\n"
        )
    };
    let source = |text: &str| manifest::parse_source(text, "text").unwrap();
    let (none, one, other) = (
        source(&text("")),
        source(&text("  apiName: one\n")),
        source(&text("  apiName: other\n")),
    );
    for (old, new) in [(&one, &other), (&none, &one), (&one, &none)] {
        let errors = new.validate_cel_update(old).unwrap_err();
        assert_eq!(
            errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "spec.apiName: cannot be changed, since it names the metrics of this source: create a new ScrapeSource \
                 instead"
            ]
        );
    }
    one.validate_cel_update(&one).unwrap();
    none.validate_cel_update(&none).unwrap();
}

#[test]
fn a_source_from_a_variable_reads_no_files_and_is_alone() {
    let file = "apiVersion: sms-scraper.dev/v1alpha1\nkind: ScrapeSource\nmetadata: { name: club }\n\
                spec: { fetch: { url: 'file:///etc/passwd' }, extract: { jsonLd: {} } }\n";
    assert!(manifest::parse_manifests(file, "club.yaml").is_ok());
    assert_eq!(
        manifest::parse_source(file, "SMS_SOURCE")
            .unwrap_err()
            .to_string(),
        "SMS_SOURCE:4: club: spec.fetch.url: file:// works in manifests on disk only: write an https:// address"
    );
    let web = file.replace("file:///etc/passwd", "https://club.example");
    assert!(manifest::parse_source(&web, "SMS_SOURCE").is_ok());
    assert_eq!(
        manifest::parse_source(&format!("{web}---\n{web}"), "SMS_SOURCE")
            .unwrap_err()
            .to_string(),
        "SMS_SOURCE: holds 2 ScrapeSources: exactly one is expected"
    );
    assert_eq!(
        manifest::parse_source("", "SMS_SOURCE").unwrap_err().to_string(),
        "SMS_SOURCE: holds 0 ScrapeSources: exactly one is expected"
    );
}

#[test]
fn two_sources_of_one_name_or_one_api_name_are_told() {
    let text = |name: &str, rest: &str| {
        format!(
            "apiVersion: sms-scraper.dev/v1alpha1\nkind: ScrapeSource\nmetadata: {{ name: {name} }}\n\
             spec: {{ {rest} fetch: {{ url: https://a.example }}, extract: {{ jsonLd: {{}} }} }}\n---\n"
        )
    };
    let all = [
        text("a", ""),
        text("a", ""),
        text("b", "apiName: c_d,"),
        text("c-d", ""),
    ]
    .concat();
    let sources = manifest::parse_manifests(&all, "all.yaml").unwrap();
    assert_eq!(
        manifest::conflicts(sources.iter().zip(["1.yaml", "2.yaml", "3.yaml", "4.yaml"]))
            .iter()
            .map(|(index, problem)| (*index, problem.to_string()))
            .collect::<Vec<_>>(),
        [
            (
                1,
                "2.yaml: a: metadata.name: default/a is described in 1.yaml already: keep one, or give this one another name"
                    .to_owned()
            ),
            (
                3,
                "4.yaml: c-d: spec.apiName: c_d is the API name of default/b in 3.yaml already: set another spec.apiName in one of them"
                    .to_owned()
            ),
        ]
    );
}

#[test]
fn a_file_that_is_too_large_is_refused_at_once() {
    let text = "#".repeat(manifest::MAX_FILE_BYTES + 1);
    assert_eq!(
        manifest::parse_manifests(&text, "all.yaml")
            .unwrap_err()
            .to_string(),
        "all.yaml: has 16 MiB: split it into files of at most 16 MiB"
    );
}
