//! Steps get other names and places, and references follow.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn shop() -> Value {
    json!({
        "id": "shop",
        "vars": { "base_url": "http://shop.test" },
        "steps": [
            { "id": "login", "request": { "url": "@{{vars.base_url}}/@@{{login.x}}" }, "capture": { "token": "body.token" } },
            {
                "id": "cart",
                "request": {
                    "url": "@{{vars.base_url}}/?t=@{{ login.body.token }}&u=@{{step1.body.user|lower}}",
                    "headers": { "X-@{{login.body.h}}": "@{{1.status}}" },
                    "json": { "@{{login.body.k}}": ["@{{vars.base_url | hmac_sha256(login.captures.token) | default(step1.status)}}"] },
                },
                "assert": [
                    { "body.login": { "equals": "@{{login.body.id}}", "schema": { "title": "@{{login.body.t}}" } } },
                    { "jsonpath": { "path": "$.login['@{{login.x}}']", "all": { "equals": "@{{login.body.id}}" } } },
                    { "property": "body.@{{login.x}}", "comparison": "is equal to", "expected": "@{{login.body.id}}" },
                ],
                "capture": { "login": { "regex": "@{{login.body.id}}" } },
                "poll": { "until": [{ "body.state": "@{{login.body.state}}" }] },
            },
            { "id": "pay", "request": { "url": "@{{vars.base_url}}/@{{step2.body.id}}" }, "when": [{ "value": "@{{cart.status}}", "equals": 200 }] },
            { "id": "bye", "request": { "url": "@{{vars.base_url}}/" } },
        ],
    })
}

fn order(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn told(result: Rewritten) -> Vec<String> {
    let problems = result.err().unwrap_or_default();
    problems
        .into_iter()
        .map(|p| format!("{}: {}; {}", p.pointer, p.message, p.help.unwrap_or_default()))
        .collect()
}

#[test]
fn a_new_name_is_written_wherever_the_step_is_named_and_nowhere_else() {
    let renamed = rename_step(&shop(), "login", "sign-in").unwrap();
    let cart = &renamed["steps"][1];
    assert_eq!(renamed["steps"][0]["id"], "sign-in");
    assert_eq!(renamed["steps"][0]["request"]["url"], "@{{vars.base_url}}/@@{{login.x}}");
    assert_eq!(
        cart["request"]["url"],
        "@{{vars.base_url}}/?t=@{{ sign-in.body.token }}&u=@{{step1.body.user|lower}}"
    );
    assert_eq!(cart["request"]["headers"], json!({ "X-@{{sign-in.body.h}}": "@{{1.status}}" }));
    assert_eq!(
        cart["request"]["json"],
        json!({ "@{{sign-in.body.k}}": ["@{{vars.base_url | hmac_sha256(sign-in.captures.token) | default(step1.status)}}"] })
    );
    assert_eq!(
        cart["assert"],
        json!([
            { "body.login": { "equals": "@{{sign-in.body.id}}", "schema": { "title": "@{{sign-in.body.t}}" } } },
            { "jsonpath": { "path": "$.login['@{{login.x}}']", "all": { "equals": "@{{sign-in.body.id}}" } } },
            { "property": "body.@{{login.x}}", "comparison": "is equal to", "expected": "@{{sign-in.body.id}}" },
        ])
    );
    assert_eq!(cart["poll"]["until"], json!([{ "body.state": "@{{sign-in.body.state}}" }]));
    assert_eq!(cart["capture"], shop()["steps"][1]["capture"]);
    assert_eq!(rename_step(&renamed, "sign-in", "login"), Ok(shop()));
}

#[test]
fn a_name_that_cannot_be_is_refused() {
    for (from, to, expected) in [
        ("lgin", "x", "/from: there is no step `lgin`; did you mean `login`?"),
        ("login", "cart", "/to: there is another step `cart`; "),
        (
            "login",
            "run",
            "/to: a step cannot be called `run`; references read it as something else; choose another id",
        ),
        (
            "login",
            "step7",
            "/to: a step cannot be called `step7`; references read it as something else; choose another id",
        ),
        (
            "login",
            "Log In",
            "/to: `Log In` is not a step id: lower-case letters, digits, `_` and `-`, starting with a letter; ",
        ),
    ] {
        assert_eq!(told(rename_step(&shop(), from, to)), [expected]);
    }
    assert_eq!(rename_step(&shop(), "login", "login"), Ok(shop()));
}

#[test]
fn numbers_follow_the_steps_that_move() {
    let moved = arrange_steps(&shop(), &order(&["bye", "login", "cart", "pay"])).unwrap();
    let ids: Vec<_> =
        moved["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["bye", "login", "cart", "pay"]);
    let cart = &moved["steps"][2];
    assert_eq!(
        cart["request"]["url"],
        "@{{vars.base_url}}/?t=@{{ login.body.token }}&u=@{{step2.body.user|lower}}"
    );
    assert_eq!(cart["request"]["headers"], json!({ "X-@{{login.body.h}}": "@{{2.status}}" }));
    assert!(cart["request"]["json"].to_string().contains("default(step2.status)"));
    assert_eq!(moved["steps"][3]["request"]["url"], "@{{vars.base_url}}/@{{step3.body.id}}");
    assert_eq!(arrange_steps(&moved, &order(&["login", "cart", "pay", "bye"])), Ok(shop()));
}

#[test]
fn an_order_in_which_a_reference_points_forward_is_refused_naming_it() {
    assert_eq!(
        told(arrange_steps(&shop(), &order(&["login", "pay", "cart", "bye"]))),
        [
            "/document/steps/2/request/url: step `pay` refers to `cart` (`@{{step2.body.id}}`), which would run after it; keep `cart` before `pay`",
            "/document/steps/2/when/0/value: step `pay` refers to `cart` (`@{{cart.status}}`), which would run after it; keep `cart` before `pay`",
        ]
    );
    assert_eq!(
        told(arrange_steps(&shop(), &order(&["login", "pay"])))[0],
        "/document/steps/2/request/url: step `pay` refers to `cart` (`@{{step2.body.id}}`), which would be gone; change the reference first, or remove that step too"
    );
    assert_eq!(
        told(arrange_steps(&shop(), &order(&["login", "crt", "login"]))),
        ["/order/1: there is no step `crt`; did you mean `cart`?", "/order/2: `login` is named twice; "]
    );
    assert_eq!(told(arrange_steps(&shop(), &[])), ["/order: a collection has at least one step; "]);
}

#[test]
fn steps_that_nobody_needs_can_go() {
    let fewer = arrange_steps(&shop(), &order(&["login", "bye"])).unwrap();
    assert_eq!(fewer["steps"].as_array().unwrap().len(), 2);
}

#[test]
fn a_draft_with_mistakes_elsewhere_can_be_changed() {
    let mut draft = shop();
    draft["steps"][3]["request"]["url"] = json!("@{{nobody.body.x");
    draft["steps"][2]["reqest"] = json!(1);
    let renamed = rename_step(&draft, "cart", "basket").unwrap();
    assert_eq!(renamed["steps"][2]["when"][0]["value"], "@{{basket.status}}");
    assert_eq!(
        told(rename_step(&json!({}), "a", "b"))[0],
        "/document/steps: the document has no list of steps; "
    );
}

proptest! {
    /// Any order either is refused, or leaves every step with the answers that it named before.
    #[test]
    fn references_mean_the_same_steps_in_any_order(
        links in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..6),
        shuffled in Just((0..6).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let count = links.len() + 1;
        let id = |index: usize| format!("s-{index}");
        let named = |index: usize, by_number: bool| if by_number { format!("step{}", index + 1) } else { id(index) };
        let mut steps = vec![json!({ "id": id(0), "request": { "url": "http://a.test" } })];
        for (at, (to, by_number)) in links.iter().enumerate() {
            let url = format!("http://a.test/@{{{{{}.status}}}}", named(to.index(at + 1), *by_number));
            steps.push(json!({ "id": id(at + 1), "request": { "url": url } }));
        }
        let document = json!({ "id": "c", "steps": steps });
        let order: Vec<_> = shuffled.into_iter().filter(|index| *index < count).map(id).collect();
        if let Ok(arranged) = arrange_steps(&document, &order) {
            for step in arranged["steps"].as_array().unwrap() {
                let at: usize = step["id"].as_str().unwrap()[2..].parse().unwrap();
                if at == 0 { continue }
                let url = step["request"]["url"].as_str().unwrap();
                let name = url.split("@{{").nth(1).unwrap().split('.').next().unwrap();
                let target = match name.strip_prefix("step") {
                    Some(number) => order[number.parse::<usize>().unwrap() - 1].clone(),
                    None => name.to_owned(),
                };
                prop_assert_eq!(target, id(links[at - 1].0.index(at)));
            }
        }
    }
}

#[test]
fn rows_and_what_refers_to_them_stay_as_they_are() {
    let mut document = shop();
    document["each"] = json!([{ "login": "@{{login.body.id}}" }]);
    document["steps"][3]["request"]["url"] = json!("@{{vars.base_url}}/@{{row.login}}/@{{login.body.id}}");
    let renamed = rename_step(&document, "login", "enter").unwrap();
    assert_eq!(renamed["each"], document["each"]);
    let url = json!("@{{vars.base_url}}/@{{row.login}}/@{{enter.body.id}}");
    assert_eq!(renamed["steps"][3]["request"]["url"], url);
    assert!(arrange_steps(&document, &order(&["login", "bye"])).is_ok());
}

#[test]
fn a_step_is_not_called_like_a_shared_set_up_and_references_to_that_stay() {
    let document = serde_json::json!({
        "id": "shop", "uses": [{ "collection": "session-login" }], "steps": [
            { "id": "login", "request": { "url": "https://x/@{{session-login.captures.token}}" } },
        ],
    });
    let refused = rename_step(&document, "login", "session-login").unwrap_err();
    assert_eq!((refused[0].pointer.as_str(), refused.len()), ("/to", 1));
    let renamed = rename_step(&document, "login", "enter").unwrap();
    assert_eq!(renamed["steps"][0]["request"]["url"], "https://x/@{{session-login.captures.token}}");
}
