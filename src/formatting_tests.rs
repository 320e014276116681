//! What formatting does to a text, and what it never does.

use proptest::prelude::*;
use serde_json::{Map, Number};

use super::*;

#[test]
fn a_text_is_written_in_one_style_and_keeps_its_comments() {
    let text = "# The checkout.\nkind:   collection   \nversion: 1\nid: 'a'\n\n\n\nsteps:\n- id: get # first\n  request: {url: 'http://a.test',\n    method: GET}\n  #last\n  assert:\n      - status: 200\n---\n{kind: environment, version: 1, id: e}\n";
    insta::assert_snapshot!(format(text).unwrap(), @r#"
    # The checkout.
    kind: collection
    version: 1
    id: "a"

    steps:
      - id: get # first
        request: { url: "http://a.test", method: GET }
        # last
        assert:
          - status: 200
    ---
    { kind: environment, version: 1, id: e }
    "#);
}

#[test]
fn json_stays_json() {
    assert_eq!(
        format("{\"kind\":\"channel\",\"n\":[1,2.50]}").unwrap(),
        "{\n  \"kind\": \"channel\",\n  \"n\": [\n    1,\n    2.5\n  ]\n}\n"
    );
}

#[test]
fn what_cannot_be_read_is_left_alone() {
    let Err(Refusal::Unreadable(problems)) = format("kind: collection\nurl: @{{vars.x}}\n") else { panic!() };
    assert_eq!(problems[0].line, Some(2));
}

#[test]
fn the_examples_are_formatted() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    for file in crate::documents::find::files(&[folder.into()]).unwrap() {
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(format(&text).unwrap(), text, "{}", file.display());
    }
}

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        r#"[ -~é\n\t]{0,20}"#,
        prop::sample::select(vec![
            "@{{vars.x}}",
            "null",
            "on",
            "- a",
            "# a",
            "a: b",
            "'",
            "\"",
            "1e3",
            "~",
            "|",
            "a\n\nb\n",
            " a "
        ])
        .prop_map(str::to_owned),
    ];
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number)),
        text.clone().prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..4)
                .prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
        ]
    })
}

/// Writes a value as people would: blocks and flows, quotes and comments as `style` has it.
fn write_yaml(value: &Value, indent: usize, style: &mut impl Iterator<Item = u8>, out: &mut String) {
    let block = !style.next().unwrap_or_default().is_multiple_of(3);
    let comment = match style.next().unwrap_or_default() % 4 {
        0 => "  # why",
        1 => " #why not",
        _ => "",
    };
    let margin = " ".repeat(indent);
    match value {
        Value::Object(map) if block && !map.is_empty() => {
            for (key, value) in map {
                out.push_str(&format!("\n{margin}{}:", Value::from(key.as_str())));
                nested(value, indent, comment, style, out);
            }
        }
        Value::Array(items) if block && !items.is_empty() => {
            for item in items {
                out.push_str(&format!("\n{margin}-"));
                nested(item, indent, comment, style, out);
            }
        }
        Value::String(text) if block && !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic()) => {
            out.push_str(&format!(" '{text}'{comment}"));
        }
        other => out.push_str(&format!(" {other}{comment}")),
    }
}

fn nested(
    value: &Value,
    indent: usize,
    comment: &str,
    style: &mut impl Iterator<Item = u8>,
    out: &mut String,
) {
    out.push_str(if value.is_object() || value.is_array() { comment } else { "" });
    // A flow under a comment stands on a line of its own.
    if (value.is_object() || value.is_array()) && !comment.is_empty() {
        out.push_str(&format!("\n{}", " ".repeat(indent + 2)));
    }
    write_yaml(value, indent + 2, style, out);
}

proptest! {
    #[test]
    fn formatting_changes_nothing_that_is_meant_and_not_twice(
        value in prop::collection::vec(("[a-z]{1,8}", value()), 1..6),
        style in prop::collection::vec(any::<u8>(), 64),
    ) {
        let mut text = String::from("# head\n");
        write_yaml(&Value::Object(Map::from_iter(value)), 0, &mut style.into_iter(), &mut text);
        text.push('\n');
        prop_assume!(values(&text).is_ok());
        match format(&text) {
            Ok(written) => {
                prop_assert_eq!(values(&written), values(&text));
                prop_assert_eq!(written.matches('#').count(), text.matches('#').count());
                prop_assert_eq!(format(&written), Ok(written.clone()), "{}", written);
            }
            Err(refusal) => prop_assert!(false, "{:?}\n{}", refusal, text),
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in r#"([a-z]: |- |\{|\}|\[|\]|, |"|'|#|\n| |---\n|&a|\*a|\||>|\PC)*"#) {
        if let Ok(written) = format(&text) {
            prop_assert_eq!(format(&written), Ok(written.clone()));
        }
    }
}
