//! `uses`: what can be used, and what of it.

use super::*;

/// A collection that captures `token`, and one that uses it as the rest says.
fn using(rest: &str) -> Vec<String> {
    problems(&format!(
        "kind: collection\nversion: 1\nid: session-login\nsteps:\n- {{ id: post, request: {{ url: https://x }}, capture: {{ token: body.token }} }}\n---\nkind: collection\nversion: 1\nid: c\n{rest}"
    ))
}

const STEPS: &str =
    "steps:\n- { id: a, request: { url: \"https://x/@{{session-login.captures.token}}\" } }\n";

#[test]
fn a_collection_uses_the_captures_of_another() {
    assert_eq!(using(&format!("uses: [ {{ collection: session-login, ttl: 10m }} ]\n{STEPS}")), [""; 0]);
}

#[test]
fn what_cannot_be_used_is_told_where_it_stands() {
    let table = [
        (
            "uses: [ { collection: c } ]\nsteps: [ { id: a, request: { url: https://x } } ]\n",
            vec!["10:23 /uses/0/collection: a collection cannot use itself"],
        ),
        (
            "uses: [ { collection: session-login }, { collection: session-login } ]\nsteps: [ { id: a, request: { url: https://x } } ]\n",
            vec!["10:54 /uses/1/collection: `session-login` is listed twice"],
        ),
        (
            "uses: [ { collection: session-login, ttl: 1s } ]\nsteps: [ { id: session-login, request: { url: https://x } } ]\n",
            vec![
                "10:23 /uses/0/collection: `session-login` is also the id of step 1: references name both alike; choose another id for the step",
                "10:43 /uses/0/ttl: what is shared is kept from 10s to 1d, not 1s",
            ],
        ),
        (
            "uses: [ { collection: 2fa } ]\nsteps: [ { id: a, request: { url: https://x } } ]\n",
            vec![
                "10:23 /uses/0/collection: references cannot name `2fa`: they read it as something else; only a collection whose id could be a step's can be used: give it another id",
                "10:23 /uses/0/collection: warning: the collection `2fa` is not among these documents",
            ],
        ),
        (
            "uses: [ { collection: session-logn } ]\nsteps: [ { id: a, request: { url: https://x } } ]\n",
            vec![
                "10:23 /uses/0/collection: warning: the collection `session-logn` is not among these documents; did you mean `session-login`?",
            ],
        ),
    ];
    for (rest, expected) in table {
        assert_eq!(using(rest), expected, "{rest}");
    }
}

#[test]
fn only_captures_that_are_made_can_be_referred_to() {
    let table = [
        ("captures.tokn", "no step of `session-login` captures `tokn`; did you mean `token`?"),
        ("captures.csrf_value", "no step of `session-login` captures `csrf_value`; it captures token"),
        (
            "body.token",
            "a shared set-up gives its captures only, not `body.token`; as in `session-login.captures.token`",
        ),
        (
            "captures",
            "a shared set-up gives its captures only, not `captures`; as in `session-login.captures.token`",
        ),
    ];
    for (path, expected) in table {
        let rest = format!(
            "uses: [ {{ collection: session-login }} ]\nsteps:\n- {{ id: a, request: {{ url: https://x, text: '@{{{{session-login.{path}}}}}' }} }}\n"
        );
        assert_eq!(using(&rest), [format!("12:46 /steps/0/request/text: {expected}")]);
    }
}

#[test]
fn a_set_up_that_is_not_named_is_no_step_either() {
    let expected = "11:39 /steps/0/request/url: there is no step `session-login`; the first step has no earlier answers to refer to";
    assert_eq!(using(STEPS), [expected]);
}

#[test]
fn set_ups_go_one_level_deep() {
    let nested = format!(
        "uses: [ {{ collection: session-login }} ]\n{STEPS}---\nkind: collection\nversion: 1\nid: d\nuses: [ {{ collection: c }} ]\nsteps: [ {{ id: a, request: {{ url: https://x }} }} ]\n"
    );
    let expected = "17:23 /uses/0/collection: `c` has `uses` itself, so it cannot be a shared set-up; set-ups go one level deep, and their steps run once";
    assert_eq!(using(&nested), [expected]);
}

#[test]
fn a_set_up_has_no_rows() {
    let rows = "kind: collection\nversion: 1\nid: d\neach: [ { n: 1 } ]\nsteps: [ { id: a, request: { url: https://x } } ]\n---\nkind: collection\nversion: 1\nid: e\nuses: [ { collection: d } ]\nsteps: [ { id: a, request: { url: https://x } } ]\n";
    let expected = "10:23 /uses/0/collection: `d` has `each` itself, so it cannot be a shared set-up; set-ups go one level deep, and their steps run once";
    assert_eq!(problems_among(rows, &Known::default()), [expected]);
}

#[test]
fn what_others_refer_to_must_go_on_being_captured() {
    let users = [("shop".parse().unwrap(), ["token".to_owned(), "user".to_owned()].into())];
    let known = Known { users: [("login".parse().unwrap(), users.to_vec())].into(), ..Known::default() };
    let text = "kind: collection\nversion: 1\nid: login\nsteps:\n- { id: a, request: { url: https://x }, capture: { user: body.user } }\n";
    let expected = "5:3 /steps: `shop` refers to the capture `token`, which no step makes any more; keep it beside the new one until nobody refers to it";
    assert_eq!(problems_among(text, &known), [expected]);
}
