//! `file://` addresses. IO.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use url::Url;

use super::{error::FetchError, limits::Limits};

/// Whether `text` is a `file://` address.
pub fn is_file_address(text: &str) -> bool {
    text.get(..7)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("file://"))
}

/// `spec.fetch.url` as an address; `file://./page.html` is taken from `manifest_dir`.
pub fn address(text: &str, manifest_dir: Option<&Path>) -> Result<Url, FetchError> {
    let bad = |problem: String| FetchError::spec("spec.fetch.url", format!("{text:?}: {problem}"));
    let rest = &text[7..];
    if rest.starts_with('/') || rest.starts_with("localhost/") {
        return Url::parse(text).map_err(|error| bad(error.to_string()));
    }
    let Some(dir) = manifest_dir else {
        return Err(bad(
            "a relative file needs a manifest on disk; write the whole path, file:///…".to_owned(),
        ));
    };
    let dir = std::path::absolute(dir).map_err(|error| bad(error.to_string()))?;
    Url::from_directory_path(&dir)
        .map_err(|()| bad(format!("{} is no folder for addresses", dir.display())))?
        // With "./" before it, a name with a colon is no scheme.
        .join(&format!("./{rest}"))
        .map_err(|error| bad(error.to_string()))
}

/// The folder that the pages of the source at `home` may be read from.
pub fn folder(home: &Url) -> Option<PathBuf> {
    home.to_file_path().ok()?.parent().map(Path::to_owned)
}

/// The bytes of the regular file at `url`. With `folder`, the file must be inside it.
pub fn read(url: &Url, folder: Option<&Path>, limits: &Limits) -> Result<Vec<u8>, FetchError> {
    let path = url.to_file_path().map_err(|()| FetchError::NoAddress {
        address: url.to_string(),
        problem: "it names no file of this machine".to_owned(),
    })?;
    let file_error = |problem: String| FetchError::File {
        path: path.display().to_string(),
        problem,
    };
    let explain = |error: io::Error| {
        file_error(match error.kind() {
            io::ErrorKind::NotFound => "no such file; check spec.fetch.url".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied; let this user read it".to_owned(),
            _ => error.to_string(),
        })
    };
    if let Some(folder) = folder {
        let (folder, real) = (
            folder.canonicalize().map_err(explain)?,
            path.canonicalize().map_err(explain)?,
        );
        if !real.starts_with(folder) {
            let problem = "a page may only lead to files in the folder of the first page";
            return Err(FetchError::FileForbidden {
                url: url.to_string(),
                problem,
            });
        }
    }
    // Before opening: to open a named pipe would wait for its writer.
    if !std::fs::metadata(&path).map_err(explain)?.is_file() {
        return Err(file_error("not a regular file; name a file".to_owned()));
    }
    let mut body = Vec::new();
    let limit = limits.max_body_bytes;
    File::open(&path)
        .map_err(explain)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut body)
        .map_err(explain)?;
    if body.len() as u64 > limit {
        return Err(FetchError::BodyTooLarge {
            url: url.to_string(),
            limit,
        });
    }
    Ok(body)
}

/// `Content-Type` for the extension of `url`.
pub fn content_type(url: &Url) -> Option<&'static str> {
    let name = url.path().rsplit('/').next()?;
    match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
        "html" | "htm" | "xhtml" => Some("text/html"),
        "json" => Some("application/json"),
        "jsonld" => Some("application/ld+json"),
        "ics" | "ical" => Some("text/calendar"),
        "rss" => Some("application/rss+xml"),
        "atom" => Some("application/atom+xml"),
        "xml" => Some("application/xml"),
        "txt" => Some("text/plain"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_files_are_taken_from_the_folder_of_the_manifest() {
        let dir = Some(Path::new("/etc/sources"));
        let cases = [
            ("file://./page.html", "file:///etc/sources/page.html"),
            ("file://page.html", "file:///etc/sources/page.html"),
            ("file://../a page.html", "file:///etc/a%20page.html"),
            ("file://a:1.html", "file:///etc/sources/a:1.html"),
            ("file:///srv/page.html", "file:///srv/page.html"),
            ("file://localhost/srv/page.html", "file:///srv/page.html"),
        ];
        for (text, wanted) in cases {
            assert_eq!(address(text, dir).unwrap().as_str(), wanted, "{text}");
        }
        let error = address("file://./page.html", None).unwrap_err().to_string();
        assert!(error.contains("manifest on disk"), "{error}");
    }

    #[test]
    fn the_extension_gives_the_content_type() {
        let kind = |text: &str| content_type(&Url::parse(text).unwrap());
        assert_eq!(kind("file:///a/Events.HTML"), Some("text/html"));
        assert_eq!(kind("file:///a/events.ics"), Some("text/calendar"));
        assert_eq!(kind("file:///a.json/events"), None);
        assert_eq!(kind("file:///a/events.bin"), None);
    }
}
