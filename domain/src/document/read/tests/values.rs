//! What is read is what was written: values, aliases, several documents, and the way there and back.

use std::fmt::Write;

use proptest::prelude::*;
use serde_json::{Map, json};

use super::super::*;
use crate::document::{Slug, to_value};

/// The variables of an environment that consists of `vars`.
fn vars(yaml: &str) -> Value {
    let text = format!("kind: environment\nversion: 1\nid: e\nvars:\n{yaml}");
    match read_text(&text).remove(0) {
        Reading { document: Some(Document::Environment(environment)), .. } => Value::Object(environment.vars),
        reading => panic!("{:?}", reading.problems),
    }
}

#[test]
fn the_examples_read_without_problems() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let mut readings = read_text(&std::fs::read_to_string(&path).unwrap());
        for reading in &mut readings {
            reading.read_files(|named| {
                std::fs::read(std::path::Path::new(folder).join(named)).map_err(|error| error.to_string())
            });
        }
        crate::document::check_together(&mut readings, &crate::document::Known::default());
        for reading in readings {
            assert_eq!(reading.problems, [], "{}", path.display());
            assert!(reading.document.is_some());
        }
        files += 1;
    }
    assert!(files > 0);
}

#[test]
fn integers_keep_every_digit() {
    assert_eq!(
        vars("  a: 9007199254740993\n  b: 18446744073709551615\n  c: -9223372036854775808"),
        json!({ "a": 9_007_199_254_740_993_u64, "b": u64::MAX, "c": i64::MIN })
    );
}

#[test]
fn quoted_scalars_are_texts_and_keys_are_too() {
    assert_eq!(
        vars("  a: \"5\"\n  b: 'true'\n  429: yes\n  ~: x\n  c: |\n    two\n    lines\n"),
        json!({ "a": "5", "b": "true", "429": "yes", "~": "x", "c": "two\nlines\n" })
    );
}

#[test]
fn aliases_and_merge_keys_are_expanded() {
    assert_eq!(
        vars(
            "  a: &a { x: 1, y: 2 }\n  b: *a\n  c: { <<: *a, y: 3 }\n  d: { <<: [*a, { z: 4 }] }\n  e: { \"<<\": 5 }"
        ),
        json!({
            "a": { "x": 1, "y": 2 },
            "b": { "x": 1, "y": 2 },
            "c": { "y": 3, "x": 1 },
            "d": { "x": 1, "y": 2, "z": 4 },
            "e": { "<<": 5 },
        })
    );
}

#[test]
fn a_short_text_cannot_become_a_large_document() {
    let mut text =
        "kind: environment\nversion: 1\nid: e\nvars:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "  a{level}: &a{level} [{aliases}]").unwrap();
    }
    let reading = read_text(&text).remove(0);
    assert_eq!(reading.problems.len(), 1);
    assert!(reading.problems[0].message.contains("too large"), "{:?}", reading.problems);
}

#[test]
fn merge_keys_are_bounded_too() {
    let mut text = "a0: &a0 { x: 1 }\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} {{ <<: [{aliases}] }}").unwrap();
    }
    let reading = read_text(&text).remove(0);
    assert!(reading.problems[0].message.contains("too large"), "{:?}", reading.problems);
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
        let text = format!("{}{}", open.repeat(200), close.repeat(200));
        let reading = read_text(&text).remove(0);
        assert!(reading.problems[0].message.contains("nest"), "{:?}", reading.problems);
    }
}

#[test]
fn a_text_may_hold_several_documents() {
    let text = "\u{feff}# first\r\n---\r\nkind: channel\r\nversion: 1\r\nid: a\r\ntype: webhook\r\n--- # second\r\n\
                kind: channel\r\nversion: 1\r\nid: b\r\ntype: webhook\r\n...\r\n---\r\n";
    let found: Vec<_> = read_text(text)
        .into_iter()
        .map(|reading| (reading.line, reading.document.map(|document| document.id().to_string())))
        .collect();
    assert_eq!(found, [(3, Some("a".to_owned())), (8, Some("b".to_owned()))]);
}

#[test]
fn printing_an_environment_keeps_its_secrets() {
    let body = json!({ "id": "e", "secrets": { "A": { "value": "hunter2" } } });
    let document = read_value(Kind::Environment, &body).document.unwrap();
    let printed = to_value(&document);
    assert_eq!(printed, json!({ "kind": "environment", "version": 1, "id": "e", "secrets": { "A": {} } }));
    assert_eq!(printed.as_object().unwrap().keys().next().unwrap(), "kind");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has it", |number| number.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reading_never_panics(text in any::<String>()) {
        prop_assert!(!read_text(&text).is_empty());
    }

    #[test]
    fn reading_never_panics_on_what_looks_like_a_document(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "kind: ", "collection", "version: 1", "steps:", "- ", "id", ": ", "\n", "  ", "\t", "{", "}", "[", "]",
                ",", "\"", "'", "&a ", "*a", "<<: ", "!t ", "|\n", ">-\n", "? ", "#", "---", "...", "%YAML 1.2", "@{{x}}",
                "\\u00", "é", "\u{2028}", "0x1", "1e9", "~", "\r",
            ]),
            0..40,
        )
    ) {
        for reading in read_text(&parts.concat()) {
            prop_assert_eq!(reading.document.is_none(), reading.has_errors());
        }
    }

    #[test]
    fn what_is_printed_reads_the_same(vars in any_json(), json in any_json(), text in any::<String>(), seconds in 1..9999_u32) {
        let vars: Map<_, _> = [("v".to_owned(), vars)].into_iter().collect();
        let body = json!({
            "id": "c", "name": text, "vars": vars, "timeout": format!("{seconds}s"),
            "steps": [{ "id": "a", "request": { "url": text, "json": json, "headers": { "X": text } },
                        "assert": [{ "body.x": text }], "capture": { "a": text, "b": { "regex": text, "secret": true } },
                        "retry": { "attempts": seconds, "when": ["network", 503] } }],
        });
        let reading = read_value(Kind::Collection, &body);
        let document = reading.document.ok_or_else(|| TestCaseError::fail(format!("{:?}", reading.problems)))?;
        let printed = to_value(&document);
        let again = read_value(Kind::Collection, &printed).document;
        prop_assert_eq!(again.as_ref(), Some(&document));
        for text in [printed.to_string(), serde_json::to_string_pretty(&printed).unwrap()] {
            let mut readings = read_text(&text);
            prop_assert_eq!(readings.len(), 1);
            let again = readings.remove(0);
            prop_assert_eq!(again.document.as_ref(), Some(&document), "{:?}", again.problems);
        }
    }
}

#[test]
fn an_inline_schedule_makes_a_monitor_of_the_same_id() {
    let text = "kind: collection\nversion: 1\nid: c\nsteps: []\nschedule: { every: 15s }\nenvironment: e";
    let Some(Document::Collection(collection)) = read_text(text).remove(0).document else { panic!() };
    let monitor = collection.inline_monitor().unwrap();
    let slug = |text: &str| text.parse::<Slug>().unwrap();
    assert_eq!((monitor.id, monitor.collections), (slug("c"), vec![slug("c")]));
    assert_eq!((monitor.environment, monitor.locations), (Some(slug("e")), vec![slug("default")]));
}
