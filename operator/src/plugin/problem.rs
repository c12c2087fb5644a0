//! What went wrong, in words that name the thing, the place and the remedy. Pure.

use std::fmt;

use crate::{commands::CommandError, startup::client};

/// Least likeness (Jaro–Winkler, 0 to 1) of a name that may have been meant.
const ALIKE: f64 = 0.8;

/// Where something is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One namespace.
    Namespace(String),
    /// Every namespace.
    All,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace(namespace) => write!(f, "in namespace {namespace}"),
            Self::All => f.write_str("in every namespace"),
        }
    }
}

/// What was asked of the API server.
#[derive(Clone, Debug)]
pub struct Act<'a> {
    verb: &'a str,
    resource: &'a str,
    name: Option<&'a str>,
    scope: &'a Scope,
}

impl<'a> Act<'a> {
    /// `verb` on `resource` (as RBAC names both).
    pub fn on(verb: &'a str, resource: &'a str, scope: &'a Scope) -> Self {
        Self {
            verb,
            resource,
            name: None,
            scope,
        }
    }

    /// The same on one object.
    #[must_use]
    pub fn named(self, name: &'a str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }
}

/// `error` as a person needs it, with the exit code.
pub fn explain(error: &kube::Error, act: &Act<'_>) -> CommandError {
    let Act {
        verb,
        resource,
        name,
        scope,
    } = act;
    let thing = match name {
        Some(name) => format!("{resource} {name}"),
        None => (*resource).to_owned(),
    };
    let words = client::in_words(error);
    let kube::Error::Api(status) = error else {
        return CommandError::transient(format!(
            "cannot {verb} {thing} {scope}: {words}: check that the cluster of this context (--context) can be reached"
        ));
    };
    match status.code {
        401 => CommandError::configuration(format!(
            "cannot {verb} {thing} {scope}: the API server does not accept this log-in ({words}): log in again, or \
             choose another context with --context"
        )),
        403 => CommandError::configuration(format!(
            "may not {verb} {thing} {scope} ({words}): ask for the right to {verb} {resource} there"
        )),
        404 if *resource == "scrapesources" && name.is_none() => CommandError::configuration(
            "CRD scrapesources.sms-scraper.dev is not installed in this cluster: choose another with --context, or \
             install it with `sms_operator crd | kubectl apply --server-side -f -`",
        ),
        404 => CommandError::configuration(format!("there is no {thing} {scope} ({words})")),
        409 | 429 | 500.. => {
            CommandError::transient(format!("cannot {verb} {thing} {scope}: {words}: try again"))
        }
        _ => CommandError::configuration(format!("cannot {verb} {thing} {scope}: {words}")),
    }
}

/// There is no source `name` in `namespace`: what there is instead.
pub fn no_such_source(name: &str, namespace: &str, here: &[String], elsewhere: &[String]) -> String {
    let remedy = match (nearest(name, here), elsewhere) {
        (_, [other, ..]) => format!("there is one in namespace {other}: add -n {other}"),
        (Some(near), []) => format!("did you mean {near}?"),
        (None, []) if here.is_empty() => {
            "this namespace has no source: choose another with -n, or look with `kubectl sms get -A`"
                .to_owned()
        }
        (None, []) => "look with `kubectl sms get`, or choose another namespace with -n".to_owned(),
    };
    format!("no ScrapeSource {name} in namespace {namespace}: {remedy}")
}

/// The one of `known` that looks most like `wanted`, if any does.
fn nearest<'k>(wanted: &str, known: &'k [String]) -> Option<&'k str> {
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(wanted, name), name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name.as_str())
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    fn refused(code: u16, act: &Act<'_>) -> CommandError {
        let status = Status {
            code,
            message: "no".to_owned(),
            ..Status::default()
        };
        explain(&kube::Error::Api(Box::new(status)), act)
    }

    #[test]
    fn each_answer_of_the_api_server_has_its_remedy_and_exit_code() {
        let music = Scope::Namespace("music".to_owned());
        let list = Act::on("list", "scrapesources", &music);
        for (code, exit, remedy) in [
            (401, 2, "--context"),
            (403, 2, "ask for the right to list scrapesources there"),
            (404, 2, "sms_operator crd | kubectl apply"),
            (429, 1, "try again"),
            (500, 1, "try again"),
            (422, 2, "cannot list scrapesources in namespace music"),
        ] {
            let error = refused(code, &list);
            assert_eq!(error.code, exit, "{code}");
            assert!(error.message.contains(remedy), "{code}: {}", error.message);
        }
        let error = refused(404, &Act::on("get", "pods", &music).named("x"));
        assert!(
            error.message.starts_with("there is no pods x in namespace music"),
            "{}",
            error.message
        );
    }

    #[test]
    fn a_name_that_is_nearly_right_is_told() {
        let known = ["sea-monster".to_owned(), "blue-moon".to_owned()];
        let told = |name: &str, here: &[String], elsewhere: &[String]| {
            no_such_source(name, "music", here, elsewhere)
        };
        assert_eq!(
            told("sea-monsters", &known, &[]),
            "no ScrapeSource sea-monsters in namespace music: did you mean sea-monster?"
        );
        assert!(told("xyz", &known, &[]).contains("look with `kubectl sms get`"));
        assert!(told("xyz", &[], &[]).contains("this namespace has no source"));
        assert!(told("sea-monster", &[], &["clubs".to_owned()]).ends_with("add -n clubs"));
    }
}
