use super::*;

fn find(path: &str) -> Value {
    let fixture = Fixture::new();
    Path::parse(path)
        .unwrap()
        .find(&fixture.answer["body"])
        .unwrap_or_else(|missing| panic!("{missing}"))
        .clone()
}

fn missing(path: &str) -> String {
    Path::parse(path).unwrap().find(&Fixture::new().answer["body"]).unwrap_err().to_string()
}

#[test]
fn paths_lead_through_objects_and_arrays() {
    assert_eq!(find("items[0].sku"), "A");
    assert_eq!(find("items.1.sku"), "B");
    assert_eq!(find("items[-1].sku"), "B");
    assert_eq!(find("items[-2]['sku']"), "A");
    assert_eq!(find("[\"odd key\"]['a.b']"), "dotted");
    assert_eq!(find("['o\\u0064d key']"), json!({ "a.b": "dotted" }));
}

#[test]
fn a_bare_number_is_a_key_of_an_object_as_in_the_original() {
    assert_eq!(find("2024"), "year");
    assert_eq!(find("[2024]"), "year");
    assert_eq!(Path::parse("['2024']").unwrap().segments(), [Segment::Name("2024".into())]);
}

#[test]
fn escapes_of_astral_characters_take_two_halves() {
    assert_eq!(Path::parse(r#"["\ud83e\udd80"]"#).unwrap().first(), Some("🦀"));
    assert!(Path::parse(r#"["\ud83e"]"#).unwrap_err().message.contains("half a character"));
    assert!(Path::parse(r#"["\u12é"]"#).unwrap_err().message.contains("four hexadecimal digits"));
}

#[test]
fn what_is_no_path_is_refused() {
    for text in [
        "",
        ".",
        "a.",
        "a..b",
        "[",
        "[]",
        "[01]",
        "[-0]",
        "[1:2]",
        "['a'",
        "a b",
        "a]",
        "$.a",
        "[99999999999999999999]",
    ] {
        assert!(Path::parse(text).is_err(), "{text}");
    }
}

#[test]
fn what_is_missing_names_what_was_there() {
    assert_eq!(missing("items[2]"), "`items` is an array of 2 items, it has no `[2]`");
    assert_eq!(missing("items[-3]"), "`items` is an array of 2 items, it has no `[-3]`");
    assert_eq!(missing("items.sku"), "`items` is an array of 2 items, it has no `sku`");
    assert_eq!(missing("items[0].sko"), "`items[0]` has no `sko`, only `sku`; did you mean `sku`?");
    assert_eq!(missing("empty[0]"), "`empty` is an empty array");
    assert_eq!(missing("token.x"), "`token` is text, it has no `x`");
    assert_eq!(missing("none.x"), "`none` is null, it has no `x`");
    let first = missing("tokn");
    assert!(first.starts_with("it has no `tokn`, only `id`, `big`, "), "{first}");
    assert!(first.ends_with(" and 2 more; did you mean `token`?"), "{first}");
}

#[test]
fn keys_are_shortened_in_messages() {
    let value = json!({ "é".repeat(5000): 1 });
    let message = Path::parse("x").unwrap().find(&value).unwrap_err().to_string();
    assert!(message.chars().count() < 100, "{message}");
}
