//! What a collection may not say, with the pointer of each problem; and how a request is put together.

use std::{borrow::Cow, sync::Arc};

use serde_json::{Value, json};

use crate::{
    exchange::Request,
    problem::Problem,
    reference::{Function, NoValue, Path, Root, Scope},
};

use super::Plan;

mod requests;

fn compile(document: Value) -> Result<Plan, Vec<Problem>> {
    Plan::compile(&serde_json::from_value(document).expect("the test's collection is well-formed"))
}

/// Every problem as `pointer: message (help)`.
fn problems(steps: Value) -> Vec<String> {
    let problems = compile(json!({ "id": "shop", "steps": steps })).err().unwrap_or_default();
    problems
        .into_iter()
        .map(|problem| {
            let help = problem.help.map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}: {}{help}", problem.pointer, problem.message)
        })
        .collect()
}

#[test]
fn references_to_unknown_own_and_later_steps_are_refused_with_a_suggestion() {
    let step =
        |id: &str, reference: &str| json!({ "id": id, "request": { "url": "http://x/", "text": reference } });
    let found = problems(json!([
        step("login", "@{{login.body.token}}"),
        step("cart", "@{{logn.body.token}}"),
        step("pay", "@{{ship.body.id}}"),
        step("ship", "@{{step9.body.id}}"),
        step("mail", "@{{env.SENDER}}"),
    ]));
    assert_eq!(
        found[0],
        "/steps/0/request/text: step `login` cannot refer to its own answer (only earlier steps have answered by then)"
    );
    assert_eq!(found[1], "/steps/1/request/text: there is no step `logn` (did you mean `login`?)");
    assert_eq!(
        found[2],
        "/steps/2/request/text: step `ship` runs after `pay` (move that step before this one)"
    );
    assert_eq!(
        found[3],
        "/steps/3/request/text: there is no step 9: the collection has 5 steps (steps are counted from 1)"
    );
    assert!(found[4].contains("vars"), "another tool's word leads to ours: {}", found[4]);
}

#[test]
fn a_reference_to_a_capture_that_is_not_taken_is_refused() {
    let found = problems(json!([
        { "id": "a", "request": { "url": "http://x/" }, "capture": { "token": "body.token" } },
        { "id": "b", "request": { "url": "http://x/@{{a.captures.tokn}}" } },
    ]));
    assert_eq!(found, ["/steps/1/request/url: step `a` captures no `tokn` (did you mean `token`?)"]);
}

#[test]
fn every_text_of_a_step_is_checked_and_all_problems_are_told() {
    let found = problems(json!([{
        "id": "a",
        "request": {
            "method": "POST",
            "url": "http://x/@{{nope.body}}",
            "query": { "q": "@{{nope.body}}" },
            "headers": { "X": "@{{nope.body}}", "Y": { "not": "a text" } },
            "auth": { "bearer": "@{{nope.body}}" },
            "json": { "deep": ["@{{nope.body}}"] },
        },
        "assert": [{ "body.x": { "equals": "@{{nope.body}}" } }],
        "when": [{ "value": "@{{nope.body}}", "equals": 1 }],
        "poll": { "until": [{ "body.x": "@{{nope.body}}" }] },
    }]));
    let pointers: Vec<&str> = found.iter().filter_map(|line| line.split(':').next()).collect();
    for expected in [
        "/steps/0/request/url",
        "/steps/0/request/query/q",
        "/steps/0/request/headers/X",
        "/steps/0/request/headers/Y",
        "/steps/0/request/auth/bearer",
        "/steps/0/request/json/deep/0",
        "/steps/0/assert/0/body.x/equals",
        "/steps/0/when/0/value",
        "/steps/0/poll/until/0/body.x",
    ] {
        assert!(pointers.contains(&expected), "{expected} is missing in {pointers:#?}");
    }
}

#[test]
fn a_problem_inside_a_text_says_where_in_it() {
    let document =
        json!({ "id": "shop", "steps": [{ "id": "a", "request": { "url": "http://x/@{{nope.body}}" } }] });
    assert_eq!(compile(document).unwrap_err()[0].offset, Some(9));
}

#[test]
fn a_problem_in_the_defaults_points_there() {
    let document = json!({
        "id": "shop",
        "defaults": { "headers": { "X": "@{{nope.body}}" } },
        "steps": [{ "id": "a", "request": { "url": "http://x/" } }],
    });
    assert_eq!(compile(document).unwrap_err()[0].pointer, "/defaults/headers/X");
}

/// Knows one variable.
struct One(Value);

impl Scope for One {
    fn value(&self, _: &Root, _: &Path) -> Result<Cow<'_, Value>, NoValue> {
        Ok(Cow::Borrowed(&self.0))
    }

    fn call(&self, _: &Function) -> Value {
        Value::Null
    }
}

fn render(defaults: Value, request: Value, value: Value) -> Request {
    let steps = json!([{ "id": "a", "request": request }]);
    let plan = compile(json!({ "id": "shop", "defaults": defaults, "steps": steps })).expect("it compiles");
    Arc::unwrap_or_clone(plan.steps[0].request.render(&One(value)).expect("it renders").request)
}

#[test]
fn a_step_overrides_its_defaults_whatever_the_case_of_a_header() {
    let request = render(
        json!({ "headers": { "Accept": "application/json", "X-Team": "pay" }, "timeout": "3s", "method": "PUT" }),
        json!({ "url": "http://x/", "headers": { "accept": "text/html" } }),
        Value::Null,
    );
    assert_eq!(request.headers, [("X-Team".into(), "pay".into()), ("accept".into(), "text/html".into())]);
    assert_eq!((request.timeout.as_secs(), request.method.as_str()), (3, "PUT"));
}

#[test]
fn a_value_cannot_add_a_field_a_parameter_or_a_header() {
    let evil = json!("\",\"method\":\"DELETE\"&a=b#$&\\");
    let request = render(
        json!({}),
        json!({
            "method": "POST",
            "url": "http://x/@{{vars.v}}?q=@{{vars.v}}",
            "query": { "extra": "@{{vars.v}}" },
            "json": { "note": "<@{{vars.v}}>" },
        }),
        evil.clone(),
    );
    let body: Value = serde_json::from_slice(&request.body).expect("still JSON");
    assert_eq!(body, json!({ "note": format!("<{}>", evil.as_str().unwrap()) }));
    let url = url::Url::parse(&request.url).expect("still a URL");
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let evil = evil.as_str().unwrap().to_owned();
    assert_eq!(query, [("q".to_owned(), evil.clone()), ("extra".to_owned(), evil)]);
    assert_eq!((url.path_segments().unwrap().count(), url.fragment()), (1, None));
    assert_eq!(request.method, "POST");
}

#[test]
fn a_body_brings_its_content_type_unless_the_user_says_another() {
    let url = "http://x/";
    let json = render(json!({}), json!({ "url": url, "json": null }), Value::Null);
    assert_eq!(json.body, "null");
    assert_eq!(json.headers, [("Content-Type".into(), "application/json".into())]);
    let form = render(json!({}), json!({ "url": url, "form": { "a": ["1", 2], "b": "x y" } }), Value::Null);
    assert_eq!(form.body, "a=1&a=2&b=x+y");
    let own = json!({ "url": url, "text": "<a/>", "headers": { "content-type": "application/xml" } });
    assert_eq!(
        render(json!({}), own, Value::Null).headers,
        [("content-type".into(), "application/xml".into())]
    );
}

#[test]
fn query_parameters_join_those_of_the_url() {
    for (url, expected) in [
        ("http://x/", "http://x/?a=1"),
        ("http://x/?b=2", "http://x/?b=2&a=1"),
        ("http://x/?", "http://x/?a=1"),
        ("http://x/#top", "http://x/?a=1#top"),
    ] {
        assert_eq!(render(json!({}), json!({ "url": url, "query": { "a": 1 } }), Value::Null).url, expected);
    }
}

#[test]
fn a_url_that_never_varies_is_read_once_for_all_runs() {
    let read = |request: Value| {
        let url = render(json!({}), request, json!("v")).url;
        url.read().inspect(|read| assert_eq!(**read, url::Url::parse(&url).unwrap())).is_some()
    };
    assert!(read(json!({ "url": "http://x:8080/@@{{?a=1#top" })));
    for varying in [
        json!({ "url": "http://x/@{{vars.v}}" }),
        json!({ "url": "http://x/", "query": { "a": 1 } }),
        json!({ "url": "http://x/", "auth": { "api_key": { "in": "query", "name": "k", "value": "1" } } }),
        json!({ "url": "http://x:no-port/" }),
    ] {
        assert!(!read(varying.clone()), "{varying}");
    }
}
