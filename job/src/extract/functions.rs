//! Our own functions for jq programs: what a person needs to read HTML that stands inside other data. Pure.

use jaq_core::native::{Fun, bome, run, v};
use jaq_json::Val;
use jaq_std::ValT as _;

use super::{html, jq::Data, jq::Variables};

/// `html_text` (a fragment as plain text on one line), `html_lines` (its lines), `html_unescape` (entities decoded, tags kept) and `css(selector)` (every
/// match in a fragment, as `{text, html, attrs}`).
pub(super) fn natives() -> impl Iterator<Item = Fun<Data>> {
    [
        run(("html_text", v(0), |cv| {
            bome(map_text(&cv.1, |text| {
                html::fragment_text(text).map_err(jaq_core::Error::str)
            }))
        })),
        run(("html_lines", v(0), |cv| {
            bome(match &cv.1 {
                Val::Null => Ok(Val::Null),
                html => text_of(html).and_then(|html| {
                    let lines = html::fragment_lines(&html).map_err(jaq_core::Error::str)?;
                    Ok(lines.iter().map(|line| Variables::text(line)).collect())
                }),
            })
        })),
        run(("html_unescape", v(0), |cv| {
            bome(map_text(&cv.1, |text| Ok(html::decode_entities(text))))
        })),
        run(("css", v(1), |mut cv| {
            let selector = cv.0.pop_var();
            let matches = text_of(&selector)
                .and_then(|css| html::compile_selector(&css, "css()").map_err(jaq_core::Error::str))
                .and_then(|selector| {
                    html::fragment_select(&text_of(&cv.1)?, &selector).map_err(jaq_core::Error::str)
                });
            match matches {
                Ok(values) => Box::new(values.into_iter().map(|value| Ok(Variables::value(&value)))),
                Err(error) => bome(Err(error)),
            }
        })),
    ]
    .into_iter()
}

fn text_of(value: &Val) -> Result<String, jaq_core::Error<Val>> {
    value
        .as_utf8_bytes()
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .ok_or_else(|| jaq_core::Error::typ(value.clone(), "string"))
}

/// null stays null, so that a program need not guard every field.
fn map_text(
    value: &Val,
    function: impl Fn(&str) -> Result<String, jaq_core::Error<Val>>,
) -> jaq_core::ValR<Val> {
    match value {
        Val::Null => Ok(Val::Null),
        other => text_of(other)
            .and_then(|text| function(&text))
            .map(|text| Variables::text(&text)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::jq::{Program, Variables};
    use serde_json::{Value, json};

    fn run(source: &str, input: &Value) -> Vec<Value> {
        Program::compile(source, "x")
            .unwrap()
            .run(input, &Variables::default(), 10)
            .unwrap()
    }

    #[test]
    fn html_inside_json_is_read_with_css() {
        let item =
            json!({"location": "<a href=\"/x\" title=\"T\">Central <b>Library</b> &amp; Caf&eacute;</a>"});
        assert_eq!(
            run(".location | html_text", &item),
            [json!("Central Library & Café")]
        );
        assert_eq!(run(".location | css(\"a\") | .attrs.href", &item), [json!("/x")]);
        assert_eq!(run(".none | html_text", &item), [json!(null)]);
        assert_eq!(
            run("\"<p>a<br>b</p><p> </p><p>c&amp;d\" | html_lines", &item),
            [json!(["a", "b", "c&d"])]
        );
        assert_eq!(run("\"a &amp; <b>\" | html_unescape", &item), [json!("a & <b>")]);
    }
}
