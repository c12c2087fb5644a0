//! Tables and the public view.

use serde_json::json;
use sms_job::store::Store;
use tokio::task::JoinSet;

use crate::bench::{Bench, Run, event, with};

const COLUMNS: &str = "source id title start end all_day time_known venue performers url image price_min price_max \
                       currency status first_seen last_seen removed_at";

pub async fn migrating_again_does_nothing(bench: Bench) {
    let store = bench.open().await;
    let first = store.migrate().await.unwrap();
    assert_eq!(first.version, 1);
    assert_eq!(
        first.applied.is_empty(),
        bench.is_sqlite(),
        "SQLite is prepared when it is opened"
    );
    let again = store.migrate().await.unwrap();
    assert!(again.applied.is_empty());
    Run::new(1, &[event("a", 11)]).commit(&store).await;
    assert!(bench.open().await.migrate().await.unwrap().applied.is_empty());
    assert_eq!(
        bench.texts("SELECT name FROM sms_migrations").await,
        ["0001_initial"]
    );
}

pub async fn many_processes_may_prepare_an_empty_database_at_once(bench: Bench) {
    let mut tasks = JoinSet::new();
    for number in 0..12 {
        let url = bench.url.clone();
        tasks.spawn(async move {
            let store = Store::open(&url).await.unwrap();
            let mut run = Run::new(1, &[event("a", 11)]);
            run.source = crate::bench::source(&format!("source-{number}"));
            run.commit(&store).await.new
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<i64>(), 12);
    assert_eq!(
        bench.texts("SELECT name FROM sms_migrations").await,
        ["0001_initial"]
    );
}

pub async fn a_newer_schema_is_left_alone(bench: Bench) {
    bench.open().await.migrate().await.unwrap();
    bench
        .execute("INSERT INTO sms_migrations (version, name) VALUES (9001, 'from_the_future')")
        .await;
    bench.execute("ALTER TABLE sms_events ADD COLUMN mood text").await;
    bench
        .execute("ALTER TABLE sms_sources ADD COLUMN mood text")
        .await;
    bench.execute("ALTER TABLE sms_runs ADD COLUMN mood text").await;
    let store = bench.open().await;
    let report = store.migrate().await.unwrap();
    assert_eq!((report.applied.len(), report.version), (0, 9001));
    assert_eq!(Run::new(1, &[event("a", 11)]).commit(&store).await.new, 1);
}

pub async fn the_view_has_the_columns_of_the_contract(bench: Bench) {
    bench.open().await.migrate().await.unwrap();
    let columns = if bench.is_sqlite() {
        bench
            .texts("SELECT name FROM pragma_table_info('events_v1') ORDER BY cid")
            .await
    } else {
        let sql = "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'events_v1' \
                   ORDER BY ordinal_position";
        bench.texts(sql).await
    };
    assert_eq!(columns.join(" "), COLUMNS);
}

pub async fn the_view_tells_what_is_stored(bench: Bench) {
    let store = bench.open().await;
    let timed = with(
        "timed",
        &json!({
            "title": "A show", "start": "2026-05-20T20:00:00-07:00", "end": "2026-05-20T23:00:00-07:00", "timeKnown": true,
            "venue": "Room", "performers": ["A", "B"], "url": "u", "image": "i", "priceMin": 12.5, "priceMax": 20.0,
            "currency": "USD", "status": "cancelled"
        }),
    );
    let bare = with(
        "bare",
        &json!({ "title": "A day", "start": "2026-05-11", "allDay": true, "timeKnown": true }),
    );
    let unknown = with("unknown", &json!({ "title": "Some time", "start": "2026-05-12" }));
    let run = |number| Run::new(number, &[timed.clone(), bare.clone(), unknown.clone()]);
    run(1).commit(&store).await;
    run(2).commit(&store).await;
    for number in [3, 4] {
        Run::new(number, &[timed.clone(), bare.clone()])
            .commit(&store)
            .await;
    }
    // Each database has its own words for moments and truth; the rest is equal.
    let (moment, fact) = if bench.is_sqlite() {
        ("", "CASE %s WHEN 1 THEN 'true' WHEN 0 THEN 'false' END")
    } else {
        (" AT TIME ZONE 'America/Los_Angeles'", "%s::text")
    };
    let fact = |column: &str| fact.replace("%s", column);
    let sql = format!(
        "SELECT source || '|' || id || '|' || title || '|' || coalesce(CAST(start{moment} AS text), '-') || '|' ||
                coalesce(CAST(\"end\"{moment} AS text), '-') || '|' || {} || '|' || {} || '|' ||
                coalesce(venue, '-') || '|' || CAST(performers AS text) || '|' || coalesce(url, '-') || '|' ||
                coalesce(image, '-') || '|' || coalesce(CAST(price_min AS text), '-') || '|' ||
                coalesce(CAST(price_max AS text), '-') || '|' || coalesce(currency, '-') || '|' || status || '|' ||
                substr(CAST(first_seen AS text), 1, 13) || '|' || substr(CAST(last_seen AS text), 1, 13) || '|' ||
                coalesce(substr(CAST(removed_at AS text), 1, 13), '-')
         FROM events_v1 ORDER BY id",
        fact("all_day"),
        fact("time_known")
    );
    let rows: Vec<String> = bench
        .texts(&sql)
        .await
        .iter()
        .map(|row| row.replace('T', " ").replace("\", \"", "\",\""))
        .collect();
    let (bare, start, end, unknown, price) = if bench.is_sqlite() {
        (
            "2026-05-11",
            "2026-05-20 20:00:00-07:00",
            "2026-05-20 23:00:00-07:00",
            "2026-05-12",
            "20.0",
        )
    } else {
        (
            "2026-05-11 00:00:00",
            "2026-05-20 20:00:00",
            "2026-05-20 23:00:00",
            "2026-05-12 00:00:00",
            "20.0",
        )
    };
    let wanted = [
        format!(
            "default/sea-monster|bare|A day|{bare}|-|true|true|-|[]|-|-|-|-|-|scheduled|2026-05-10 01|2026-05-10 04|-"
        ),
        format!(
            "default/sea-monster|timed|A show|{start}|{end}|false|true|Room|[\"A\",\"B\"]|u|i|12.5|{price}|USD|cancelled|\
             2026-05-10 01|2026-05-10 04|-"
        ),
        format!(
            "default/sea-monster|unknown|Some time|{unknown}|-|false|false|-|[]|-|-|-|-|-|scheduled|2026-05-10 01|\
             2026-05-10 02|2026-05-10 04"
        ),
    ];
    assert_eq!(rows, wanted);
}
