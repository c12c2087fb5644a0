//! Placeholders in `url`, `query` and `body`. Pure.

use jiff::{Span, Timestamp, tz::TimeZone};

/// `text` with `{today}`, `{today+30d}`, `{today-7d}`, `{year}`, `{month}`, `{day}`, `{now}` and `{unix}` replaced by
/// their values at `now` in `zone`. Any other brace stays as it is, as does a day out of the calendar.
pub fn fill(text: &str, now: Timestamp, zone: &TimeZone) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        rest = &rest[open..];
        let value = rest
            .find('}')
            .and_then(|close| Some((close, value(&rest[1..close], now, zone)?)));
        if let Some((close, value)) = value {
            filled.push_str(&value);
            rest = &rest[close + 1..];
        } else {
            filled.push('{');
            rest = &rest[1..];
        }
    }
    filled + rest
}

fn value(name: &str, now: Timestamp, zone: &TimeZone) -> Option<String> {
    let today = now.to_zoned(zone.clone()).date();
    match name {
        "today" => Some(today.to_string()),
        "year" => Some(today.strftime("%Y").to_string()),
        "month" => Some(today.strftime("%m").to_string()),
        "day" => Some(today.strftime("%d").to_string()),
        "now" => Some(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        "unix" => Some(now.as_second().to_string()),
        _ => {
            let offset = name.strip_prefix("today")?.strip_suffix('d')?;
            let (sign, digits) = match offset.split_at_checked(1)? {
                ("+", digits) => (1, digits),
                ("-", digits) => (-1, digits),
                _ => return None,
            };
            if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let days = digits.parse::<i64>().ok()?.checked_mul(sign)?;
            let date = today.checked_add(Span::new().try_days(days).ok()?).ok()?;
            (0..=9999).contains(&date.year()).then(|| date.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(zone: &str, text: &str) -> String {
        // 18:30 on 30 April in Seattle, already May in UTC.
        let now: Timestamp = "2026-05-01T01:30:05.25Z".parse().unwrap();
        fill(text, now, &TimeZone::get(zone).unwrap())
    }

    #[test]
    fn each_placeholder_has_its_value_in_the_zone_of_the_source() {
        let cases = [
            ("{today}", "2026-04-30"),
            ("{today+30d}", "2026-05-30"),
            ("{today+1d}", "2026-05-01"),
            ("{today-7d}", "2026-04-23"),
            ("{today-0d}", "2026-04-30"),
            ("{year}/{month}/{day}", "2026/04/30"),
            ("{now}", "2026-05-01T01:30:05Z"),
            ("{unix}", "1777599005"),
            ("from={today}&to={today+365d}", "from=2026-04-30&to=2027-04-30"),
        ];
        for (text, wanted) in cases {
            assert_eq!(at("America/Los_Angeles", text), wanted, "{text}");
        }
        assert_eq!(at("UTC", "{today}"), "2026-05-01");
    }

    #[test]
    fn every_other_brace_stays_as_it_is() {
        let texts = [
            "",
            "{",
            "}",
            "{}",
            "{n}",
            "{ today }",
            "{Today}",
            "{today+d}",
            "{today+1w}",
            "{today+1.5d}",
            "{today*1d}",
            "{today+-1d}",
            "{today-999999d}",
            "{today+1000000d}",
            "{today+99999999999999999999d}",
            "{tödäy+1d}",
            "{today+é1d}",
            r#"{"query":"{ events { id } }"}"#,
        ];
        for text in texts {
            assert_eq!(at("UTC", text), text);
        }
    }

    #[test]
    fn a_placeholder_inside_other_braces_is_replaced() {
        assert_eq!(
            at("UTC", r#"{"from":"{today}","x":{}}"#),
            r#"{"from":"2026-05-01","x":{}}"#
        );
        assert_eq!(at("UTC", "{{today}}"), "{2026-05-01}");
    }
}
