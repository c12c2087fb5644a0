//! The text of a calendar file as components, whatever surrounds them. Pure.

use std::borrow::Cow;

use calcard::{Entry, Parser, icalendar::ICalendar};

use crate::extract::{error::ExtractError, item::excerpt};

/// Every calendar of `text`. A component that is not closed ends with the text; broken lines are skipped.
pub fn parse(text: &str) -> Result<Vec<ICalendar>, ExtractError> {
    let text = line_feeds(text);
    let Some(start) = first_component(&text) else {
        return Err(ExtractError::Parse {
            format: "iCalendar",
            problem: format!("expected BEGIN:VCALENDAR, found {}", describe(&text)),
        });
    };
    let mut parser = Parser::new(&text[start..]);
    let mut calendars = Vec::new();
    loop {
        match parser.entry() {
            Entry::ICalendar(calendar) => calendars.push(calendar),
            Entry::Eof => return Ok(calendars),
            _ => {}
        }
    }
}

/// Files of old Macs end lines with a lone CR, which the parser ignores.
fn line_feeds(text: &str) -> Cow<'_, str> {
    if text.contains('\r') && !text.contains('\n') {
        Cow::Owned(text.replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Where the first component that can hold events begins; some servers write warnings before it.
fn first_component(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start_matches(['\u{feff}', ' ', '\t']);
        if let Some((name, value)) = trimmed.split_once(':')
            && name.trim_end().eq_ignore_ascii_case("BEGIN")
            && ["VCALENDAR", "VEVENT", "VTIMEZONE"]
                .iter()
                .any(|kind| value.trim().eq_ignore_ascii_case(kind))
        {
            return Some(at + line.len() - trimmed.len());
        }
        at += line.len();
    }
    None
}

/// What a text that is no calendar seems to be.
fn describe(text: &str) -> String {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let head: String = text.chars().take(4096).collect();
    let lower = head.to_ascii_lowercase();
    if text.is_empty() {
        "an empty page".to_owned()
    } else if lower.starts_with("<!doctype html") || lower.contains("<html") {
        match html_title(&head, &lower) {
            Some(title) => format!("an HTML page titled {title:?}"),
            None => "an HTML page".to_owned(),
        }
    } else if lower.starts_with('<') {
        format!("XML that starts with {:?}", excerpt(&head, 60))
    } else if lower.starts_with('{') || lower.starts_with('[') {
        format!("JSON that starts with {:?}", excerpt(&head, 60))
    } else {
        format!("text that starts with {:?}", excerpt(&head, 60))
    }
}

/// `lower` is `head` in ASCII lower case, so that places in one are places in the other.
fn html_title(head: &str, lower: &str) -> Option<String> {
    let open = lower.find("<title")?;
    let start = open + lower[open..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(excerpt(&head[start..end], 80)).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        match parse(text) {
            Err(ExtractError::Parse {
                format: "iCalendar",
                problem,
            }) => problem,
            other => panic!("expected a parse error, got {other:?}"),
        }
    }

    #[test]
    fn a_page_that_is_no_calendar_is_named() {
        assert_eq!(
            problem("<!DOCTYPE html><html><head><TITLE>404 Not\nFound</TITLE></head>"),
            "expected BEGIN:VCALENDAR, found an HTML page titled \"404 Not Found\""
        );
        assert_eq!(
            problem("\u{feff} \r\n"),
            "expected BEGIN:VCALENDAR, found an empty page"
        );
        assert!(problem("{\"error\": \"no\"}").contains("found JSON that starts with"));
        assert!(problem("<?xml version='1.0'?><rss/>").contains("found XML"));
        assert!(
            problem("Service unavailable").contains("found text that starts with \"Service unavailable\"")
        );
        assert!(problem("We write BEGIN:VCALENDAR in prose").contains("found text"));
    }

    #[test]
    fn warnings_before_the_calendar_and_lone_carriage_returns_are_passed_over() {
        let events = |text: &str| {
            parse(text)
                .unwrap()
                .iter()
                .map(|c| c.components.len())
                .sum::<usize>()
        };
        assert_eq!(
            events("<b>Warning</b>: x in y.php\n  begin:vcalendar\nBEGIN:VEVENT\nEND:VEVENT\n"),
            2
        );
        assert_eq!(
            events("BEGIN:VCALENDAR\rBEGIN:VEVENT\rEND:VEVENT\rEND:VCALENDAR\r"),
            2
        );
        assert_eq!(events("BEGIN:VEVENT\nSUMMARY:bare\nEND:VEVENT\n"), 1);
    }
}
