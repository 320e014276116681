mod requests;
mod rows;
mod uses;

use super::*;
use crate::document::read_text;

/// Every problem of a text as `line:column pointer: message; help`, warnings marked.
fn problems_among(text: &str, known: &Known) -> Vec<String> {
    let mut readings = read_text(text);
    check_together(&mut readings, known);
    let shown = |problem: &Problem| {
        let place = (problem.line.unwrap_or(0), problem.column.unwrap_or(0));
        let help = problem.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
        let warning = if problem.is_error() { "" } else { "warning: " };
        format!("{}:{} {}: {warning}{}{help}", place.0, place.1, problem.pointer, problem.message)
    };
    readings.iter().flat_map(|reading| reading.problems.iter().map(shown)).collect()
}

fn problems(text: &str) -> Vec<String> {
    problems_among(text, &Known::default())
}

/// A bad document, and every problem that it has.
type Rows = &'static [(&'static str, &'static [&'static str])];

const LIMITS: Rows = &[
    ("kind: collection\nversion: 1\nid: c\nsteps: []", &["4:8 /steps: a collection has at least one step"]),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- { id: login, request: { url: https://x } }\n- { id: Cart, request: { url: https://x } }\n- { id: step2, request: { url: https://x } }\n- { id: now, request: { url: https://x } }\n- { id: login, request: { url: https://x } }\n",
        &[
            "6:9 /steps/1/id: `Cart` is not a step id: lower-case letters, digits, `_` and `-`, starting with a letter",
            "7:9 /steps/2/id: a step cannot be called `step2`: references read it as something else; choose another id",
            "8:9 /steps/3/id: a step cannot be called `now`: references read it as something else; choose another id",
            "9:9 /steps/4/id: the step id `login` is used twice; step 1 has it already (/steps/0/id)",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request: { url: x.example.com/y }\n",
        &[
            "6:19 /steps/0/request/url: `x.example.com/y` is not an absolute URL; start it with `https://`, or with a reference as in `@{{vars.base_url}}/path`",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request: { url: https://x, method: 'GE T', json: 1, form: {}, redirects: { max: 21 }, timeout: 16m }\n",
        &[
            "6:38 /steps/0/request/method: `GE T` is not a method; as in `GET`, `POST`, `DELETE`",
            "6:61 /steps/0/request/form: a request has one body, found `json` and `form`; remove one of them",
            "6:83 /steps/0/request/redirects/max: at most 20 redirects are followed, not 21",
            "6:98 /steps/0/request/timeout: expected more than 0 and at most 15m, found 16m",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request: { url: https://x, method: get, timeout: 0s }\n",
        &[
            "6:38 /steps/0/request/method: warning: methods are case-sensitive: `get` is not `GET`; write `GET`",
            "6:52 /steps/0/request/timeout: expected more than 0 and at most 15m, found 0ms",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- { id: a, request: { url: https://x }, retry: { attempts: 11, initial: 1h }, delay: 20m }\ntimeout: 16m\n",
        &[
            "5:60 /steps/0/retry/attempts: a request is repeated at most 10 times, not 11",
            "5:73 /steps/0/retry/initial: a wait is at most 15m, not 1h",
            "5:86 /steps/0/delay: a delay is at most 15m, not 20m",
            "6:10 /timeout: expected more than 0 and at most 15m, found 16m",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- { id: a, request: { url: https://x }, poll: { every: 0s, until: [] }, capture: { 'a b': status } }\n",
        &[
            "5:56 /steps/0/poll/every: expected more than 0 and at most 15m, found 0ms",
            "5:67 /steps/0/poll/until: polling needs something to wait for",
            "5:91 /steps/0/capture/a b: a capture cannot be called `a b`: letters, digits, `_` and `-`, starting with a letter or `_`",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- { id: a, request: { url: https://x },  }\nvars: { 'a b': 1 }\ndefaults: { method: '', retry: { attempts: 12 } }\n",
        &[
            "6:16 /vars/a b: a variable cannot be called `a b`: letters, digits, `_` and `-`, starting with a letter or `_`",
            "7:21 /defaults/method: `` is not a method; as in `GET`, `POST`, `DELETE`",
            "7:44 /defaults/retry/attempts: a request is repeated at most 10 times, not 12",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- { id: a, request: { url: https://x },  }\nlocations: [eu]\noverlap: allow\nalerts: [ { channels: [] } ]\nmax_lateness: 1m\n",
        &[
            "6:12 /locations: `locations` means nothing without a `schedule`; add `schedule: { every: 1m }`, or write a document of `kind: monitor`",
            "7:10 /overlap: `overlap` means nothing without a `schedule`; add `schedule: { every: 1m }`, or write a document of `kind: monitor`",
            "8:9 /alerts: `alerts` means nothing without a `schedule`; add `schedule: { every: 1m }`, or write a document of `kind: monitor`",
            "9:15 /max_lateness: `max_lateness` means nothing without a `schedule`; add `schedule: { every: 1m }`, or write a document of `kind: monitor`",
        ],
    ),
];

#[test]
fn a_collection_keeps_within_its_limits() {
    for (text, expected) in LIMITS {
        assert_eq!(problems(text), *expected, "{text}");
    }
}

const SCHEDULES: Rows = &[
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- { id: a, request: { url: https://x },  }\nschedule: { cron: '61 * * * *', timezone: Europe/Pariss }\n",
        &[
            "6:19 /schedule/cron: the minute field takes 0-59, not `61`",
            "6:43 /schedule/timezone: `Europe/Pariss` is not an IANA time zone; did you mean `Europe/Paris`?",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- { id: a, request: { url: https://x },  }\nschedule: { every: 1ms }\nlocations: []\nmax_lateness: 0s\n",
        &[
            "6:20 /schedule/every: an interval is at least 1s and at most 366d, not 1ms",
            "7:12 /locations: a monitor runs in at least one location; `[default]`",
            "8:15 /max_lateness: a run needs some time to start in; for example `30s`",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- { id: a, request: { url: https://x },  }\nschedule: {}\nmaintenance: [ { cron: '0 2 * * 9', duration: 1h } ]\n",
        &[
            "6:11 /schedule: a schedule needs `every` or `cron`; for example `every: 1m`, or `cron: \"*/5 8-18 * * 1-5\"`",
            "7:24 /maintenance/0/cron: the day of the week field takes 0-7 or SUN-SAT (0 and 7 are Sunday), `5L` or `1#2`, not `9`",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- { id: a, request: { url: https://x },  }\nschedule: { every: 1m }\nalerts: [ { channels: [], after: { failures: 0 } }, { channels: [x], after: { failures: 3, of: 2 }, recover: { successes: 0 }, remind: 1ms } ]\n",
        &[
            "7:23 /alerts/0/channels: an alert rule tells at least one channel",
            "7:46 /alerts/0/after/failures: this is a number from 1 to 100, not 0",
            "7:66 /alerts/1/channels/0: warning: the channel `x` is not among these documents",
            "7:96 /alerts/1/after/of: 3 failures cannot be among the last 2 runs",
            "7:123 /alerts/1/recover/successes: this is a number from 1 to 100, not 0",
            "7:136 /alerts/1/remind: a reminder comes after 1s at the earliest, not 1ms",
        ],
    ),
    (
        "kind: monitor\nversion: 1\nid: m\ncollections: []\nschedule: { every: 1m }\nlocations: [a, a]",
        &[
            "4:14 /collections: a monitor runs at least one collection",
            "6:16 /locations/1: `a` is listed twice",
        ],
    ),
];

#[test]
fn schedules_and_alert_rules_can_be_met() {
    for (text, expected) in SCHEDULES {
        assert_eq!(problems(text), *expected, "{text}");
    }
}

const SURROUNDINGS: Rows = &[
    (
        "kind: environment\nversion: 1\nid: e\nvars: { 1a: x }\nsecrets: { 'A B': {}, C: { value: x, from_env: C } }",
        &[
            "4:13 /vars/1a: a variable cannot be called `1a`: letters, digits, `_` and `-`, starting with a letter or `_`",
            "5:19 /secrets/A B: a secret cannot be called `A B`: letters, digits, `_` and `-`, starting with a letter or `_`",
            "5:26 /secrets/C: a secret has `value` or `from_env`, not both; remove one of them",
            "5:35 /secrets/C/value: warning: the secret `C` stands in the file; take it from the command line's environment: `{ from_env: C }`",
        ],
    ),
    (
        "kind: channel\nversion: 1\nid: p\ntype: pagerduty\nurl: https://x",
        &[
            "1:1 : a channel of type `pagerduty` needs `routing_key`",
            "5:6 /url: `url` belongs to channels of type `webhook`, and this is `pagerduty`",
        ],
    ),
    (
        "kind: channel\nversion: 1\nid: w\ntype: webhook\nurl: https://x\nsecret: whsec_abc",
        &[
            "6:9 /secret: warning: `secret` is kept and shown as it stands here; name an `environment`, put the value under its `secrets`, and write `@{{secrets.NAME}}`",
        ],
    ),
    (
        "kind: channel\nversion: 1\nid: w\ntype: webhook\nrouting_key: x\nurl: example.com",
        &[
            "5:14 /routing_key: `routing_key` belongs to channels of type `pagerduty`, and this is `webhook`",
            "6:6 /url: `example.com` is not an absolute URL; start it with `https://`, or with a reference as in `@{{vars.base_url}}/path`",
        ],
    ),
    (
        "kind: channel\nversion: 1\nid: w\ntype: webhook\nurl: \"https://x/@{{secrets.A\"",
        &["5:17 /url: the reference is not closed; write `}}` at its end, or `@@{{` for a literal `@{{`"],
    ),
    (
        "kind: channel\nversion: 1\nid: w\ntype: webhook\nurl: \"https://x/@{{login.body.x}}\"",
        &["5:17 /url: a channel can refer to `vars` and `secrets` only"],
    ),
    (
        "kind: channel\nversion: 1\nid: s\ntype: slack\napi_url: https://x\nchannel: C1\ntoken: \"@{{secrets.T}}\"\nto: [a@b.c]",
        &[
            "7:9 /token: warning: no environment is known that has the secret `T`; define it under `secrets` of the environment",
            "8:5 /to: `to` belongs to channels of type `email`, and this is `slack`",
        ],
    ),
    (
        "kind: channel\nversion: 1\nid: s\ntype: slack\nwebhook_url: https://hooks.slack.com/x\nchannel: C1",
        &[
            "5:14 /webhook_url: warning: `webhook_url` is kept and shown as it stands here; name an `environment`, put the value under its `secrets`, and write `@{{secrets.NAME}}`",
            "6:10 /channel: an incoming webhook has its channel already; remove one of them",
        ],
    ),
    (
        "kind: channel\nversion: 1\nid: s\ntype: slack",
        &["1:1 : a channel of type `slack` needs `webhook_url`, or `token` and `channel`"],
    ),
    (
        "kind: channel\nversion: 1\nid: m\ntype: email\nto: [team@example.com, On call <b@example.com>, nobody, \"a@b.c\\r\\nBcc: x@y.z\"]",
        &[
            "5:49 /to/2: `nobody` is not an e-mail address: missing separator character '@'.; write `team@example.com` or `On call <team@example.com>`",
            "5:57 /to/3: `a@b.c\\r\\nBcc: x@y.z` is not an e-mail address: invalid character.; write `team@example.com` or `On call <team@example.com>`",
        ],
    ),
    (
        "kind: channel\nversion: 1\nid: w\ntype: webhook\nurl: https://x\nsecret: [\"@{{vars.a}}\", \"@{{vars.b}}\"]\ncontent_type: plain",
        &[
            "6:11 /secret/0: there is no variable `a`; define it under `vars`, of the collection or of its environment",
            "6:26 /secret/1: there is no variable `b`; define it under `vars`, of the collection or of its environment",
            "7:15 /content_type: it says what a `template` makes, and there is none; without a template the body is JSON",
            "7:15 /content_type: `plain` is not a media type; for example `text/plain; charset=utf-8`",
        ],
    ),
    (
        "kind: channel\nversion: 1\nid: w\ntype: webhook\nurl: https://x\ntemplate: \"{ \\\"text\\\": {{ data.sumary }} }\"",
        &[
            "6:11 /template: the template fails for an incident that opens: line 1: undefined value; `default` says what to put where there may be nothing: `{{ data.step.name | default(\"\") }}`",
        ],
    ),
];

#[test]
fn environments_and_channels_have_what_they_need() {
    for (text, expected) in SURROUNDINGS {
        assert_eq!(problems(text), *expected, "{text}");
    }
}

const NAMES: Rows = &[
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request: { url: \"https://x\", text: \"ab @{{vars.base_url}}\" }\n",
        &[
            "6:42 /steps/0/request/text: there is no variable `base_url`; define it under `vars`, of the collection or of its environment",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request: { url: \"https://x\", text: \"ab @{{secrets.TOKEN}}\" }\n",
        &[
            "6:42 /steps/0/request/text: warning: no environment is known that has the secret `TOKEN`; define it under `secrets` of the environment",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request: { url: \"https://x\", text: \"ab @{{vars.base_url | default(1)}}\" }\n",
        &[],
    ),
    (
        "kind: environment\nversion: 1\nid: demo\nvars: { base_url: https://x }\nsecrets: { TOKEN: {} }\n---\nkind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request: { url: \"https://x\", text: \"@{{vars.base_url}} @{{secrets.TOKEN}}\" }\n",
        &[],
    ),
    (
        "kind: environment\nversion: 1\nid: demo\nvars: { base_url: https://x }\nsecrets: { TOKEN: {} }\n---\nkind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request: { url: \"https://x\", text: \"@{{vars.base_ur}} @{{secrets.TOKN}} @{{secrets.X}} @{{vars.X}}\" }\n",
        &[
            "12:39 /steps/0/request/text: there is no variable `base_ur`; did you mean `base_url`?",
            "12:57 /steps/0/request/text: there is no secret `TOKN`; did you mean `TOKEN`?",
            "12:75 /steps/0/request/text: there is no secret `X`; define it under `secrets` of the environment",
            "12:90 /steps/0/request/text: there is no variable `X`; define it under `vars`, of the collection or of its environment",
        ],
    ),
    (
        "kind: environment\nversion: 1\nid: demo\nvars: { base_url: https://x }\nsecrets: { TOKEN: {} }\n---\nkind: environment\nversion: 1\nid: prod\nvars: { other: 1 }\n---\nkind: collection\nversion: 1\nid: c\nenvironment: demo\nsteps:\n- id: a\n  request: { url: \"https://x\", text: \"@{{vars.other}} @{{vars.base_url}}\" }\n",
        &[
            "18:39 /steps/0/request/text: warning: the environment `demo` has no variable `other`; `prod` has it",
        ],
    ),
    (
        "kind: environment\nversion: 1\nid: demo\nvars: { base_url: https://x }\nsecrets: { TOKEN: {} }\n---\nkind: collection\nversion: 1\nid: c\nenvironment: demoo\nsteps:\n- id: a\n  request: { url: \"https://x\", text: \"@{{vars.base_url}} @{{secrets.X}}\" }\n",
        &[
            "10:14 /environment: warning: the environment `demoo` is not among these documents; did you mean `demo`?",
            "13:58 /steps/0/request/text: warning: no environment is known that has the secret `X`; define it under `secrets` of the environment",
        ],
    ),
    (
        "kind: monitor\nversion: 1\nid: m\nenvironment: e\ncollections: [cc]\nschedule: { every: 1m }\nalerts: [ { channels: [w] } ]\n---\nkind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request: { url: \"https://x\", text: \"x\" }\n",
        &[
            "4:14 /environment: warning: the environment `e` is not among these documents",
            "5:15 /collections/0: warning: the collection `cc` is not among these documents; did you mean `c`?",
            "7:24 /alerts/0/channels/0: warning: the channel `w` is not among these documents",
        ],
    ),
    (
        "kind: environment\nversion: 1\nid: demo\nvars: { base_url: https://x }\nsecrets: { TOKEN: {} }\n---\nkind: channel\nversion: 1\nid: w\nenvironment: demo\ntype: webhook\nurl: \"@{{vars.base_url}}/@{{vars.bas_url}}\"",
        &["12:26 /url: there is no variable `bas_url`; did you mean `base_url`?"],
    ),
];

#[test]
fn names_are_those_that_something_has() {
    for (text, expected) in NAMES {
        assert_eq!(problems(text), *expected, "{text}");
    }
}

const ONE_STEP: &str = "steps:\n- { id: a, request: { url: \"https://@{{vars.host}}/@{{secrets.KEY}}\" } }\n";

#[test]
fn names_from_the_command_line_count() {
    let known =
        Known { vars: ["host".to_owned()].into(), secrets: ["KEY".to_owned()].into(), ..Known::default() };
    assert_eq!(problems_among(&format!("kind: collection\nversion: 1\nid: c\n{ONE_STEP}"), &known), [""; 0]);
}

#[test]
fn a_name_that_is_nowhere_is_refused_where_everything_is_known() {
    let known = Known { complete: true, ..Known::default() };
    let text = "kind: monitor\nversion: 1\nid: m\ncollections: [c]\nschedule: { every: 1m }";
    assert_eq!(problems_among(text, &known), ["4:15 /collections/0: there is no collection `c`"]);
}

#[test]
fn no_two_documents_take_the_same_id() {
    let collection =
        "kind: collection\nversion: 1\nid: c\nsteps: [ { id: a, request: { url: https://x } } ]\n";
    let monitor = "kind: monitor\nversion: 1\nid: c\ncollections: [c]\nschedule: { every: 1m }\n";
    assert_eq!(problems(&format!("{collection}---\n{monitor}")), [""; 0]);
    assert_eq!(
        problems(&format!("{collection}---\n{collection}")),
        ["8:5 /id: there is another collection `c` among these documents"]
    );
    assert_eq!(
        problems(&format!("{collection}schedule: {{ every: 1m }}\n---\n{monitor}")),
        ["9:5 /id: there is another monitor `c` among these documents"]
    );
}

#[test]
fn an_unknown_key_does_not_hide_what_else_is_wrong() {
    let text = "kind: collection\nversion: 1\nid: c\nnmae: x\nsteps: [ { id: a, request: { url: x } } ]\n";
    let found = problems(text);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_bad_reference_is_told_at_its_column() {
    let table = [
        (
            "é @{{logn.body.token}}",
            "10:14 /steps/1/request/text: there is no step `logn`; did you mean `login`?",
        ),
        (
            "@{{cart.body.token}}",
            "10:12 /steps/1/request/text: step `cart` cannot refer to its own answer; only earlier steps have answered by then",
        ),
        (
            "@{{pay.status}}",
            "10:12 /steps/1/request/text: step `pay` runs after `cart`; move that step before this one",
        ),
        ("@{{login.bdy.x}}", "10:15 /steps/1/request/text: an answer has no `bdy`; did you mean `body`?"),
        (
            "@{{login.body | uper}}",
            "10:28 /steps/1/request/text: there is no filter `uper`; did you mean `upper`?",
        ),
        (
            "@{{login.captures.x}}",
            "10:12 /steps/1/request/text: step `login` captures no `x`; add `capture: { x: body.… }` to that step",
        ),
        (
            "@{{step9.body}}",
            "10:12 /steps/1/request/text: there is no step 9: the collection has 3 steps; steps are counted from 1",
        ),
        (
            "@{{",
            "10:12 /steps/1/request/text: the reference is not closed; write `}}` at its end, or `@@{{` for a literal `@{{`",
        ),
    ];
    for (text, expected) in table {
        let collection = format!(
            "kind: collection\nversion: 1\nid: c\nsteps:\n- id: login\n  request: {{ url: https://x }}\n\
             - id: cart\n  request:\n    url: https://x\n    text: '{text}'\n- id: pay\n  request: {{ url: https://x }}\n"
        );
        assert_eq!(problems(&collection), [expected]);
    }
}

#[test]
fn assertions_and_captures_are_compiled() {
    let (text, expected) = (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- { id: a, request: { url: https://x }, assert: [ { status: { equals: '@{{b.status}}' } }, { stats: 200 } ], capture: { x: bdy.id } }\n",
        [
            "5:72 /steps/0/assert/0/status/equals: there is no step `b`; the first step has no earlier answers to refer to",
            "5:94 /steps/0/assert/1/stats: an answer has no `stats`; did you mean `status`?",
            "5:124 /steps/0/capture/x: an answer has no `bdy`; did you mean `body`?",
        ],
    );
    assert_eq!(problems(text), expected);
}

#[test]
fn a_detail_of_a_wrong_form_does_not_hide_the_other_mistakes() {
    let text = "kind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request: { url: 'https://x/@{{vars.y}}', timeout: 10, params: {} }\n  retry: { attempts: 1, when: [netwrk] }\n  expect: []\n";
    let expected = [
        "6:30 /steps/0/request/url: there is no variable `y`; define it under `vars`, of the collection or of its environment",
        "6:53 /steps/0/request/timeout: expected a duration with its unit, found `10`; write `10s` for seconds, `10ms` for milliseconds",
        "6:57 /steps/0/request/params: unknown key `params`; did you mean `query`?",
        "7:32 /steps/0/retry/when/0: `netwrk` is none of `network`, `timeout`, `assertion`; did you mean `network`?",
        "8:3 /steps/0/expect: unknown key `expect`; did you mean `assert`?",
    ];
    assert_eq!(problems(text), expected);
}
