//! Lists, pages, single events, sources, and what a client already has.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sms_crds::report::Outcome;
use sms_job::store::EventQuery;

use crate::{
    bench::{Bench, Run, event, source, titled, with},
    client::View,
};

/// Ids of a list.
fn ids(list: &Value) -> String {
    let events = list["events"].as_array().unwrap();
    let ids: Vec<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    ids.join(" ")
}

/// A run of another source.
fn other(number: i8, events: &[sms_job::identity::Identified]) -> Run {
    let mut run = Run::new(number, events);
    run.source = source("other");
    "other_api".clone_into(&mut run.report.api_name);
    "default/other".clone_into(&mut run.report.source);
    run
}

/// Five events of one source, one of them removed, and one of another.
async fn fill(bench: &Bench) {
    let store = bench.open().await;
    let festival = with(
        "festival",
        &json!({ "start": "2026-05-10", "end": "2026-05-13", "title": "Fair" }),
    );
    let full = with(
        "full",
        &json!({ "start": "2026-05-14T20:00:00-07:00", "timeKnown": true, "title": "100% %_ \"Jazz\"", "venue": "The Blue Room",
                 "performers": ["Ann O'Neil"], "soldOut": true }),
    );
    let off = with(
        "off",
        &json!({ "start": "2026-05-15", "status": "cancelled", "soldOut": true }),
    );
    Run::new(
        1,
        &[
            event("a", 12),
            festival.clone(),
            full.clone(),
            off.clone(),
            event("gone", 13),
        ],
    )
    .commit(&store)
    .await;
    for number in [2, 3] {
        Run::new(
            number,
            &[event("a", 12), festival.clone(), full.clone(), off.clone()],
        )
        .commit(&store)
        .await;
    }
    other(1, &[event("x", 11)]).commit(&store).await;
}

pub async fn every_filter_keeps_what_it_names(bench: Bench) {
    fill(&bench).await;
    let view = View::of(&bench).await;
    let table = [
        ("", "festival x a full off"),
        ("removed=true", "festival x a gone full off"),
        ("removed=false", "festival x a full off"),
        ("source=other_api", "x"),
        ("source=default/other", "x"),
        ("source=default%2Fother,sea_monster", "festival x a full off"),
        (
            "source=sea_monster&source=default%2Fother",
            "festival x a full off",
        ),
        ("from=2026-05-12", "festival a full off"),
        ("to=2026-05-11", "festival x"),
        ("from=2026-05-12&to=2026-05-12", "festival a"),
        ("status=soldOut", "full"),
        ("status=cancelled", "off"),
        ("status=cancelled,soldOut", "full off"),
        ("status=scheduled", "festival x a"),
        ("q=jazz", "full"),
        ("q=blue+room", "full"),
        ("q=o%27neil", "full"),
        ("q=%25+%25_", "full"),
        ("q=%25", "full"),
        ("q=nothing", ""),
        ("q=FAIR", "festival"),
        ("limit=2", "festival x"),
    ];
    for (query, wanted) in table {
        let list = view.json(&format!("/v1/events?{query}")).await;
        assert_eq!(ids(&list), wanted, "{query}");
    }
    let all = view.json("/v1/events?limit=2").await;
    assert_eq!(all["total"], 5);
    for (path, status, parameter) in [
        ("/v1/events?source=nobody", 400, "source"),
        ("/v1/events?source=other_api,nobody", 400, "source"),
        ("/v1/events?source=default/nobody", 400, "source"),
        ("/v1/events?limit=0", 400, "limit"),
        ("/v1/sources?limit=1", 400, "limit"),
    ] {
        let answer = view.get(path).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, "application/problem+json")
        );
        let problem = answer.json();
        assert_eq!(problem["parameter"], parameter, "{path}: {problem}");
        assert_eq!(problem["status"], status);
    }
    // A source that is known and has nothing that matches is an empty list.
    let none = view.json("/v1/events?source=other_api&q=nothing").await;
    assert_eq!(none, json!({ "total": 0, "events": [], "next": null }));
}

pub async fn pages_neither_repeat_nor_miss_an_event_while_others_come_and_go(bench: Bench) {
    let store = bench.open().await;
    // Several at the same moment, so that the start alone does not order them.
    let staying: Vec<_> = (0..40).map(|n| event(&format!("s{n:02}"), 10 + n / 5)).collect();
    let going: Vec<_> = (0..8).map(|n| event(&format!("g{n}"), 10 + n)).collect();
    let both: Vec<_> = staying.iter().chain(&going).cloned().collect();
    Run::new(1, &both).commit(&store).await;
    let view = View::of(&bench).await;
    let mut seen = Vec::new();
    let mut path = "/v1/events?limit=7&source=sea_monster".to_owned();
    let mut pages = 0;
    loop {
        let answer = view.get(&path).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let page = answer.json();
        seen.extend(ids(&page).split(' ').map(str::to_owned));
        pages += 1;
        // Before, behind and on the place where the reader is, events come and go.
        let coming: Vec<_> = (0..pages).map(|n| event(&format!("n{n}"), 10 + n)).collect();
        let now: Vec<_> = staying.iter().chain(&coming).cloned().collect();
        Run::new(pages + 1, &now).commit(&store).await;
        if pages == 3 {
            bench.execute("DELETE FROM sms_events WHERE uid LIKE 'g%'").await;
        }
        let Some(next) = page["next"].as_str() else {
            assert_eq!(answer.header("link"), "");
            break;
        };
        let link = answer.header("link");
        let relative = link
            .strip_prefix("<?")
            .unwrap()
            .strip_suffix(">; rel=\"next\"")
            .unwrap();
        assert!(relative.ends_with(&format!("cursor={next}")), "{link}");
        path = format!("/v1/events?{relative}");
    }
    assert!(pages >= 6, "{pages}");
    let unique: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(unique.len(), seen.len(), "{seen:?}");
    for one in &staying {
        assert!(unique.contains(&one.uid), "{} was missed: {seen:?}", one.uid);
    }
}

pub async fn an_event_is_told_as_the_command_tells_it(bench: Bench) {
    fill(&bench).await;
    let store = bench.open().await;
    let stored = store
        .events(&EventQuery {
            include_removed: true,
            ..EventQuery::default()
        })
        .await
        .unwrap();
    let wanted = serde_json::to_value(&stored).unwrap();
    let view = View::of(&bench).await;
    let list = view.json("/v1/events?removed=true").await;
    assert_eq!(list["events"], wanted);
    for event in wanted.as_array().unwrap() {
        let id = event["id"].as_str().unwrap();
        assert_eq!(view.json(&format!("/v1/events/{id}")).await, *event);
    }
    let missing = view.get("/v1/events/nothing").await;
    assert_eq!(
        (missing.status, missing.header("content-type")),
        (404, "application/problem+json")
    );
}

pub async fn an_event_of_another_version_is_left_out_and_takes_no_other_with_it(bench: Bench) {
    Run::new(1, &[event("a", 12), event("b", 13), event("c", 14)])
        .commit(&bench.open().await)
        .await;
    let later = match bench.is_sqlite() {
        true => "replace(document, 'scheduled', 'livestreamed')",
        false => "replace(document::text, 'scheduled', 'livestreamed')::jsonb",
    };
    bench
        .execute(&format!(
            "UPDATE sms_events SET document = {later} WHERE uid = 'b'"
        ))
        .await;
    let view = View::of(&bench).await;
    let list = view.json("/v1/events").await;
    assert_eq!((ids(&list).as_str(), &list["next"]), ("a c", &Value::Null));
    let mut read = Vec::new();
    let mut path = "/v1/events?limit=1".to_owned();
    loop {
        let page = view.json(&path).await;
        read.push(ids(&page));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/events?limit=1&cursor={next}");
    }
    assert_eq!(read, ["a", "", "c"]);
    let feed = view.get("/events.ics?from=2026-01-01").await;
    assert_eq!(feed.status, 200, "{}", feed.body);
    assert_eq!(feed.body.matches("BEGIN:VEVENT").count(), 2);
    let single = view.get("/v1/events/b").await;
    assert_eq!(
        (single.status, single.header("content-type")),
        (500, "application/problem+json")
    );
    assert!(single.body.contains("\\\"b\\\""), "{}", single.body);
    let logged = view.logged();
    let lines: Vec<&str> = logged
        .lines()
        .filter(|line| line.contains("Left out an event"))
        .collect();
    assert_eq!(lines.len(), 1, "{logged}");
    for part in ["default/sea-monster", "\"id\":\"b\"", "livestreamed"] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
}

pub async fn sources_are_counted_and_named(bench: Bench) {
    fill(&bench).await;
    let view = View::of(&bench).await;
    let mut found = view.json("/v1/sources").await;
    for one in found["sources"].as_array_mut().unwrap() {
        // All of them are in May 2026.
        let upcoming = one.as_object_mut().unwrap().remove("upcoming").unwrap();
        assert!(upcoming.is_i64(), "{upcoming}");
    }
    assert_eq!(
        found,
        json!({ "sources": [
            { "source": "default/other", "apiName": "other_api", "events": 1,
              "lastSuccess": "2026-05-10T01:00:00Z", "lastRead": "2026-05-10T01:00:00Z" },
            { "source": "default/sea-monster", "apiName": "sea_monster", "events": 4,
              "lastSuccess": "2026-05-10T03:00:00Z", "lastRead": "2026-05-10T03:00:00Z" },
        ] })
    );
    let page = view.get("/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    for link in [
        "v1/events?from=today&amp;source=default%2Fother",
        "sources/default%2Fsea-monster/events.ics",
    ] {
        assert!(page.body.contains(&format!("href=\"{link}\"")), "{}", page.body);
    }
}

pub async fn a_client_that_has_the_events_gets_no_body(bench: Bench) {
    fill(&bench).await;
    let store = bench.open().await;
    let view = View::of(&bench).await;
    let json = "/v1/events?removed=true";
    let feed = "/events.ics?from=2026-01-01&removed=true";
    let tags = async || {
        let mut tags = Vec::new();
        for path in [json, feed] {
            let answer = view.get(path).await;
            assert_eq!(answer.status, 200);
            assert!(answer.header("cache-control").starts_with("public, max-age="));
            tags.push(answer.header("etag").to_owned());
        }
        (tags.remove(0), tags.remove(0))
    };
    let (json_tag, feed_tag) = tags().await;
    for (path, tag) in [(json, &json_tag), (feed, &feed_tag)] {
        let answer = view.get_if_none_match(path, tag).await;
        assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{path}");
        assert_eq!(answer.header("etag"), tag);
    }
    assert_eq!(
        view.get(feed).await.header("last-modified"),
        "Sun, 10 May 2026 03:00:00 GMT"
    );
    let mut narrower = view
        .get_if_none_match("/v1/events?removed=true&limit=1", &json_tag)
        .await;
    assert_eq!(narrower.status, 200);
    narrower = view.get_if_none_match("/v1/events", &json_tag).await;
    assert_eq!(narrower.status, 200);

    // An unchanged page: JSON tells when events were last seen, calendars do not.
    Run::new(4, &[]).outcome(Outcome::Unchanged).commit(&store).await;
    assert_eq!(view.get_if_none_match(json, &json_tag).await.status, 200);
    assert_eq!(view.get_if_none_match(feed, &feed_tag).await.status, 304);

    let changed = other(5, &[titled("x", 11, "Another show")]);
    changed.commit(&store).await;
    let answer = view.get_if_none_match(feed, &feed_tag).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("SUMMARY:Another show\r\n"));
    let (json_tag, feed_tag) = tags().await;
    bench.execute("DELETE FROM sms_events WHERE uid = 'gone'").await;
    assert_eq!(view.get_if_none_match(json, &json_tag).await.status, 200);
    assert_eq!(view.get_if_none_match(feed, &feed_tag).await.status, 200);
    for path in ["/", "/v1/sources", "/v1/events/a"] {
        let tag = view.get(path).await.header("etag").to_owned();
        assert_eq!(view.get_if_none_match(path, &tag).await.status, 304, "{path}");
    }
}

pub async fn sixty_readers_at_once_are_all_answered(bench: Bench) {
    fill(&bench).await;
    let view = View::of(&bench).await;
    let requests = (0..60).map(|n| {
        let path = ["/v1/events", "/events.ics?from=2026-01-01", "/"][n % 3];
        view.get(path)
    });
    for answer in futures_util::future::join_all(requests).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}
