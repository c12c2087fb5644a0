//! Tests of the request plan.

use std::fs;

use sms_crds::v1alpha1::fetch::{AuthSpec, BasicAuth, BearerAuth, NamedSecret, QueryParameter};

use super::*;

const HOME: &str = "https://a.example/events";
const ELSEWHERE: [&str; 4] = [
    "https://b.example/events",
    "http://a.example/events",
    "https://a.example:8443/events",
    "https://www.a.example/events",
];

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn reference() -> SecretKeyRef {
    SecretKeyRef {
        name: "sms-a".to_owned(),
        key: "key".to_owned(),
    }
}

fn plan_with(spec: &FetchSpec, secret: &str) -> Result<RequestPlan, FetchError> {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("sms-a")).unwrap();
    fs::write(dir.path().join("sms-a/key"), secret).unwrap();
    let now = "2026-05-01T12:00:00Z".parse().unwrap();
    RequestPlan::new(
        spec,
        url(HOME),
        &Secrets::from_dir(Some(dir.path().to_owned())),
        now,
        &TimeZone::UTC,
    )
}

fn plan(spec: &FetchSpec) -> RequestPlan {
    plan_with(spec, "s3cr3t-value").unwrap()
}

fn auth(auth: AuthSpec) -> FetchSpec {
    FetchSpec {
        auth: Some(auth),
        ..FetchSpec::default()
    }
}

fn named(name: &str) -> NamedSecret {
    NamedSecret {
        name: name.to_owned(),
        secret_key_ref: reference(),
    }
}

fn header(name: &str, value: Option<&str>) -> HeaderSpec {
    HeaderSpec {
        name: name.to_owned(),
        value: value.map(str::to_owned),
        secret_key_ref: value.is_none().then(reference),
    }
}

/// Everything that would be sent to `to`, as text.
fn sent(plan: &RequestPlan, to: &str) -> String {
    let to = url(to);
    let basic = plan
        .basic(&to)
        .map(|(name, password)| format!("{name}:{}", password.expose_secret()));
    let headers: Vec<String> = plan
        .headers(&to, plan.method, None)
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    format!("{} {basic:?} {headers:?}", plan.address(&to))
}

#[test]
fn every_kind_of_secret_goes_to_the_first_origin_alone() {
    let specs = [
        auth(AuthSpec {
            basic: Some(BasicAuth {
                username: "me".to_owned(),
                secret_key_ref: reference(),
            }),
            ..AuthSpec::default()
        }),
        auth(AuthSpec {
            bearer: Some(BearerAuth {
                secret_key_ref: reference(),
            }),
            ..AuthSpec::default()
        }),
        auth(AuthSpec {
            header: Some(named("x-api-key")),
            ..AuthSpec::default()
        }),
        auth(AuthSpec {
            query: Some(named("sc_id")),
            ..AuthSpec::default()
        }),
        FetchSpec {
            headers: vec![header("X-Anything", None)],
            ..FetchSpec::default()
        },
        FetchSpec {
            headers: vec![header("X-Api-Key", Some("s3cr3t-value"))],
            ..FetchSpec::default()
        },
        FetchSpec {
            headers: vec![header("Cookie", Some("id=s3cr3t-value"))],
            ..FetchSpec::default()
        },
        FetchSpec {
            headers: vec![header("Authorization", Some("s3cr3t-value"))],
            ..FetchSpec::default()
        },
    ];
    for spec in specs {
        let plan = plan(&spec);
        assert!(plan.has_secrets());
        assert!(sent(&plan, HOME).contains("s3cr3t-value"), "{spec:?}");
        assert!(
            sent(&plan, "https://a.example:443/other?x=1").contains("s3cr3t-value"),
            "{spec:?}"
        );
        for to in ELSEWHERE {
            assert!(!sent(&plan, to).contains("s3cr3t-value"), "{to} {spec:?}");
        }
        assert!(!format!("{plan:?}").contains("s3cr3t-value"));
        assert!(!format!("{:?}", plan.headers(&url(HOME), HttpMethod::Get, None)).contains("Bearer s3cr3t"));
    }
}

#[test]
fn plain_headers_go_everywhere_and_replace_the_defaults() {
    let spec = FetchSpec {
        headers: vec![
            header("accept-language", Some("en-US")),
            header("ACCEPT", Some("application/json")),
            header("Accept-Encoding", Some("identity")),
        ],
        user_agent: Some("tester/1".to_owned()),
        ..FetchSpec::default()
    };
    for to in [HOME, ELSEWHERE[0]] {
        let sent = sent(&plan(&spec), to);
        for part in [
            "accept-language: en-US",
            "accept: application/json",
            "accept-encoding: identity",
            "tester/1",
        ] {
            assert!(sent.contains(part), "{part}: {sent}");
        }
        assert!(!sent.contains("*/*") && !sent.contains("gzip"), "{sent}");
    }
    let default = sent(&plan(&FetchSpec::default()), HOME);
    for part in [
        concat!("user-agent: sms_scraper/", env!("CARGO_PKG_VERSION")),
        "accept: */*",
        "gzip, br, zstd, deflate",
    ] {
        assert!(default.contains(part), "{part}: {default}");
    }
    assert!(!default.contains("accept-language"));
}

#[test]
fn a_body_is_json_unless_a_header_says_otherwise() {
    let graphql = FetchSpec {
        method: HttpMethod::Post,
        body: Some("{today}".to_owned()),
        ..FetchSpec::default()
    };
    assert!(sent(&plan(&graphql), HOME).contains("content-type: application/json"));
    assert_eq!(plan(&graphql).body.as_deref(), Some("2026-05-01"));
    let form = FetchSpec {
        headers: vec![header("Content-Type", Some("application/x-www-form-urlencoded"))],
        ..graphql.clone()
    };
    let sent_form = sent(&plan(&form), HOME);
    assert!(
        sent_form.contains("x-www-form-urlencoded") && !sent_form.contains("application/json"),
        "{sent_form}"
    );
    let as_get = plan(&form).headers(&url(HOME), HttpMethod::Get, None);
    assert!(!as_get.contains_key(CONTENT_TYPE));
}

#[test]
fn query_parameters_are_encoded_and_their_placeholders_filled() {
    let parameter = |name: &str, value: &str| QueryParameter {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let spec = FetchSpec {
        query: vec![
            parameter("page[size]", "50"),
            parameter("from", "{today+30d}"),
            parameter("q", "a b&c"),
        ],
        ..FetchSpec::default()
    };
    let wanted = "https://a.example/events?page%5Bsize%5D=50&from=2026-05-31&q=a%20b%26c";
    assert_eq!(plan(&spec).home.as_str(), wanted);
}

#[test]
fn a_secret_query_parameter_is_sent_once_and_never_told() {
    let plan = plan(&auth(AuthSpec {
        query: Some(named("sc_id")),
        ..AuthSpec::default()
    }));
    let sent = plan.address(&url("https://a.example/events?page=2"));
    assert_eq!(
        sent.as_str(),
        "https://a.example/events?page=2&sc_id=s3cr3t-value"
    );
    assert_eq!(plan.address(&sent), sent);
    assert_eq!(
        plan.public_address(&sent).as_str(),
        "https://a.example/events?page=2"
    );
    assert!(plan.redactor.is_carried_by(&sent));
}

#[test]
fn validators_are_sent_with_get_only() {
    let validators = Validators {
        etag: Some("W/\"1\"".to_owned()),
        last_modified: Some("Fri, 01 May 2026 10:00:00 GMT".to_owned()),
        body_hash: None,
    };
    let plan = plan(&FetchSpec::default());
    let get = plan.headers(&url(HOME), HttpMethod::Get, Some(&validators));
    assert_eq!(get[IF_NONE_MATCH], "W/\"1\"");
    assert_eq!(get[IF_MODIFIED_SINCE], "Fri, 01 May 2026 10:00:00 GMT");
    let post = plan.headers(&url(HOME), HttpMethod::Post, Some(&validators));
    assert!(!post.contains_key(IF_NONE_MATCH) && !post.contains_key(IF_MODIFIED_SINCE));
    let bad = Validators {
        etag: Some("a\r\nb".to_owned()),
        ..Validators::default()
    };
    assert!(
        !plan
            .headers(&url(HOME), HttpMethod::Get, Some(&bad))
            .contains_key(IF_NONE_MATCH)
    );
}

#[test]
fn robots_txt_learns_who_asks_and_no_secret() {
    let spec = FetchSpec {
        headers: vec![header("X-Key", None)],
        ..FetchSpec::default()
    };
    let headers = plan(&spec).robots_headers();
    assert_eq!(headers.len(), 2);
    assert!(headers.contains_key(USER_AGENT));
}

#[test]
fn bad_headers_and_secrets_are_named_without_their_value() {
    let bad = [
        (
            FetchSpec {
                headers: vec![header("Host", Some("b.example"))],
                ..FetchSpec::default()
            },
            "x",
            "Host",
        ),
        (
            FetchSpec {
                headers: vec![header("a b", Some("x"))],
                ..FetchSpec::default()
            },
            "x",
            "headers[0]",
        ),
        (
            FetchSpec {
                headers: vec![header("X-A", Some("a\nb"))],
                ..FetchSpec::default()
            },
            "x",
            "headers[0]",
        ),
        (
            FetchSpec {
                headers: vec![header("X-A", None)],
                ..FetchSpec::default()
            },
            "s3cr3t\nline",
            "one line",
        ),
        (
            auth(AuthSpec {
                bearer: Some(BearerAuth {
                    secret_key_ref: reference(),
                }),
                ..AuthSpec::default()
            }),
            "s3cr3t\nline",
            "spec.fetch.auth.bearer",
        ),
        (auth(AuthSpec::default()), "x", "exactly one of"),
        (
            FetchSpec {
                user_agent: Some("a\nb".to_owned()),
                ..FetchSpec::default()
            },
            "x",
            "userAgent",
        ),
    ];
    for (spec, secret, part) in bad {
        let error = plan_with(&spec, secret).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
        assert!(!error.contains("s3cr3t"), "{error}");
    }
}
