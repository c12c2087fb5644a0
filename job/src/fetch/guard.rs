//! Which addresses may be reached: the guard against server-side request forgery. Pure.
//!
//! It is asked three times: for the host of each URL (an IP literal never meets the resolver), for every answer of
//! the resolver, and so again for every redirect.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use url::{Host, Url};

/// What may be reached. The default refuses private addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Guard {
    /// Whoever runs this process allows addresses that are not public.
    pub allow_private_addresses: bool,
}

/// Why an address may not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Neither `http` nor `https`.
    #[error("the scheme {0:?} is not followed; use https:// or http://")]
    Scheme(String),
    /// `https://user:password@host/`.
    #[error("an address may not hold a user name or password; use spec.fetch.auth")]
    UserInfo,
    /// No host.
    #[error("it names no host")]
    NoHost,
    /// Not a public address.
    #[error(
        "{host} is {kind}; whoever runs this process may allow such addresses with --allow-private-addresses"
    )]
    NotPublic {
        /// The host or address as it was met.
        host: String,
        /// What it is.
        kind: &'static str,
    },
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(segments: [u16; 4], prefix: u8) -> Ipv6Net {
    let [a, b, c, d] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), prefix)
}

/// IANA IPv4 Special-Purpose Address Registry, as far as no public server can be there.
const SPECIAL_V4: [(Ipv4Net, &str); 18] = [
    (v4(0, 0, 0, 0, 8), "an address of this network"),
    (v4(10, 0, 0, 0, 8), "a private address"),
    (v4(100, 64, 0, 0, 10), "an address of carrier-grade NAT"),
    (v4(127, 0, 0, 0, 8), "a loopback address"),
    (v4(169, 254, 169, 254, 32), "a cloud metadata address"),
    (v4(169, 254, 0, 0, 16), "a link-local address"),
    (v4(172, 16, 0, 0, 12), "a private address"),
    (v4(192, 0, 0, 0, 24), "a reserved address"),
    (v4(192, 0, 2, 0, 24), "a documentation address"),
    (v4(192, 88, 99, 0, 24), "a reserved address"),
    (v4(192, 168, 0, 0, 16), "a private address"),
    (v4(198, 18, 0, 0, 15), "a benchmarking address"),
    (v4(198, 51, 100, 0, 24), "a documentation address"),
    (v4(203, 0, 113, 0, 24), "a documentation address"),
    (v4(224, 0, 0, 0, 4), "a multicast address"),
    (v4(255, 255, 255, 255, 32), "the broadcast address"),
    (v4(240, 0, 0, 0, 4), "a reserved address"),
    // Azure serves metadata to its virtual machines at this public address.
    (v4(168, 63, 129, 16, 32), "a cloud metadata address"),
];

/// IANA IPv6 Special-Purpose Address Registry. What is neither here nor in `2000::/3` is refused as well.
const SPECIAL_V6: [(Ipv6Net, &str); 8] = [
    (v6([0xfc00, 0, 0, 0], 7), "a private address"),
    (v6([0xfe80, 0, 0, 0], 10), "a link-local address"),
    (v6([0xfec0, 0, 0, 0], 10), "a site-local address"),
    (v6([0xff00, 0, 0, 0], 8), "a multicast address"),
    (v6([0x0100, 0, 0, 0], 64), "a discard-only address"),
    (v6([0x2001, 0, 0, 0], 23), "a reserved address"),
    (v6([0x2001, 0x0db8, 0, 0], 32), "a documentation address"),
    (v6([0x3fff, 0, 0, 0], 20), "a documentation address"),
];

const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0], 3);
const SIX_TO_FOUR: Ipv6Net = v6([0x2002, 0, 0, 0], 16);
const NAT64: Ipv6Net = v6([0x0064, 0xff9b, 0, 0], 96);

/// Last labels of names that only mean something inside a network (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`).
const LOCAL_SUFFIXES: [&str; 11] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "svc",
    "home.arpa",
];

impl Guard {
    /// Whether a request to `url` may be made, as far as the URL alone tells.
    pub fn check_url(self, url: &Url) -> Result<(), Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo);
        }
        match url.host() {
            None => Err(Refusal::NoHost),
            Some(Host::Ipv4(address)) => self.check_address(&address.to_string(), address.into()),
            Some(Host::Ipv6(address)) => self.check_address(&format!("[{address}]"), address.into()),
            Some(Host::Domain(name)) => self.check_name(name),
        }
    }

    /// Whether every answer for `host` is public. One that is not spoils the others: a name with mixed answers is a
    /// rebinding attempt or a private service.
    pub fn check_answers(self, host: &str, answers: &[IpAddr]) -> Result<(), Refusal> {
        answers
            .iter()
            .try_for_each(|address| self.check_address(&format!("{host} (at {address})"), *address))
    }

    /// The name to ask the resolver for. With a final dot no search domain is tried, so that `a.b` is never the
    /// cluster's `a.b.svc.cluster.local`.
    pub fn name_to_resolve(self, host: &str) -> String {
        if self.allow_private_addresses || host.ends_with('.') {
            host.to_owned()
        } else {
            format!("{host}.")
        }
    }

    fn check_name(self, name: &str) -> Result<(), Refusal> {
        if self.allow_private_addresses {
            return Ok(());
        }
        let bare = name.trim_end_matches('.').to_ascii_lowercase();
        let is_local = LOCAL_SUFFIXES.iter().any(|suffix| {
            bare.strip_suffix(suffix)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        let kind = match () {
            () if is_local => "a name of a local network",
            () if !bare.contains('.') => "a name without a dot, which only a local network knows",
            () => return Ok(()),
        };
        Err(Refusal::NotPublic {
            host: name.to_owned(),
            kind,
        })
    }

    fn check_address(self, shown: &str, address: IpAddr) -> Result<(), Refusal> {
        let kind = match address {
            IpAddr::V4(address) => special_v4(address),
            IpAddr::V6(address) => special_v6(address),
        };
        match kind {
            Some(kind) if !self.allow_private_addresses => Err(Refusal::NotPublic {
                host: shown.to_owned(),
                kind,
            }),
            _ => Ok(()),
        }
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    SPECIAL_V4
        .iter()
        .find(|(net, _)| net.contains(&address))
        .map(|(_, kind)| *kind)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    if address.is_loopback() {
        return Some("a loopback address");
    }
    if let Some(mapped) = address.to_ipv4_mapped() {
        return special_v4(mapped);
    }
    if NAT64.contains(&address) {
        return special_v4(embedded(segments[6], segments[7]));
    }
    if SIX_TO_FOUR.contains(&address) {
        return special_v4(embedded(segments[1], segments[2]));
    }
    if let Some((_, kind)) = SPECIAL_V6.iter().find(|(net, _)| net.contains(&address)) {
        return Some(kind);
    }
    (!GLOBAL_UNICAST.contains(&address)).then_some("a reserved address")
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
