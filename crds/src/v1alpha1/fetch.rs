//! `spec.fetch`: the request, its limits, and paging. Pure.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DurationString;

/// How the pages are fetched.
///
/// Placeholders in `url`, `query` and `body` are replaced at the start of a run, in the source's time zone:
/// `{today}`, `{today+30d}`, `{today-7d}` (a date, 2026-05-01), `{year}`, `{month}` (two digits), `{day}`, `{now}`
/// (RFC 3339, UTC) and `{unix}` (seconds). Any other brace is left as it is.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.url.startsWith('http://') || self.url.startsWith('https://') || self.url.startsWith('file://')")
        .message("must start with https://, http:// or file://").field_path(".url"),
    validation = Rule::new("!has(self.body) || (has(self.method) && self.method == 'POST')")
        .message("is sent with POST only: add method: POST").field_path(".body")
)]
pub struct FetchSpec {
    /// Address of the first page: `https://`, `http://`, or (from manifests on disk only) `file://`; a relative
    /// `file://./page.html` is taken from the manifest's folder. Example: `https://blue-moon.example/api/events`.
    #[schemars(length(min = 8, max = 4096))]
    pub url: String,

    /// Request method. Default: `GET`.
    #[serde(default)]
    pub method: HttpMethod,

    /// Query parameters added to `url`, percent-encoded for you.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub query: Vec<QueryParameter>,

    /// Request headers. A value comes from `value` or from a Secret. Secret values are sent to the first host only,
    /// never to a host that a redirect leads to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub headers: Vec<HeaderSpec>,

    /// Request body of a POST, e.g. a GraphQL query. Its `Content-Type` is `application/json` unless a header says
    /// otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub body: Option<String>,

    /// Credentials: exactly one of `basic`, `bearer`, `header`, `query`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthSpec>,

    /// Longest time for one request, body included. Default: `30s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<DurationString>,

    /// Longest time to connect, TLS included. Default: `10s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<DurationString>,

    /// Longest time without a byte from the server. Default: `10s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<DurationString>,

    /// Tries for one request; transport errors and the statuses 408, 425, 429, 500, 502, 503 and 504 are tried again
    /// with backoff, and `Retry-After` is obeyed. Default: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    pub attempts: Option<i32>,

    /// Most bytes of one body, counted after decompression. Default: 10485760 (10 MiB).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 268_435_456))]
    pub max_body_bytes: Option<i64>,

    /// Whether `robots.txt` is obeyed (RFC 9309). Default: `respect`.
    #[serde(default)]
    pub robots: RobotsRule,

    /// Pause between two requests to one host. Default: `1s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<DurationString>,

    /// `User-Agent` header. Default: `sms_scraper/<version>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub user_agent: Option<String>,

    /// Character encoding of the pages (a WHATWG label such as `windows-1252`), for a server that declares a wrong
    /// one. Default: byte-order mark, then `Content-Type`, then the page's own declaration, then UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40))]
    pub charset: Option<String>,

    /// How further pages are found. Default: there is one page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<PagesSpec>,
}

/// Request method.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HttpMethod {
    /// A plain request; the only one that is conditional (`ETag`) and may follow redirects with a body kept.
    #[default]
    #[serde(rename = "GET")]
    Get,
    /// A request with a body, e.g. a GraphQL query.
    #[serde(rename = "POST")]
    Post,
}

/// Whether `robots.txt` is obeyed.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub enum RobotsRule {
    /// A disallowed page fails the run with reason `RobotsDisallowed`.
    #[default]
    Respect,
    /// `robots.txt` is not read: for an API that its owner allows you to use.
    Ignore,
}

/// One query parameter.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct QueryParameter {
    /// Parameter name, not encoded. Example: `page[size]`.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,

    /// Parameter value, not encoded; placeholders are replaced.
    #[schemars(length(max = 4096))]
    pub value: String,
}

/// One request header; exactly one of `value` and `secretKeyRef`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.value) != has(self.secretKeyRef)")
    .message("needs exactly one of value and secretKeyRef: write one and no other"))]
pub struct HeaderSpec {
    /// Header name. Example: `Accept-Language`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$"))]
    pub name: String,

    /// Header value in plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub value: Option<String>,

    /// Header value from a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<SecretKeyRef>,
}

/// A key of a Secret in the source's namespace; without a cluster, the file `$SMS_SECRETS_DIR/<name>/<key>`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// Name of the Secret. In a cluster it must carry the operator's prefix (default `sms-`).
    #[schemars(regex(pattern = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"))]
    pub name: String,

    /// Key inside the Secret.
    #[schemars(regex(pattern = r"^[-._a-zA-Z0-9]{1,253}$"))]
    pub key: String,
}

/// Credentials for the source; exactly one kind.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.basic), has(self.bearer), has(self.header), has(self.query)].filter(x, x).size() == 1")
    .message("needs exactly one of basic, bearer, header, query: write one and no other"))]
pub struct AuthSpec {
    /// HTTP basic authentication (RFC 7617).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic: Option<BasicAuth>,

    /// `Authorization: Bearer …` (RFC 6750).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer: Option<BearerAuth>,

    /// A key in a header of the server's own, e.g. `x-api-key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<NamedSecret>,

    /// A key in a query parameter, e.g. `sc_apikey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<NamedSecret>,
}

/// User name and password.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct BasicAuth {
    /// User name in plain text.
    #[schemars(length(min = 1, max = 256))]
    pub username: String,

    /// Where the password is.
    pub secret_key_ref: SecretKeyRef,
}

/// A bearer token.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct BearerAuth {
    /// Where the token is.
    pub secret_key_ref: SecretKeyRef,
}

/// A secret value under a name.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct NamedSecret {
    /// Name of the header or query parameter.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,

    /// Where the value is.
    pub secret_key_ref: SecretKeyRef,
}

/// How further pages are found: exactly one of `next`, `nextPath`, `parameter`, `template`. Paging ends at `max`, at a
/// page without items, at an address already fetched, and (for `parameter` and `template`) at a 404.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.next), has(self.nextPath), has(self.parameter), has(self.template)].filter(x, x).size() == 1")
    .message("needs exactly one of next, nextPath, parameter, template: write one and no other"))]
pub struct PagesSpec {
    /// CSS selector of the link to the next page; its `href` is followed. Example: `a[rel=next]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub next: Option<String>,

    /// jq program that gives the next page's address from a JSON page, or null at the end. Example: `.links.next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub next_path: Option<String>,

    /// Name of a query parameter that counts pages or items. Example: `page`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub parameter: Option<String>,

    /// Address of the further pages with `{n}` for the counter. Example: `https://venue.example/ajax/{n}?per_page=12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 4096))]
    pub template: Option<String>,

    /// Counter of the second page, for `parameter` and `template`. Default: 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub start: Option<i64>,

    /// What the counter grows by, e.g. 12 where it counts items. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub step: Option<i64>,

    /// Most pages of a run, the first included. A run that stops here with more to come is partial: it removes
    /// nothing. Default: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub max: Option<i32>,
}
