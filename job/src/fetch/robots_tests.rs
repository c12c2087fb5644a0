//! Tests of the robots.txt rules.

use std::time::Duration;

use super::*;
use crate::processor_time::within;

fn allows(robots: &str, path: &str) -> bool {
    let url = Url::parse("https://a.example").unwrap().join(path).unwrap();
    Rules::parse(robots.as_bytes()).allows(&url)
}

#[test]
fn the_status_decides_as_rfc_9309_says() {
    let cases = [
        (200, Access::Rules),
        (204, Access::Rules),
        (301, Access::Unrestricted),
        (304, Access::Unrestricted),
        (400, Access::Unrestricted),
        (401, Access::Unrestricted),
        (403, Access::Unrestricted),
        (404, Access::Unrestricted),
        (410, Access::Unrestricted),
        (429, Access::Unrestricted),
        (500, Access::Nothing),
        (503, Access::Nothing),
        (599, Access::Nothing),
    ];
    for (status, wanted) in cases {
        assert_eq!(access(status), wanted, "{status}");
    }
}

#[test]
fn our_own_group_wins_over_the_group_for_everyone() {
    let robots = "User-agent: *\nDisallow: /\n\nUser-agent: SMS_Scraper\nDisallow: /private\n";
    assert!(allows(robots, "/events"));
    assert!(!allows(robots, "/private/x"));
    let others = "User-agent: other\nDisallow: /\n";
    assert!(allows(others, "/events"));
    let with_version = "User-agent: sms_scraper/2.0 (+https://a.example)\nDisallow: /\n";
    assert!(!allows(with_version, "/events"));
    let together =
        "User-agent: other\nUser-agent: sms_scraper\nDisallow: /a\nUser-agent: sms_scraper\nDisallow: /b";
    assert!(!allows(together, "/a") && !allows(together, "/b") && allows(together, "/c"));
}

#[test]
fn the_longest_rule_wins_and_allow_wins_a_tie() {
    let robots = "User-agent: *\nDisallow: /events\nAllow: /events/public\nDisallow: /x\nAllow: /x\n";
    assert!(!allows(robots, "/events/1"));
    assert!(allows(robots, "/events/public/1"));
    assert!(allows(robots, "/x"));
    assert!(allows(
        "User-agent: *\nDisallow: /\nAllow: /*.ics$\n",
        "/cal/a.ics"
    ));
    assert!(!allows(
        "User-agent: *\nDisallow: /\nAllow: /*.ics$\n",
        "/cal/a.ics?x=1"
    ));
}

#[test]
fn an_empty_disallow_forbids_nothing_and_hides_nothing() {
    assert!(allows("User-agent: *\nDisallow:\n", "/events"));
    assert!(!allows("User-agent: *\nDisallow:\nDisallow: /\n", "/events"));
}

#[test]
fn stars_dollars_and_queries_are_matched() {
    let robots =
        "User-agent: *\nDisallow: /*.php$\nDisallow: /*?print=\nDisallow: /a*b*c\nDisallow: /cost$5\n";
    assert!(!allows(robots, "/x.php"));
    assert!(allows(robots, "/x.php5"));
    assert!(!allows(robots, "/e?print=1"));
    assert!(!allows(robots, "/a1b2c3"));
    assert!(allows(robots, "/a1c2b3"));
    assert!(!allows(robots, "/cost$5.html"));
}

#[test]
fn percent_encoding_is_compared_in_one_form() {
    for (pattern, path) in [
        ("/%7Efoo", "/~foo"),
        ("/~foo", "/%7efoo"),
        ("/a%3cd", "/a%3Cd"),
        ("/foo/bar?baz=http%3A%2F%2Ffoo", "/foo/bar?baz=http%3a%2f%2ffoo"),
        ("/caf\u{e9}", "/caf%C3%A9"),
        ("/caf%c3%a9", "/caf\u{e9}"),
        ("/%2A", "/*"),
    ] {
        assert!(
            !allows(&format!("User-agent: *\nDisallow: {pattern}\n"), path),
            "{pattern} {path}"
        );
    }
    assert!(allows("User-agent: *\nDisallow: /a%2Fb\n", "/a/b"));
}

#[test]
fn sloppy_files_are_understood_and_html_pages_allow_everything() {
    assert!(!allows(
        "\u{feff}USER-AGENT : *\r\n  disallow : /x # secret\r\n",
        "/x"
    ));
    assert!(!allows("User agent: *\rDisalow /x\r", "/x"));
    assert!(
        allows("Disallow: /\n", "/x"),
        "a rule outside of a group is no rule"
    );
    assert!(allows(
        "<!DOCTYPE html><html><body>Disallow: /</body></html>",
        "/x"
    ));
    assert!(allows("", "/x"));
    assert!(allows("User-agent: *\nDisallow: /\n", "/robots.txt"));
    assert!(!allows("User-agent: *\n\u{0}Disallow: /x\u{0}", "/x"));
}

#[test]
fn a_crawl_delay_is_obeyed_up_to_ten_seconds() {
    let cases = [
        ("2", Some(2.0)),
        ("0.5", Some(0.5)),
        ("0", Some(0.0)),
        ("86400", Some(10.0)),
        ("1e30", Some(10.0)),
        ("inf", None),
        ("NaN", None),
        ("-1", None),
        ("soon", None),
    ];
    for (value, seconds) in cases {
        let rules = Rules::parse(format!("User-agent: *\nCrawl-delay: {value}\n").as_bytes());
        assert_eq!(rules.delay().map(|delay| delay.as_secs_f32()), seconds, "{value}");
    }
    assert_eq!(Rules::parse(b"User-agent: other\nCrawl-delay: 5\n").delay(), None);
    assert_eq!(Rules::unrestricted().delay(), None);
}

#[test]
fn only_the_first_500_kib_count_and_a_line_cut_there_is_no_rule() {
    let mut robots = "User-agent: *\n".to_owned();
    while robots.len() < 500 * 1024 - 40 {
        robots.push_str("# nothing to see\n");
    }
    robots.push_str("Disallow: /inside\n");
    robots.push_str("Disallow: /e");
    robots.push_str(&"x".repeat(100));
    robots.push_str("\nDisallow: /outside\n");
    assert!(!allows(&robots, "/inside"));
    assert!(allows(&robots, "/exx"));
    assert!(allows(&robots, "/outside"));
}

#[test]
fn hostile_files_are_cheap_and_stay_strict() {
    let path = format!("/{}", "ab".repeat(1500));
    let tens = |line: &str| format!("User-agent: *\n{}", line.repeat(512_000 / line.len()));
    let files = [
        tens("Disallow: /$\n"),
        tens("Disallow: /*a*b*c*d*e*f*g$\n"),
        tens("Disallow: /*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*x\n"),
        tens("User-agent: *\n"),
        tens("a:\n"),
        tens(&format!("Disallow: /{}$\n", "é*".repeat(1000))),
        tens(&format!("Allow: /{}\n", "*".repeat(4000))),
        "x".repeat(512_000),
    ];
    for file in files {
        println!("{}", &file[..60]);
        within(Duration::from_secs(3), || allows(&file, &path));
    }
    // Beyond the limit of exact rules: a Disallow is stricter, an Allow does not count.
    let many = "Disallow: /y$\n".repeat(300);
    let robots = format!("User-agent: *\n{many}Disallow: /private$\nDisallow: /z\nAllow: /z$\n");
    assert!(!allows(&robots, "/private/x"));
    assert!(!allows(&robots, "/z/x"));
    assert!(allows(&robots, "/other"));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    #[test]
    fn any_bytes_can_be_parsed(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2000)) {
        proptest::prop_assert!(Robot::new(PRODUCT_TOKEN, condense(&bytes).as_bytes()).is_ok());
        let _ = Rules::parse(&bytes).allows(&Url::parse("https://a.example/events?x=1").unwrap());
    }

    #[test]
    fn any_rules_can_be_parsed(
        patterns in proptest::collection::vec("(/|\\*|\\$|%[0-9a-f]{2}|[a-z(\\[{.+?\\\\é]){0,60}\\$?", 0..8),
    ) {
        let robots = format!("User-agent: *\nDisallow: /{}\n", patterns.join("\nDisallow: /"));
        let condensed = condense(robots.as_bytes());
        proptest::prop_assert!(Robot::new(PRODUCT_TOKEN, condensed.as_bytes()).is_ok());
    }
}
