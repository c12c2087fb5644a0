//! What stands in a source or in the settings of Jobs and is nobody's business: kept out of all that is told. Pure.
//!
//! A secret belongs into a Secret, which the operator never reads. Not everybody puts it there, and an API server, a policy
//! or a Pod that refuses something may repeat what it was given.

use std::borrow::Cow;

use serde_json::Value;
use sms_crds::{ScrapeSource, secrecy::sounds_secret};
use url::form_urlencoded;

use crate::{runs::Run, settings::Config};

/// What stands in the place of a confidential value.
const MASK: &str = "***";
/// Shorter values are in many a word.
const SHORTEST: usize = 6;
/// What the cut of a text looks like, see [`crate::runs::text::clip`].
const CUT: char = '…';

/// Values that are not told, in every way of writing them, the longest first.
#[derive(Debug, Clone, Default)]
pub struct Confidential(Vec<String>);

impl Confidential {
    /// The confidential values of a source's `spec`, readable or not, and of the settings.
    pub fn of(spec: &Value, config: &Config) -> Self {
        let fetch = &spec["fetch"];
        let mut values = Vec::new();
        if let Some(url) = fetch["url"].as_str() {
            of_address(url, &mut values);
        }
        for field in ["query", "headers"] {
            let pairs = fetch[field].as_array().into_iter().flatten();
            let secret = pairs.filter(|pair| pair["name"].as_str().is_some_and(sounds_secret));
            values.extend(secret.filter_map(|pair| pair["value"].as_str().map(str::to_owned)));
        }
        if let Some(body) = fetch["body"].as_str() {
            match serde_json::from_str(body) {
                Ok(json) => of_json(&json, false, &mut values),
                Err(_) => of_pairs(body, &mut values),
            }
        }
        values.extend(
            config
                .job
                .env
                .iter()
                .filter_map(|variable| variable.value.clone()),
        );
        Self(forms(&values))
    }

    /// Those of a source that can be read.
    pub fn of_source(source: &ScrapeSource, config: &Config) -> Self {
        Self::of(&serde_json::to_value(&source.spec).unwrap_or_default(), config)
    }

    /// What a run tells, without them.
    pub fn hide_in_run(&self, run: &mut Run) {
        let hide = |text: &mut String| {
            if let Cow::Owned(hidden) = self.hide(text) {
                *text = hidden;
            }
        };
        match run {
            Run::Active { problem, .. } => problem.iter_mut().for_each(|(_, text)| hide(text)),
            Run::Finished(run) => {
                run.report.message.iter_mut().for_each(hide);
                run.report.warnings.iter_mut().for_each(hide);
            }
        }
    }

    /// `text` without them.
    pub fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut hidden = Cow::Borrowed(text);
        for form in &self.0 {
            if hidden.contains(form) {
                hidden = Cow::Owned(hidden.replace(form, MASK));
            }
            if let Some(at) = cut_off(&hidden, form) {
                hidden.to_mut().replace_range(at, MASK);
            }
        }
        hidden
    }
}

/// Where the beginning of `value` stands at the cut of a text.
fn cut_off(text: &str, value: &str) -> Option<std::ops::Range<usize>> {
    let before = text.split_once(CUT)?.0.trim_end_matches(['"', '\\']);
    let lengths = value.char_indices().map(|(at, _)| at).rev();
    let length = lengths
        .take_while(|length| *length >= SHORTEST)
        .find(|length| before.ends_with(&value[..*length]))?;
    Some(before.len() - length..before.len())
}

/// User, password and secret parameters of an address, which may be none.
fn of_address(url: &str, values: &mut Vec<String>) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    if let Some((user, _)) = place.rsplit_once('@') {
        values.extend(user.split(':').map(str::to_owned));
    }
    of_pairs(query.split('#').next().unwrap_or_default(), values);
}

/// Secret values of `name=value&…`, as they are written and as they are meant.
fn of_pairs(text: &str, values: &mut Vec<String>) {
    for pair in text.split('&') {
        let Some((name, value)) = form_urlencoded::parse(pair.as_bytes()).next() else {
            continue;
        };
        if sounds_secret(&name) {
            values.extend(pair.split_once('=').map(|(_, value)| value.to_owned()));
            values.push(value.into_owned());
        }
    }
}

/// Texts behind names that sound secret.
fn of_json(json: &Value, is_secret: bool, values: &mut Vec<String>) {
    match json {
        Value::String(text) if is_secret => values.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| of_json(item, is_secret, values)),
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| of_json(value, is_secret || sounds_secret(name), values)),
        _ => {}
    }
}

fn forms(values: &[String]) -> Vec<String> {
    let in_json = |text: &str| {
        let json = Value::from(text).to_string();
        json[1..json.len() - 1].to_owned()
    };
    let all = values.iter().filter(|value| value.chars().count() >= SHORTEST);
    let mut forms: Vec<String> = all
        .flat_map(|value| {
            let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            // A source is JSON inside JSON where its CronJob is told.
            let (once, doubled) = (in_json(value), value.replace('$', "$$"));
            [
                in_json(&once),
                once,
                encoded.replace('+', "%20"),
                encoded,
                doubled,
                value.clone(),
            ]
        })
        .collect();
    forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings;

    fn confidential(fetch: &Value, settings: &str) -> Confidential {
        let settings = settings::parse(&format!("image: job\n{settings}"), "settings.yaml").unwrap();
        let config = Config::new(settings, None, "sms-".to_owned(), "test".to_owned()).unwrap();
        Confidential::of(&json!({ "fetch": fetch }), &config)
    }

    #[test]
    fn whatever_holds_a_secret_is_hidden_and_the_rest_is_told() {
        let fetch = json!({
            "url": "https://vera:pass%2Fword@venue.example:99999/?key=fromTheAddress&page=seventeen#x",
            "query": [
                { "name": "access_token", "value": "fromTheQuery" },
                { "name": "category", "value": "concerts" },
            ],
            "headers": [
                { "name": "X-Api-Key", "value": "from \"the\" header$" },
                { "name": "Accept", "value": "text/html" },
                { "name": "Cookie", "secretKeyRef": { "name": "sms-a", "key": "b" } },
            ],
            "body": "{\"auth\": {\"user\": [\"fromTheBody\"]}, \"about\": \"everything\"}",
        });
        let hidden = confidential(&fetch, "env: [{ name: EXTRA, value: fromTheSettings }]");
        let all = "pass%2Fword fromTheAddress fromTheQuery from \"the\" header$ fromTheBody fromTheSettings";
        assert_eq!(hidden.hide(all), "*** *** *** *** *** ***");
        let others = "seventeen concerts text/html sms-a everything venue.example vera";
        assert_eq!(hidden.hide(others), others);
        let written = r#"from%20%22the%22%20header%24 from+%22the%22+header%24 from \"the\" header$ from \\\"the\\\" header$$"#;
        assert_eq!(hidden.hide(written), "*** *** *** ***$");
    }

    #[test]
    fn what_a_cut_has_left_of_a_secret_is_hidden_too() {
        let hidden = confidential(&json!({ "url": "https://a.example/?token=canaryBird" }), "");
        for (text, expected) in [
            ("it says canaryBi…", "it says ***…"),
            (
                "\"https://a.example/?token=canary\"… is wrong",
                "\"https://a.example/?token=***\"… is wrong",
            ),
            ("it says canar…", "it says canar…"),
            ("canaryB is another word", "canaryB is another word"),
        ] {
            assert_eq!(hidden.hide(text), expected);
        }
    }

    #[test]
    fn a_body_of_a_form_and_an_address_that_is_none_are_understood() {
        let fetch = json!({ "url": "key=notAnAddress", "body": "a=public&pass%77ord=s%2Fecret%21" });
        let hidden = confidential(&fetch, "");
        assert_eq!(hidden.hide("public s/ecret! s%2Fecret%21"), "public *** ***");
        let nothing = confidential(&json!(5), "");
        assert_eq!(nothing.hide("said"), "said");
    }
}
