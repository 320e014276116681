//! Every kind of bad document, with the line, the column, the words and the help that it gets.

use serde_json::json;

use super::super::*;

/// `line:column pointer: message; help`, for every problem of every document.
fn problems(text: &str) -> Vec<String> {
    read_text(text).iter().flat_map(|reading| reading.problems.iter().map(shown)).collect()
}

fn shown(problem: &Problem) -> String {
    let place = (problem.line.unwrap_or(0), problem.column.unwrap_or(0));
    let help = problem.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{}:{} {}: {}{help}", place.0, place.1, problem.pointer, problem.message)
}

/// A bad document, and every problem that it has.
type Rows = &'static [(&'static str, &'static [&'static str])];

const SYNTAX: Rows = &[
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n  - id: a\n    request:\n      url: @{{vars.base_url}}/login\n",
        &[
            "7:12 : a value cannot start with `@` in YAML; put the whole value in quotes: url: \"@{{vars.base_url}}/login\"",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n\t- id: a",
        &["5:2 : a tab is used for indentation; YAML is indented with spaces"],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nname: \0b",
        &[
            "4:7 : a control character (U+0000) stands here; take it out; a text that needs it goes in double quotes, as `\\x00`",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: \"c\nsteps:\n  - id: a",
        &[
            "3:5 : the quote that opens here is not closed; close it; where a quoted text goes on in the next line, that line is indented",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nname: a: b",
        &["4:8 : a second `: ` in one line; put the whole value in quotes"],
    ),
    (
        "{ kind: channel, version: 1, id: c, type: webhook, url: https://@{{vars.x}}/y }",
        &["1:66 : this is not valid YAML; a text that holds `@{{…}}` goes in quotes: \"…@{{…}}…\""],
    ),
    (
        "{ \"kind\": \"channel\", \"version\": 1, \"id\": \"c\", \"type\": \"webhook\" \"url\": \"u\" }",
        &[
            "1:65 : something follows the closing quote; put the whole value in quotes, or a `,` between two values",
        ],
    ),
    (
        "kind: channel\nversion: 1\nid: c\ntype: webhook\nurl: *nope",
        &[
            "5:6 : this alias names nothing; define it earlier with `&name`; a text that starts with `*` goes in quotes",
        ],
    ),
    (
        "kind: channel\nversion: 1\nid: c\ntype: webhook\nurl: !env X",
        &["5:6 : YAML tags (`!…`) have no meaning here; quote what is meant as text"],
    ),
    (
        "kind: channel\nversion: 1\nid: c\ntype: webhook\n{a: b}: x",
        &["5:1 : a key must be a text; a value that starts with `{` or `[` and is a text goes in quotes"],
    ),
    (
        "kind: channel\nversion: 1\nid: c\ntype: webhook\nurl: \"a\\q\"",
        &["5:6 : an unknown escape after `\\`; write `\\\\`, or use single quotes, where `\\` is itself"],
    ),
    (
        "kind: channel\nversion: 1\nid: c\ntype: webhook\nurl: \"a\" b",
        &[
            "5:10 : something follows the closing quote; put the whole value in quotes, or a `,` between two values",
        ],
    ),
    (
        "kind: channel\nversion: 1\nid: c\ntype: webhook\nurl: [a, b",
        &["6:1 : `,` or `]` is missing before this; close every `[` with a `]`"],
    ),
];

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    for (text, expected) in SYNTAX {
        assert_eq!(problems(text), *expected, "{text}");
    }
}

const FORM: Rows = &[
    (
        "",
        &[
            "1:1 : there is no document in this text; a document begins with `kind: collection` and `version: 1`",
        ],
    ),
    (
        "# nothing\n---\n",
        &[
            "1:1 : there is no document in this text; a document begins with `kind: collection` and `version: 1`",
        ],
    ),
    (
        "hello",
        &[
            "1:1 : a document is a mapping (`key: value`), found a text; begin with `kind: collection` and `version: 1`",
        ],
    ),
    (
        "- a\n- b",
        &[
            "1:1 : a document is a mapping (`key: value`), found a list; begin with `kind: collection` and `version: 1`",
        ],
    ),
    ("knid: collection\nsteps: []", &["1:1 : the key `kind` is missing; add `kind: collection`"]),
    (
        "kind: colection\nversion: 1",
        &[
            "1:7 /kind: `colection` is none of `collection`, `monitor`, `environment`, `channel`; did you mean `collection`?",
        ],
    ),
    (
        "kind: collection\nversion: 2\nid: c\nsteps: []",
        &["2:10 /version: the only `version` is 1, found `2`; write `version: 1`"],
    ),
    ("kind: channel\nid: c\ntype: webhook", &["1:1 : the key `version` is missing; add `version: 1`"]),
    (
        "kind: channel\nversion: 1\nid: C!\ntype: webhok",
        &[
            "3:5 /id: `C!` is not an id: lower-case letters, digits, `_` and `-`, starting with a letter or digit, at most 100; for example `c`",
            "4:7 /type: `webhok` is none of `pagerduty`, `slack`, `email`, `webhook`; did you mean `webhook`?",
        ],
    ),
    (
        "kind: channel\nversion: 1\nid: c\ntype: webhook\nurl: https://x\nurl: https://y",
        &["6:1 /url: the key `url` is given twice; it is first given in line 5"],
    ),
    (
        "kind: channel\nversion: 1\nid: c\n  type: webhook",
        &["4:7 : this line is indented like a part of the value above it; align it with the keys around it"],
    ),
    (
        "{\n\t\"kind\": \"channel\",\n\t\"version\": 1,\n\t\"id\": \"c\",\n\t\"tipe\": \"webhook\",\n\t\"url\": \"\\ud83d\\ude00\"\n}",
        &["0:0 /tipe: unknown key `tipe`; did you mean `type`?"],
    ),
    (
        "{\n\t\"kind\": \"channel\",\n\t\"version\": 1,\n\t\"id\": \"c\",\n\t\"tipe\": \"webhook\"\n}",
        &["5:2 /tipe: unknown key `tipe`; did you mean `type`?"],
    ),
    (
        "kind: channel\nversion: 1\nid: c\ntype: webhook\nurl: .inf",
        &["5:6 /url: `.inf` is a number that JSON does not have; put it in quotes if it is a text"],
    ),
    (
        "kind: channel\nversion: 1\nid: c\ntype: webhook\n<<: 5",
        &["5:1 : `<<` takes a mapping or a list of mappings; put the key in quotes if it is one of your own"],
    ),
    (
        "kind: channel\nversion: 1\nid: c\ntype: webhook\nurl: 5\n---\nkind: channel\nversion: 1\nid: \"d\n---\nkind: channel\nversion: 1\nid: d\ntype: webhook\nurl: 5",
        &[
            "5:6 /url: expected a text, found a number; put it in quotes",
            "9:5 : the quote that opens here is not closed; close it; where a quoted text goes on in the next line, that line is indented",
            "15:6 /url: expected a text, found a number; put it in quotes",
        ],
    ),
    (
        "kind: collection\nversion: 1\nid: c\nstesp: []\n",
        &["4:1 /stesp: unknown key `stesp`; did you mean `steps`?"],
    ),
    ("kind: collection\nversion: 1\nid: c\nsteps:\n", &["4:1 /steps: expected a list, found nothing"]),
    (
        "kind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request: { url: 5 }\n- id: 7\n  request: {}\n- foo\n",
        &[
            "6:19 /steps/0/request/url: expected a text, found a number; put it in quotes",
            "7:7 /steps/1/id: expected a text, found a number; put it in quotes",
            "8:12 /steps/1/request: the key `url` is missing",
            "9:3 /steps/2: expected a mapping (`key: value`), found a text",
        ],
    ),
    (
        "kind: environment\nversion: 1\nid: c\nsecrets: { A: { value: x }, B: y, C: { valeu: 1 } }\n",
        &[
            "4:32 /secrets/B: expected a mapping (`key: value`), found a text",
            "4:40 /secrets/C/valeu: unknown key `valeu`; did you mean `value`?",
        ],
    ),
];

#[test]
fn a_document_says_what_it_is() {
    for (text, expected) in FORM {
        assert_eq!(problems(text), *expected, "{text}");
    }
}

/// A collection with one step whose request goes on with `rest`.
fn collection(rest: &str) -> String {
    format!(
        "kind: collection\nversion: 1\nid: c\nsteps:\n  - id: a\n    request:\n      url: https://x\n{rest}"
    )
}

const MISTAKES: Rows = &[
    (
        "      metod: POST\n      timeout: 10\n      headers: []\n      redirects: { max: -1 }\n    alwys: true\n    always: yes\n    retry: { attempts: 70000000000, when: [netwrk, 42, [], 429] }\n    capture: { a: 5, b: { regx: x }, c: { regex: 5 } }\nschedul: { every: 1m }\n",
        &[
            "8:7 /steps/0/request/metod: unknown key `metod`; did you mean `method`?",
            "9:16 /steps/0/request/timeout: expected a duration with its unit, found `10`; write `10s` for seconds, `10ms` for milliseconds",
            "10:16 /steps/0/request/headers: expected a mapping (`key: value`), found a list",
            "11:25 /steps/0/request/redirects/max: expected a whole number from 0 to 65535, found a negative number",
            "12:5 /steps/0/alwys: unknown key `alwys`; known here: `id`, `name`, `request`, `assert`, `capture`, `retry`, `poll`, `when`, `continue_on_failure`, `always`, `delay`, `on_redelivery`",
            "13:13 /steps/0/always: expected `true` or `false`, found a text; without quotes; `yes` and `on` are texts",
            "14:24 /steps/0/retry/attempts: expected a whole number from 0 to 4294967295, found a number",
            "14:44 /steps/0/retry/when/0: `netwrk` is none of `network`, `timeout`, `assertion`; did you mean `network`?",
            "14:52 /steps/0/retry/when/1: `42` is not a status: 100 to 599",
            "14:56 /steps/0/retry/when/2: expected a status (100 to 599), `network`, `timeout` or `assertion`, found a list",
            "15:19 /steps/0/capture/a: expected a source (`body.id`) or a mapping (`{ regex: … }`), found a number",
            "15:27 /steps/0/capture/b/regx: unknown key `regx`; did you mean `regex`?",
            "15:50 /steps/0/capture/c/regex: expected a text, found a number; put it in quotes",
            "16:1 /schedul: unknown key `schedul`; did you mean `schedule`?",
        ],
    ),
    (
        "      auth: { baerer: x }\n",
        &["8:15 /steps/0/request/auth/baerer: unknown key `baerer`; did you mean `bearer`?"],
    ),
    (
        "      auth: { bearer: x, basic: y }\n",
        &[
            "8:13 /steps/0/request/auth: exactly one of `basic`, `bearer`, `api_key`, `digest`, `oauth2`, `aws_sigv4` belongs here",
        ],
    ),
    (
        "      auth: bearer\n      timeout: 10 s\n",
        &[
            "8:13 /steps/0/request/auth: expected a mapping (`key: value`), found a text",
            "9:16 /steps/0/request/timeout: `10 s` is not a duration: a whole number and one of ms, s, m, h, d, as in `250ms`, `10s`, `5m`",
        ],
    ),
];

#[test]
fn all_mistakes_of_a_document_are_told_at_once() {
    for (text, expected) in MISTAKES {
        assert_eq!(problems(&collection(text)), *expected, "{text}");
    }
}

#[test]
fn bodies_get_the_same_words_at_pointers() {
    let table: &[(Kind, Value, &[&str])] = &[
        (Kind::Channel, json!([]), &["0:0 : a document is a mapping (`key: value`), found a list"]),
        (
            Kind::Channel,
            json!({ "kind": "monitor", "version": 2, "id": "c", "tipe": "webhook", "type": "webhook" }),
            &[
                "0:0 /kind: expected `channel` here, found `monitor`",
                "0:0 /version: the only `version` is 1, found `2`; write `version: 1`",
                "0:0 /tipe: unknown key `tipe`; known here: `id`, `name`, `environment`, `type`, `routing_key`, `api_url`, `webhook_url`, `token`, `channel`, `to`, `url`, `secret`, `template`, `content_type`",
            ],
        ),
        (
            Kind::Channel,
            json!({ "id": "c", "type": "webhook", "url": 5 }),
            &["0:0 /url: expected a text, found a number; put it in quotes"],
        ),
        (
            Kind::Environment,
            json!({ "id": "e", "secrets": { "A": { "from_env": "A" }, "B": { "value": "b" }, "C": {} } }),
            &[
                "0:0 /secrets/A/from_env: `from_env` is for the command line, which resolves it; send `{ \"value\": \"…\" }`, or `{}` to keep the value that is there",
            ],
        ),
        (
            Kind::Collection,
            json!({ "id": "c", "steps": [
                { "id": "a", "request": { "url": "u", "file": "./x" } },
                { "id": "b", "request": { "url": "u", "multipart": { "a/b": ["x", { "file": "./x" }] } } },
            ] }),
            &[
                "0:0 /steps/0/request/file: `file` is for the command line, which reads it; send what is in the file as `base64`",
                "0:0 /steps/1/request/multipart/a~1b/1/file: `file` is for the command line, which reads it; send what is in the file as `base64`",
            ],
        ),
        (
            Kind::Collection,
            json!({ "id": "c", "steps": [{ "id": "a", "request": { "url": "u", "metod": "GET" } }], "schedule": { "evry": "1s" } }),
            &[
                "0:0 /steps/0/request/metod: unknown key `metod`; did you mean `method`?",
                "0:0 /schedule/evry: unknown key `evry`; did you mean `every`?",
            ],
        ),
    ];
    for (kind, body, expected) in table {
        let reading = read_value(*kind, body);
        assert_eq!(reading.problems.iter().map(shown).collect::<Vec<_>>(), *expected, "{body}");
        assert_eq!(reading.document.is_none(), reading.has_errors());
    }
}

#[test]
fn kind_and_version_may_be_left_out_of_a_body() {
    let short = read_value(Kind::Channel, &json!({ "id": "c", "type": "webhook" }));
    let long =
        read_value(Kind::Channel, &json!({ "kind": "channel", "version": 1, "id": "c", "type": "webhook" }));
    assert!(short.document.is_some());
    assert_eq!(short.document, long.document);
}

#[test]
fn a_secret_in_a_file_is_read_with_a_warning() {
    let readings = read_text("kind: environment\nversion: 1\nid: e\nsecrets:\n  A: { value: x }\n");
    assert_eq!(readings[0].problems.len(), 1);
    assert!(readings[0].document.is_some() && !readings[0].has_errors());
    assert_eq!(
        shown(&readings[0].problems[0]),
        "5:15 /secrets/A/value: the secret `A` stands in the file; take it from the command line's environment: `{ from_env: A }`"
    );
}

#[test]
fn only_unknown_keys_leave_a_draft_to_check() {
    let unknown = read_text("kind: channel\nversion: 1\nid: c\ntype: webhook\nulr: x").remove(0);
    assert!(unknown.document.is_none() && unknown.draft().is_some());
    let wrong = read_text("kind: channel\nversion: 1\nid: c\ntype: webhook\nurl: 5").remove(0);
    assert!(wrong.document.is_none() && wrong.draft().is_none());
}

#[test]
fn a_problem_inside_a_text_gets_its_column() {
    for (line, column) in
        [("url: abcdef", 9), ("url: 'abcdef'", 10), ("url: \"äbcdef\"", 9), ("url: \"\\u0061bcdef\"", 6)]
    {
        let mut reading =
            read_text(&format!("kind: channel\nversion: 1\nid: c\ntype: webhook\n{line}")).remove(0);
        reading.add([Problem::error("/url", "here").offset(3)]);
        let problem = reading.problems.last().unwrap();
        assert_eq!((problem.line, problem.column), (Some(5), Some(column)), "{line}");
    }
}
