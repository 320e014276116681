use serde_json::{Value, json};

use super::problems;

/// Pointer, message and help of every problem.
fn said(written: &Value) -> Vec<(String, String, String)> {
    let found = problems(written).into_iter();
    found.map(|one| (one.pointer, one.message, one.help.unwrap_or_default())).collect()
}

type Row = (Value, &'static str, &'static str, &'static str);

/// Each check has exactly one problem, with this pointer, and this in its message and its help.
fn each_says(table: impl IntoIterator<Item = Row>) {
    for (written, pointer, message, help) in table {
        let found = said(&written);
        let [(at, what, hint)] = found.as_slice() else { panic!("{written}: {found:?}") };
        assert!(at == pointer && what.contains(message) && hint.contains(help), "{written}: {found:?}");
    }
}

#[test]
fn a_mistaken_source_or_comparison_is_named_with_what_was_meant() {
    each_says([
        (json!({}), "", "empty", "status: 200"),
        (
            json!({ "status": 200, "latency": { "lt": 1 } }),
            "",
            "one thing, found `status` and `latency`",
            "list item",
        ),
        (json!({ "statsu": 200 }), "/statsu", "no `statsu`", "did you mean `status`?"),
        (json!({ "total": { "gt": 1 } }), "/total", "no `total`", "`body.total`"),
        (json!({ "body..x": 1 }), "/body..x", "`..` selects many", ""),
        (json!({ "timing.dsn": { "lt": 1 } }), "/timing.dsn", "`timing` has no `dsn`", "did you mean `dns`?"),
        (
            json!({ "body.total": { "gtt": 1 } }),
            "/body.total/gtt",
            "no comparison `gtt`",
            "did you mean `gt`?",
        ),
        (
            json!({ "body.total": { "min": 1 } }),
            "/body.total/min",
            "no comparison `min`",
            "did you mean `gte`?",
        ),
        (json!({ "body.total": {} }), "/body.total", "nothing is compared", "equals"),
        (json!({ "status": [200, 201] }), "/status", "a list", "in: […]"),
    ]);
}

#[test]
fn a_mistaken_operand_is_named_with_its_place() {
    each_says([
        (json!({ "body.a": { "exists": "yes" } }), "/body.a/exists", "takes true or false", ""),
        (json!({ "body.a": { "matches": "(" } }), "/body.a/matches", "unclosed group", ""),
        (json!({ "body.a": { "not_matches": 5 } }), "/body.a/not_matches", "`not_matches` takes a text", ""),
        (json!({ "body.a": { "not_in": 5 } }), "/body.a/not_in", "`not_in` takes a list", ""),
        (json!({ "body.a": { "between": [1] } }), "/body.a/between", "a list of two", ""),
        (json!({ "body.a": { "between": [2, 1] } }), "/body.a/between", "smaller number first", ""),
        (
            json!({ "body.a": { "type": "nmber" } }),
            "/body.a/type",
            "no type `nmber`",
            "did you mean `number`?",
        ),
        (json!({ "body.a": { "type": ["null", 1] } }), "/body.a/type/1", "a type is one of", ""),
        (
            json!({ "body.a": { "length": { "gtee": 1 } } }),
            "/body.a/length/gtee",
            "no comparison",
            "did you mean `gte`?",
        ),
        (
            json!({ "body.a": { "all": { "any": { "is_nul": true } } } }),
            "/body.a/all/any/is_nul",
            "no comparison",
            "`is_null`",
        ),
        (json!({ "body": { "schema": "./x.json" } }), "/body/schema", "reads schema files", ""),
        (
            json!({ "body": { "schema": { "type": "strin" } } }),
            "/body/schema",
            "not a usable JSON Schema",
            "",
        ),
        (json!({ "latency": { "lt": "2 s" } }), "/latency/lt", "not a duration", ""),
        (json!({ "latency": { "degraded": true } }), "/latency/degraded", "expected a duration", ""),
        (
            json!({ "status": { "degraded": 1 } }),
            "/status/degraded",
            "limit of a measure",
            "severity: warning",
        ),
        (
            json!({ "status": { "equals": 1, "severity": "warnin" } }),
            "/status/severity",
            "`error` or `warning`",
            "`warning`",
        ),
        (json!({ "jsonpath": { "contains": 1 } }), "/jsonpath", "needs a `path`", "$.items"),
        (json!({ "jsonpath": { "path": "items", "contains": 1 } }), "/jsonpath/path", "not a JSONPath", ""),
        (
            json!({ "regex": { "pattern": "[", "exists": true } }),
            "/regex/pattern",
            "not a regular expression",
            "",
        ),
        (json!({ "body.a": "@{{vars.x" }), "/body.a", "not closed", "}}"),
        (json!({ "body.a": { "in": [1, "@{{ | }}"] } }), "/body.a/in/1", "starts with a name", ""),
    ]);
}

#[test]
fn every_mistake_of_one_assertion_is_found_at_once() {
    let found = said(
        &json!({ "body.a": { "matches": "(", "exists": 1, "length": { "lt": 5, "typ": 1 }, "severity": 1 } }),
    );
    let mut pointers: Vec<_> = found.iter().map(|(pointer, ..)| pointer.as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/body.a/exists", "/body.a/length/typ", "/body.a/matches", "/body.a/severity"]);
}

#[test]
fn a_mistake_beside_a_reference_is_found_too() {
    let found = said(&json!({ "body.a": { "length": { "gte": "@{{vars.x}}", "ltt": 1 } } }));
    assert_eq!(found[0].0, "/body.a/length/ltt");
}

#[test]
fn no_schema_is_fetched() {
    for reference in
        ["http://127.0.0.1:9/schema.json", "https://example.com/x", "file:///etc/passwd", "other.json"]
    {
        let found = said(&json!({ "body": { "schema": { "$ref": reference } } }));
        assert_eq!(found[0].0, "/body/schema", "{reference}");
        assert!(found[0].1.contains("nothing is fetched"), "{reference}: {}", found[0].1);
    }
}

#[test]
fn a_schema_whose_reference_goes_in_a_circle_is_survived() {
    for schema in [json!({ "$ref": "#" }), json!({ "allOf": [{ "$ref": "#" }] })] {
        let written = json!({ "body": { "schema": schema } });
        if problems(&written).is_empty() {
            super::evaluate(&written, &super::sample::json(&json!({ "a": 1 })));
        }
    }
}
