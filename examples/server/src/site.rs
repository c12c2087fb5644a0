//! Requests to files: paths, content types, validators. IO: reads files.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Response, StatusCode, Uri, header},
    response::IntoResponse,
    routing::get,
};
use jiff::{Timestamp, Zoned, tz::TimeZone};
use sha2::{Digest, Sha256};

use crate::placeholder;

/// Form of dates in HTTP headers (RFC 9110, 5.6.7).
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";
const ROBOTS: &str = "User-agent: *\nAllow: /\n";

/// A page with its placeholders filled.
struct Page {
    content_type: &'static str,
    body: Vec<u8>,
    modified: Timestamp,
}

/// Serves the files under `root`, `/robots.txt` and `/healthz`.
///
/// # Errors
/// `root` is no folder that can be read.
pub fn router(root: &Path) -> io::Result<Router> {
    let root = root.canonicalize()?;
    if !root.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, "not a folder"));
    }
    Ok(Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/robots.txt", get(|| async { ROBOTS }))
        .route("/", get(answer))
        .route("/{*path}", get(answer))
        .with_state(Arc::new(root)))
}

async fn answer(State(root): State<Arc<PathBuf>>, request: Request) -> Response<Body> {
    let now = match TimeZone::get(placeholder::ZONE) {
        Ok(zone) => Timestamp::now().to_zoned(zone),
        Err(error) => return failure(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    };
    let Some(file) = file_of(&root, request.uri()).await else {
        return failure(StatusCode::NOT_FOUND, "no such page");
    };
    match read(&file, &now, &base_of(request.headers())).await {
        Ok(page) => respond(page, request.headers()),
        Err(problem) => failure(StatusCode::INTERNAL_SERVER_ERROR, &problem),
    }
}

/// The file that a path means: itself, `index.html` of a folder, or the name without its `.html` or `.json`. `None`
/// where there is none inside `root`.
async fn file_of(root: &Path, uri: &Uri) -> Option<PathBuf> {
    let mut file = root.to_owned();
    for segment in uri.path().split('/').filter(|segment| !segment.is_empty()) {
        let name = percent_decoded(segment)?;
        if name.starts_with('.') || name.contains(['/', '\\', '\0']) {
            return None;
        }
        file.push(name);
    }
    let name = file.file_name().map(OsStr::to_owned).unwrap_or_default();
    let with_extension = |extension: &str| {
        let mut name = name.clone();
        name.push(extension);
        file.with_file_name(name)
    };
    for candidate in [
        file.clone(),
        file.join("index.html"),
        with_extension(".html"),
        with_extension(".json"),
    ] {
        // A symbolic link may lead out of the folder.
        let Ok(real) = tokio::fs::canonicalize(&candidate).await else {
            continue;
        };
        if real.starts_with(root) && real.is_file() {
            return Some(real);
        }
    }
    None
}

fn percent_decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// The address that the client used, for absolute links.
fn base_of(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| {
            host.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-.:[]_".contains(c))
        })
        .unwrap_or("localhost");
    format!("http://{host}")
}

async fn read(file: &Path, now: &Zoned, base: &str) -> Result<Page, String> {
    let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let bytes = tokio::fs::read(file)
        .await
        .map_err(|error| format!("{name}: {error}"))?;
    let metadata = tokio::fs::metadata(file)
        .await
        .and_then(|metadata| metadata.modified());
    let mut modified = metadata
        .ok()
        .and_then(|time| Timestamp::try_from(time).ok())
        .unwrap_or_default();
    let body = match std::str::from_utf8(&bytes) {
        Ok(text) => {
            let filled =
                placeholder::fill(text, now.date(), base).map_err(|problem| format!("{name}: {problem}"))?;
            if filled != text
                && let Ok(midnight) = now.start_of_day()
            {
                modified = modified.max(midnight.timestamp());
            }
            filled.into_bytes()
        }
        Err(_) => bytes,
    };
    Ok(Page {
        content_type: content_type(file),
        body,
        modified,
    })
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(OsStr::to_str).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "json" => "application/json",
        "jsonld" => "application/ld+json",
        "ics" => "text/calendar; charset=utf-8",
        "xml" => "application/rss+xml; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn respond(page: Page, headers: &HeaderMap) -> Response<Body> {
    let tag = tag(&page.body);
    let modified = page.modified.strftime(HTTP_DATE).to_string();
    let validators = [
        (header::ETAG, tag.clone()),
        (header::LAST_MODIFIED, modified),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    if is_fresh(headers, &tag, page.modified) {
        return (StatusCode::NOT_MODIFIED, validators).into_response();
    }
    (validators, [(header::CONTENT_TYPE, page.content_type)], page.body).into_response()
}

/// The entity tag of a body: the start of its digest, in quotes.
fn tag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let start = digest.first_chunk().copied().unwrap_or_default();
    format!("\"{:016x}\"", u64::from_be_bytes(start))
}

/// Whether the client's copy is the page (RFC 9110, 13.2.2: If-None-Match wins over If-Modified-Since).
fn is_fresh(headers: &HeaderMap, tag: &str, modified: Timestamp) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(tags) = text(header::IF_NONE_MATCH) {
        let mut tags = tags.split(',').map(|tag| tag.trim().trim_start_matches("W/"));
        return tags.any(|known| known == "*" || known == tag);
    }
    text(header::IF_MODIFIED_SINCE)
        .and_then(|since| jiff::fmt::rfc2822::parse(since).ok())
        .is_some_and(|since| modified.as_second() <= since.timestamp().as_second())
}

fn failure(status: StatusCode, problem: &str) -> Response<Body> {
    (status, format!("{problem}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_path_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("site").canonicalize().unwrap_or_else(|_| {
            std::fs::create_dir(folder.path().join("site")).unwrap();
            folder.path().join("site").canonicalize().unwrap()
        });
        std::fs::write(folder.path().join("secret.html"), "no").unwrap();
        std::fs::write(root.join("page.html"), "yes").unwrap();
        std::fs::write(root.join(".hidden"), "no").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret.html"), root.join("link.html")).unwrap();
        for path in ["/page.html", "/page", "/%70age.html", "//page"] {
            let found = file_of(&root, &path.parse().unwrap()).await;
            assert_eq!(found, Some(root.join("page.html")), "{path}");
        }
        for path in [
            "/../secret.html",
            "/%2e%2e/secret.html",
            "/..%2fsecret.html",
            "/..%5csecret.html",
            "/link.html",
            "/.hidden",
            "/%zz",
            "/",
        ] {
            assert_eq!(file_of(&root, &path.parse().unwrap()).await, None, "{path}");
        }
    }

    #[test]
    fn a_client_s_copy_is_fresh_by_tag_first_and_by_date_second() {
        let modified: Timestamp = "2026-05-01T07:00:00Z".parse().unwrap();
        let with = |name: header::HeaderName, value: &'static str| {
            HeaderMap::from_iter([(name, header::HeaderValue::from_static(value))])
        };
        assert!(is_fresh(
            &with(header::IF_NONE_MATCH, "\"x\", W/\"a\""),
            "\"a\"",
            modified
        ));
        assert!(!is_fresh(
            &with(header::IF_NONE_MATCH, "\"x\""),
            "\"a\"",
            modified
        ));
        let since = header::IF_MODIFIED_SINCE;
        assert!(is_fresh(
            &with(since.clone(), "Fri, 01 May 2026 07:00:00 GMT"),
            "\"a\"",
            modified
        ));
        assert!(!is_fresh(
            &with(since, "Fri, 01 May 2026 06:59:59 GMT"),
            "\"a\"",
            modified
        ));
        assert!(!is_fresh(&HeaderMap::new(), "\"a\"", modified));
    }
}
