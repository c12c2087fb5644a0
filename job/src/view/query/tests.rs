//! Tests of the parameters.

use super::*;

/// Four in the morning in UTC, and still the day before in Seattle.
fn now() -> Timestamp {
    "2026-05-10T04:00:00Z".parse().unwrap()
}

fn filter(query: &str) -> Filter {
    listing(query, now()).unwrap().filter
}

fn refused(query: &str) -> (String, String) {
    let problem = listing(query, now()).unwrap_err();
    assert_eq!(problem.status.as_u16(), 400);
    (problem.parameter.unwrap(), problem.detail)
}

#[test]
fn nothing_said_is_the_first_hundred_of_all_events() {
    let all = Listing {
        filter: Filter::default(),
        limit: 100,
        after: None,
    };
    assert_eq!(listing("", now()), Ok(all.clone()));
    assert_eq!(listing("q=&source=&from=", now()), Ok(all));
}

#[test]
fn every_parameter_narrows_what_it_names() {
    let wanted = Filter {
        sources: vec!["default/sea-monster".to_owned()],
        apis: vec!["blue_moon".to_owned(), "x".to_owned()],
        from: Some(civil::date(2026, 5, 9)),
        to: Some(civil::date(2026, 6, 1)),
        statuses: vec!["cancelled".to_owned(), "soldOut".to_owned()],
        text: Some("jazz & blues".to_owned()),
        removed: true,
    };
    let query = "source=blue_moon,default%2Fsea-monster&source=x,x&from=today&to=2026-06-01\
                 &status=cancelled&status=soldOut&q=+jazz+%26+blues&removed=true&limit=1000";
    assert_eq!(filter(query), wanted);
    assert_eq!(listing(query, now()).unwrap().limit, 1000);
}

#[test]
fn what_is_written_reads_back_as_the_same() {
    let query =
        "source=default%2Fa,b&from=2026-05-09&to=2026-06-01&status=soldOut&q=a%26b%3D%23&removed=true";
    let filter = filter(query);
    assert_eq!(self::filter(&write(&filter)), filter);
    let position = Position {
        start_at: "2026-05-10T02:30:00Z".to_owned(),
        uid: "a".to_owned(),
        source: "default/b".to_owned(),
    };
    let page = Listing {
        filter,
        limit: 7,
        after: None,
    };
    let following = listing(&next(&page, &position)[1..], now()).unwrap();
    assert_eq!(following.filter, page.filter);
    assert_eq!((following.limit, following.after), (7, Some(position)));
}

#[test]
fn what_is_wrong_is_named_with_its_remedy() {
    let table = [
        ("limit=0", "limit", "write a number from 1 to 1000"),
        ("limit=1001", "limit", "write a number from 1 to 1000"),
        ("limit=-1", "limit", "write a number from 1 to 1000"),
        ("limit=99999999999999999999", "limit", "from 1 to 1000"),
        ("from=tomorrow", "from", "write a date like 2026-05-09, or today"),
        ("from=2026-02-30", "from", "write a date"),
        ("to=2026-05-09T10:00", "to", "write a date"),
        ("to=-009999-01-01", "to", "write a date"),
        ("from=0000-01-01", "from", "write a date"),
        ("from=2026-06-01&to=2026-05-01", "from", "swap them"),
        ("status=gone", "status", "there are: scheduled, cancelled"),
        ("removed=1", "removed", "write true or false"),
        ("cursor=xyz", "cursor", "take it from `next`"),
        ("q=%00", "q", "percent-encode"),
        ("q=%FF", "q", "percent-encode"),
        ("sources=a", "sources", "there are: source, from, to, q"),
        ("%3Cscript%3E=1", "<script>", "no parameter is called"),
        ("q='%20OR%201=1--&order=1", "order", "no parameter is called"),
    ];
    for (query, parameter, remedy) in table {
        let (named, detail) = refused(query);
        assert_eq!(named, parameter, "{query}");
        assert!(detail.contains(remedy), "{query}: {detail}");
    }
    assert!(
        refused(&format!("q={}", "x".repeat(201)))
            .1
            .contains("at most 200")
    );
    assert!(
        refused(&format!("source={}", "x".repeat(201)))
            .1
            .contains("that long")
    );
    let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
    assert!(
        refused(&format!("source={}", many.join(",")))
            .1
            .contains("at most 50")
    );
    assert_eq!(none("a=1").unwrap_err().parameter.as_deref(), Some("a"));
}

#[test]
fn today_is_a_day_that_is_not_over_anywhere() {
    assert_eq!(today(now()), civil::date(2026, 5, 9));
    assert_eq!(today(Timestamp::MIN).year(), -9999);
}

#[test]
fn a_calendar_begins_some_days_ago_unless_it_says_otherwise() {
    let from = |query: &str| calendar(query, now()).unwrap().from.unwrap().to_string();
    assert_eq!(from(""), "2026-04-09");
    assert_eq!(from("to=2026-06-01"), "2026-04-09");
    assert_eq!(from("to=2020-06-01"), "2020-06-01");
    assert_eq!(from("from=2020-01-01"), "2020-01-01");
    let problem = calendar("limit=5", now()).unwrap_err();
    assert_eq!(problem.parameter.as_deref(), Some("limit"));
}

proptest::proptest! {
    #[test]
    fn no_query_makes_it_panic(query in "\\PC{0,200}") {
        let _ = listing(&query, now());
        let _ = calendar(&query, now());
    }
}
