//! `preview`: the fields and programs of a source.

use serde_json::json;

use crate::{page_source, scraper::Scraper};

#[tokio::test]
async fn a_field_program_that_fails_is_told_with_its_place_and_the_number_of_items() {
    let scraper = Scraper::new();
    let page = json!([
        {"name": "A", "on": "2099-05-01", "price": {"from": 5}},
        {"name": "B", "on": "2099-05-02", "price": "free"},
        {"name": "C", "on": "2099-05-03", "price": "free"},
        {"name": "D", "on": "2099-05-03"}
    ]);
    page_source(
        &scraper,
        &page,
        "{ json: { fields: { title: 'error(\"boom\")', start: .on, price: .price.from } } }",
    );
    let preview = scraper.run(&["preview", "sources/blue-moon.yaml"]).await;
    for expected in [
        "MissingTitle",
        "warning: spec.extract.json.fields.title failed on 4 of 4 items, first on item 0: boom",
        "warning: spec.extract.json.fields.price failed on 2 of 4 items, first on item 1: cannot take key \"from\" of a text",
    ] {
        assert!(
            preview.stdout.contains(expected),
            "{expected}\n{}",
            preview.stdout
        );
    }
    let run = scraper.run(&["ingester"]).await.report();
    let warnings = run["warnings"].to_string();
    assert!(warnings.contains("fields.title failed on 4 of 4"), "{run}");
}

#[tokio::test]
async fn preview_has_a_row_for_every_declared_field_even_if_nothing_matched_it() {
    let scraper = Scraper::new();
    let page = json!([{"name": "A", "on": "2099-05-01"}, {"name": "B", "on": "2099-05-02"}]);
    page_source(
        &scraper,
        &page,
        "{ json: { fields: { title: .name, start: .on, venue: .room } }, transform: 'del(.venue)' }",
    );
    let printed = scraper
        .run(&["preview", "sources/blue-moon.yaml", "--format", "json"])
        .await
        .stdout;
    let preview: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        preview["fields"],
        json!([
            {"field": "start", "items": 2, "of": 2, "examples": ["2099-05-01", "2099-05-02"]},
            {"field": "title", "items": 2, "of": 2, "examples": ["A", "B"]},
            {"field": "venue", "items": 0, "of": 2, "examples": []}
        ])
    );

    let html = "<li class=e><h3>A</h3><time datetime=2099-05-01></time></li>";
    let fixture = scraper.write("page.html", html);
    let fixture = fixture.display().to_string();
    for (extract, expected) in [
        (
            "{ html: { items: .e, fields: { title: { select: h3 }, start: { select: time, attribute: datetime }, venue: { select: .v } } } }",
            "venue ┆ 0             ┆ 1",
        ),
        (
            "{ html: { items: .event, fields: { title: { select: h3 }, start: { select: time } } } }",
            "warning: spec.extract.html.items \".event\" matches no element",
        ),
        (
            "{ html: { items: .event, fields: { title: { select: h3 }, start: { select: time } } } }",
            "title ┆ 0             ┆ 0",
        ),
    ] {
        scraper.source(
            "blue-moon",
            &format!("  fetch: {{ url: 'https://a.example' }}\n  extract: {extract}"),
        );
        let run = scraper
            .run(&["preview", "sources/blue-moon.yaml", "--fixture", &fixture])
            .await;
        assert!(
            run.stdout.contains(expected),
            "{expected}\n{}{}",
            run.stdout,
            run.stderr
        );
    }
}
