//! What the API server says about the requests it answered: `apiserver_request_total` of its metrics. Pure.
//!
//! Source: Kubernetes metrics reference, stable metrics; Prometheus text format.

use std::collections::BTreeMap;

const FAMILY: &str = "apiserver_request_total{";

/// Requests of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Request {
    /// `GET`, `LIST`, `WATCH`, `POST`, `PUT`, `PATCH`, `APPLY`, `DELETE`, …
    pub verb: String,
    /// Plural name of the kind, as `cronjobs`.
    pub resource: String,
    /// As `status`; empty for the object itself.
    pub subresource: String,
    /// HTTP status.
    pub code: String,
}

impl Request {
    /// Whether it was made to change something.
    pub fn is_write(&self) -> bool {
        matches!(
            self.verb.as_str(),
            "POST" | "PUT" | "PATCH" | "APPLY" | "DELETE" | "DELETECOLLECTION"
        )
    }
}

/// How many requests of each kind there were.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requests(pub BTreeMap<Request, u64>);

impl Requests {
    /// Reads the metrics that the API server serves.
    pub fn parse(metrics: &str) -> Self {
        let mut counts = BTreeMap::new();
        for (request, count) in metrics.lines().filter_map(row) {
            *counts.entry(request).or_default() += count;
        }
        Self(counts)
    }

    /// The requests that came after `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |request| earlier.0.get(request).copied().unwrap_or_default();
        let more = self
            .0
            .iter()
            .map(|(request, count)| (request.clone(), count.saturating_sub(before(request))));
        Self(more.filter(|(_, count)| *count > 0).collect())
    }

    /// The writes to one of these resources.
    #[must_use]
    pub fn writes_to(&self, resources: &[&str]) -> Self {
        let is_meant =
            |request: &Request| request.is_write() && resources.contains(&request.resource.as_str());
        Self(
            self.0
                .iter()
                .filter(|(request, _)| is_meant(request))
                .map(|(request, count)| (request.clone(), *count))
                .collect(),
        )
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

/// One sample of the family. Its label values hold neither quotes nor backslashes.
fn row(line: &str) -> Option<(Request, u64)> {
    let (labels, count) = line.strip_prefix(FAMILY)?.rsplit_once("\"} ")?;
    let mut request = Request::default();
    for label in labels.split("\",") {
        let (name, value) = label.split_once("=\"")?;
        let field = match name {
            "verb" => &mut request.verb,
            "resource" => &mut request.resource,
            "subresource" => &mut request.subresource,
            "code" => &mut request.code,
            _ => continue,
        };
        value.clone_into(field);
    }
    Some((request, whole(count)?))
}

/// A count as Go prints it: from a million on `1.234567e+06`.
fn whole(count: &str) -> Option<u64> {
    count.parse().ok().or_else(|| {
        let (digits, exponent) = count.split_once("e+")?;
        let exponent: usize = exponent.parse().ok()?;
        let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
        format!("{before}{after:0<exponent$}").parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = r#"# TYPE apiserver_request_total counter
apiserver_request_total{code="201",component="apiserver",dry_run="",group="batch",resource="cronjobs",scope="resource",subresource="",verb="POST",version="v1"} 3
apiserver_request_total{code="201",component="apiserver",dry_run="All",group="batch",resource="cronjobs",scope="resource",subresource="",verb="POST",version="v1"} 2
apiserver_request_total{code="200",component="apiserver",dry_run="",group="sms-scraper.dev",resource="scrapesources",scope="resource",subresource="status",verb="PUT",version="v1alpha1"} 1.234567e+06
apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="pods",scope="cluster",subresource="",verb="LIST",version="v1"} 7
apiserver_request_duration_seconds_count{verb="GET"} 5
"#;

    fn request(verb: &str, resource: &str, subresource: &str, code: &str) -> Request {
        let [verb, resource, subresource, code] = [verb, resource, subresource, code].map(str::to_owned);
        Request {
            verb,
            resource,
            subresource,
            code,
        }
    }

    #[test]
    fn samples_are_added_up_by_verb_resource_subresource_and_code() {
        let expected = BTreeMap::from([
            (request("POST", "cronjobs", "", "201"), 5),
            (request("PUT", "scrapesources", "status", "200"), 1_234_567),
            (request("LIST", "pods", "", "200"), 7),
        ]);
        assert_eq!(Requests::parse(METRICS), Requests(expected));
    }

    #[test]
    fn the_difference_holds_only_what_came_later() {
        let earlier = Requests::parse(METRICS);
        let later = Requests::parse(&METRICS.replace("\"v1\"} 3", "\"v1\"} 4"));
        let expected = BTreeMap::from([(request("POST", "cronjobs", "", "201"), 1)]);
        assert_eq!(later.since(&earlier), Requests(expected));
        assert_eq!(later.since(&later).total(), 0);
    }

    #[test]
    fn writes_are_told_from_reads() {
        let writes = Requests::parse(METRICS).writes_to(&["cronjobs", "pods"]);
        assert_eq!(
            writes,
            Requests(BTreeMap::from([(request("POST", "cronjobs", "", "201"), 5)]))
        );
    }
}
