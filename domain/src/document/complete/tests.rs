//! What is offered where.

use serde_json::json;

use super::*;
use crate::document::{Document, Kind, read_value, rewrite};
use crate::reference::Template;

fn shop() -> Value {
    json!({
        "id": "shop",
        "vars": { "base_url": "http://shop.test", "limits": { "max": 5 } },
        "steps": [
            { "id": "login", "request": { "url": "http://a" }, "capture": { "token": "body.token", "later": "body.x" } },
            { "id": "cart", "request": { "url": "http://a" } },
            { "id": "pay", "request": { "url": "http://a" } },
        ],
    })
}

fn offered(pointer: &str) -> Vec<Completion> {
    let environment = json!({
        "id": "e", "vars": { "base_url": "http://prod.test" }, "secrets": { "KEY": { "value": "hidden-value" } },
    });
    let Some(Document::Environment(environment)) = read_value(Kind::Environment, &environment).document
    else {
        panic!("it is an environment")
    };
    let answers = BTreeMap::from([(
        "login".to_owned(),
        json!({
            "status": 201,
            "headers": { "content-type": "application/json" },
            "cookies": { "session": "s" },
            "body": { "token": "t".repeat(100), "user": { "first name": "Ada", "roles": ["admin", "x"] } },
            "captures": { "token": "abc" },
        }),
    )]);
    let around = Surroundings { environments: &[environment], set_ups: &set_ups(), answers: &answers };
    let mut document = shop();
    document["uses"] = json!([{ "collection": "sign-in" }]);
    completions(&document, pointer, &around)
}

/// One that the shop uses, and one that it does not.
fn set_ups() -> Vec<Collection> {
    let captures = json!({ "token": "body.token" });
    let set_up = |id: &str| {
        let steps = json!([{ "id": "a", "request": { "url": "http://a" }, "capture": captures }]);
        serde_json::from_value(json!({ "id": id, "steps": steps })).unwrap()
    };
    vec![set_up("sign-in"), set_up("another")]
}

#[test]
fn the_captures_of_shared_set_ups_are_offered() {
    let all = offered("/steps/0/request/url");
    let captures = all.iter().filter(|found| found.kind == CompletionKind::Capture);
    assert_eq!(captures.map(|found| found.text.as_str()).collect::<Vec<_>>(), ["sign-in.captures.token"]);
}

fn shown(completions: &[Completion]) -> Vec<String> {
    let show = |one: &Completion| {
        let value_type = one.value_type.map(|one| format!(" {one}")).unwrap_or_default();
        let sample = one.sample.as_ref().map(|one| format!(" = {one}")).unwrap_or_default();
        format!("{} {}{value_type}{sample}", one.kind, one.text)
    };
    completions.iter().map(show).collect()
}

#[test]
fn a_request_can_name_earlier_answers_variables_secrets_and_functions() {
    let offered = shown(&offered("/steps/1/request/url"));
    for line in [
        "answer login.status integer = 201",
        "answer login.latency number",
        "answer login.headers.content-type string = \"application/json\"",
        "answer login.cookies.session string = \"s\"",
        "answer login.body object",
        "answer login.body.user[\"first name\"] string = \"Ada\"",
        "answer login.body.user.roles[0] string = \"admin\"",
        "capture login.captures.token string = \"abc\"",
        "capture login.captures.later",
        "variable vars.base_url string = \"http://prod.test\"",
        "variable vars.limits.max integer = 5",
        "secret secrets.KEY string",
        "run run.attempt integer",
        "function uuid() string",
        "filter default(\"none\")",
    ] {
        assert!(offered.iter().any(|one| one == line), "{line} is not in {offered:#?}");
    }
    assert!(
        offered
            .iter()
            .any(|one| one.starts_with("answer login.body.token string = \"ttt") && one.ends_with("…\""))
    );
    assert!(!offered.iter().any(|one| one.contains("cart.") || one.contains("hidden-value")), "{offered:#?}");
}

#[test]
fn an_assertion_and_a_capture_look_at_their_own_answer() {
    for pointer in ["/steps/0/assert/0", "/steps/0/capture/x", "/steps/0/poll/until"] {
        let offered = shown(&offered(pointer));
        for line in [
            "source status integer = 201",
            "source body.user object",
            "source tls.valid boolean",
            "source size integer",
        ] {
            assert!(offered.iter().any(|one| one == line), "{line} is not in {offered:#?}");
        }
        assert!(offered.iter().all(|one| one.starts_with("source ")), "{offered:#?}");
    }
    assert!(
        shown(&offered("/steps/1/assert/0/status/equals"))
            .iter()
            .any(|one| one.starts_with("answer login.status"))
    );
    assert!(!shown(&offered("/defaults/headers/x")).iter().any(|one| one.contains("login")));
}

#[test]
fn columns_of_rows_are_offered_where_there_are_rows() {
    let mut document = shop();
    let nothing = BTreeMap::new();
    let around = Surroundings { environments: &[], answers: &nothing, set_ups: &[] };
    let rows = |document: &Value| {
        let mut all = completions(document, "/steps/0/request/url", &around);
        all.retain(|one| one.kind == CompletionKind::Row);
        shown(&all)
    };
    assert!(rows(&document).is_empty());
    document["each"] = json!([{ "sku": "A", "size": { "cm": 5 } }, { "sku": "B", "unit price": 3 }]);
    let expected = [
        "row row object",
        "row row.sku string = \"A\"",
        "row row.size object",
        "row row[\"unit price\"] integer = 3",
        "row row.size.cm integer = 5",
    ];
    assert_eq!(rows(&document), expected);
    document["each"] = json!("./rows.csv");
    assert!(rows(&document).is_empty());
}

#[test]
fn what_is_offered_can_be_written() {
    for one in offered("/steps/2/request/url") {
        let text = match one.kind {
            CompletionKind::Filter => format!("@{{{{vars.base_url | {}}}}}", one.text),
            _ => format!("@{{{{{}}}}}", one.text),
        };
        Template::parse(&text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    }
    for one in offered("/steps/0/assert") {
        let mut document = shop();
        document["steps"][0]["assert"] = json!([{ one.text.as_str(): { "exists": true } }]);
        let reading = read_value(Kind::Collection, &document);
        let problems = crate::document::check(&reading.document.unwrap(), &Default::default());
        assert_eq!(problems, [], "{}", one.text);
    }
    assert!(rewrite::rename_step(&shop(), "login", "enter").is_ok());
}
