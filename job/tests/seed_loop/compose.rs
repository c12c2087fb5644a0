//! What docs/observability.md says of docker-compose is in the compose file. IO: reads both, and asks the binary for
//! its flags.

use std::{collections::BTreeSet, process::Command};

use regex::Regex;
use serde_json::Value;

use super::scraper::repository;

fn read(path: &str) -> String {
    std::fs::read_to_string(repository(path)).unwrap()
}

fn compose() -> Value {
    serde_saphyr::from_str(&read("docker-compose.yml")).unwrap()
}

/// What stands in back quotes on the page, and each line of its shell blocks.
fn code() -> Vec<String> {
    let page = read("docs/observability.md");
    let spans = Regex::new(r"`([^`\n]+)`").unwrap();
    let spans = spans.captures_iter(&page).map(|found| found[1].to_owned());
    let lines = page
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("docker-compose "));
    let mut code: Vec<String> = spans.chain(lines.map(str::to_owned)).collect();
    code.sort();
    code.dedup();
    code
}

/// `--help` of a sub-command.
fn help(subcommand: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sms_scraper"))
        .args([subcommand, "--help"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{subcommand} is no sub-command");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether a help text has this flag, and not only a longer one.
fn has_flag(help: &str, flag: &str) -> bool {
    help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .any(|word| word == flag)
}

/// Names that a list of the file's services has, such as profiles or variables.
fn of_services(compose: &Value, key: &str) -> BTreeSet<String> {
    let services = compose["services"].as_object().unwrap().values();
    let lists = services.filter_map(|service| service[key].as_array());
    lists
        .flatten()
        .map(|item| item.as_str().unwrap().to_owned())
        .collect()
}

/// What is wrong with a docker-compose command.
fn problem(command: &str, compose: &Value) -> Option<String> {
    let (command, inner) = command.split_once(" sh -lc ").unwrap_or((command, ""));
    let mut words = command.split_whitespace().skip(1).peekable();
    if words.next_if_eq(&"--profile").is_some() {
        let profile = words.next().unwrap_or_default();
        if !of_services(compose, "profiles").contains(profile) {
            return Some(format!("no service has the profile {profile}"));
        }
    }
    let subcommand = words.next().unwrap_or_default();
    if !["up", "run", "build", "restart", "logs", "ps"].contains(&subcommand) {
        return Some(format!("{subcommand} is not known here"));
    }
    for service in words.filter(|word| !word.starts_with('-')) {
        if compose["services"].get(service).is_none() {
            return Some(format!("there is no service {service}"));
        }
    }
    let inner = inner.trim_matches('\'');
    let (program, arguments) = inner.split_once(' ').unwrap_or((inner, ""));
    let installed = "COPY --from=binaries /out/sms_scraper /out/venues /usr/local/bin/";
    if !program.is_empty()
        && (program != "/usr/local/bin/sms_scraper" || !read("Dockerfile").contains(installed))
    {
        return Some(format!("the image has no {program}"));
    }
    let (subcommand, flags) = arguments.split_once(' ').unwrap_or((arguments, ""));
    let mut flags = flags.split_whitespace();
    flags
        .find(|flag| !has_flag(&help(subcommand), flag))
        .map(|flag| format!("{subcommand} has no {flag}"))
}

#[test]
fn every_compose_command_names_services_profiles_and_flags_that_exist() {
    let compose = compose();
    let commands: Vec<String> = code()
        .into_iter()
        .filter(|code| code.starts_with("docker-compose "))
        .collect();
    assert!(commands.len() >= 6, "{commands:?}");
    for command in commands {
        assert_eq!(problem(&command, &compose), None, "{command}");
    }
}

#[test]
fn a_compose_command_that_cannot_work_is_noticed() {
    let compose = compose();
    for command in [
        "docker-compose up -d promtheus",
        "docker-compose --profile obs up -d grafana",
        "docker-compose run --rm scraper sh -lc '/usr/local/bin/sms_scraper ingester --bypass'",
        "docker-compose run --rm scraper sh -lc '/usr/bin/sms_scraper ingester'",
    ] {
        assert!(problem(command, &compose).is_some(), "{command}");
    }
}

#[test]
fn variables_volumes_and_flags_of_the_page_exist() {
    let compose = compose();
    let variables = of_services(&compose, "environment");
    let flags = ["serve", "ingester"].map(help).concat();
    let pair = Regex::new(r"^(SMS|GF)_[A-Z_]+=\S+$").unwrap();
    let mut seen = [0; 3];
    for code in code() {
        if pair.is_match(&code) {
            assert!(variables.contains(&code), "{code}");
            seen[0] += 1;
        } else if code.ends_with("_data") {
            assert!(compose["volumes"].get(&code).is_some(), "{code}");
            seen[1] += 1;
        } else if code.starts_with("--") && !code.contains('.') {
            // Flags with a dot are those of the services.
            assert!(has_flag(&flags, &code), "{code}");
            seen[2] += 1;
        }
    }
    assert!(seen.iter().all(|seen| *seen >= 2), "{seen:?}");
}

#[test]
fn every_file_of_the_page_exists() {
    let file = Regex::new(r"^(\./)?((ops|job|examples)(/[\w.-]+)+|docker-compose\.yml)$").unwrap();
    let files: Vec<String> = code().into_iter().filter(|code| file.is_match(code)).collect();
    assert!(files.len() >= 7, "{files:?}");
    for file in files {
        assert!(repository(&file).exists(), "{file}");
    }
}
