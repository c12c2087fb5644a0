//! Calendars that mean harm, and limits.

use std::time::Duration;

use super::*;
use crate::processor_time::within;

fn window(max_items: usize) -> IcalWindow {
    IcalWindow {
        from: "2026-05-01T00:00:00Z".parse().unwrap(),
        until: "2027-05-01T00:00:00Z".parse().unwrap(),
        max_items,
    }
}

fn items(text: &str) -> ItemList {
    read(
        text,
        &window(10_000),
        &TimeZone::get("America/Los_Angeles").unwrap(),
        &RawNames::All,
    )
    .unwrap()
}

fn quickly<T>(work: impl FnOnce() -> T) -> T {
    within(Duration::from_secs(30), work)
}

fn recurring(rules: &[&str]) -> String {
    let event = |(n, rule): (usize, &&str)| {
        format!("BEGIN:VEVENT\nUID:{n}\nSUMMARY:S\nDTSTART:20050101T000000Z\nRRULE:{rule}\nEND:VEVENT\n")
    };
    let events = rules.iter().enumerate().map(event).collect::<Vec<_>>().concat();
    format!(
        "BEGIN:VCALENDAR\n{events}BEGIN:VEVENT\nUID:good\nDTSTART:20260601T000000Z\nEND:VEVENT\nEND:VCALENDAR\n"
    )
}

#[test]
fn nesting_is_harmless() {
    let list = quickly(|| items(&format!("BEGIN:VCALENDAR\n{}", "BEGIN:VEVENT\n".repeat(50_000))));
    assert_eq!(list.items.len(), 10_000);
    assert!(list.truncated);
}

#[test]
fn endless_and_huge_rules_are_cut_off_and_other_events_survive() {
    for rule in [
        "FREQ=SECONDLY",
        "FREQ=SECONDLY;COUNT=2147483647",
        "FREQ=MINUTELY;COUNT=4294967295",
        "FREQ=YEARLY;BYHOUR=0,1,2,3,4,5,6,7,8,9;BYMINUTE=0,1,2,3,4,5;BYSECOND=0,1,2,3;BYDAY=MO,TU,WE,TH,FR,SA,SU",
    ] {
        let list = quickly(|| items(&recurring(&[rule])));
        assert!(list.truncated, "{rule}");
        assert!(list.items.len() <= 2_001, "{rule}: {}", list.items.len());
        assert_eq!(list.items.last().unwrap().fields["id"], "good");
    }
}

#[test]
fn a_large_count_is_no_reason_to_cut_off_what_can_be_counted() {
    let list = items(&recurring(&["FREQ=DAILY;COUNT=2147483647"]));
    assert!(!list.truncated);
    assert_eq!(list.items.len(), 366 + 1);
    assert_eq!(list.items[0].fields["occurrence"], "2026-05-01T00:00:00Z");
}

#[test]
fn many_fruitless_rules_are_given_up_and_told() {
    let list = quickly(|| items(&recurring(&vec!["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"; 5_000])));
    assert!(list.truncated);
    assert_eq!(list.items.last().unwrap().fields["id"], "good");
    assert!(list.warnings.len() <= 20);
}

#[test]
fn many_events_with_one_uid_take_linear_time() {
    let event = |n: i32| {
        let id = if n % 2 == 0 { "DTSTART" } else { "RECURRENCE-ID" };
        let (month, day, hour, minute) = (1 + n % 9, 1 + n % 28, n % 24, n % 60);
        format!("BEGIN:VEVENT\nUID:u\n{id}:20260{month}{day:02}T{hour:02}{minute:02}00\nEND:VEVENT\n")
    };
    let text = (0..20_000).map(event).collect::<Vec<_>>().concat();
    assert!(quickly(|| items(&text)).items.len() > 1_000);
}

#[test]
fn a_large_text_is_not_repeated_without_end() {
    let text = format!(
        "BEGIN:VEVENT\nUID:1\nDTSTART:20260501T000000Z\nRRULE:FREQ=DAILY\nDESCRIPTION:{}\nEND:VEVENT\n",
        "x".repeat(1 << 20)
    );
    let list = quickly(|| items(&text));
    assert!(list.truncated);
    assert_eq!(list.items.len(), 63);
    assert_eq!(
        list.warnings,
        ["event \"1\": the occurrences of the file repeat too much text"]
    );
}

#[test]
fn the_number_of_items_is_limited() {
    let text = recurring(&["FREQ=DAILY", "FREQ=WEEKLY"]);
    let list = read(&text, &window(7), &TimeZone::UTC, &RawNames::All).unwrap();
    assert_eq!(list.items.len(), 7);
    assert!(list.truncated);
    assert!(
        !read(
            "BEGIN:VCALENDAR\nEND:VCALENDAR",
            &window(0),
            &TimeZone::UTC,
            &RawNames::All
        )
        .unwrap()
        .truncated
    );
}

#[test]
fn an_occurrence_moved_into_the_window_is_found_and_one_moved_out_is_not() {
    let list = items(
        "BEGIN:VEVENT\nUID:u\nDTSTART:20260401T000000Z\nRRULE:FREQ=MONTHLY;COUNT=3\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20260401T000000Z\nDTSTART:20260502T000000Z\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20260501T000000Z\nDTSTART:20260430T000000Z\nEND:VEVENT\n",
    );
    let occurrences: Vec<_> = list
        .items
        .iter()
        .map(|item| item.fields["occurrence"].as_str().unwrap())
        .collect();
    assert_eq!(occurrences, ["2026-04-01T00:00:00Z", "2026-06-01T00:00:00Z"]);
}

#[test]
fn this_and_future_moves_every_later_occurrence() {
    let list = items(
        "BEGIN:VEVENT\nUID:u\nSUMMARY:Old\nDTSTART:20260501T180000\nRRULE:FREQ=WEEKLY;COUNT=4\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:u\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260508T180000\nDTSTART:20260509T190000\nSUMMARY:New\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20260522T180000\nDTSTART:20260522T100000\nSUMMARY:Once\nEND:VEVENT\n",
    );
    let told: Vec<_> = list
        .items
        .iter()
        .map(|item| {
            format!(
                "{} {}",
                item.fields["title"].as_str().unwrap(),
                &item.fields["start"].as_str().unwrap()[5..16]
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "Old 05-01T18:00",
            "New 05-09T19:00",
            "New 05-16T19:00",
            "Once 05-22T10:00"
        ]
    );
}

#[test]
fn a_rule_that_cannot_be_read_makes_the_run_partial() {
    for rule in ["FREQ=SOMETIMES", "FREQ=MONTHLY;BYMONTHDAY=77"] {
        let list = items(&recurring(&[rule]).replace("20050101", "20260601"));
        assert!(list.truncated, "{rule}");
        assert_eq!(list.items.len(), 2, "{rule}");
        assert_eq!(list.warnings.len(), 1, "{rule}");
    }
}
