//! How long an event lasts: ISO 8601 durations, minutes, words. Pure.

use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde_json::Value;

/// Longest duration that is believed.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);

/// Reads `PT2H6M`, `2h 30m`, `2 hours`, `90 min`, `1:30`, or a number of minutes.
pub(super) fn read(value: &Value) -> Option<SignedDuration> {
    let length = match value {
        Value::Number(number) => minutes(number.as_f64()?)?,
        Value::String(text) => of_text(text.trim())?,
        _ => return None,
    };
    (length > SignedDuration::ZERO && length <= LONGEST).then_some(length)
}

fn minutes(number: f64) -> Option<SignedDuration> {
    SignedDuration::try_from_secs_f64(number * 60.0).ok()
}

fn of_text(text: &str) -> Option<SignedDuration> {
    if text.len() > 64 {
        return None;
    }
    if let Ok(number) = text.parse::<f64>() {
        return minutes(number);
    }
    if let Some((hours, rest)) = text.split_once(':') {
        let (hours, minutes): (i64, i64) = (hours.parse().ok()?, rest.split(':').next()?.parse().ok()?);
        return (hours < 1000 && (0..60).contains(&minutes))
            .then(|| SignedDuration::from_mins(hours * 60 + minutes));
    }
    let text = text
        .to_ascii_lowercase()
        .replace(" and ", " ")
        .replace("approx.", "")
        .replace("ca.", "");
    let span: Span = text.trim().parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_are_read_in_minutes() {
        let cases = [
            (json!("PT2H6M"), 126),
            (json!("pt90m"), 90),
            (json!("P1D"), 1440),
            (json!("P1DT2H"), 1560),
            (json!(126), 126),
            (json!("126"), 126),
            (json!("2h 30m"), 150),
            (json!("2 hours"), 120),
            (json!("1 hour and 30 minutes"), 90),
            (json!("90 min"), 90),
            (json!("1:30"), 90),
            (json!("01:30:00"), 90),
        ];
        for (value, expected) in cases {
            assert_eq!(
                read(&value).map(|length| length.as_mins()),
                Some(expected),
                "{value}"
            );
        }
        for value in [
            json!(0),
            json!("PT0S"),
            json!(-5),
            json!("-PT1H"),
            json!("long"),
            json!(""),
            json!(null),
            json!(1e300),
            json!("P900D"),
        ] {
            assert_eq!(read(&value), None, "{value}");
        }
    }
}
