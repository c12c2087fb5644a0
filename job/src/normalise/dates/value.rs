//! Moments and times out of JSON values: texts, numbers, lists, objects. Pure.

use serde_json::Value;

use super::{DateContext, Moment, Occurrence, TimeText, WhenError, machine, parse_time, parse_when};

/// Most occurrences of one item.
const MOST: usize = 1000;
/// How deep objects and lists are followed.
const DEEPEST: usize = 4;

/// What a value tells: occurrences, and the zone that stands beside them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in super::super) struct Moments {
    pub(in super::super) list: Vec<Occurrence>,
    pub(in super::super) zone: Option<String>,
}

impl Moments {
    fn of(list: Vec<Occurrence>) -> Self {
        Self { list, zone: None }
    }
}

/// Reads the moments of a value. A list whose members are no dates by themselves is read as one text.
pub(in super::super) fn read_moments(value: &Value, context: &DateContext) -> Result<Moments, WhenError> {
    read(value, context, DEEPEST)
}

fn read(value: &Value, context: &DateContext, depth: usize) -> Result<Moments, WhenError> {
    match value {
        Value::String(text) => parse_when(text, context).map(Moments::of),
        Value::Number(number) => number
            .as_f64()
            .and_then(machine::number)
            .map(|moment| Moments::of(vec![Occurrence::new(moment)]))
            .ok_or(WhenError::NoDate),
        Value::Array(list) if depth > 0 => match machine::parts(list) {
            Some(moment) => Ok(Moments::of(vec![Occurrence::new(moment)])),
            None => read_list(list, context, depth),
        },
        Value::Object(object) if depth > 0 => {
            let (inner, zone) = machine::unwrap(object).ok_or(WhenError::NoDate)?;
            let mut moments = read(inner, context, depth - 1)?;
            moments.zone = zone.map(str::to_owned).or(moments.zone);
            if let [occurrence] = moments.list.as_mut_slice() {
                complete(occurrence, object, context, depth);
            }
            Ok(moments)
        }
        _ => Err(WhenError::NoDate),
    }
}

fn read_list(list: &[Value], context: &DateContext, depth: usize) -> Result<Moments, WhenError> {
    let mut all = Moments::default();
    let mut problem = None;
    for value in list.iter().filter(|value| !value.is_null()).take(MOST) {
        match read(value, context, depth - 1) {
            Ok(moments) => {
                for occurrence in moments.list {
                    if all.list.len() < MOST && !all.list.contains(&occurrence) {
                        all.list.push(occurrence);
                    }
                }
                all.zone = all.zone.or(moments.zone);
            }
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    let Some(problem) = problem else {
        return if all.list.is_empty() {
            Err(WhenError::NoDate)
        } else {
            Ok(all)
        };
    };
    // Lines such as ["Friday, May 8", "Doors: 7pm"] are one text.
    let lines: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    if lines.len() == list.len() && lines.len() < 64 {
        return parse_when(&lines.join(" | "), context).map(Moments::of);
    }
    Err(problem)
}

/// Adds what stands beside a start in an object: a time, an end, the doors.
fn complete(
    occurrence: &mut Occurrence,
    object: &serde_json::Map<String, Value>,
    context: &DateContext,
    depth: usize,
) {
    let one = |value: &Value| match read(value, context, depth - 1).ok()?.list.as_slice() {
        [only] => Some(only.start.clone()),
        _ => None,
    };
    if occurrence.start.time().is_none()
        && let Some(time) = object.get("time").and_then(|time| read_times(time, context).ok())
        && let [timed] = time.on(occurrence.start.date(), context).as_slice()
        && time.has_time()
    {
        *occurrence = timed.clone();
    }
    if occurrence.end.is_none() {
        occurrence.end = object.get("end").and_then(one);
    }
    if occurrence.doors.is_none() {
        occurrence.doors = object.get("doors").and_then(one);
    }
    occurrence.all_day |= object.get("allDay") == Some(&Value::Bool(true));
}

/// Reads a time of day: a text, a number such as 1930, or a list of texts.
pub(in super::super) fn read_times(value: &Value, context: &DateContext) -> Result<TimeText, WhenError> {
    match value {
        Value::String(text) => parse_time(text, context),
        Value::Number(number) => parse_time(&number.to_string(), context),
        Value::Array(list) => {
            let lines: Vec<&str> = list.iter().filter_map(Value::as_str).take(64).collect();
            parse_time(&lines.join(", "), context)
        }
        _ => Ok(TimeText::default()),
    }
}

/// Whether a value is a day of Google Calendar (`{"date": "2026-05-11"}`), whose end is the day after the last.
pub(in super::super) fn is_calendar_api_day(value: &Value) -> bool {
    value.as_object().is_some_and(|object| {
        object.contains_key("date")
            && !object.contains_key("time")
            && object.get("dateTime").is_none_or(Value::is_null)
    })
}

/// The only moment of a value, if it has one.
pub(in super::super) fn read_moment(value: &Value, context: &DateContext) -> Option<Moment> {
    match read_moments(value, context).ok()?.list.as_slice() {
        [only] => Some(only.start.clone()),
        _ => None,
    }
}
