//! A report for people. Pure.

use std::fmt::Write;

use serde_json::Value;

/// The report, each section under its name; logs as they are, everything else as YAML.
///
/// # Errors
/// A value that is no YAML.
pub fn of(report: &Value) -> Result<String, serde_saphyr::ser::Error> {
    let mut text = "kubectl sms status; secrets are [redacted]\n".to_owned();
    for (name, section) in report.as_object().into_iter().flatten() {
        let _ = write!(text, "\n{}\n\n", heading(name));
        match (name.as_str(), section) {
            ("logs", Value::Object(pods)) => {
                for (pod, lines) in pods {
                    let _ = writeln!(text, "--- {pod}");
                    for line in lines.as_array().into_iter().flatten() {
                        let _ = writeln!(text, "{}", line.as_str().unwrap_or_default());
                    }
                }
            }
            (_, Value::Array(lines)) if lines.iter().all(Value::is_string) => {
                if lines.is_empty() {
                    text.push_str("none\n");
                }
                for line in lines {
                    let _ = writeln!(text, "- {}", line.as_str().unwrap_or_default());
                }
            }
            (_, section) => text.push_str(&serde_saphyr::to_string(section)?),
        }
    }
    Ok(text)
}

/// `notRead` as `NOT READ`.
fn heading(name: &str) -> String {
    let mut heading = String::from("== ");
    for letter in name.chars() {
        if letter.is_uppercase() {
            heading.push(' ');
        }
        heading.extend(letter.to_uppercase());
    }
    heading + " =="
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_section_stands_under_its_name() {
        let report = json!({
            "versions": { "plugin": "1" },
            "sources": [{ "name": "x" }],
            "notRead": ["may not list leases"],
            "events": [],
            "logs": { "operator-1": ["one", "two"] },
        });
        assert_eq!(
            of(&report).unwrap(),
            "kubectl sms status; secrets are [redacted]\n\n== VERSIONS ==\n\nplugin: \"1\"\n\n== SOURCES ==\n\n- name: x\n\n\
             == NOT READ ==\n\n- may not list leases\n\n== EVENTS ==\n\nnone\n\n== LOGS ==\n\n--- operator-1\none\ntwo\n"
        );
    }
}
