//! Checks of `spec.fetch`. Pure.

use url::Url;

use super::FileAccess;
use crate::{
    problem::{Problem, quoted},
    v1alpha1::{FetchSpec, PagesSpec},
};

/// Headers that belong to the connection (RFC 9110, section 7.6.1) or that the scraper itself decides.
const RESERVED: [&str; 17] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

pub(super) fn check(fetch: &FetchSpec, files: FileAccess, problems: &mut Vec<Problem>) {
    check_url(&fetch.url, files, problems);
    for (index, header) in fetch.headers.iter().enumerate() {
        let path = format!("spec.fetch.headers[{index}]");
        check_header_name(&header.name, &format!("{path}.name"), problems);
        if let Some(value) = &header.value {
            check_header_value(value, &format!("{path}.value"), problems);
        }
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("user-agent") && fetch.user_agent.is_some() {
            problems.push(Problem::new(path, "is set by userAgent as well: remove one"));
        } else if is("authorization")
            && fetch
                .auth
                .as_ref()
                .is_some_and(|auth| auth.basic.is_some() || auth.bearer.is_some())
        {
            problems.push(Problem::new(path, "is set by auth as well: remove one"));
        }
    }
    if let Some(agent) = &fetch.user_agent {
        check_header_value(agent, "spec.fetch.userAgent", problems);
    }
    if let Some(header) = fetch.auth.as_ref().and_then(|auth| auth.header.as_ref()) {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let path = "spec.fetch.auth.header.name";
        if header.name.bytes().all(token) {
            check_header_name(&header.name, path, problems);
        } else {
            problems.push(Problem::new(
                path,
                format!(
                    "{} is not a header name: use letters, digits and hyphens, e.g. x-api-key",
                    quoted(&header.name)
                ),
            ));
        }
    }
    if let Some(pages) = &fetch.pages {
        check_pages(pages, &fetch.url, problems);
    }
}

fn check_url(url: &str, files: FileAccess, problems: &mut Vec<Problem>) {
    let path = "spec.fetch.url";
    if url.starts_with("file://") {
        if files == FileAccess::Refused {
            problems.push(Problem::new(
                path,
                "file:// works in manifests on disk only: write an https:// address",
            ));
        }
        return;
    }
    let problem = match Url::parse(url) {
        Ok(parsed) if !matches!(parsed.scheme(), "http" | "https") => {
            "must start with https://, http:// or file://".to_owned()
        }
        Ok(parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
            "has a user name or password in it: move them to spec.fetch.auth.basic and a Secret".to_owned()
        }
        Ok(_) => return,
        Err(error) => format!(
            "{} is not an address: {error}; write for example https://venue.example/events",
            quoted(url)
        ),
    };
    problems.push(Problem::new(path, problem));
}

fn check_header_name(name: &str, path: &str, problems: &mut Vec<Problem>) {
    if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        problems.push(Problem::new(
            path,
            format!("{name} is decided by the connection or the scraper itself: remove it"),
        ));
    }
}

fn check_header_value(value: &str, path: &str, problems: &mut Vec<Problem>) {
    if value
        .chars()
        .any(|character| character.is_control() && character != '\t')
    {
        problems.push(Problem::new(
            path,
            "has a line break or control character in it: write it in one line",
        ));
    }
}

fn check_pages(pages: &PagesSpec, first: &str, problems: &mut Vec<Problem>) {
    if let Some(template) = &pages.template {
        let path = "spec.fetch.pages.template";
        if !template.contains("{n}") {
            problems.push(Problem::new(
                path,
                format!(
                    "{} has no {{n}}: put {{n}} where the counter goes",
                    quoted(template)
                ),
            ));
        }
        let base = Url::parse(first).ok();
        let address = Url::options()
            .base_url(base.as_ref())
            .parse(&template.replace("{n}", "2"));
        match (address, base) {
            (Ok(address), Some(base)) if !same_kind(&address, &base) => {
                problems.push(Problem::new(
                    path,
                    "must start with https:// or http://, as spec.fetch.url does",
                ));
            }
            (Err(error), Some(_)) => problems.push(Problem::new(
                path,
                format!(
                    "{} is not an address: {error}; write for example https://venue.example/page/{{n}}",
                    quoted(template)
                ),
            )),
            _ => {}
        }
    }
    if pages.parameter.is_none() && pages.template.is_none() {
        for (name, value) in [("start", pages.start), ("step", pages.step)] {
            if value.is_some() {
                problems.push(Problem::new(
                    format!("spec.fetch.pages.{name}"),
                    "counts for parameter and template only: remove it",
                ));
            }
        }
    }
}

fn same_kind(one: &Url, other: &Url) -> bool {
    let web = |url: &Url| matches!(url.scheme(), "http" | "https");
    web(one) == web(other) && (web(one) || one.scheme() == other.scheme())
}
