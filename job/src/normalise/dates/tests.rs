//! Tables of written dates. Pure.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use sms_crds::v1alpha1::{DateOrder, DateRules, YearRule};

use super::*;
use crate::processor_time::within;

mod written;

/// A Saturday.
const NOW: &str = "2026-02-21T20:00:00Z";

fn context_at(now: &str, rules: &DateRules) -> DateContext {
    DateContext::new(
        "America/Los_Angeles",
        Some(rules),
        now.parse::<Timestamp>().unwrap(),
    )
    .unwrap()
}

/// Writes occurrences as `start > end (doors …)`, joined by `; `.
fn shown(found: &Result<Vec<Occurrence>, WhenError>) -> String {
    let short = |moment: &Moment| {
        let text = moment.to_string().replace('T', " ");
        text.strip_suffix(":00").map_or(text.clone(), str::to_owned)
    };
    match found {
        Ok(list) => {
            let one = |o: &Occurrence| {
                let mut text = short(&o.start);
                if let Some(end) = &o.end {
                    text = format!("{text} > {}", short(end));
                }
                if let Some(doors) = o.doors.as_ref().and_then(Moment::time) {
                    text = format!("{text} doors {}", clock(doors));
                }
                if o.all_day {
                    text += " all day";
                }
                if !o.daily_times.is_empty() {
                    text = format!("{text} daily {}", o.daily_times_json());
                }
                text
            };
            list.iter().map(one).collect::<Vec<_>>().join("; ")
        }
        Err(error) => format!("{error:?}")
            .chars()
            .take_while(|c| c.is_alphabetic())
            .collect(),
    }
}

fn check(rules: &DateRules, cases: &[(&str, &str)]) {
    let context = context_at(NOW, rules);
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(text, expected)| {
            let found = shown(&parse_when(text, &context));
            (found != *expected).then(|| format!("{text:?}\n    expected {expected}\n    found    {found}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn dates_of_listings_and_venues_are_read() {
    let cases: Vec<(&str, &str)> = include_str!("tests/listings.txt")
        .lines()
        .filter_map(|line| line.split_once(" => "))
        .collect();
    assert!(cases.len() > 200);
    check(&DateRules::default(), &cases);
}

#[test]
fn texts_without_a_start_say_why() {
    check(
        &DateRules::default(),
        &[
            ("Through April 12, 2026", "OnlyEnd"),
            ("through Apr. 12", "OnlyEnd"),
            ("Until May 3", "OnlyEnd"),
            ("Now - April 12, 2026", "OnlyEnd"),
            ("Now through April 12, 2026", "OnlyEnd"),
            ("On view through Sunday, May 17, 2026", "OnlyEnd"),
            ("foo bar", "NoDate"),
            ("not-a-real-date", "NoDate"),
            ("", "NoDate"),
            ("TBA", "Unannounced"),
            ("Date to be announced", "Unannounced"),
            ("7:00 PM", "NoDate"),
            ("Fridays at 7pm", "Repeating"),
            ("Every Tuesday 8pm", "Repeating"),
            ("Tous les mardis à 19h", "Repeating"),
            ("Rescheduled from February 2", "NoDate"),
            ("Open 24/7", "NoDate"),
            ("February 2026", "NoDate"),
            ("You may march", "NoDate"),
            ("February 30, 2026", "Impossible"),
            ("Feb 29", "Impossible"),
            ("May 6, 1920", "Impossible"),
            ("2500-01-01", "Impossible"),
            ("Monday, February 19", "WeekdayMismatch"),
            ("13/13/2026", "NoDate"),
            ("555-1234", "NoDate"),
            ("206-555-1234", "NoDate"),
            ("192.168.1.1", "NoDate"),
        ],
    );
}

#[test]
fn rules_change_order_year_and_patterns() {
    let day_first = DateRules {
        order: DateOrder::DayFirst,
        ..DateRules::default()
    };
    check(
        &day_first,
        &[
            ("5/6/2026", "2026-06-05"),
            ("Sa, 07.03.2026 20.30 Uhr", "2026-03-07 20:30"),
            ("5.6.26", "2026-06-05"),
            ("05.09", "2026-09-05"),
            ("05/23/2026", "2026-05-23"),
            ("20.30 Uhr", "NoDate"),
        ],
    );
    let required = DateRules {
        year: YearRule::Required,
        ..DateRules::default()
    };
    check(
        &required,
        &[
            ("May 8", "MissingYear"),
            ("May 8, 2026", "2026-05-08"),
            ("2026-05-08", "2026-05-08"),
        ],
    );
    let patterns = DateRules {
        formats: vec!["%m.%d".into(), "%d %b %Y".into()],
        ..DateRules::default()
    };
    check(
        &patterns,
        &[
            ("Thu 05.07", "2026-05-07"),
            ("Thu 05.09", "WeekdayMismatch"),
            ("05.09", "2026-05-09"),
            ("05.09 8pm", "2026-05-09 20:00"),
            ("9 May 2026", "2026-05-09"),
            ("May 9, 2026", "NoDate"),
            ("2026-05-09T20:00:00-07:00", "2026-05-09 20:00:00-07"),
        ],
    );
}

#[test]
fn years_roll_over_at_new_year() {
    let rules = DateRules::default();
    for (now, text, expected) in [
        ("2025-12-30T20:00:00Z", "Jan 2", "2026-01-02"),
        ("2025-12-30T20:00:00Z", "Dec 31", "2025-12-31"),
        ("2026-01-02T20:00:00Z", "Dec 31", "2025-12-31"),
        ("2026-01-02T20:00:00Z", "Fri Jan 2", "2026-01-02"),
        ("2026-01-01T07:00:00Z", "today", "2025-12-31"),
        (
            "2025-12-20T20:00:00Z",
            "Dec 30 - Jan 2",
            "2025-12-30 > 2026-01-02",
        ),
    ] {
        assert_eq!(
            shown(&parse_when(text, &context_at(now, &rules))),
            expected,
            "{text} on {now}"
        );
    }
}

#[test]
fn times_of_day_are_read_in_every_usual_form() {
    let context = context_at(NOW, &DateRules::default());
    let day = jiff::civil::date(2026, 5, 8);
    for (text, expected) in [
        ("7:00 PM", "19:00"),
        ("7pm", "19:00"),
        ("7 p.m.", "19:00"),
        ("7:30p", "19:30"),
        ("19:30", "19:30"),
        ("19h30", "19:30"),
        ("20h", "20:00"),
        ("1930", "19:30"),
        ("0930", "09:30"),
        ("19.30", "19:30"),
        ("20", "20:00"),
        ("noon", "12:00"),
        ("midnight", "00:00"),
        ("12 am", "00:00"),
        ("12:30 pm", "12:30"),
        ("Show: 8:00 PM", "20:00"),
        ("Doors: 7:00 PM", "19:00 doors 19:00"),
        ("Doors 7pm / Show 8pm", "20:00 doors 19:00"),
        ("7:30 – 9:15 p.m.", "19:30 > 21:15"),
        ("2–4 pm", "14:00 > 16:00"),
        ("5:30 PM - 6:30 PM", "17:30 > 18:30"),
        ("10 a.m. to 2 p.m.", "10:00 > 14:00"),
        ("07:30 – 09:15 PM", "19:30 > 21:15"),
        ("8pm til late", "20:00"),
        ("5 & 8 p.m.", "17:00; 20:00"),
        ("2026-05-10T19:30:00", "19:30"),
        ("19:30:00", "19:30"),
        ("8-11", ""),
        ("7", ""),
        ("TBA", ""),
        ("TBD", ""),
        ("", ""),
        ("see website", ""),
        ("All day", "all day"),
        ("21+", ""),
    ] {
        let found = parse_time(text, &context).map(|time| time.on(day, &context));
        let expected = expected
            .split("; ")
            .map(|part| format!("2026-05-08 {part}").replace("> ", "> 2026-05-08 "))
            .collect::<Vec<_>>();
        assert_eq!(shown(&found).trim(), expected.join("; ").trim(), "{text}");
    }
    for text in ["25:99", "7:75 pm"] {
        assert_eq!(parse_time(text, &context), Err(WhenError::NoDate), "{text}");
    }
}

#[test]
fn hostile_texts_end_quickly() {
    let context = context_at(NOW, &DateRules::default());
    for piece in [
        "Feb 6 - ", "7 & ", "doors ", "5/", "1-", "Fri ", "7pm ", "6, ", "6. ", "( ", "2026 ", "May ",
        "mar 1 ",
    ] {
        println!("{piece}");
        within(Duration::from_secs(2), || {
            let _ = parse_when(&piece.repeat(20_000), &context);
            let _ = parse_time(&piece.repeat(20_000), &context);
        });
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        let context = context_at(NOW, &DateRules::default());
        let _ = parse_when(&text, &context);
        let _ = parse_time(&text, &context);
    }

    #[test]
    fn no_jumble_of_date_words_panics(words in proptest::collection::vec(
        prop_oneof![Just("Feb"), Just("6"), Just("-"), Just("7pm"), Just("&"), Just(","), Just("2026"), Just("Fri"), Just("doors"),
            Just("show"), Just("through"), Just("to"), Just("5/8"), Just("31"), Just("12:30"), Just("/"), Just("noon"), Just("mar"), Just(".")], 0..24)) {
        let context = context_at(NOW, &DateRules::default());
        for text in [words.join(" "), words.concat()] {
            let _ = parse_when(&text, &context);
            let _ = parse_time(&text, &context);
        }
    }

    #[test]
    fn a_full_date_is_read_in_every_style(day in 0_i32..60_000, minute in 0_i8..60, hour in 0_i8..24) {
        let context = context_at(NOW, &DateRules::default());
        let time = jiff::civil::date(1975, 1, 1).saturating_add(jiff::Span::new().days(day)).at(hour, minute, 0, 0);
        for style in ["%A, %B %d, %Y at %I:%M %p", "%m/%d/%Y %H:%M", "%-d %b %Y %-I:%M%p", "%Y-%m-%dT%H:%M", "%a %b %e %H:%M:00 %Y", "%a, %B %-d %Y | %-I:%M %P"] {
            let text = time.strftime(style).to_string();
            let found = parse_when(&text, &context).unwrap();
            prop_assert_eq!(&found, &vec![Occurrence::new(Moment::Local(time))], "{}", text);
        }
    }
}
