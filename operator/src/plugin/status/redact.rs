//! Takes secrets out of a report. Pure.
//!
//! Rather too much than too little: a report is pasted into public places. Gone are: values of environment variables and
//! headers, bodies, user info, query values and fragments of addresses, long random parts of their paths, values behind
//! names such as `password`, whatever follows `Bearer` or `Basic`, and web tokens.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Keys whose whole value is a secret, compared in lower case without `-` and `_`.
const SECRET_KEYS: [&str; 17] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "token",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "cookie",
    "credential",
    "credentials",
    "stringdata",
    "body",
    "cabundle",
    "clientkeydata",
];

/// Lists of `{name, value}` whose values are secret.
const SECRET_LISTS: [&str; 3] = ["env", "headers", "query"];

/// A part of a path that is as long as this and mixes letters and digits is taken for a secret.
const LONG_SEGMENT: usize = 16;

/// An address, up to the next white space: a password may hold any other character.
static ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b([a-z][a-z0-9+.-]*)://([^\s]*)").ok());
/// `password=x`, `"token": "x"`, `Authorization: Basic x`.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)([a-z0-9_.-]*(?:password|passwd|pwd|passphrase|token|secret|api[_-]?key|access[_-]?key|private[_-]?key|authorization|cookie|credentials?))(\\?["']?\s*[=:]\s*)(\\?"(?:[^"\\]|\\.)*\\?"?|'[^']*'?|(?:(?:bearer|basic)\s+)?[^\s"',;&]+)"#,
    )
    .ok()
});
/// A log-in in words, and a JSON web token.
static SCHEME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b(bearer|basic)\s+[^\s]+|\beyJ[A-Za-z0-9_-]{8,}[A-Za-z0-9_.-]*").ok());

/// `value` without secrets.
pub fn value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(self::text(&text)),
        Value::Array(items) => items
            .into_iter()
            .map(|item| {
                if is_named_value(&item) {
                    named_value(item)
                } else {
                    self::value(item)
                }
            })
            .collect(),
        Value::Object(object) => {
            let entries = object.into_iter().map(|(key, value)| {
                let value = entry(&key, value);
                (self::text(&key), value)
            });
            Value::Object(entries.collect())
        }
        other => other,
    }
}

fn entry(key: &str, value: Value) -> Value {
    let plain: String = key
        .to_lowercase()
        .chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .collect();
    match value {
        Value::Array(items) if SECRET_LISTS.contains(&plain.as_str()) => {
            items.into_iter().map(named_value).collect()
        }
        // A key that names a secret, such as `secretKeyRef`, may hold an object of names.
        Value::Object(object) if plain != "stringdata" => self::value(Value::Object(object)),
        Value::Null | Value::Bool(_) => value,
        _ if SECRET_KEYS
            .iter()
            .any(|secret| plain == *secret || plain.ends_with(secret)) =>
        {
            Value::String(REDACTED.to_owned())
        }
        other => self::value(other),
    }
}

/// Whether this is one of a list of `{name, value}`, whatever the list is called.
fn is_named_value(item: &Value) -> bool {
    item.get("name").is_some() && item.get("value").is_some_and(|value| !value.is_object())
}

/// One `{name, value}`: its name and where the value comes from may be seen.
fn named_value(item: Value) -> Value {
    let Value::Object(object) = item else {
        return Value::String(REDACTED.to_owned());
    };
    let entries = object.into_iter().map(|(key, value)| {
        let value = match (key.as_str(), value) {
            ("value", _) => Value::String(REDACTED.to_owned()),
            ("name", Value::String(name)) => Value::String(text(&name)),
            (_, value) => entry(&key, value),
        };
        (key, value)
    });
    Value::Object(entries.collect::<Map<_, _>>())
}

/// `text` without secrets. A text that is JSON, as a log line is, is taken apart.
pub fn text(text: &str) -> String {
    if text.trim_start().starts_with(['{', '['])
        && let Ok(parsed @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
    {
        return value(parsed).to_string();
    }
    // Without its patterns nothing can be shown.
    let (Some(address), Some(named), Some(scheme)) = (&*ADDRESS, &*NAMED, &*SCHEME) else {
        return REDACTED.to_owned();
    };
    let text = address.replace_all(text, |found: &Captures<'_>| {
        format!("{}://{}", &found[1], self::address(&found[2]))
    });
    let text = named.replace_all(&text, |found: &Captures<'_>| {
        format!("{}{}{REDACTED}", &found[1], &found[2])
    });
    let text = scheme.replace_all(&text, |found: &Captures<'_>| match found.get(1) {
        Some(kind) => format!("{} {REDACTED}", kind.as_str()),
        None => REDACTED.to_owned(),
    });
    text.into_owned()
}

/// What follows `://`.
fn address(rest: &str) -> String {
    // The last one: a password that somebody forgot to encode may hold an @, a slash or a question mark.
    let (user, rest) = match rest.rsplit_once('@') {
        Some((_, rest)) => (format!("{REDACTED}@"), rest),
        None => (String::new(), rest),
    };
    let (rest, fragment) = match rest.split_once('#') {
        Some((rest, _)) => (rest, format!("#{REDACTED}")),
        None => (rest, String::new()),
    };
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, format!("?{}", query_names(query))),
        None => (rest, String::new()),
    };
    let mut segments = path.split('/');
    let host = segments.next().unwrap_or_default();
    let path: String = segments
        .flat_map(|segment| ["/", if is_random(segment) { REDACTED } else { segment }])
        .collect();
    format!("{user}{host}{path}{query}{fragment}")
}

fn query_names(query: &str) -> String {
    let pairs = query.split(['&', ';']).map(|pair| match pair.split_once('=') {
        Some((name, _)) if !is_random(name) => format!("{name}={REDACTED}"),
        _ => REDACTED.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Whether a part of a path looks like the secret of an address that is its own password, as private calendars have.
fn is_random(segment: &str) -> bool {
    segment.split(['%', '.', ':']).any(|part| {
        part.len() >= LONG_SEGMENT
            && part.bytes().any(|byte| byte.is_ascii_digit())
            && part.bytes().any(|byte| byte.is_ascii_alphabetic())
            && !part.contains(['\'', '"'])
    })
}

#[cfg(test)]
mod tests;
