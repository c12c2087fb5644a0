//! The facts of `expected.json` against an event as the binary prints it. Pure.

use jiff::Timestamp;
use serde_json::Value;

/// One fact and whether the event has it.
pub struct Fact {
    pub key: String,
    pub holds: Result<(), String>,
}

/// Facts that an event has no place for: where the manifests keep them.
const EXTRA: &[(&str, &str)] = &[
    ("support", "support"),
    ("tour", "tour"),
    ("age", "age"),
    ("headliners", "headliners"),
    ("room", "room"),
    ("area", "area"),
    ("sales_ended", "salesEnded"),
    ("multi_day", "multiDay"),
    ("status", "saleStatus"),
];

/// Every fact of `expected`, with those that its silence means. `siblings` are the events of the same id.
pub fn of(event: &Value, expected: &Value, siblings: &[&Value]) -> Vec<Fact> {
    let mut facts: Vec<Fact> = expected
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| {
            let holds = check(event, key, value, siblings)?;
            Some(Fact {
                key: key.clone(),
                holds,
            })
        })
        .collect();
    if expected.get("end").is_none() {
        facts.push(Fact {
            key: "end".to_owned(),
            holds: absent(&event["end"]),
        });
    }
    if expected.get("sold_out").is_none() {
        facts.push(Fact {
            key: "sold_out".to_owned(),
            holds: absent(&event["soldOut"]),
        });
    }
    if expected.get("cancelled").is_none() && expected.get("rescheduled").is_none() {
        facts.push(Fact {
            key: "status".to_owned(),
            holds: same(&event["status"], &Value::from("scheduled")),
        });
    }
    facts
}

/// `None` for keys that tell where a fact comes from instead of a fact.
fn check(event: &Value, key: &str, expected: &Value, siblings: &[&Value]) -> Option<Result<(), String>> {
    let extra = &event["extra"];
    let holds = match key {
        "id" | "title" | "url" | "image" => same(&event[key], expected),
        "start" | "end" | "doors" => time(&event[key], expected),
        "ticket_url" => same(&event["ticketUrl"], expected),
        "external_url" => same(&event["url"], expected),
        "location" => location(event, expected),
        "price" => price(event, expected),
        "free" => same(&event["priceMin"], &Value::from(0.0)),
        "slug" => slug(event, expected),
        "category" => same(&event["categories"], &Value::from(vec![expected.clone()])),
        "sold_out" => same(&Value::from(event["soldOut"] == true), expected),
        "cancelled" => same(&event["status"], &Value::from("cancelled")),
        "rescheduled" => same(&event["status"], &Value::from("rescheduled")),
        "daily_times" => same(&extra["dailyTimes"], &without_open_ends(expected)),
        "occurrences" => occurrences(siblings, expected),
        // Told by others: `end`, `start`, the season tables, or only by the recording's own clock.
        "duration"
        | "start_is"
        | "raw_title"
        | "date_text"
        | "past"
        | "home_games_in_table"
        | "first_home_games" => {
            return None;
        }
        other => match EXTRA.iter().find(|(name, _)| *name == other) {
            Some((_, field)) => same(&extra[*field], expected),
            None => Err("a fact that this test does not know".to_owned()),
        },
    };
    Some(holds)
}

fn same(found: &Value, expected: &Value) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{found} instead of {expected}"))
    }
}

fn absent(found: &Value) -> Result<(), String> {
    if found.is_null() {
        Ok(())
    } else {
        Err(format!("{found} although the page says nothing"))
    }
}

fn time(found: &Value, expected: &Value) -> Result<(), String> {
    if same_time(found.as_str(), expected.as_str()) {
        Ok(())
    } else {
        same(found, expected)
    }
}

/// Whether two texts are the same date, or the same instant told with the same local date.
pub fn same_time(found: Option<&str>, expected: Option<&str>) -> bool {
    let (Some(found), Some(expected)) = (found, expected) else {
        return false;
    };
    let instants = found
        .parse::<Timestamp>()
        .ok()
        .zip(expected.parse::<Timestamp>().ok());
    found.get(..10) == expected.get(..10)
        && (found == expected || instants.is_some_and(|(found, expected)| found == expected))
}

/// The place's name, or name and address, whatever the commas between.
fn location(event: &Value, expected: &Value) -> Result<(), String> {
    let part = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
    let parts = |text: &str| -> Vec<String> {
        text.split(',')
            .map(|part| part.trim().to_owned())
            .filter(|part| !part.is_empty())
            .collect()
    };
    let wanted = parts(expected.as_str().unwrap_or_default());
    let told = [part("venue"), format!("{}, {}", part("venue"), part("address"))];
    if told.iter().any(|text| parts(text) == wanted) {
        Ok(())
    } else {
        Err(format!("{told:?} instead of {expected}"))
    }
}

/// Kept by itself, or part of the address that was built from it.
fn slug(event: &Value, expected: &Value) -> Result<(), String> {
    let slug = expected.as_str().unwrap_or_default();
    let in_address = event["url"]
        .as_str()
        .is_some_and(|url| url.split(['/', '?']).any(|part| part == slug));
    if in_address {
        Ok(())
    } else {
        same(&event["extra"]["slug"], expected)
    }
}

fn price(event: &Value, expected: &Value) -> Result<(), String> {
    let number = |value: &Value| value.as_f64();
    for (found, key) in [("priceMin", "min"), ("priceMax", "max")] {
        if expected.get(key).is_some() && number(&event[found]) != number(&expected[key]) {
            return Err(format!("{found} {} instead of {}", event[found], expected[key]));
        }
    }
    match expected.get("currency") {
        Some(currency) => same(&event["currency"], currency),
        None => Ok(()),
    }
}

/// `["17:00", null]` as `["17:00"]`.
fn without_open_ends(times: &Value) -> Value {
    let closed = |pair: &Value| -> Value {
        let times = pair.as_array().into_iter().flatten();
        times.filter(|time| !time.is_null()).cloned().collect()
    };
    times.as_array().into_iter().flatten().map(closed).collect()
}

fn occurrences(siblings: &[&Value], expected: &Value) -> Result<(), String> {
    let starts: Vec<&str> = siblings
        .iter()
        .filter_map(|event| event["start"].as_str())
        .collect();
    let wanted: Vec<&str> = expected
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let all = wanted
        .iter()
        .all(|wanted| starts.iter().any(|start| same_time(Some(start), Some(wanted))));
    if all && starts.len() == wanted.len() {
        Ok(())
    } else {
        Err(format!("{starts:?} instead of {wanted:?}"))
    }
}
