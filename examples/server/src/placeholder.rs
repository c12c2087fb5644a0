//! Dates relative to today inside a page. Pure.
//!
//! | placeholder | on 2026-05-01 |
//! | --- | --- |
//! | `{{date+3\|%Y-%m-%d}}` | `2026-05-04` |
//! | `{{date-1\|%a %m.%d}}` | `Thu 04.30` |
//! | `{{date+3T19:30\|%Y-%m-%dT%H:%M:%S%:z}}` | `2026-05-04T19:30:00-07:00` |
//! | `{{utc+3T19:30\|%Y-%m-%dT%H:%M:%SZ}}` | `2026-05-05T02:30:00Z`: 19:30 at the venue, told in UTC |
//! | `{{base}}` | `http://127.0.0.1:8000` |
//!
//! The pattern is strftime's. A page changes once a day, at midnight of the venues' zone.

use jiff::{ToSpan, civil::Date, civil::Time, tz::TimeZone};

/// Zone of all venues.
pub const ZONE: &str = "America/Los_Angeles";

/// `page` with every placeholder replaced. Other braces stay as they are.
///
/// # Errors
/// The placeholder that cannot be read, in words.
pub fn fill(page: &str, today: Date, base: &str) -> Result<String, String> {
    let mut filled = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, tail)) = rest.split_once("{{") {
        filled.push_str(before);
        let is_ours = ["date", "utc", "base}}"]
            .iter()
            .any(|word| tail.starts_with(word));
        if let Some((inside, after)) = tail.split_once("}}").filter(|_| is_ours) {
            let text =
                value(inside, today, base).map_err(|problem| format!("{{{{{inside}}}}}: {problem}"))?;
            filled.push_str(&text);
            rest = after;
        } else {
            filled.push_str("{{");
            rest = tail;
        }
    }
    Ok(filled + rest)
}

fn value(inside: &str, today: Date, base: &str) -> Result<String, String> {
    if inside == "base" {
        return Ok(base.to_owned());
    }
    let (when, pattern) = inside
        .split_once('|')
        .ok_or("a date needs a pattern, as in {{date+3|%Y-%m-%d}}")?;
    let (day, time) = when.split_once('T').unwrap_or((when, "00:00"));
    let is_utc = day.starts_with("utc");
    let days = day.trim_start_matches("utc").trim_start_matches("date");
    let days: i32 = match days.strip_prefix('+').unwrap_or(days) {
        "" => 0,
        number => number
            .parse()
            .map_err(|_| format!("{number:?} is no number of days"))?,
    };
    let time: Time = time
        .parse()
        .map_err(|_| format!("{time:?} is no time such as 19:30"))?;
    let zone = TimeZone::get(ZONE).map_err(|error| error.to_string())?;
    let local = today
        .checked_add(days.days())
        .and_then(|date| date.to_datetime(time).to_zoned(zone))
        .map_err(|error| error.to_string())?;
    let told = if is_utc {
        local.with_time_zone(TimeZone::UTC)
    } else {
        local
    };
    jiff::fmt::strtime::format(pattern, &told).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::fill;
    use jiff::civil::date;

    fn filled(page: &str) -> String {
        fill(page, date(2026, 5, 1), "http://127.0.0.1:8000").unwrap()
    }

    #[test]
    fn dates_are_counted_from_today() {
        assert_eq!(filled("{{date|%Y-%m-%d}} {{date+3|%b %-d}}"), "2026-05-01 May 4");
        assert_eq!(filled("<h1>{{date-1|%a %m.%d}}</h1>"), "<h1>Thu 04.30</h1>");
    }

    #[test]
    fn utc_is_the_same_moment_as_the_venue_s_local_time() {
        assert_eq!(
            filled("{{utc+3T19:30|%Y-%m-%dT%H:%M:%SZ}}"),
            "2026-05-05T02:30:00Z"
        );
        assert_eq!(
            filled("{{date+3T19:30|%Y%m%dT%H%M%S%:z}}"),
            "20260504T193000-07:00"
        );
    }

    #[test]
    fn other_braces_stay() {
        let page = "{\"a\": {{\"b\": 1}}} {{ name }} {{date";
        assert_eq!(filled(page), page);
        assert_eq!(filled("{{base}}/x"), "http://127.0.0.1:8000/x");
    }

    #[test]
    fn a_placeholder_that_means_nothing_is_named() {
        for page in ["{{date+3}}", "{{date+x|%Y}}", "{{utcT99:00|%Y}}", "{{date|%!}}"] {
            let problem = fill(page, date(2026, 5, 1), "").unwrap_err();
            assert!(problem.starts_with(page), "{problem}");
        }
    }
}
