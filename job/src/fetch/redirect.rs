//! Which redirects are followed, and how. Pure.

use sms_crds::v1alpha1::HttpMethod;
use url::Url;

/// Most redirects of one request.
pub const LIMIT: usize = 5;

/// Why a redirect is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectProblem {
    /// More than [`LIMIT`].
    #[error("these are more than {LIMIT} redirects; write the final address into the manifest")]
    TooMany,
    /// Back to an address already visited.
    #[error("it leads in a circle; the site may need cookies, which are not kept")]
    Loop,
    /// Away from TLS.
    #[error("it leads from https to http, where others can read and change the page")]
    Downgrade,
    /// Neither `http` nor `https`, or no address at all.
    #[error("it leads to no http or https address")]
    Scheme,
    /// To another origin, with a secret in the address.
    #[error(
        "its address holds a secret of this source and leads to another origin; write the final address into the manifest"
    )]
    Secret,
}

/// One request of a chain of redirects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Method of this request.
    pub method: HttpMethod,
    /// Its address, without a fragment.
    pub url: Url,
}

/// Whether `status` with a `Location` is a redirect that can be followed (RFC 9110, 15.4).
pub fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The request after the last of `trail`, which was answered with `status` and `location`.
///
/// 307 and 308 keep the method; a POST becomes a GET after the others, as in browsers.
pub fn next_hop(trail: &[Hop], status: u16, location: &str) -> Result<Hop, RedirectProblem> {
    let last = trail.last().ok_or(RedirectProblem::Scheme)?;
    if trail.len() > LIMIT {
        return Err(RedirectProblem::TooMany);
    }
    let mut url = last
        .url
        .join(location.trim())
        .map_err(|_| RedirectProblem::Scheme)?;
    url.set_fragment(None);
    match (last.url.scheme(), url.scheme()) {
        ("https", "http") => return Err(RedirectProblem::Downgrade),
        (_, "http" | "https") => {}
        _ => return Err(RedirectProblem::Scheme),
    }
    let method = if matches!(status, 307 | 308) {
        last.method
    } else {
        HttpMethod::Get
    };
    let next = Hop { method, url };
    if trail.contains(&next) {
        Err(RedirectProblem::Loop)
    } else {
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(method: HttpMethod, url: &str) -> Hop {
        Hop {
            method,
            url: Url::parse(url).unwrap(),
        }
    }

    fn follow(from: &str, location: &str) -> Result<String, RedirectProblem> {
        next_hop(&[hop(HttpMethod::Get, from)], 302, location).map(|hop| hop.url.into())
    }

    #[test]
    fn locations_are_resolved_and_lose_their_fragment() {
        let from = "https://a.example/x/y?q=1";
        let cases = [
            ("z", "https://a.example/x/z"),
            ("/z#part", "https://a.example/z"),
            ("//b.example/z", "https://b.example/z"),
            (" https://b.example:8443/ ", "https://b.example:8443/"),
            ("?q=2", "https://a.example/x/y?q=2"),
            ("/é", "https://a.example/%C3%A9"),
        ];
        for (location, wanted) in cases {
            assert_eq!(follow(from, location).as_deref(), Ok(wanted), "{location}");
        }
        assert_eq!(
            follow("http://a.example/", "https://a.example/").as_deref(),
            Ok("https://a.example/")
        );
    }

    #[test]
    fn only_http_and_https_are_followed_and_never_away_from_tls() {
        for location in [
            "file:///etc/passwd",
            "ftp://a.example/",
            "data:text/html,x",
            "javascript:x()",
            "https://",
            "http://[1/",
        ] {
            assert_eq!(
                follow("http://a.example/", location),
                Err(RedirectProblem::Scheme),
                "{location}"
            );
        }
        assert_eq!(
            follow("https://a.example/", "http://a.example/"),
            Err(RedirectProblem::Downgrade)
        );
        assert_eq!(
            follow("https://a.example/", "HTTP://b.example/"),
            Err(RedirectProblem::Downgrade)
        );
    }

    #[test]
    fn only_307_and_308_keep_a_post() {
        for (status, wanted) in [
            (301, HttpMethod::Get),
            (302, HttpMethod::Get),
            (303, HttpMethod::Get),
            (307, HttpMethod::Post),
            (308, HttpMethod::Post),
        ] {
            let next = next_hop(&[hop(HttpMethod::Post, "https://a.example/")], status, "/b").unwrap();
            assert_eq!(next.method, wanted, "{status}");
        }
        for status in [300, 304, 305, 306, 200, 404] {
            assert!(!is_redirect(status), "{status}");
        }
    }

    #[test]
    fn circles_and_long_chains_end() {
        assert_eq!(follow("https://a.example/", "#top"), Err(RedirectProblem::Loop));
        let mut trail = vec![hop(HttpMethod::Get, "https://a.example/0")];
        for number in 1..=LIMIT {
            trail.push(next_hop(&trail, 302, &number.to_string()).unwrap());
        }
        assert_eq!(next_hop(&trail, 302, "6"), Err(RedirectProblem::TooMany));
        assert_eq!(next_hop(&trail[..3], 302, "/1"), Err(RedirectProblem::Loop));
        // A form that answers POST with "see the same address" is no circle.
        assert!(next_hop(&[hop(HttpMethod::Post, "https://a.example/")], 303, "/").is_ok());
    }
}
