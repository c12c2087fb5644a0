//! Statuses, headers, conditional requests, POST.

use sms_crds::{
    report::Reason,
    v1alpha1::{
        AuthSpec, HeaderSpec, HttpMethod,
        fetch::{BasicAuth, NamedSecret, QueryParameter},
    },
};
use sms_job::fetch::Validators;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_string, header, headers, method, path, query_param},
};

use super::*;
use crate::server::{Server, ok, reply};

#[tokio::test]
async fn a_page_comes_with_its_address_type_status_validators_and_hash() {
    let headers = "Content-Type: text/html; charset=windows-1252\r\nETag: \"v1\"\r\nLast-Modified: Fri, 01 May 2026 10:00:00 GMT\r\n";
    let server = Server::scripted([reply("200 OK", headers, b"abc\xe9")]).await;
    let page = page(
        first(&FetchSpec {
            charset: Some("latin1".to_owned()),
            ..once(&server.url("/events#top"))
        })
        .await,
    );
    assert_eq!(page.document.url, server.url("/events"));
    assert_eq!(
        page.document.content_type.as_deref(),
        Some("text/html; charset=windows-1252")
    );
    assert_eq!(page.document.charset.as_deref(), Some("latin1"));
    assert_eq!(page.document.body, b"abc\xe9");
    assert_eq!(page.status, 200);
    assert_eq!(
        page.body_hash,
        "213f20f03275ce15b8c6158994c324dc939114ce0f4a4e56d183d67a2e5f4636"
    );
    let wanted = Validators {
        etag: Some("\"v1\"".to_owned()),
        last_modified: Some("Fri, 01 May 2026 10:00:00 GMT".to_owned()),
        body_hash: Some(page.body_hash.clone()),
    };
    assert_eq!(page.validators, wanted);
}

#[tokio::test]
async fn placeholders_queries_and_credentials_reach_the_server() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/2026/05"))
        .and(query_param("from", "2026-05-01"))
        .and(query_param("page[size]", "50"))
        .and(header("authorization", "Basic bWU6YzRuNHJ5LXMzY3IzdA=="))
        .and(header("x-client", SECRET))
        .and(header(
            "user-agent",
            concat!("sms_scraper/", env!("CARGO_PKG_VERSION")),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_string("yes"))
        .mount(&server)
        .await;
    let spec = FetchSpec {
        query: vec![QueryParameter {
            name: "page[size]".to_owned(),
            value: "50".to_owned(),
        }],
        headers: vec![HeaderSpec {
            name: "X-Client".to_owned(),
            value: None,
            secret_key_ref: Some(reference()),
        }],
        auth: Some(AuthSpec {
            basic: Some(BasicAuth {
                username: "me".to_owned(),
                secret_key_ref: reference(),
            }),
            ..AuthSpec::default()
        }),
        ..once(&format!("{}/{{year}}/{{month}}?from={{today}}", server.uri()))
    };
    assert_eq!(page(first(&spec).await).document.body, b"yes");
}

#[tokio::test]
async fn a_post_sends_its_body_for_the_listing_and_get_for_details() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(body_string(r#"{"from":"2026-05-01"}"#))
        .and(header("content-type", "application/json"))
        .respond_with(ResponseTemplate::new(200).set_body_string("listing"))
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path("/detail"))
        .respond_with(ResponseTemplate::new(200).set_body_string("detail"))
        .mount(&server)
        .await;
    let spec = FetchSpec {
        method: HttpMethod::Post,
        body: Some(r#"{"from":"{today}"}"#.to_owned()),
        ..once(&server.uri())
    };
    let fetcher = fetcher(&spec);
    assert_eq!(page(fetcher.first(None).await).document.body, b"listing");
    assert_eq!(
        page(fetcher.page(&format!("{}/2", server.uri())).await)
            .document
            .body,
        b"listing"
    );
    assert_eq!(page(fetcher.detail("/detail#x").await).document.body, b"detail");
}

#[tokio::test]
async fn a_conditional_request_that_meets_no_change_is_not_modified() {
    let server = MockServer::start().await;
    Mock::given(header("if-none-match", "\"v1\""))
        // The matcher takes a comma for a separator of values.
        .and(headers(
            "if-modified-since",
            vec!["Fri", "01 May 2026 10:00:00 GMT"],
        ))
        .respond_with(ResponseTemplate::new(304))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let validators = Validators {
        etag: Some("\"v1\"".to_owned()),
        last_modified: Some("Fri, 01 May 2026 10:00:00 GMT".to_owned()),
        body_hash: Some("0".repeat(64)),
    };
    let fetcher = fetcher(&once(&server.uri()));
    assert_eq!(fetcher.first(Some(&validators)).await, Ok(Fetched::NotModified));
    assert!(matches!(fetcher.first(None).await, Ok(Fetched::Page(_))));
    // Further pages are asked for without conditions.
    assert!(matches!(fetcher.page(&server.uri()).await, Ok(Fetched::Page(_))));
}

#[tokio::test]
async fn sloppy_headers_do_not_lose_a_page() {
    let head = "HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nbad header\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\nx";
    let server = Server::scripted([head]).await;
    let page = page(first(&once(&server.url("/"))).await);
    assert_eq!(page.document.content_type.as_deref(), Some("text/html"));
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_an_error() {
    let server = Server::scripted([b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".to_vec()]).await;
    assert_eq!(failure(&once(&server.url("/"))).await.status(), Some(304));
    let only_hash = Validators {
        body_hash: Some("0".repeat(64)),
        ..Validators::default()
    };
    assert!(
        fetcher(&once(&server.url("/")))
            .first(Some(&only_hash))
            .await
            .is_err()
    );
    let post = FetchSpec {
        method: HttpMethod::Post,
        ..once(&server.url("/"))
    };
    let validators = Validators {
        etag: Some("\"v1\"".to_owned()),
        ..Validators::default()
    };
    assert!(fetcher(&post).first(Some(&validators)).await.is_err());
}

#[tokio::test]
async fn no_content_is_an_empty_page_and_a_part_is_refused() {
    let server = Server::scripted([b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_vec()]).await;
    let empty = page(first(&once(&server.url("/"))).await);
    assert_eq!((empty.status, empty.document.body.len()), (204, 0));
    let server = Server::scripted([reply(
        "206 Partial Content",
        "Content-Range: bytes 0-2/9\r\n",
        "abc",
    )])
    .await;
    let error = failure(&once(&server.url("/"))).await;
    assert_eq!((error.reason(), error.status()), (Reason::HttpStatus, Some(206)));
    assert!(error.to_string().contains("Range"), "{error}");
}

#[tokio::test]
async fn an_error_status_tells_address_status_remedy_and_what_the_server_says() {
    let cases = [
        ("404 Not Found", "spec.fetch.url"),
        ("401 Unauthorized", "spec.fetch.auth"),
        ("403 Forbidden", "owner"),
        ("500 Internal Server Error", "try again later"),
        ("300 Multiple Choices", "Location"),
        ("302 Found", "Location"),
        ("418 I'm a teapot", "418"),
    ];
    for (status, part) in cases {
        let server = Server::scripted([reply(status, "", "the \x1b[31mreason\r\n why")]).await;
        let error = failure(&once(&server.url("/events?page=2"))).await;
        assert_eq!(error.reason(), Reason::HttpStatus, "{status}");
        assert_eq!(error.status(), status[..3].parse().ok());
        let text = error.to_string();
        assert!(
            text.contains(&server.url("/events?page=2")) && text.contains(part),
            "{text}"
        );
        assert!(!text.contains('\x1b'), "{text}");
        if !status.starts_with("302") {
            assert!(text.contains("reason why"), "{text}");
        }
    }
}

#[tokio::test]
async fn no_error_tells_a_secret_even_if_the_server_does() {
    let body = format!("bad key {SECRET} in /?sc_id={SECRET}");
    let server = Server::scripted([reply("403 Forbidden", "", body)]).await;
    let auth = AuthSpec {
        query: Some(NamedSecret {
            name: "sc_id".to_owned(),
            secret_key_ref: reference(),
        }),
        ..AuthSpec::default()
    };
    let spec = FetchSpec {
        auth: Some(auth),
        ..once(&server.url("/events?x=1"))
    };
    let error = failure(&spec).await;
    assert!(server.requests()[0].contains(&format!("/events?x=1&sc_id={SECRET}")));
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
    assert!(error.to_string().contains("bad key ***"), "{error}");
    let gone = FetchSpec {
        url: "http://127.0.0.1:1/events".to_owned(),
        ..spec
    };
    let error = failure(&gone).await;
    assert_eq!(error.reason(), Reason::ConnectFailed);
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
}

#[tokio::test]
async fn the_address_of_a_page_does_not_tell_the_secret_of_its_query() {
    let server = Server::scripted([ok("x")]).await;
    let auth = AuthSpec {
        query: Some(NamedSecret {
            name: "sc_id".to_owned(),
            secret_key_ref: reference(),
        }),
        ..AuthSpec::default()
    };
    let fetcher = fetcher(&FetchSpec {
        auth: Some(auth),
        ..once(&server.url("/events"))
    });
    let listing = page(fetcher.first(None).await);
    assert_eq!(listing.document.url, server.url("/events"));
    // A next link that the server wrote with the key in it.
    let next = page(
        fetcher
            .page(&server.url(&format!("/events?sc_id={SECRET}&page=2")))
            .await,
    );
    assert_eq!(next.document.url, server.url("/events?page=2"));
    let secrets_sent = server
        .paths()
        .iter()
        .filter(|path| path.matches(SECRET).count() == 1)
        .count();
    assert_eq!(secrets_sent, 2);
}

#[tokio::test]
async fn a_missing_secret_is_known_before_anything_is_sent() {
    let server = Server::scripted([ok("x")]).await;
    let mut elsewhere = reference();
    elsewhere.key = "other".to_owned();
    let header = HeaderSpec {
        name: "X-Key".to_owned(),
        value: None,
        secret_key_ref: Some(elsewhere),
    };
    let spec = FetchSpec {
        headers: vec![header],
        ..once(&server.url("/"))
    };
    let error = fetcher_with(&spec, &loopback()).err().unwrap();
    assert_eq!(error.reason(), Reason::SecretMissing);
    assert!(
        error.to_string().contains("sms-test") && error.to_string().contains("other"),
        "{error}"
    );
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn an_address_that_a_page_gives_may_be_anything() {
    let server = Server::scripted([ok("x")]).await;
    let fetcher = fetcher(&once(&server.url("/a/b?c=1")));
    for (address, reason) in [
        ("http://[1/", Reason::ParseFailed),
        ("ftp://a.example/", Reason::AddressForbidden),
        ("javascript:alert(1)", Reason::AddressForbidden),
        ("mailto:a@a.example", Reason::AddressForbidden),
        ("http://me:pw@127.0.0.1/", Reason::AddressForbidden),
        ("file:///etc/passwd", Reason::AddressForbidden),
    ] {
        let error = fetcher.detail(address).await.unwrap_err();
        assert_eq!(error.reason(), reason, "{address}: {error}");
        assert!(!error.to_string().contains("pw@"), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_spec_that_makes_no_sense_is_refused_with_its_place() {
    let bad = [
        (spec("no address"), "spec.fetch.url"),
        (spec("https://"), "spec.fetch.url"),
        (
            FetchSpec {
                timeout: Some(duration("soon")),
                ..spec("https://a.example/")
            },
            "spec.fetch.timeout",
        ),
    ];
    for (spec, place) in bad {
        let error = fetcher_with(&spec, &loopback()).err().unwrap();
        assert_eq!(error.reason(), Reason::InvalidSource);
        assert!(error.to_string().starts_with(place), "{error}");
    }
    let zone = Fetcher::new(
        &spec("https://a.example/"),
        &loopback(),
        &Secrets::default(),
        now(),
        "Mars/Olympus",
    );
    assert_eq!(zone.err().unwrap().reason(), Reason::InvalidSource);
}
