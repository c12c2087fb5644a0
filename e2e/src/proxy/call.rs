//! A request to the API server, taken apart. Pure, but for the clock.

use std::{fmt, time::Instant};

use http::{Method, Request};

/// What a request is for, in the words of Kubernetes' authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Reads one object.
    Get,
    /// Reads a collection.
    List,
    /// Follows a collection.
    Watch,
    /// `POST`
    Create,
    /// `PUT`
    Update,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
    /// Anything else.
    Other,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Call {
    /// What it is for.
    pub verb: Verb,
    /// Plural name of the kind, as `cronjobs`; empty outside the API's groups.
    pub resource: String,
    /// Name of the object, if it is about one that has one.
    pub name: String,
    /// As `status`; empty for the object itself.
    pub subresource: String,
    /// The path.
    pub path: String,
    /// The query, without `?`.
    pub query: String,
    /// When it came.
    pub at: Instant,
}

impl Call {
    /// What a request is.
    pub fn of<B>(request: &Request<B>) -> Self {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let [resource, name, subresource] = place(&path);
        let is_watch = query
            .split('&')
            .any(|pair| matches!(pair, "watch=true" | "watch=1"));
        let verb = match *request.method() {
            Method::GET if is_watch => Verb::Watch,
            Method::GET if name.is_empty() && !resource.is_empty() => Verb::List,
            Method::GET => Verb::Get,
            Method::POST => Verb::Create,
            Method::PUT => Verb::Update,
            Method::PATCH => Verb::Patch,
            Method::DELETE => Verb::Delete,
            _ => Verb::Other,
        };
        Self {
            verb,
            resource,
            name,
            subresource,
            path,
            query,
            at: Instant::now(),
        }
    }

    /// Whether it is made to change something.
    pub fn is_write(&self) -> bool {
        matches!(
            self.verb,
            Verb::Create | Verb::Update | Verb::Patch | Verb::Delete
        )
    }

    /// Whether it has this verb and is about objects of this kind.
    pub fn is(&self, verb: Verb, resource: &str) -> bool {
        self.verb == verb && self.resource == resource
    }

    /// Its path and query, with another size of pages.
    pub(super) fn in_pages_of(&self, size: usize) -> String {
        let limit = format!("limit={size}");
        let pairs = self.query.split('&').filter(|pair| !pair.starts_with("limit="));
        let pairs: Vec<_> = pairs
            .chain([limit.as_str()])
            .filter(|pair| !pair.is_empty())
            .collect();
        format!("{}?{}", self.path, pairs.join("&"))
    }

    /// Whether it is a further page of a list.
    pub fn is_continued(&self) -> bool {
        self.query.split('&').any(|pair| pair.starts_with("continue="))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} {}", self.verb, self.resource)?;
        if !self.subresource.is_empty() {
            write!(formatter, "/{}", self.subresource)?;
        }
        Ok(())
    }
}

/// Resource, name and subresource of a path: `/api/VERSION` or `/apis/GROUP/VERSION`, then perhaps `namespaces/NAME`.
fn place(path: &str) -> [String; 3] {
    let mut parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    let prefix = match parts.first() {
        Some(&"api") => 2,
        Some(&"apis") => 3,
        _ => parts.len(),
    };
    parts.drain(..prefix.min(parts.len()));
    if parts.len() > 2 && parts.first() == Some(&"namespaces") {
        parts.drain(..2);
    }
    let mut parts = parts.into_iter().map(str::to_owned);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, uri: &str) -> (Verb, String, String, String) {
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        let call = Call::of(&request);
        (call.verb, call.resource, call.name, call.subresource)
    }

    fn expected(verb: Verb, [resource, name, subresource]: [&str; 3]) -> (Verb, String, String, String) {
        (verb, resource.to_owned(), name.to_owned(), subresource.to_owned())
    }

    #[test]
    fn pages_can_be_made_smaller() {
        for (uri, smaller) in [("/a?limit=250&x=y", "/a?x=y&limit=5"), ("/a", "/a?limit=5")] {
            let request = Request::get(uri).body(()).unwrap();
            assert_eq!(Call::of(&request).in_pages_of(5), smaller);
        }
    }

    #[test]
    fn a_request_is_taken_apart() {
        let ours = "/apis/sms-scraper.dev/v1alpha1";
        for (method, uri, is) in [
            (
                "GET",
                "/apis/batch/v1/cronjobs?limit=5".to_owned(),
                expected(Verb::List, ["cronjobs", "", ""]),
            ),
            (
                "GET",
                format!("{ours}/namespaces/a/scrapesources?limit=5&watch=true"),
                expected(Verb::Watch, ["scrapesources", "", ""]),
            ),
            (
                "PUT",
                format!("{ours}/namespaces/a/scrapesources/b/status?fieldManager=c"),
                expected(Verb::Update, ["scrapesources", "b", "status"]),
            ),
            (
                "GET",
                "/api/v1/namespaces/a".to_owned(),
                expected(Verb::Get, ["namespaces", "a", ""]),
            ),
            (
                "POST",
                "/apis/batch/v1/namespaces/a/jobs".to_owned(),
                expected(Verb::Create, ["jobs", "", ""]),
            ),
            ("GET", "/version".to_owned(), expected(Verb::Get, ["", "", ""])),
        ] {
            assert_eq!(call(method, &uri), is, "{method} {uri}");
        }
    }
}
