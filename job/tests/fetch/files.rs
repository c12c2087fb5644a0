//! `file://` addresses.

use std::path::PathBuf;

use sms_crds::report::Reason;

use super::*;
use crate::server::{Server, ok, reply};

fn settings(dir: PathBuf) -> FetchSettings {
    FetchSettings {
        allow_files: true,
        manifest_dir: Some(dir),
        ..loopback()
    }
}

#[tokio::test]
async fn a_file_is_a_page_with_the_type_of_its_extension() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "sources/pages/events 1.json", "[1]");
    write(dir.path(), "sources/pages/2.html", "two");
    let settings = settings(dir.path().join("sources"));
    let fetcher = fetcher_with(&spec("file://./pages/events 1.json"), &settings).unwrap();
    let listing = page(fetcher.first(None).await);
    assert_eq!(listing.document.body, b"[1]");
    assert_eq!(listing.document.content_type.as_deref(), Some("application/json"));
    assert!(
        listing.document.url.ends_with("/pages/events%201.json"),
        "{}",
        listing.document.url
    );
    assert_eq!((listing.status, listing.validators.etag), (200, None));
    assert_eq!(listing.validators.body_hash, Some(listing.body_hash));
    let further = page(fetcher.page("2.html").await);
    assert_eq!(further.document.body, b"two");
    let whole = format!("file://{}", dir.path().join("sources/pages/2.html").display());
    assert_eq!(
        page(fetcher_with(&spec(&whole), &settings).unwrap().first(None).await)
            .document
            .body,
        b"two"
    );
}

#[tokio::test]
async fn files_are_refused_where_the_manifest_is_not_on_disk() {
    let error = fetcher_with(&spec("file:///etc/hostname"), &loopback())
        .err()
        .unwrap();
    assert_eq!(error.reason(), Reason::AddressForbidden);
    assert!(error.to_string().contains("https://"), "{error}");
    assert!(fetcher_with(&spec("FILE:///etc/hostname"), &loopback()).is_err());
}

#[tokio::test]
async fn a_page_leads_only_to_files_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "sources/page.html", "page");
    write(dir.path(), "secret.txt", "secret");
    #[cfg(unix)]
    std::os::unix::fs::symlink(dir.path().join("secret.txt"), dir.path().join("sources/link.txt")).unwrap();
    let fetcher = fetcher_with(&once("file://./page.html"), &settings(dir.path().join("sources"))).unwrap();
    page(fetcher.first(None).await);
    let outside = format!("file://{}", dir.path().join("secret.txt").display());
    for address in ["../secret.txt", "%2e%2e/secret.txt", "link.txt", outside.as_str()] {
        let error = fetcher.page(address).await.unwrap_err();
        assert_eq!(error.reason(), Reason::AddressForbidden, "{address}: {error}");
    }
    for address in ["http://127.0.0.1:1/", "gone.html"] {
        let reason = fetcher.detail(address).await.unwrap_err().reason();
        assert!(
            matches!(
                reason,
                Reason::ConnectFailed | Reason::RobotsDisallowed | Reason::FileUnreadable
            ),
            "{reason:?}"
        );
    }
}

#[tokio::test]
async fn a_page_from_the_network_leads_to_no_file() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a.html", "a");
    let file = format!("file://{}", dir.path().join("a.html").display());
    let server = Server::scripted([ok("x"), reply("302 Found", &format!("Location: {file}\r\n"), "")]).await;
    let fetcher = fetcher_with(&once(&server.url("/")), &settings(dir.path().to_owned())).unwrap();
    page(fetcher.first(None).await);
    assert_eq!(
        fetcher.page(&file).await.unwrap_err().reason(),
        Reason::AddressForbidden
    );
    assert_eq!(
        fetcher.page("/moved").await.unwrap_err().reason(),
        Reason::RedirectRefused
    );
}

#[tokio::test]
async fn what_is_no_regular_file_of_a_sensible_size_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "large.html", vec![b'x'; 1001]);
    write(dir.path(), "limit.html", vec![b'x'; 1000]);
    std::fs::create_dir(dir.path().join("folder")).unwrap();
    let settings = settings(dir.path().to_owned());
    let read = async |name: &str| {
        let spec = FetchSpec {
            max_body_bytes: Some(1000),
            ..spec(name)
        };
        fetcher_with(&spec, &settings).unwrap().first(None).await
    };
    page(read("file://./limit.html").await);
    for (name, reason) in [
        ("file://./large.html", Reason::BodyTooLarge),
        ("file://./folder", Reason::FileUnreadable),
        ("file://./gone.html", Reason::FileUnreadable),
        ("file:///dev/zero", Reason::FileUnreadable),
        ("file:///dev/stdin", Reason::FileUnreadable),
        ("file://elsewhere.example:80/x", Reason::FileUnreadable),
    ] {
        assert_eq!(read(name).await.unwrap_err().reason(), reason, "{name}");
    }
    #[cfg(unix)]
    {
        let pipe = dir.path().join("pipe");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(
            read("file://./pipe").await.unwrap_err().reason(),
            Reason::FileUnreadable
        );
    }
}
