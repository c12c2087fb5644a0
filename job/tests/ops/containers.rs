//! The compose file and the Dockerfile. IO: reads them.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Value, json};

use super::{read, root, yaml};

fn list(value: &Value) -> BTreeSet<&str> {
    value
        .as_array()
        .map(|items| items.iter().map(|item| item.as_str().unwrap()).collect())
        .unwrap_or_default()
}

#[test]
fn the_compose_file_has_the_names_ports_variables_and_volumes_of_the_handbook() {
    let compose = yaml("docker-compose.yml");
    let services = &compose["services"];
    let names = ["scraper", "pushgateway", "prometheus", "grafana"];
    let containers = ["sms_scraper", "pushgateway", "prometheus", "grafana"];
    let ports: [&[&str]; 4] = [
        &["8080:8080", "9898:9898"],
        &["9091:9091"],
        &["9090:9090"],
        &["3000:3000"],
    ];
    for ((name, container), ports) in names.into_iter().zip(containers).zip(ports) {
        assert_eq!(services[name]["container_name"], container);
        let published: Vec<&str> = list(&services[name]["ports"])
            .into_iter()
            .map(|port| port.trim_start_matches("127.0.0.1:"))
            .collect();
        assert_eq!(published, ports, "{name}");
    }

    let scraper = &services["scraper"];
    let environment = list(&scraper["environment"]);
    for variable in [
        "SMS_METRICS_PORT=9898",
        "SMS_PUSHGATEWAY_URL=http://pushgateway:9091",
        "SMS_SOURCES=/etc/sms/sources",
        "SMS_STORE_URL=sqlite:///data/events.sqlite",
    ] {
        assert!(environment.contains(variable), "{variable}");
    }
    assert!(
        scraper["healthcheck"]["test"]
            .to_string()
            .contains("http://127.0.0.1:8080/healthz")
    );
    // Docker's 10 s are less than a run in progress may need to end.
    assert_eq!(scraper["stop_grace_period"], "30s");
    assert_eq!(scraper["build"]["target"], "scraper");
    assert_eq!(scraper["build"]["args"]["BINARIES"], "${BINARIES:-build}");
    assert!(list(&scraper["volumes"]).contains("scraper_data:/data"));
    // Prometheus comes through the host, so that this port cannot be published on loopback alone.
    assert!(list(&scraper["ports"]).contains("9898:9898"));

    let prometheus = &services["prometheus"];
    assert!(list(&prometheus["volumes"]).contains("./ops/prometheus.yml:/etc/prometheus/prometheus.yml:ro"));
    assert!(list(&prometheus["volumes"]).contains("prometheus_data:/prometheus"));
    assert!(list(&prometheus["extra_hosts"]).contains("host.docker.internal:host-gateway"));
    // The handbook's first command names the scraper as one of its dependencies.
    assert_eq!(
        prometheus["depends_on"],
        json!({"scraper": {"condition": "service_started"}, "pushgateway": {"condition": "service_started"}})
    );
    assert_eq!(
        scraper["depends_on"],
        json!({"venues": {"condition": "service_healthy"}, "pushgateway": {"condition": "service_healthy"}})
    );
    let command = prometheus["command"].to_string();
    assert!(
        command.contains("--storage.tsdb.retention.time=")
            && command.contains("--storage.tsdb.retention.size=")
    );
    assert!(command.contains("--storage.tsdb.path=/prometheus"), "{command}");

    let grafana = &services["grafana"];
    assert_eq!(list(&grafana["profiles"]), BTreeSet::from(["observability"]));
    assert!(list(&grafana["environment"]).contains("GF_SECURITY_ADMIN_PASSWORD=admin"));
    assert!(list(&grafana["volumes"]).contains("./ops/grafana/provisioning:/etc/grafana/provisioning:ro"));

    assert!(
        services["pushgateway"]["command"]
            .to_string()
            .contains("--push.disable-consistency-check")
    );
    for name in ["prometheus_data", "scraper_data"] {
        assert!(
            compose["volumes"].as_object().unwrap().contains_key(name),
            "{name}"
        );
    }
    for name in ["pushgateway", "prometheus", "grafana"] {
        let image = services[name]["image"].as_str().unwrap();
        assert!(
            image.rsplit_once(':').is_some_and(|(_, tag)| tag != "latest"),
            "{image} is pinned"
        );
    }
}

#[test]
fn every_service_has_a_health_check_limits_and_no_privileges() {
    let compose = yaml("docker-compose.yml");
    for (name, service) in compose["services"].as_object().unwrap() {
        for key in ["healthcheck", "mem_limit", "cpus", "pids_limit", "restart"] {
            assert!(!service[key].is_null(), "{name} has no {key}");
        }
        assert_eq!(list(&service["cap_drop"]), BTreeSet::from(["ALL"]), "{name}");
        assert_eq!(
            list(&service["security_opt"]),
            BTreeSet::from(["no-new-privileges:true"]),
            "{name}"
        );
    }
}

#[test]
fn the_example_of_the_environment_has_each_variable_of_the_compose_file_with_its_default() {
    let variable = Regex::new(r"\$\{([A-Z_]+):-([^}]*)\}").unwrap();
    let compose = read("docker-compose.yml");
    let used: BTreeSet<(&str, &str)> = variable
        .captures_iter(&compose)
        .map(|found| found.extract().1)
        .map(|[name, default]| (name, default))
        .collect();
    assert!(used.len() >= 3, "{used:?}");
    assert_eq!(
        compose.matches("${").count(),
        variable.find_iter(&compose).count(),
        "each has a default"
    );
    let example = read(".env.example");
    let written: BTreeSet<(&str, &str)> = example
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .collect();
    assert_eq!(written, used);
}

#[test]
fn labels_of_images_have_the_version_of_the_programs() {
    let version = env!("CARGO_PKG_VERSION");
    let dockerfile = read("Dockerfile");
    let versions: Vec<&str> = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("ARG VERSION="))
        .collect();
    assert_eq!(versions, [version; 3]);
    assert!(read("docker-compose.yml").contains(&format!("${{SMS_VERSION:-{version}}}")));
}

#[test]
fn every_file_that_compose_mounts_for_observability_exists() {
    let compose = yaml("docker-compose.yml");
    for service in ["prometheus", "grafana"] {
        for volume in list(&compose["services"][service]["volumes"]) {
            let source = volume.split(':').next().unwrap();
            assert!(
                !source.starts_with('.') || root().join(source).exists(),
                "{source}"
            );
        }
    }
}

#[test]
fn the_dockerfile_has_the_stages_that_builds_name() {
    let text = read("Dockerfile");
    let first = text
        .lines()
        .find(|line| !line.starts_with('#') && !line.is_empty());
    assert_eq!(
        first,
        Some("ARG BINARIES=build"),
        "the argument must stand before the first FROM"
    );
    let stages: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("FROM "))
        .filter_map(|line| line.split_once(" AS ").map(|(_, stage)| stage))
        .collect();
    assert_eq!(stages[..2], ["build", "binaries"]);
    assert!(
        stages.contains(&"job") && stages.contains(&"scraper"),
        "{stages:?}"
    );
    assert!(text.contains("FROM scratch AS job"));
    assert!(
        !text.contains("--mount"),
        "Docker without BuildKit has no mounts, and docker-compose may use it"
    );
    assert!(
        !text.contains("syntax="),
        "a syntax line would be pulled from a registry"
    );
}
