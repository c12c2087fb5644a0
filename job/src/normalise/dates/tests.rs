//! Tables of written dates. Pure.

use jiff::Timestamp;
use proptest::prelude::*;
use sms_crds::v1alpha1::{DateOrder, DateRules, YearRule};

use super::*;

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
                    text += &format!(" > {}", short(end));
                }
                if let Some(doors) = o.doors.as_ref().and_then(Moment::time) {
                    text += &format!(" doors {}", clock(doors));
                }
                if o.all_day {
                    text += " all day";
                }
                if !o.daily_times.is_empty() {
                    text += &format!(" daily {}", o.daily_times_json());
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
fn single_days_are_read_in_every_usual_form() {
    check(
        &DateRules::default(),
        &[
            ("May  6 2026", "2026-05-06"),
            ("February 13, 2026", "2026-02-13"),
            ("Thursday, February 19", "2026-02-19"),
            ("Sunday 15, February", "2026-02-15"),
            ("Sat, Mar 7", "2026-03-07"),
            ("May 23rd", "2026-05-23"),
            ("19 February 2026", "2026-02-19"),
            ("19th of February, 2026", "2026-02-19"),
            ("6. Mai 2026", "2026-05-06"),
            ("Sept. 5", "2026-09-05"),
            ("Sep 5 '26", "2026-09-05"),
            ("15 Feb 26", "2026-02-15"),
            ("2026-05-10", "2026-05-10"),
            ("2026/05/10", "2026-05-10"),
            ("2026.05.10", "2026-05-10"),
            ("05/23/2026", "2026-05-23"),
            ("5.23.26", "2026-05-23"),
            ("05-23-2026", "2026-05-23"),
            ("23/05/2026", "2026-05-23"),
            ("5/23", "2026-05-23"),
            ("Fri 5/8", "2026-05-08"),
            ("06.05.", "2026-05-06"),
            ("MAY 8", "2026-05-08"),
            ("Sunday, May 10, 2026", "2026-05-10"),
            ("May 10, 2026 (Sunday)", "2026-05-10"),
            ("Feb 15, Sunday", "2026-02-15"),
            ("2026 May 10", "2026-05-10"),
            ("Monday, May 10, 2026", "2026-05-10"),
            ("May the 4th", "2026-05-04"),
            ("<b>May</b>&nbsp;4", "2026-05-04"),
            ("Today", "2026-02-21"),
            ("tomorrow", "2026-02-22"),
            ("(SALES ENDED) February 28, 2026", "2026-02-28"),
            ("February 28, 2026 (SALES ENDED)", "2026-02-28"),
            ("February 28 | All Ages | 21+", "2026-02-28"),
            ("February 28, 21+", "2026-02-28"),
            ("February 28, 18 & over", "2026-02-28"),
            ("Feb 28, $15", "2026-02-28"),
            ("May 6 2026 All day", "2026-05-06 all day"),
        ],
    );
}

#[test]
fn days_and_times_stand_together_in_every_usual_form() {
    check(
        &DateRules::default(),
        &[
            ("8/25/2026 5:30:00 PM", "2026-08-25 17:30"),
            ("05/23/2026 15:00", "2026-05-23 15:00"),
            ("2/19/2026, 7:00:00 PM", "2026-02-19 19:00"),
            ("Fri May 8th @ 7pm", "2026-05-08 19:00"),
            ("Fri May 8 at 7:30p", "2026-05-08 19:30"),
            ("Sunday, May 10, 2026 @ 07:30 PM", "2026-05-10 19:30"),
            ("February 7, 2026 (7:30 p.m.)", "2026-02-07 19:30"),
            (
                "February 7, 2026 (8 a.m. to 2 p.m.)",
                "2026-02-07 08:00 > 2026-02-07 14:00",
            ),
            (
                "February 7, 2026 (2 to 6 p.m.)",
                "2026-02-07 14:00 > 2026-02-07 18:00",
            ),
            (
                "February 7, 2026 (7:30 to 9:15 p.m.)",
                "2026-02-07 19:30 > 2026-02-07 21:15",
            ),
            ("February 15, 2026 (noon)", "2026-02-15 12:00"),
            ("February 15, 2026, 12 noon", "2026-02-15 12:00"),
            (
                "February 7, 2026 (5 & 8 p.m.)",
                "2026-02-07 17:00; 2026-02-07 20:00",
            ),
            (
                "February 7, 2026 (2, 5 & 8 p.m.)",
                "2026-02-07 14:00; 2026-02-07 17:00; 2026-02-07 20:00",
            ),
            (
                "February 7, 2026 (2pm, 5pm and 8pm)",
                "2026-02-07 14:00; 2026-02-07 17:00; 2026-02-07 20:00",
            ),
            ("February 22, 2026 2–4 pm", "2026-02-22 14:00 > 2026-02-22 16:00"),
            ("Feb 22 11–1 pm", "2026-02-22 11:00 > 2026-02-22 13:00"),
            ("Feb 22, 10pm - 2", "2026-02-22 22:00 > 2026-02-23 02:00"),
            ("Feb 22, 9 PM - 2 AM", "2026-02-22 21:00 > 2026-02-23 02:00"),
            ("Feb 22, 9 - midnight", "2026-02-22 21:00 > 2026-02-23 00:00"),
            ("Feb 22 8pm til late", "2026-02-22 20:00"),
            ("Feb 22 8pm until 11", "2026-02-22 20:00 > 2026-02-22 23:00"),
            (
                "Feb 22 from 19:30 to 21:00",
                "2026-02-22 19:30 > 2026-02-22 21:00",
            ),
            ("Feb 22 19:30 - 21:00", "2026-02-22 19:30 > 2026-02-22 21:00"),
            ("7pm Feb 22", "2026-02-22 19:00"),
            ("7:00 PM, Friday May 8", "2026-05-08 19:00"),
            ("Feb 6 - 7pm", "2026-02-06 19:00"),
            ("Feb 6 — 7:30 PM — $15", "2026-02-06 19:30"),
            ("Feb. 21, 7-9pm", "2026-02-21 19:00 > 2026-02-21 21:00"),
            (
                "May 8 | 7:30 – 9:15 p.m. | Free",
                "2026-05-08 19:30 > 2026-05-08 21:15",
            ),
            ("Samstag, 7. März 2026, 20 Uhr", "2026-03-07 20:00"),
            ("Sa, 07.03.2026 20.30 Uhr", "2026-07-03 20:30"),
            ("samedi 7 mars 2026 à 19h30", "2026-03-07 19:30"),
            ("sábado 7 de marzo de 2026, 20:00 h", "2026-03-07 20:00"),
            ("sabato 7 marzo 2026 ore 21", "2026-03-07"),
            ("sabato 7 marzo 2026 ore 21:00", "2026-03-07 21:00"),
            ("zaterdag 7 maart 2026 20.00 uur", "2026-03-07 20:00"),
            ("sábado, 7 de março de 2026", "2026-03-07"),
            ("mar. 10 mars", "2026-03-10"),
            (
                "Thu Feb 19 2026 19:00:00 GMT-0800 (Pacific Standard Time)",
                "2026-02-19 19:00:00-08",
            ),
            ("Thu Feb 19 19:00:00 2026", "2026-02-19 19:00"),
            ("Thu Feb 19 19:00:00 PST 2026", "2026-02-19 19:00"),
            ("July 10, 2026 7 PM PST", "2026-07-10 19:00"),
            ("July 10, 2026 7:00 PM ET", "2026-07-10 19:00:00-04"),
            ("2026-05-10 7:30 PM", "2026-05-10 19:30"),
            ("2026-05-10 19:30 (Sunday)", "2026-05-10 19:30"),
            (
                "8/25/2026 5:30 PM - 8/25/2026 6:30 PM",
                "2026-08-25 17:30 > 2026-08-25 18:30",
            ),
            ("5/8/26 8pm", "2026-05-08 20:00"),
            ("May 8 TBA", "2026-05-08"),
        ],
    );
}

#[test]
fn doors_and_shows_are_told_apart() {
    check(
        &DateRules::default(),
        &[
            ("May 8 Doors: 7:00 PM", "2026-05-08 19:00 doors 19:00"),
            ("May 8, Doors 7pm / Show 8pm", "2026-05-08 20:00 doors 19:00"),
            ("May 8, Doors 7 / Show 8pm", "2026-05-08 20:00 doors 19:00"),
            (
                "May 8 Doors: 7:00 PM | Show: 8:00 PM",
                "2026-05-08 20:00 doors 19:00",
            ),
            ("May 8 Doors at 7, show at 8", "2026-05-08 20:00 doors 19:00"),
            ("May 8 7:00PM doors 7:30PM show", "2026-05-08 19:30 doors 19:00"),
            ("May 8 7pm doors, 8pm show", "2026-05-08 20:00 doors 19:00"),
            ("May 8, 8pm (doors 7pm)", "2026-05-08 20:00 doors 19:00"),
            (
                "May 8, doors open at 6:30pm, show starts at 7:30pm",
                "2026-05-08 19:30 doors 18:30",
            ),
            ("May 8 7pm/8pm", "2026-05-08 20:00 doors 19:00"),
            ("May 8 Show: 8:00", "2026-05-08 20:00"),
            (
                "8. Mai, Einlass: 19 Uhr, Beginn: 20 Uhr",
                "2026-05-08 20:00 doors 19:00",
            ),
            (
                "May 8, early show 6pm, late show 9pm",
                "2026-05-08 18:00; 2026-05-08 21:00",
            ),
            ("May 8, Happy hour 5pm, music 8pm", "2026-05-08 20:00"),
            (
                "May 8, Doors 6pm, Show 7pm - 10pm",
                "2026-05-08 19:00 > 2026-05-08 22:00 doors 18:00",
            ),
            ("May 8, 8pm, ends 11pm", "2026-05-08 20:00 > 2026-05-08 23:00"),
        ],
    );
}

#[test]
fn runs_and_lists_of_days_are_read() {
    check(
        &DateRules::default(),
        &[
            ("February 6 - 7, 2026", "2026-02-06 > 2026-02-07"),
            ("February 21 - March 1, 2026", "2026-02-21 > 2026-03-01"),
            ("February 22 - Nov. 7, 2026", "2026-02-22 > 2026-11-07"),
            ("February 21 & 28, 2026", "2026-02-21; 2026-02-28"),
            ("Feb. 21, 28", "2026-02-21; 2026-02-28"),
            ("Feb. 26 - 1", "2026-02-26 > 2026-03-01"),
            ("Dec 30 - Jan 2", "2025-12-30 > 2026-01-02"),
            ("Dec 30 - Jan 2, 2027", "2026-12-30 > 2027-01-02"),
            ("Dec 30, 2026 - Jan 2, 2027", "2026-12-30 > 2027-01-02"),
            ("February 6, 7, and 8, 2026", "2026-02-06; 2026-02-07; 2026-02-08"),
            (
                "Feb 6-8, 13-15",
                "2026-02-06 > 2026-02-08; 2026-02-13 > 2026-02-15",
            ),
            ("Fri & Sat, Mar 6 & 7", "2026-03-06; 2026-03-07"),
            ("Fri-Sun, Mar 6-8", "2026-03-06 > 2026-03-08"),
            ("Fri Mar 6 - Sun Mar 8", "2026-03-06 > 2026-03-08"),
            (
                "Friday, March 6 to Sunday, March 8, 2026",
                "2026-03-06 > 2026-03-08",
            ),
            ("March 6 through April 12, 2026", "2026-03-06 > 2026-04-12"),
            ("6 - 7 February 2026", "2026-02-06 > 2026-02-07"),
            ("6., 7. und 8. Mai 2026", "2026-05-06; 2026-05-07; 2026-05-08"),
            ("6.-8. Mai 2026", "2026-05-06 > 2026-05-08"),
            ("13.-15.05.2026", "2026-05-13 > 2026-05-15"),
            ("13.05. - 15.05.2026", "2026-05-13 > 2026-05-15"),
            ("du 6 au 8 mai 2026", "2026-05-06 > 2026-05-08"),
            ("28 Feb - 2 March 2026", "2026-02-28 > 2026-03-02"),
            ("5/8-5/10", "2026-05-08 > 2026-05-10"),
            ("5/8-10", "2026-05-08 > 2026-05-10"),
            ("5/8/2026 - 5/10/2026", "2026-05-08 > 2026-05-10"),
            ("2026-05-08 to 2026-05-10", "2026-05-08 > 2026-05-10"),
            (
                "2026-05-08T19:30/2026-05-08T21:00",
                "2026-05-08 19:30 > 2026-05-08 21:00",
            ),
            (
                "Feb 6 - 8, 2026, 10am - 8pm",
                "2026-02-06 > 2026-02-08 daily [[\"10:00\",\"20:00\"]]",
            ),
            ("Mar 6 7pm - Mar 7 2am", "2026-03-06 19:00 > 2026-03-07 02:00"),
            ("May 8 7pm, May 9 8pm", "2026-05-08 19:00; 2026-05-09 20:00"),
            ("7pm May 8, 8pm May 9", "2026-05-08 19:00; 2026-05-09 20:00"),
            (
                "Fri May 8 & Sat May 9 @ 7pm",
                "2026-05-08 19:00; 2026-05-09 19:00",
            ),
            (
                "Feb 28 & Mar 1, 2026 at 8 p.m.",
                "2026-02-28 20:00; 2026-03-01 20:00",
            ),
            ("May 8 (Fri May 8 @ 7pm)", "2026-05-08 19:00"),
            ("Thu Mar 5, Fri 6, Sat 7", "2026-03-05; 2026-03-06; 2026-03-07"),
            ("Season 2026: May 8", "2026-05-08"),
            ("2025-2026 season: May 8", "2026-05-08"),
            ("February 21, 2026 - March 1", "2026-02-21 > 2026-03-01"),
            ("21, 22 & 28 February", "2026-02-21; 2026-02-22; 2026-02-28"),
            ("Thursdays, March 5 - March 26", "2026-03-05 > 2026-03-26"),
            ("February 6 - 7 at the Center", "2026-02-06 > 2026-02-07"),
        ],
    );
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
            ("Fridays at 7pm", "NoDate"),
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
fn an_occurrence_as_json_is_read_back_the_same() {
    let context = context_at(NOW, &DateRules::default());
    for text in [
        "May 8 doors 7pm show 8pm - 10pm",
        "Feb 6 - 8",
        "2026-05-10T19:30:00-04:00[America/New_York]",
        "May 8, all day",
    ] {
        let found = parse_when(text, &context).unwrap();
        let json = Value::Array(found.iter().map(Occurrence::to_json).collect());
        let again = read_moments(&json, &context).unwrap().list;
        assert_eq!(again, found, "{text}");
    }
}

#[test]
fn hostile_texts_end_quickly() {
    let context = context_at(NOW, &DateRules::default());
    for piece in [
        "Feb 6 - ", "7 & ", "doors ", "5/", "1-", "Fri ", "7pm ", "6, ", "6. ", "( ", "2026 ", "May ",
        "mar 1 ",
    ] {
        let started = std::time::Instant::now();
        let _ = parse_when(&piece.repeat(20_000), &context);
        let _ = parse_time(&piece.repeat(20_000), &context);
        assert!(started.elapsed().as_secs() < 2, "{piece}");
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
