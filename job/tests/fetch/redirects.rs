//! Redirects: how many, where to, and what they take along.

use sms_crds::{
    report::Reason,
    v1alpha1::{
        AuthSpec, HeaderSpec, HttpMethod,
        fetch::{BasicAuth, BearerAuth, NamedSecret},
    },
};

use super::*;
use crate::server::{Server, ok, reply};

fn redirect(status: &str, location: &str) -> Vec<u8> {
    reply(status, &format!("Location: {location}\r\n"), "moved")
}

#[tokio::test]
async fn five_redirects_are_followed_and_the_page_knows_where_it_is() {
    let mut replies: Vec<Vec<u8>> = (1..=5)
        .map(|n| redirect("302 Found", &format!("/{n}#part")))
        .collect();
    replies.push(ok("here"));
    let server = Server::scripted(replies).await;
    let page = page(first(&once(&server.url("/0"))).await);
    assert_eq!(page.document.url, server.url("/5"));
    assert_eq!(server.paths(), ["/0", "/1", "/2", "/3", "/4", "/5"]);
}

#[tokio::test]
async fn the_sixth_redirect_and_circles_are_refused() {
    let server = Server::routed(|line| {
        let number: u32 = line.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        redirect("301 Moved Permanently", &format!("/{}", number + 1))
    })
    .await;
    let error = failure(&spec(&server.url("/0"))).await;
    assert_eq!(error.reason(), Reason::RedirectRefused);
    assert_eq!(server.requests().len(), 6);
    let server = Server::scripted([
        redirect("302 Found", "/a"),
        redirect("302 Found", "/b"),
        redirect("302 Found", "/a"),
    ])
    .await;
    let error = failure(&spec(&server.url("/"))).await.to_string();
    assert!(error.contains("circle"), "{error}");
    assert_eq!(server.requests().len(), 3);
    assert!(record(
        "redirects in a circle, and one after the other without an end",
        "given up after 3 and after 6 requests",
        "RedirectRefused, 5 redirects at the most"
    ));
}

#[tokio::test]
async fn other_schemes_are_not_followed() {
    let targets = [
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "ftp://127.0.0.1/",
        "data:text/html,x",
        "gopher://127.0.0.1/",
        "javascript:alert(1)",
        "ws://127.0.0.1/",
        "unix:/var/run/docker.sock",
    ];
    for target in targets {
        let server = Server::scripted([redirect("302 Found", target)]).await;
        let error = failure(&spec(&server.url("/"))).await;
        assert_eq!(error.reason(), Reason::RedirectRefused, "{target}");
        assert!(
            error.to_string().to_lowercase().contains(&target.to_lowercase()),
            "{error}"
        );
    }
    let figure = format!("{0} schemes, {0} RedirectRefused", targets.len());
    assert!(record("redirects to other schemes", figure, "RedirectRefused"));
}

#[tokio::test]
async fn no_secret_reaches_another_origin() {
    let named = || NamedSecret {
        name: "X-Api-Key".to_owned(),
        secret_key_ref: reference(),
    };
    let auths = [
        AuthSpec {
            bearer: Some(BearerAuth {
                secret_key_ref: reference(),
            }),
            ..AuthSpec::default()
        },
        AuthSpec {
            basic: Some(BasicAuth {
                username: "me".to_owned(),
                secret_key_ref: reference(),
            }),
            ..AuthSpec::default()
        },
        AuthSpec {
            header: Some(named()),
            ..AuthSpec::default()
        },
        AuthSpec {
            query: Some(named()),
            ..AuthSpec::default()
        },
    ];
    for auth in auths {
        let other = Server::scripted([ok("there")]).await;
        let home = Server::scripted([
            redirect("307 Temporary Redirect", "/same"),
            redirect("302 Found", &other.url("/x")),
        ])
        .await;
        let header = |name: &str, value: Option<&str>| HeaderSpec {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            secret_key_ref: value.is_none().then(reference),
        };
        let headers = vec![
            header("X-Other", None),
            header("X-Token", Some(SECRET)),
            header("X-Plain", Some("plain")),
        ];
        let spec = FetchSpec {
            auth: Some(auth),
            headers,
            ..once(&home.url("/"))
        };
        let page = page(first(&spec).await);
        assert_eq!(page.document.body, b"there");
        let basic = "Basic bWU6";
        for request in home.requests() {
            assert!(
                request.matches(SECRET).count() >= 2,
                "the same origin gets the secrets: {request}"
            );
        }
        let there = other.requests().concat();
        assert!(!there.contains(SECRET) && !there.contains(basic), "{there}");
        assert!(there.contains("x-plain: plain"), "{there}");
        // The same holds for pages and details that a page leads to.
        fetcher(&spec).detail(&other.url("/detail")).await.unwrap();
        let there = other.requests().concat();
        assert!(
            there.contains("/detail") && !there.contains(SECRET) && !there.contains(basic),
            "{there}"
        );
    }
    assert!(record(
        "redirects to another host with secret headers, credentials and query",
        "4 kinds of credentials and 2 secret headers: 0 secret bytes at the second host",
        "0 secret bytes at the second host"
    ));
}

#[tokio::test]
async fn an_address_that_takes_the_secret_along_is_not_followed() {
    let other = Server::scripted([ok("there")]).await;
    let target = other.url(&format!("/x?key={SECRET}"));
    let home = Server::scripted([redirect("302 Found", &target)]).await;
    let query = NamedSecret {
        name: "key".to_owned(),
        secret_key_ref: reference(),
    };
    let spec = FetchSpec {
        auth: Some(AuthSpec {
            query: Some(query),
            ..AuthSpec::default()
        }),
        ..once(&home.url("/"))
    };
    let error = failure(&spec).await;
    assert_eq!(error.reason(), Reason::RedirectRefused);
    assert!(!error.to_string().contains(SECRET), "{error}");
    assert!(fetcher(&spec).detail(&target).await.is_err());
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_refusal_elsewhere_says_that_secrets_were_left_at_home() {
    let other = Server::scripted([reply("401 Unauthorized", "", "")]).await;
    let home = Server::scripted([redirect("302 Found", &other.url("/"))]).await;
    let bearer = AuthSpec {
        bearer: Some(BearerAuth {
            secret_key_ref: reference(),
        }),
        ..AuthSpec::default()
    };
    let error = failure(&FetchSpec {
        auth: Some(bearer),
        ..once(&home.url("/"))
    })
    .await
    .to_string();
    assert!(error.contains("spec.fetch.url alone"), "{error}");
}

#[tokio::test]
async fn only_307_and_308_keep_a_post() {
    for (status, line, has_body) in [
        ("301 Moved Permanently", "GET /b", false),
        ("302 Found", "GET /b", false),
        ("303 See Other", "GET /b", false),
        ("307 Temporary Redirect", "POST /b", true),
        ("308 Permanent Redirect", "POST /b", true),
    ] {
        let server = Server::scripted([redirect(status, "/b"), ok("x")]).await;
        let spec = FetchSpec {
            method: HttpMethod::Post,
            body: Some("query".to_owned()),
            ..once(&server.url("/a"))
        };
        first(&spec).await.unwrap();
        let second = &server.requests()[1];
        assert!(second.starts_with(line), "{status}: {second}");
        assert_eq!(second.ends_with("query"), has_body, "{status}: {second}");
        assert_eq!(second.contains("content-type"), has_body, "{status}: {second}");
    }
}
