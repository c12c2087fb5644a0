//! The Prometheus text format, version 0.0.4, as far as series of sources need it. Pure.
//!
//! Ten thousand sources have more than half a million series, and nearly all that is written of them is the same again and
//! again: what stands before and after the name of a source is made once for each family.

use std::fmt::Write;

use sms_crds::metrics::Family;

/// Up to here whole numbers are exact in an `f64`, and written as such.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The text of `value` between the quotes of a label (Prometheus exposition formats, "Comments, help text, and type
/// information").
pub(super) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for char in value.chars() {
        match char {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
    text
}

/// Writes a family: its head, and what `samples` writes; nothing if that is nothing.
pub(super) fn family(text: &mut String, family: Family, samples: impl FnOnce(&mut String)) {
    let before = text.len();
    let Family { name, help, .. } = family;
    let kind = family.kind.as_str();
    push(text, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    let head = text.len();
    samples(text);
    if text.len() == head {
        text.truncate(before);
    }
}

/// One series of every source: all of its line but the source and the number.
#[derive(Debug)]
pub(super) struct Series {
    before: String,
    after: String,
}

impl Series {
    /// The series of `name` whose first label is about the source, and whose `others` are these.
    pub(super) fn new(name: &str, label: &str, others: &[(&str, &str)]) -> Self {
        let mut after = "\"".to_owned();
        for (label, value) in others {
            push(&mut after, format_args!(",{label}=\"{}\"", escaped(value)));
        }
        after.push_str("} ");
        Self {
            before: format!("{name}{{{label}=\""),
            after,
        }
    }

    /// A line; `source` is escaped already.
    pub(super) fn write(&self, text: &mut String, source: &str, value: f64) {
        text.push_str(&self.before);
        text.push_str(source);
        text.push_str(&self.after);
        number(text, value);
        text.push('\n');
    }
}

/// Writes a number as `prometheus` does.
#[allow(clippy::cast_possible_truncation, reason = "whole and small enough")]
pub(super) fn number(text: &mut String, value: f64) {
    // By far most of them; a decimal of an f64 takes ten times as long.
    if value == 0.0 {
        text.push('0');
    } else if value.fract() == 0.0 && value.abs() < EXACT {
        push(text, format_args!("{}", value as i64));
    } else {
        push(text, format_args!("{value}"));
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string never fails.
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_backslashes_and_lines_cannot_end_a_label() {
        assert_eq!(escaped("a\\b\"c\nd=é"), "a\\\\b\\\"c\\nd=é");
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-3.0, "-3"),
            (12.5, "12.5"),
            (1_778_317_200.0, "1778317200"),
            (1e16, "10000000000000000"),
        ] {
            let mut text = String::new();
            number(&mut text, value);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn a_family_without_series_has_no_head() {
        let mut text = "x\n".to_owned();
        family(&mut text, sms_crds::metrics::exported::SOURCE_INFO, |_| {});
        assert_eq!(text, "x\n");
    }
}
