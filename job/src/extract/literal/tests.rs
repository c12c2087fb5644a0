//! Literals as pages write them.

use super::*;
use serde_json::json;

#[test]
fn a_javascript_array_with_comments_and_bare_keys_is_read() {
    let script = r#"
        jQuery(document).ready(function($) { var x = 3; });
        var all_events = [
            { id: '15782', start: '2026-02-12', // end: '2026-02-13',
              title: "Tom &amp; Jerry's", imageUrl: '<img src="a.png"/>', },
            /* gone */ { id: 7, price: 1e2, off: -.5, hex: 0x1F, free: !0, sold: !1, x: undefined, d: new Date("2026-02-12"), },
        ];
        all_events.forEach(e => console.log(e));"#;
    let expected = json!([
        {"id": "15782", "start": "2026-02-12", "title": "Tom &amp; Jerry's", "imageUrl": "<img src=\"a.png\"/>"},
        {"id": 7, "price": 100.0, "off": -0.5, "hex": 31, "free": true, "sold": false, "x": null, "d": "2026-02-12"},
    ]);
    assert_eq!(assigned_value(script, Some("all_events")), Ok(expected.clone()));
    assert_eq!(assigned_value(script, None), Ok(expected));
}

#[test]
fn json_and_json_parse_and_properties_are_read() {
    assert_eq!(assigned_value(" {\"a\": [1]} ", None), Ok(json!({"a": [1]})));
    assert!(
        assigned_value(
            "window.x = JSON.parse('{\"a\\u0022: 1}'.replace('a','a'))",
            Some("y")
        )
        .is_err()
    );
    assert_eq!(
        assigned_value(
            r#"window.__STATE__ = JSON.parse("{\"a\":1}");"#,
            Some("__STATE__")
        ),
        Ok(json!({"a": 1}))
    );
    assert_eq!(
        assigned_value(r#"f({"events": [{t: `x`}], n: 1})"#, Some("events")),
        Ok(json!([{"t": "x"}]))
    );
    assert_eq!(
        assigned_value("my_events = 1; var events = {a: 'x' + 'y'}", Some("events")),
        Ok(json!({"a": "xy"}))
    );
    assert_eq!(
        assigned_value(
            r"a = {s: 'caf\xe9 \u{1F600} \ud83d\ude00 \ud83d!', no: !10, yes: !'', gone: void 0}",
            None
        ),
        Ok(json!({"s": "café 😀 😀 \u{fffd}!", "no": false, "yes": true, "gone": null}))
    );
    assert_eq!(
        assigned_value("q.push([1, 'a']); q.push([2])", Some("q.push")),
        Ok(json!([1, "a"]))
    );
}

#[test]
fn what_is_no_literal_is_an_error_that_names_the_line() {
    assert_eq!(
        assigned_value("var a = 1;", Some("b")),
        Err("the script assigns nothing to \"b\"".to_owned())
    );
    assert_eq!(
        assigned_value("run()", None),
        Err("the script assigns no object and no array".to_owned())
    );
    let error = assigned_value("x = {\n a: 1\n b: 2}", Some("x")).unwrap_err();
    assert_eq!(
        error,
        "expected a comma or } in line 3 of the script, found \"b: 2}\""
    );
    assert!(assigned_value("x = {a: 'never closed", Some("x")).is_err());
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("x = {}", "[".repeat(100_000));
    assert!(
        assigned_value(&deep, Some("x"))
            .unwrap_err()
            .contains("deeper than 128")
    );
}
