//! The binary as people start it: products, problems and exit codes. IO: starts the program.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The program, with nothing of this machine's own configuration.
fn operator(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sms_operator"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    text(&output.stderr)
}

#[test]
fn crd_prints_what_is_committed() {
    let output = operator(&["crd"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let committed = fs::read_to_string(repository().join("crds/generated/scrapesources.yaml")).unwrap();
    assert_eq!(text(&output.stdout), committed);
}

#[test]
fn render_prints_a_document_for_each_source() {
    let sources = repository().join("examples/sources");
    let mut manifests: Vec<String> = fs::read_dir(sources)
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .filter(|path| Path::new(path).extension().is_some_and(|kind| kind == "yaml"))
        .collect();
    manifests.sort();
    let output = operator(&["render"]).args(&manifests).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    let yaml = text(&output.stdout);
    let documents: Vec<&str> = yaml.split("---\n").skip(1).collect();
    assert!(manifests.len() >= 3);
    assert_eq!(documents.len(), manifests.len(), "{yaml}");
    for document in documents {
        assert!(document.contains("kind: CronJob\n"), "{document}");
    }
}

#[test]
fn render_reads_standard_input_and_goes_on_after_a_bad_source() {
    let good = fs::read_to_string(repository().join("examples/sources/blue-moon.yaml")).unwrap();
    let bad = "apiVersion: sms-scraper.dev/v1alpha1\nkind: ScrapeSource\nmetadata: {name: bad}\nspec: {fetch: {urll: x}}\n";
    let mut child = operator(&["render", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{bad}---\n{good}").as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let problems = refused(&output);
    assert!(problems.contains("-:4: bad: spec.fetch.urll"), "{problems}");
    assert_eq!(text(&output.stdout).matches("kind: CronJob\n").count(), 1);
}

#[test]
fn render_prints_the_others_where_a_file_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("latin.yaml");
    fs::write(&broken, b"name: caf\xe9\n").unwrap();
    let output = operator(&["render", "/nonexistent.yaml"])
        .arg(&broken)
        .arg(repository().join("examples/sources/blue-moon.yaml"))
        .output()
        .unwrap();
    let problems = refused(&output);
    let lines: Vec<&str> = problems.lines().collect();
    assert_eq!(lines.len(), 2, "{problems}");
    assert!(
        lines[0].starts_with("/nonexistent.yaml: cannot be read: ") && lines[0].contains("that exists"),
        "{problems}"
    );
    assert!(
        lines[1].starts_with(broken.to_str().unwrap()) && lines[1].ends_with(": save it as UTF-8"),
        "{problems}"
    );
    assert_eq!(text(&output.stdout).matches("kind: CronJob\n").count(), 1);
}

#[test]
fn render_reads_the_manifests_of_a_folder_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = |name: &str| {
        format!(
            r#"{{"apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "metadata": {{"name": "{name}"}},
            "spec": {{"fetch": {{"url": "https://example.org/"}}, "extract": {{"jsonLd": {{}}}}}}}}"#
        )
    };
    for (file, name) in [
        ("c.yml", "third"),
        ("a.json", "first"),
        ("b.yaml", "second"),
        ("d.txt", "fourth"),
        (".e.yaml", "hidden"),
    ] {
        fs::write(folder.path().join(file), manifest(name)).unwrap();
    }
    fs::create_dir(folder.path().join("e.yaml")).unwrap();
    let output = operator(&["render"]).arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let yaml = text(&output.stdout);
    let names: Vec<&str> = yaml
        .split("---\n")
        .skip(1)
        .filter_map(|document| document.lines().find_map(|line| line.strip_prefix("  name: ")))
        .collect();
    assert_eq!(names, ["first", "second", "third"], "{yaml}");

    let output = operator(&["render"])
        .arg(folder.path().join("e.yaml"))
        .output()
        .unwrap();
    assert!(
        refused(&output).contains("holds no file that ends in"),
        "{output:?}"
    );
}

#[test]
fn a_mistake_in_the_file_of_job_settings_is_told_in_one_line_that_quotes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.yaml");
    fs::write(&file, "image: x\nproxy: http://user:hunter2@proxy: [\n").unwrap();
    let output = operator(&["render", "--job-settings"])
        .args([file.to_str().unwrap(), "-"])
        .output()
        .unwrap();
    let problem = refused(&output);
    let place = format!("error: {}: line 2 column ", file.display());
    assert!(problem.starts_with(&place), "{problem}");
    assert!(
        problem.lines().count() == 1 && !problem.contains("hunter2"),
        "{problem}"
    );
}

#[test]
fn files_are_not_read_by_a_source_in_a_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("source.yaml");
    fs::write(
        &manifest,
        "apiVersion: sms-scraper.dev/v1alpha1\nkind: ScrapeSource\nmetadata: {name: x}\n\
         spec: {fetch: {url: 'file:///etc/passwd'}, extract: {jsonLd: {}}}\n",
    )
    .unwrap();
    let output = operator(&["render"]).arg(&manifest).output().unwrap();
    assert!(refused(&output).contains("spec.fetch.url"), "{output:?}");
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn wrong_settings_are_refused_with_their_place_and_no_secret_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.yaml");
    fs::write(&file, "imagePullPolicy: Sometimes\nimage: x\n").unwrap();
    let file = file.to_str().unwrap();
    let cases: [(&[&str], &str); 6] = [
        (
            &["--job-settings", "/nonexistent.yaml"],
            "--job-settings (SMS_JOB_SETTINGS) /nonexistent.yaml",
        ),
        (
            &["--job-settings", file],
            "imagePullPolicy: write Always, IfNotPresent or Never",
        ),
        (&[], "--job-image (SMS_JOB_IMAGE)"),
        (
            &["--job-image", "x", "--pushgateway", "http://user:hunter2@gateway"],
            "--pushgateway (SMS_PUSHGATEWAY_URL): holds credentials",
        ),
        (&["--job-image", "x", "--lease-duration", "1"], "--lease-duration"),
        (
            &["--job-image", "x", "--installation="],
            "--installation (SMS_INSTALLATION)",
        ),
    ];
    for (flags, named) in cases {
        let output = operator(&["run", "--metrics-port", "0", "--health-port", "0"])
            .args(flags)
            .output()
            .unwrap();
        let problem = refused(&output);
        assert!(
            problem.contains(named) && !problem.contains("hunter2"),
            "{flags:?}: {problem}"
        );
    }
    let output = operator(&["run", "--job-image", "x", "--log", "a=b=c"])
        .output()
        .unwrap();
    assert!(refused(&output).contains("--log (SMS_LOG)"));
    let output = operator(&["run", "--help"])
        .env("SMS_PUSHGATEWAY_URL", "http://user:hunter2@gateway")
        .output()
        .unwrap();
    assert!(!text(&output.stdout).contains("hunter2"));
}

#[test]
fn without_a_cluster_the_remedy_is_named_and_an_empty_variable_is_none() {
    let output = operator(&["run"])
        .env("SMS_JOB_IMAGE", "x")
        .env("SMS_METRICS_PORT", "0")
        .env("SMS_HEALTH_PORT", "0")
        .env("SMS_LEASE_DURATION", "")
        .env("SMS_LEADER_ELECTION", "")
        .env("SMS_ALLOW_PRIVATE_ADDRESSES", "")
        .env("SMS_JOB_SETTINGS", "")
        .output()
        .unwrap();
    let problem = refused(&output);
    assert!(
        problem.contains("no cluster to work on") && problem.contains("KUBECONFIG"),
        "{problem}"
    );
}

#[test]
fn completions_know_the_flags() {
    let output = operator(&["completions", "bash"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("--lease-duration"));
}
