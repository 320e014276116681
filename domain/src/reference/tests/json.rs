use super::*;

fn render(written: Value) -> Result<Value, Unresolved> {
    JsonTemplate::parse(&written).unwrap().render(&Fixture::new())
}

#[test]
fn references_are_rendered_in_texts_and_keys() {
    let written = json!({
        "id": "@{{login.body.id}}", "list": ["@{{login.body.items}}", 1], "k-@{{login.status}}": "@@{{x}}", "n": null,
    });
    let expected = json!({
        "id": 42, "list": [[{ "sku": "A" }, { "sku": "B" }], 1], "k-200": "@{{x}}", "n": null,
    });
    assert_eq!(render(written).unwrap(), expected);
}

#[test]
fn the_order_of_keys_is_kept() {
    let rendered = render(json!({ "z": 1, "a": "@{{login.status}}", "m": 2 })).unwrap();
    assert_eq!(rendered.to_string(), r#"{"z":1,"a":200,"m":2}"#);
}

#[test]
fn two_references_cannot_make_one_key() {
    let refused = render(json!({ "200": 1, "@{{login.status}}": 2 })).unwrap_err();
    assert_eq!(refused.cause, UnresolvedCause::Invalid);
}

#[test]
fn all_problems_are_found_at_once_with_their_pointers() {
    let written = json!({ "a/b": ["@{{", { "c": "@{{}}" }], "ok": "@{{vars.x}}", "@{{nope}}": 1 });
    let problems = JsonTemplate::parse(&written).unwrap_err();
    let pointers: Vec<_> = problems.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/a~1b/0", "/a~1b/1/c", "/@{{nope}}"]);
}

#[test]
fn references_are_listed_with_their_pointers() {
    let written = json!({ "a": ["x", "@{{vars.x | default(secrets.K)}}"], "@{{vars.k}}": 1 });
    let parsed = JsonTemplate::parse(&written).unwrap();
    let found: Vec<_> = parsed.references().into_iter().map(|(at, r)| (at, r.to_string())).collect();
    let expected =
        [("/a/1", "vars.x | default(secrets.K)"), ("/a/1", "secrets.K"), ("/@{{vars.k}}", "vars.k")];
    assert_eq!(found, expected.map(|(at, text)| (at.to_owned(), text.to_owned())));
    assert!(parsed.touches_secrets() && !parsed.is_literal());
}

#[test]
fn a_value_without_references_is_literal_and_its_escapes_are_undone() {
    let parsed = JsonTemplate::parse(&json!({ "a": ["@@{{x}}", 1.5, {}] })).unwrap();
    assert!(parsed.is_literal());
    assert_eq!(parsed.render(&Fixture::new()).unwrap(), json!({ "a": ["@{{x}}", 1.5, {}] }));
}
