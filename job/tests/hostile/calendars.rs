//! Calendars made to cost time or memory, and recurrences without end.

use serde_json::json;

use crate::family::{Attack, attack, prove};

const ENDS: &[&str] = &["LimitExceeded", "ParseFailed", "ok"];

fn calendar(name: &str, body: String) -> Attack {
    attack(
        name,
        "ics",
        format!("BEGIN:VCALENDAR\nVERSION:2.0\n{body}END:VCALENDAR\n"),
        json!({ "ical": {} }),
        ENDS,
    )
}

/// `count` events that began in 2026, with `lines` besides.
fn events(name: &str, count: usize, lines: &str) -> Attack {
    starting(name, count, "DTSTART:20260101T200000Z", lines)
}

fn starting(name: &str, count: usize, start: &str, lines: &str) -> Attack {
    let event = |n: usize| format!("BEGIN:VEVENT\nUID:{n}\nSUMMARY:x\n{start}\n{lines}\nEND:VEVENT\n");
    calendar(name, (0..count).map(event).collect())
}

#[test]
fn recurrences_without_end() {
    let numbers = |to: u32| (0..to).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let everything = format!(
        "RRULE:FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYHOUR={};BYMINUTE={};BYSECOND={};BYSETPOS=1,-1",
        numbers(24),
        numbers(60),
        numbers(60)
    );
    let overrides = "BEGIN:VEVENT\nUID:1\nSUMMARY:y\nRECURRENCE-ID:20260105T200000Z\nDTSTART:20260105T210000Z\nEND:VEVENT\n";
    let attacks = vec![
        events("every second for ever", 1, "RRULE:FREQ=SECONDLY"),
        events(
            "two thousand series of every second",
            2_000,
            "RRULE:FREQ=SECONDLY;INTERVAL=7",
        ),
        starting(
            "every second since 1970, and hardly any",
            1,
            "DTSTART:19700101T000000Z",
            "RRULE:FREQ=SECONDLY;BYSECOND=59;BYMINUTE=59;BYHOUR=23;BYMONTH=2;BYMONTHDAY=29",
        ),
        events("2^31 times", 1, "RRULE:FREQ=MINUTELY;COUNT=2147483648"),
        events(
            "on a day that does not exist",
            500,
            "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        ),
        events(
            "at a place that does not exist",
            500,
            "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31;BYSETPOS=-400",
        ),
        events("every value of every part", 50, &everything),
        events(
            "five thousand rules in one event",
            1,
            &"RRULE:FREQ=DAILY\n".repeat(5_000),
        ),
        events(
            "150 000 exceptions, most of them nonsense",
            1,
            &format!(
                "RRULE:FREQ=DAILY\n{}",
                "EXDATE:20260102T200000Z,x,99999999T999999\n".repeat(50_000)
            ),
        ),
        events(
            "half a million dates",
            1,
            &format!("RDATE:{}", vec!["20990102T200000Z"; 500_000].join(",")),
        ),
        calendar(
            "40 000 changes of one occurrence",
            format!(
                "BEGIN:VEVENT\nUID:1\nSUMMARY:x\nDTSTART:20260101T200000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\n{}",
                overrides.repeat(40_000)
            ),
        ),
        starting(
            "every hour since the year 0",
            1,
            "DTSTART:00000101T000000",
            "RRULE:FREQ=HOURLY",
        ),
        events("an interval of nothing", 1, "RRULE:FREQ=DAILY;INTERVAL=0"),
        events(
            "a duration beyond all calendars",
            1,
            "DURATION:P99999999999999W\nRRULE:FREQ=DAILY",
        ),
    ];
    prove("iCalendar: recurrences without end", attacks);
}

#[test]
fn nesting_zones_and_size() {
    let zone = format!(
        "BEGIN:VTIMEZONE\nTZID:X\n{}END:VTIMEZONE\nBEGIN:VEVENT\nUID:1\nSUMMARY:x\nDTSTART;TZID=X:20990601T200000\nRRULE:FREQ=DAILY\nEND:VEVENT\n",
        "BEGIN:STANDARD\nDTSTART:19700101T000000\nRRULE:FREQ=SECONDLY\nTZOFFSETFROM:+0000\nTZOFFSETTO:+9999\nEND:STANDARD\n".repeat(20_000)
    );
    let attacks = vec![
        calendar("half a million nested events", "BEGIN:VEVENT\n".repeat(500_000)),
        calendar("300 000 nested calendars", "BEGIN:VCALENDAR\n".repeat(300_000)),
        calendar("a zone of 20 000 parts, each without end", zone),
        starting(
            "a thousand series in a zone that nobody knows",
            1_000,
            "DTSTART;TZID=Nowhere/Land:20260601T200000",
            "RRULE:FREQ=DAILY",
        ),
        events(
            "a line of 9 MB",
            1,
            &format!("DESCRIPTION:{}", "x".repeat(9_000_000)),
        ),
        events(
            "a line folded three million times",
            1,
            &format!("DESCRIPTION:{}", "x\n ".repeat(3_000_000)),
        ),
        starting(
            "a million parameters",
            1,
            &format!("DTSTART{}:20990101T200000Z", ";X=Y".repeat(1_000_000)),
            "",
        ),
        events("two million properties", 1, &"A:b\n".repeat(2_000_000)),
        starting("100 000 events", 100_000, "DTSTART:20990101T200000Z", ""),
    ];
    prove("iCalendar: nesting, zones and size", attacks);
}
