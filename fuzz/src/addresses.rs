//! Targets for addresses and what servers say about them: the guard, redirects, robots.txt, Retry-After. Pure.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use jiff::Timestamp;
use sms_crds::v1alpha1::HttpMethod;
use sms_job::fetch::{
    guard::Guard,
    redirect::{Hop, next_hop},
    retry,
    robots::Rules,
};
use url::{Host, Url};

/// An address, a NUL, and a `Location`: what the guard lets through is public, wherever it came from.
pub fn url_guard(data: &[u8]) {
    let (first, location) = super::halves(data);
    let guard = Guard::default();
    let (Ok(first), location) = (std::str::from_utf8(first), String::from_utf8_lossy(location)) else {
        return;
    };
    let Ok(url) = Url::parse(first) else {
        return;
    };
    let is_let_through = guard.check_url(&url).is_ok();
    if is_let_through {
        is_public(&url);
    }
    let hop = Hop {
        method: HttpMethod::Post,
        url: url.clone(),
    };
    if let Ok(next) = next_hop(&[hop], 302, &location) {
        assert!(matches!(next.url.scheme(), "http" | "https"), "{}", next.url);
        assert!(
            url.scheme() != "https" || next.url.scheme() == "https",
            "{}",
            next.url
        );
        if guard.check_url(&next.url).is_ok() {
            is_public(&next.url);
        }
    }
    // The same bytes as a resolver's answer.
    if let Some(bytes) = data.first_chunk::<16>() {
        let six = Ipv6Addr::from(*bytes);
        let four = Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]);
        for address in [
            IpAddr::V6(six),
            IpAddr::V4(four),
            IpAddr::V6(four.to_ipv6_mapped()),
        ] {
            if guard.check_answers("example.org", &[address]).is_ok() {
                assert!(!is_inner(address), "{address}");
            }
        }
    }
}

fn is_public(url: &Url) {
    assert!(matches!(url.scheme(), "http" | "https"), "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    match url.host() {
        Some(Host::Ipv4(address)) => assert!(!is_inner(address.into()), "{url}"),
        Some(Host::Ipv6(address)) => assert!(!is_inner(address.into()), "{url}"),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let last = name.rsplit('.').next().unwrap_or_default();
            assert!(name.contains('.'), "{url}");
            assert!(
                !["local", "internal", "localhost", "svc"].contains(&last),
                "{url}"
            );
            assert!(name.parse::<IpAddr>().is_err(), "{url}");
        }
        None => panic!("no host: {url}"),
    }
}

/// What the standard library knows to be inside, in every form that IPv6 has for an IPv4 address.
fn is_inner(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_broadcast()
                || address.is_documentation()
        }
        IpAddr::V6(address) => {
            let segments = address.segments();
            let part = |high: u16, low: u16| {
                let bytes = [high.to_be_bytes(), low.to_be_bytes()].concat();
                is_inner(IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3])))
            };
            address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.to_ipv4().is_some_and(|four| is_inner(IpAddr::V4(four)))
                || (segments[0] == 0x2002 && part(segments[1], segments[2]))
                || (segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] && part(segments[6], segments[7]))
                || segments[0] == 0x64 && segments[1] == 0xff9b && segments[2] == 1
        }
    }
}

/// A path, a NUL, and the file.
pub fn robots(data: &[u8]) {
    let (path, body) = super::halves(data);
    let rules = Rules::parse(body);
    let mut url = Url::parse("https://example.org/").expect("an address");
    url.set_path(&String::from_utf8_lossy(path));
    rules.allows(&url);
    if let Some(delay) = rules.delay() {
        assert!(delay <= Duration::from_secs(10), "{delay:?}");
    }
    if body.is_empty() {
        assert!(rules.allows(&url), "an empty file forbids nothing");
    }
}

/// The header's value.
pub fn retry_after(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let now: Timestamp = "2026-03-28T12:00:00Z".parse().expect("a time");
    let wait = retry::retry_after(&text, now);
    if let Ok(seconds) = text.trim().parse::<u32>()
        && !text.contains('+')
    {
        assert_eq!(wait, Some(Duration::from_secs(seconds.into())), "{text:?}");
    }
    retry::http_date(&text);
}
