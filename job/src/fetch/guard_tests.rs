//! Tests of the guard.

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
