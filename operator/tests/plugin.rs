//! The kubectl plugin as people start it, without a cluster: help, completions, problems and exit codes. IO: starts the
//! program. What needs a cluster is in `e2e/tests/plugin.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{
    fs,
    net::TcpListener,
    process::{Command, Output, Stdio},
};

/// The program, with nothing of this machine's own configuration.
fn plugin(arguments: &[&str]) -> (Output, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kubectl-sms"))
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (product, told) = (text(&output.stdout), text(&output.stderr));
    (output, product, told)
}

/// A kubeconfig of an API server at this port of the loopback.
fn kubeconfig(port: u16) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let yaml = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: home\n\
         clusters: [{{ name: c, cluster: {{ server: 'http://127.0.0.1:{port}' }} }}]\n\
         contexts: [{{ name: home, context: {{ cluster: c, user: u }} }}]\nusers: [{{ name: u, user: {{}} }}]\n"
    );
    fs::write(file.path(), yaml).unwrap();
    file
}

#[test]
fn help_has_examples_and_exit_codes() {
    let (output, help, _) = plugin(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    for part in [
        "Usage: kubectl sms ",
        "kubectl sms run sea-monster --wait",
        "Exit codes: 0 done",
        "--kubeconfig <PATH>",
    ] {
        assert!(help.contains(part), "{part}\n{help}");
    }
}

#[test]
fn completions_are_printed_for_each_shell_and_for_kubectl() {
    for (shell, part) in [
        (
            "bash",
            "complete -F _kubectl__sms -o nosort -o bashdefault -o default kubectl-sms",
        ),
        ("zsh", "#compdef kubectl-sms"),
        ("fish", "complete -c kubectl-sms"),
        ("elvish", "edit:completion:arg-completer[kubectl-sms]"),
        ("powershell", "Register-ArgumentCompleter"),
        ("kubectl", "exec kubectl-sms __complete -- \"$@\""),
    ] {
        let (output, script, told) = plugin(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell} {told}");
        assert!(script.contains(part), "{shell}\n{script}");
    }
}

#[test]
fn kubectl_is_told_what_may_stand_there() {
    let (_, offered, _) = plugin(&["__complete", "--", "re"]);
    assert_eq!(offered, "resume\n:4\n");
    let (_, offered, _) = plugin(&["__complete", "--", "get", "-o", "wi"]);
    assert_eq!(offered, "wide\n:4\n");
    let (_, offered, _) = plugin(&["__complete", "--", "preview", "-f", ""]);
    assert_eq!(offered, ":0\n", "kubectl offers files then");
    let (output, offered, told) = plugin(&["__complete", "--", "run", ""]);
    assert_eq!(
        (output.status.code(), offered.as_str(), told.as_str()),
        (Some(0), ":4\n", "")
    );
}

#[test]
fn without_a_cluster_the_remedy_is_named() {
    let (output, _, told) = plugin(&["get"]);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.starts_with("error: no cluster to ask: ") && told.contains("set KUBECONFIG"),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");

    let (output, _, told) = plugin(&["--kubeconfig", "/nonexistent/config", "get"]);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("/nonexistent/config") && told.contains("check --kubeconfig"),
        "{told}"
    );

    let known = kubeconfig(1);
    let file = known.path().to_str().unwrap();
    let (output, _, told) = plugin(&["--kubeconfig", file, "--context", "away", "get"]);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("away") && told.contains("--context"), "{told}");
}

#[test]
fn an_api_server_that_is_away_is_exit_code_1() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let away = kubeconfig(port);
    let (output, _, told) = plugin(&["--kubeconfig", away.path().to_str().unwrap(), "get", "-A"]);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.starts_with("error: cannot list scrapesources in every namespace: ")
            && told.contains("--context"),
        "{told}"
    );
}

#[test]
fn a_manifest_is_checked_before_any_cluster_is_asked() {
    let away = kubeconfig(1);
    let manifest = tempfile::NamedTempFile::new().unwrap();
    fs::write(
        manifest.path(),
        "apiVersion: sms-scraper.dev/v1alpha1\nkind: ScrapeSource\nmetadata: {name: x}\nspec: {fetch: {urll: x}}\n",
    )
    .unwrap();
    let file = manifest.path().to_str().unwrap();
    let (output, _, told) = plugin(&[
        "--kubeconfig",
        away.path().to_str().unwrap(),
        "preview",
        "-f",
        file,
    ]);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains(&format!("{file}:4: x: spec.fetch.urll")), "{told}");
}

#[test]
fn wrong_flags_are_exit_code_2() {
    for arguments in [
        &[][..],
        &["run"],
        &["suspend"],
        &["get", "-o", "nonsense"],
        &["logs", "x", "--run", "a", "--previous"],
        &["preview"],
    ] {
        let (output, _, told) = plugin(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {told}");
    }
}
