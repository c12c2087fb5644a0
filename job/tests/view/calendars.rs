//! Calendars, read back with a parser.

use calcard::icalendar::{ICalendar, ICalendarComponent, ICalendarProperty, ICalendarValue};
use serde_json::json;

use crate::{
    bench::{Bench, Run, event, source, titled, with},
    client::View,
};

fn value(component: &ICalendarComponent, name: &ICalendarProperty) -> Option<String> {
    let entry = component.entries.iter().find(|entry| entry.name == *name)?;
    Some(match entry.values.first()? {
        ICalendarValue::Text(text) => text.clone(),
        other => format!("{other:?}"),
    })
}

fn events(feed: &str) -> Vec<ICalendarComponent> {
    let parsed = ICalendar::parse(feed).unwrap_or_else(|error| panic!("{error:?}: {feed}"));
    let kind = |component: &ICalendarComponent| component.component_type.as_str().to_owned();
    assert_eq!(kind(&parsed.components[0]), "VCALENDAR");
    let events: Vec<_> = parsed.components[1..].to_vec();
    assert!(events.iter().all(|component| kind(component) == "VEVENT"));
    events
}

fn uids(feed: &str) -> Vec<String> {
    let events = events(feed);
    let uid = |component| value(component, &ICalendarProperty::Uid).unwrap();
    events
        .iter()
        .map(|component| uid(component).split('@').next().unwrap().to_owned())
        .collect()
}

pub async fn a_calendar_reads_back_as_the_events(bench: Bench) {
    let store = bench.open().await;
    let long = format!("{}; \"ünd\", so\non", "Größe ".repeat(40).trim());
    let rich = with(
        "rich",
        &json!({ "title": long, "start": "2026-05-12T20:00:00-07:00", "end": "2026-05-12T23:00:00-07:00", "timeKnown": true,
                 "venue": "Blue Moon", "address": "712 NE 45th St", "categories": ["a,b", "c"], "url": "https://x.example/a,b;c?d" }),
    );
    let days = with(
        "days",
        &json!({ "start": "2026-05-13", "end": "2026-05-14", "allDay": true, "timeKnown": true }),
    );
    Run::new(
        1,
        &[
            rich.clone(),
            days.clone(),
            titled("changing", 15, "Before"),
            event("gone", 14),
        ],
    )
    .commit(&store)
    .await;
    for number in [2, 3] {
        Run::new(
            number,
            &[rich.clone(), days.clone(), titled("changing", 15, "After")],
        )
        .commit(&store)
        .await;
    }
    let view = View::start(&bench.given, &["--view-url", "https://events.example/music"]).await;
    let answer = view.get("/events.ics?from=2026-01-01&removed=true").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "text/calendar; charset=utf-8");
    let feed = &answer.body;
    assert!(feed.ends_with("END:VCALENDAR\r\n") && !feed.replace("\r\n", "").contains('\n'));
    assert!(feed.split("\r\n").all(|line| line.len() <= 75));
    for line in [
        "NAME:Events\r\n",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n",
        "DTSTART:20260513T030000Z\r\n",
        "DTEND:20260513T060000Z\r\n",
        "DTSTART;VALUE=DATE:20260513\r\n",
        "DTEND;VALUE=DATE:20260515\r\n",
        "URL:https://x.example/a,b;c?d\r\n",
    ] {
        assert!(feed.contains(line), "{line}{feed}");
    }
    assert!(
        feed.replace("\r\n ", "")
            .contains("URL:https://events.example/music/events.ics?from=2026-01-01&removed=true\r\n"),
        "{feed}"
    );
    let found = events(feed);
    let of = |uid: &str, name: ICalendarProperty| {
        let found = found.iter().find(|event| {
            value(event, &ICalendarProperty::Uid).unwrap()
                == format!("{uid}@default.sea-monster.sms-scraper.dev")
        });
        value(found.unwrap(), &name).unwrap_or_default()
    };
    assert_eq!(found.len(), 4);
    assert_eq!(of("rich", ICalendarProperty::Summary), long);
    assert_eq!(
        of("rich", ICalendarProperty::Location),
        "Blue Moon, 712 NE 45th St"
    );
    assert!(of("gone", ICalendarProperty::Status).contains("Cancelled"));
    // The first run is at one o'clock, the second, which changed one, at two, the third, which removed one, at three.
    for (uid, sequence, modified) in [
        ("rich", 0, "010000"),
        ("changing", 3600, "020000"),
        ("gone", 7200, "030000"),
    ] {
        assert_eq!(
            of(uid, ICalendarProperty::Sequence),
            format!("Integer({sequence})"),
            "{uid}"
        );
        let (_, block) = feed.split_once(&format!("UID:{uid}@")).unwrap();
        assert!(
            block.contains(&format!("\r\nDTSTAMP:20260510T{modified}Z\r\n")),
            "{uid}: {block}"
        );
    }
    assert_eq!(
        uids(&view.get("/events.ics?from=2026-01-01").await.body),
        ["rich", "days", "changing"]
    );
    assert_eq!(
        uids(&view.get("/events.ics?from=2026-05-14").await.body),
        ["days", "changing"]
    );
    // Without `from` it begins thirty days ago, and these events are long past or far ahead of that.
    let default = uids(&view.get("/events.ics").await.body);
    let today = sms_job::view::query::today(jiff::Timestamp::now());
    let is_past = today > jiff::civil::date(2026, 6, 20);
    assert_eq!(default.is_empty(), is_past, "{default:?}");
}

pub async fn a_source_has_a_calendar_of_its_own(bench: Bench) {
    let store = bench.open().await;
    Run::new(1, &[event("a", 12)]).commit(&store).await;
    let mut other = Run::new(1, &[event("x", 11)]);
    other.source = source("other");
    "other_api".clone_into(&mut other.report.api_name);
    other.commit(&store).await;
    let view = View::of(&bench).await;
    for path in [
        "/sources/other_api/events.ics",
        "/sources/default%2Fother/events.ics",
    ] {
        let feed = view.get(&format!("{path}?from=2026-01-01")).await;
        assert_eq!(feed.status, 200, "{path}");
        assert_eq!(uids(&feed.body), ["x"], "{path}");
    }
    let named = view.get("/sources/other_api/events.ics?from=2026-01-01").await;
    assert!(named.body.contains("\r\nNAME:other_api\r\n"), "{}", named.body);
    for (path, status) in [
        ("/sources/nobody/events.ics", 404),
        ("/sources/default%2Fnobody/events.ics", 404),
        ("/sources/other_api/events.ics?source=other_api", 400),
        ("/events.ics?source=nobody", 400),
        ("/events.ics?limit=5", 400),
    ] {
        let answer = view.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.json()["parameter"].is_string(), "{path}: {}", answer.body);
    }
}

pub async fn a_long_calendar_ends_at_its_limit_and_says_so(bench: Bench) {
    let store = bench.open().await;
    let many: Vec<_> = (0..10_001).map(|n| event(&format!("e{n:05}"), 10)).collect();
    Run::new(1, &many).commit(&store).await;
    let view = View::of(&bench).await;
    let feed = view.get("/events.ics?from=2026-01-01").await.body;
    assert_eq!(feed.matches("BEGIN:VEVENT\r\n").count(), 10_000);
    assert!(feed.contains("\r\nUID:e09999@") && !feed.contains("\r\nUID:e10000@"));
    assert!(feed.ends_with("END:VEVENT\r\nEND:VCALENDAR\r\n"));
    let unfolded = feed.replace("\r\n ", "");
    assert!(
        unfolded.contains("DESCRIPTION:The first 10000 of 10001 events: ask for less"),
        "{}",
        &unfolded[..600]
    );
}
