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

/// IANA IPv6 Special-Purpose Address Registry. What is neither here nor in 2000::/3 is refused as well.
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
mod tests {
    use super::*;

    const STRICT: Guard = Guard {
        allow_private_addresses: false,
    };
    const LENIENT: Guard = Guard {
        allow_private_addresses: true,
    };

    fn verdict(guard: Guard, text: &str) -> Option<Result<(), Refusal>> {
        Url::parse(text).ok().map(|url| guard.check_url(&url))
    }

    const NOT_PUBLIC: &[&str] = &[
        "http://127.0.0.1/",
        "http://127.0.0.1:8080/",
        "http://127.255.255.254/",
        "http://127.1/",
        "http://127.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.0.0.1./",
        "http://①②⑦.⓪.⓪.①/",
        "http://127。0。0。1/",
        "http://%31%32%37.0.0.1/",
        "http://0/",
        "http://0.0.0.0/",
        "http://0.1.2.3/",
        "http://10.0.0.1/",
        "http://10.255.255.255/",
        "http://100.64.0.1/",
        "http://100.100.100.200/",
        "http://100.127.255.255/",
        "http://169.254.169.254/latest/meta-data/",
        "http://169.254.1.1/",
        "http://0xa9fea9fe/",
        "http://168.63.129.16/",
        "http://172.16.0.1/",
        "http://172.31.255.255/",
        "http://192.0.0.1/",
        "http://192.0.0.192/",
        "http://192.0.2.1/",
        "http://192.88.99.1/",
        "http://192.168.0.1/",
        "http://198.18.0.1/",
        "http://198.19.255.255/",
        "http://198.51.100.1/",
        "http://203.0.113.1/",
        "http://224.0.0.1/",
        "http://239.255.255.255/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://[::]/",
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[::127.0.0.1]/",
        "http://[::8.8.8.8]/",
        "http://[64:ff9b::127.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://[64:ff9b:1::1]/",
        "http://[2002:7f00:1::]/",
        "http://[2002:a9fe:a9fe::1]/",
        "http://[2002:c0a8:1::1]/",
        "http://[2001::1]/",
        "http://[2001:db8::1]/",
        "http://[3fff::1]/",
        "http://[5f00::1]/",
        "http://[100::1]/",
        "http://[fc00::1]/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]/",
        "http://[febf::1]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://[4000::1]/",
        "http://localhost/",
        "http://LOCALHOST:9090/",
        "http://localhost./",
        "http://a.localhost/",
        "http://printer.local/",
        "http://metadata.google.internal/",
        "http://metadata.google.internal./computeMetadata/v1/",
        "http://instance-data.ec2.internal/",
        "http://kubernetes/",
        "http://metadata/",
        "http://kubernetes.default.svc/",
        "http://kubernetes.default.svc./",
        "http://kubernetes.default.svc.cluster.local/",
        "http://router.lan/",
        "http://nas.home.arpa/",
        "http://localhost.localdomain/",
        "https://wiki.corp/",
    ];

    #[test]
    fn addresses_that_are_not_public_are_refused_in_every_spelling() {
        for text in NOT_PUBLIC {
            let verdict = verdict(STRICT, text).unwrap_or_else(|| panic!("{text} does not parse"));
            assert!(
                matches!(verdict, Err(Refusal::NotPublic { .. })),
                "{text}: {verdict:?}"
            );
        }
    }

    #[test]
    fn whoever_runs_the_process_can_allow_them() {
        for text in NOT_PUBLIC {
            assert_eq!(verdict(LENIENT, text), Some(Ok(())), "{text}");
        }
    }

    #[test]
    fn public_addresses_pass() {
        let texts = [
            "https://blue-moon.example/api/events",
            "http://www.seamonsterlounge.com:8080/",
            "https://homelocal.org/",
            "https://internal.example.org/",
            "http://8.8.8.8/",
            "http://1.1.1.1/",
            "http://9.255.255.255/",
            "http://11.0.0.0/",
            "http://100.63.255.255/",
            "http://100.128.0.0/",
            "http://126.255.255.255/",
            "http://128.0.0.1/",
            "http://169.253.255.255/",
            "http://172.15.255.255/",
            "http://172.32.0.1/",
            "http://192.167.255.255/",
            "http://223.255.255.255/",
            "http://[2606:4700:4700::1111]/",
            "http://[2001:4860:4860::8888]/",
            "http://[::ffff:8.8.8.8]/",
            "http://[64:ff9b::8.8.8.8]/",
            "http://[2002:808:808::1]/",
            "http://bücher.example/",
        ];
        for text in texts {
            assert_eq!(verdict(STRICT, text), Some(Ok(())), "{text}");
        }
    }

    #[test]
    fn user_info_and_other_schemes_are_refused_even_where_private_addresses_are_allowed() {
        for text in [
            "http://user@blue-moon.example/",
            "http://user:password@blue-moon.example/",
            "http://:password@blue-moon.example/",
            "http://blue-moon.example@127.0.0.1/",
            "http://127.0.0.1:80@blue-moon.example/",
            "http://blue-moon.example%40127.0.0.1@127.0.0.1/",
        ] {
            assert_eq!(verdict(LENIENT, text), Some(Err(Refusal::UserInfo)), "{text}");
        }
        for text in [
            "file:///etc/passwd",
            "ftp://a.example/",
            "data:text/html,x",
            "gopher://a.example/",
        ] {
            assert!(
                matches!(verdict(LENIENT, text), Some(Err(Refusal::Scheme(_)))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_backslash_does_not_hide_the_host() {
        assert_eq!(
            verdict(STRICT, r"http://blue-moon.example\@127.0.0.1/"),
            Some(Ok(()))
        );
        let url = Url::parse(r"http://blue-moon.example\@127.0.0.1/").unwrap();
        assert_eq!(url.host_str(), Some("blue-moon.example"));
        assert!(matches!(
            verdict(STRICT, r"http://127.0.0.1\@blue-moon.example/"),
            Some(Err(Refusal::NotPublic { .. }))
        ));
    }

    #[test]
    fn one_answer_that_is_not_public_spoils_the_name() {
        let public: IpAddr = "93.184.216.34".parse().unwrap();
        for other in [
            "127.0.0.1",
            "10.0.0.1",
            "::1",
            "fd00::1",
            "::ffff:169.254.169.254",
        ] {
            let answers = [public, other.parse().unwrap()];
            let error = STRICT
                .check_answers("a.example", &answers)
                .unwrap_err()
                .to_string();
            assert!(error.contains("a.example (at "), "{error}");
            assert_eq!(LENIENT.check_answers("a.example", &answers), Ok(()));
        }
        assert_eq!(STRICT.check_answers("a.example", &[public]), Ok(()));
    }

    #[test]
    fn search_domains_are_not_tried_unless_private_names_are_allowed() {
        assert_eq!(
            STRICT.name_to_resolve("kubernetes.default"),
            "kubernetes.default."
        );
        assert_eq!(STRICT.name_to_resolve("a.example."), "a.example.");
        assert_eq!(LENIENT.name_to_resolve("pushgateway"), "pushgateway");
    }
}
