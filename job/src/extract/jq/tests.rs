//! What programs give and what they may not do.

use super::*;
use serde_json::json;

fn run(source: &str, input: &Value) -> Result<Vec<Value>, String> {
    let variables = Variables {
        now: Variables::text("2026-05-01T00:00:00Z"),
        ..Variables::default()
    };
    Program::compile(source, "spec.x")
        .map_err(|error| error.to_string())?
        .run(input, &variables, 100)
}

#[test]
fn programs_give_what_jq_gives() {
    let page = json!({"days": {"x": [{"n": 1}], "y": [{"n": 2.5}, {"n": null}]}, "t": "A & B | C"});
    assert_eq!(run("[.days[][] | .n // 0] | add", &page), Ok(vec![json!(3.5)]));
    assert_eq!(
        run(".t | split(\" | \") | .[]", &page),
        Ok(vec![json!("A & B"), json!("C")])
    );
    assert_eq!(
        run(".t | capture(\"(?<last>[A-Z])$\").last", &page),
        Ok(vec![json!("C")])
    );
    assert_eq!(
        run("\"https://x/\\(.t | @uri)\"", &page),
        Ok(vec![json!("https://x/A%20%26%20B%20%7C%20C")])
    );
    assert_eq!(
        run(".days | to_entries | map(.key)", &page),
        Ok(vec![json!(["x", "y"])])
    );
    assert_eq!(
        run(". + {z: 1} | del(.days) | keys", &page),
        Ok(vec![json!(["t", "z"])])
    );
    assert_eq!(
        run("now | todate", &page),
        Ok(vec![json!("2026-05-01T00:00:00Z")])
    );
    assert_eq!(
        run("\"2026-05-01\" | strptime(\"%Y-%m-%d\") | mktime", &page),
        Ok(vec![json!(1_777_593_600)])
    );
    assert_eq!(
        run("12345678901234567890", &page),
        Ok(vec![json!(12_345_678_901_234_567_890_u64)])
    );
}

#[test]
fn a_function_that_reaches_outside_does_not_exist() {
    for name in FORBIDDEN {
        let error = Program::compile(&format!("1 | {name}"), "spec.extract.transform")
            .map(|_| ())
            .unwrap_err();
        assert!(
            error.to_string().starts_with(&format!(
                "spec.extract.transform: function {name}/0 is not available"
            )),
            "{error}"
        );
    }
    assert!(
        run("$ENV.HOME", &json!(null))
            .unwrap_err()
            .contains("variable $ENV does not exist")
    );
    assert!(
        run("$__prog_args", &json!(null))
            .unwrap_err()
            .contains("does not exist")
    );
    assert!(run("import \"a\" as a; .", &json!(null)).is_err());
    assert!(
        run("halt_error(1)", &json!(null))
            .unwrap_err()
            .contains("halt_error/1 is not available")
    );
}

#[test]
fn every_allowed_function_is_one_that_the_language_has() {
    let known: Vec<&str> = jaq_core::defs()
        .chain(jaq_std::defs())
        .chain(jaq_json::defs())
        .map(|definition| definition.name)
        .chain(
            jaq_core::funs::<Data>()
                .chain(jaq_std::funs())
                .chain(jaq_json::funs())
                .map(|(name, ..)| name),
        )
        .collect();
    let unknown: Vec<_> = ALLOWED.iter().filter(|name| !known.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn a_syntax_error_names_the_place() {
    assert_eq!(
        run(".a | | .b", &json!(null)).unwrap_err(),
        "spec.x: is no jq program: expected term at character 6, found \"|\""
    );
    assert!(
        run("map(.a", &json!(null))
            .unwrap_err()
            .contains("is no jq program")
    );
    assert!(
        run("nonsense", &json!(null))
            .unwrap_err()
            .contains("function nonsense/0 does not exist")
    );
}

#[test]
fn outputs_without_end_are_cut_at_the_limit() {
    assert_eq!(run("repeat(1)", &json!(null)).map(|out| out.len()), Ok(100));
}

#[test]
fn an_error_of_a_program_is_short() {
    let long = json!({"a": "x".repeat(10_000)});
    assert!(run(".a | .b + 1", &long).unwrap_err().len() < 300);
}
