//! `each`, and what refers to it.

use std::fmt::Write;

use serde_json::json;

use super::*;
use crate::document::{Kind, read_value};

/// A collection with these rows, whose only step has this request besides its URL.
fn with(each: &str, request: &str) -> Vec<String> {
    problems(&format!(
        "kind: collection\nversion: 1\nid: c\neach: {each}\nsteps:\n- id: a\n  request: {{ url: 'http://x.test', {request} }}\n"
    ))
}

const ROWS: &str = "[ { sku: A, size: { cm: 5 }, note: x }, { sku: B, size: {} } ]";

#[test]
fn rows_are_a_list_of_mappings_with_at_least_one_and_at_most_a_thousand() {
    for (each, expected) in [
        ("[]", "4:7 /each: a collection with `each` has at least one row; add one, or remove `each`"),
        (
            "{ sku: A }",
            "4:7 /each: expected a list of rows (`[{ sku: A }]`) or the path of a CSV file, found a mapping",
        ),
        ("[ { sku: A }, B ]", "4:21 /each/1: expected a mapping (`key: value`), found a text"),
        ("[ [] ]", "4:9 /each/0: expected a mapping (`key: value`), found a list"),
    ] {
        assert_eq!(with(each, "text: x"), [expected], "{each}");
    }
    let mut many = "[".to_owned();
    (0..1_001).for_each(|number| write!(many, "{{ n: {number} }}, ").unwrap());
    assert_eq!(
        with(&format!("{many}]"), "text: x"),
        ["4:7 /each: a collection has at most 1000 rows, not 1001"]
    );
    let misnamed = problems(
        "kind: collection\nversion: 1\nid: c\nrows: [ { a: 1 } ]\nsteps:\n- id: a\n  request: { url: 'http://x.test' }\n",
    );
    assert_eq!(misnamed, ["4:1 /rows: unknown key `rows`; did you mean `each`?"]);
}

#[test]
fn what_a_step_refers_to_is_in_every_row_or_has_a_default() {
    for fine in [
        "@{{row.sku}}",
        "@{{row}}",
        "@{{row[\"sku\"]}}",
        "@{{row.note | default(row.sku)}}",
        "@{{row.size.cm | default(1)}}",
        "@{{vars.none | default(row.sku)}}",
    ] {
        assert_eq!(with(ROWS, &format!("text: '{fine}'")), [""; 0], "{fine}");
    }
    for (text, expected) in [
        ("@{{row.skuu}}", "7:43 /steps/0/request/text: no row of `each` has `skuu`; did you mean `sku`?"),
        (
            "@{{row.colour}}",
            "7:43 /steps/0/request/text: no row of `each` has `colour`; rows have `sku`, `size`, `note`",
        ),
        (
            "@{{row.skuu | default(1)}}",
            "7:43 /steps/0/request/text: no row of `each` has `skuu`; did you mean `sku`?",
        ),
        (
            "@{{row.note}}",
            "7:43 /steps/0/request/text: row 2 of `each` lacks `note`: it has no `note`, only `sku`, `size`; give it to that row, or say what stands in for it: `| default(\"…\")`",
        ),
        (
            "@{{row.size.cm}}",
            "7:43 /steps/0/request/text: row 2 of `each` lacks `size.cm`: `size` is an object without keys; give it to that row, or say what stands in for it: `| default(\"…\")`",
        ),
        (
            "x @{{row.none | default(row.note)}}",
            "7:45 /steps/0/request/text: no row of `each` has `none`; did you mean `note`?",
        ),
    ] {
        let found = with(ROWS, &format!("text: '{text}'"));
        assert_eq!(found.first().map(String::as_str), Some(expected), "{text}");
    }
    let without = problems(
        "kind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request: { url: 'http://x.test/@{{row.sku}}' }\n",
    );
    assert_eq!(without, ["6:34 /steps/0/request/url: `row` has no values: the collection has no `each`"]);
}

#[test]
fn values_of_rows_are_no_templates() {
    assert_eq!(with("[ { a: '@{{nothing.like.this}}', b: '@{{' } ]", "text: '@{{row.a}}'"), [""; 0]);
}

#[test]
fn rows_that_a_target_cannot_tell_apart_get_a_warning() {
    let warned = |key: &str| with(ROWS, &format!("method: POST, headers: {{ idempotency-key: '{key}' }}"));
    for same in ["@{{run.id}}", "k", "@{{run.id}}-@{{vars.x | default(1)}}"] {
        let found = warned(same);
        assert!(found.len() == 1 && found[0].contains("warning: every row sends this key"), "{found:?}");
    }
    for different in ["@{{run.id}}-@{{row.sku}}", "@{{uuid()}}"] {
        assert_eq!(warned(different), [""; 0]);
    }
}

#[test]
fn more_requests_than_a_run_may_send_get_a_warning() {
    let rows: Vec<_> = (0..600).map(|number| json!({ "n": number })).collect();
    let step = |id: &str| json!({ "id": id, "request": { "url": "http://x.test" } });
    let document = json!({ "id": "c", "each": rows, "steps": [step("a"), step("b")] });
    let document = read_value(Kind::Collection, &document).document.unwrap();
    let found = check(&document, &Known::default());
    let told: Vec<_> = found.iter().map(|one| (one.is_error(), one.message.as_str())).collect();
    assert_eq!(told, [(false, "600 rows of 2 steps are 1200 requests, and a run sends at most 1000")]);
}

#[test]
fn a_path_is_for_the_command_line_which_puts_the_rows_in_its_place() {
    let step = json!({ "id": "a", "request": { "url": "http://x.test/@{{row.sku}}" } });
    let reading = read_value(Kind::Collection, &json!({ "id": "c", "each": "./rows.csv", "steps": [step] }));
    let told: Vec<_> =
        reading.problems.iter().map(|one| (one.pointer.as_str(), one.message.as_str())).collect();
    assert_eq!(told, [("/each", "the path of a file is for the command line, which reads it")]);

    let text = "kind: collection\nversion: 1\nid: c\neach: ./rows.csv\nsteps:\n- id: a\n  request: { url: 'http://x.test/@{{row.sku}}' }\n";
    let unread = problems(text);
    assert_eq!(unread.len(), 1, "{unread:?}");
    let mut reading = read_text(text).remove(0);
    reading.read_files(
        |path| if path == "./rows.csv" { Ok(b"sku\nA\nB\n".to_vec()) } else { Err("?".to_owned()) },
    );
    check_together(std::slice::from_mut(&mut reading), &Known::default());
    let value = crate::document::to_value(reading.document.as_ref().expect("it is whole"));
    assert_eq!(value["each"], json!([{ "sku": "A" }, { "sku": "B" }]));

    let mut reading = read_text(text).remove(0);
    reading.read_files(|_| Ok(b"sku\nA,B\n".to_vec()));
    check_together(std::slice::from_mut(&mut reading), &Known::default());
    let told: Vec<_> = reading.problems.iter().map(|one| (one.line, one.message.as_str())).collect();
    let why =
        "`./rows.csv` is not the CSV of rows: line 2: it has 2 values, and the first line names 1 column";
    assert_eq!(told, [(Some(4), why)], "and nothing else");
}
