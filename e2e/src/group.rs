//! A group of a Pushgateway as a run pushes it, for tests without runs. IO.

use std::process::Command;

use crate::services::Pushgateway;

/// Whose group it is.
#[derive(Debug, Clone, Copy)]
pub struct Group<'t> {
    /// The grouping label `job`.
    pub job: &'t str,
    /// The grouping label `instance`.
    pub api_name: &'t str,
    /// Installation that pushed it.
    pub installation: &'t str,
    /// Namespace of the source.
    pub namespace: &'t str,
    /// Name of the source.
    pub name: &'t str,
}

impl<'t> Group<'t> {
    /// The group of a source of an operator without a name of its own.
    pub fn of(namespace: &'t str, name: &'t str, api_name: &'t str) -> Self {
        Self {
            job: "sms_scraper",
            api_name,
            installation: "sms-scraper",
            namespace,
            name,
        }
    }

    /// Pushes it, with nothing but what says whose it is.
    ///
    /// # Panics
    /// If the gateway refuses it.
    #[allow(clippy::panic, reason = "a test ends with a panic")]
    pub fn push(&self, gateway: &Pushgateway) {
        let Self {
            job,
            api_name,
            installation,
            namespace,
            name,
        } = self;
        let body = format!(
            "# TYPE sms_source_info gauge\n\
             sms_source_info{{namespace=\"{namespace}\",name=\"{name}\",installation=\"{installation}\"}} 1\n"
        );
        let url = format!("{}/metrics/job/{job}/instance/{api_name}", gateway.url());
        let output = Command::new("curl")
            .args(["-sSf", "-m", "10", "-X", "PUT", "--data-binary", &body, &url])
            .output()
            .unwrap_or_else(|error| panic!("curl: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{url}: {said}");
    }
}

/// Those of these API names for which the gateway holds a group.
pub async fn held(gateway: &Pushgateway, api_names: &[&str]) -> Vec<String> {
    let metrics = gateway.metrics().await;
    let is_held = |name: &&&str| metrics.contains(&format!("instance=\"{name}\""));
    let held = api_names.iter().filter(is_held);
    held.map(|name| (*name).to_owned()).collect()
}
