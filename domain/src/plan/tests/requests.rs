//! Bodies, authorization and connections, from the document to the request.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{One, compile, problems, render};
use crate::{
    exchange::{HttpVersion, IpFamily},
    plan::Plan,
    reference::Unresolved,
};

const URL: &str = "http://x/";

/// A certificate and its key, made for this test.
static CERTIFIED: LazyLock<(String, String)> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed(["shop.test".to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
});

fn refused(request: Value, value: Value) -> Unresolved {
    let plan = compile(json!({ "id": "shop", "steps": [{ "id": "a", "request": request }] }));
    plan.expect("it compiles").steps[0].request.render(&One(value)).expect_err("it cannot be rendered")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

fn header<'r>(request: &'r crate::exchange::Request, name: &str) -> &'r str {
    request.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
}

#[test]
fn a_multipart_body_has_its_parts_in_order_and_a_boundary_that_no_value_can_hold() {
    let evil = json!("x\"; name=\"admin\r\n--skopos-boundary\r\n");
    let request = render(
        json!({}),
        json!({
            "method": "POST",
            "url": URL,
            "multipart": {
                "z": "@{{vars.v}}",
                "a": ["1", 2, { "text": "three", "content_type": "text/plain" }],
                "meta": { "json": { "n": "@{{vars.v}}" } },
                "doc": { "base64": "JVBERg==", "filename": "@{{vars.v}}", "content_type": "application/pdf" },
            },
        }),
        evil.clone(),
    );
    let boundary = header(&request, "content-type")
        .strip_prefix("multipart/form-data; boundary=")
        .expect("the type says the boundary");
    let evil = evil.as_str().unwrap();
    let quoted = evil.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let json = json!({ "n": evil });
    let part = |head: &str, content: &str| {
        format!("--{boundary}\r\nContent-Disposition: form-data; name={head}\r\n\r\n{content}\r\n")
    };
    let expected = [
        part("\"z\"", evil),
        part("\"a\"", "1"),
        part("\"a\"", "2"),
        part("\"a\"\r\nContent-Type: text/plain", "three"),
        part("\"meta\"\r\nContent-Type: application/json", &json.to_string()),
        part(&format!("\"doc\"; filename=\"{quoted}\"\r\nContent-Type: application/pdf"), "%PDF"),
        format!("--{boundary}--\r\n"),
    ];
    assert_eq!(text(&request.body), expected.concat());
}

#[test]
fn a_multipart_kind_of_ones_own_keeps_the_boundary() {
    let request = render(
        json!({}),
        json!({ "url": URL, "multipart": { "a": "1" }, "headers": { "content-type": "multipart/mixed" } }),
        Value::Null,
    );
    assert!(header(&request, "content-type").starts_with("multipart/mixed; boundary=skopos-"));
    assert_eq!(request.headers.len(), 1);
}

#[test]
fn a_graphql_operation_is_posted_as_json_with_typed_variables() {
    let query = "query One($id: ID!) { product(id: $id) { name } }";
    let request = render(
        json!({}),
        json!({
            "url": URL,
            "graphql": { "query": query, "variables": { "id": "@{{vars.v}}" }, "operation_name": "One" },
        }),
        json!(9_007_199_254_740_993_u64),
    );
    let expected =
        format!(r#"{{"query":"{query}","variables":{{"id":9007199254740993}},"operationName":"One"}}"#);
    assert_eq!((request.method.as_str(), text(&request.body)), ("POST", expected.as_str()));
    assert_eq!(header(&request, "content-type"), "application/json");
    let bare = render(json!({}), json!({ "url": URL, "graphql": { "query": "{ a }" } }), Value::Null);
    assert_eq!(text(&bare.body), r#"{"query":"{ a }"}"#);
}

#[test]
fn no_value_goes_into_the_text_of_a_graphql_query() {
    let query = "{ product(id: \"@{{vars.id}}\") { name } }";
    let found = problems(json!([{ "id": "a", "request": { "url": URL, "graphql": { "query": query } } }]));
    assert_eq!(
        found,
        [
            "/steps/0/request/graphql/query: a value cannot be put into the text of a GraphQL query (declare a variable (`query ($id: ID!) { … }`) and give it under `variables`)"
        ]
    );
}

#[test]
fn base64_becomes_its_bytes_however_it_is_written() {
    for written in ["+/8=", "-_8", " +/\n8= "] {
        let request = render(json!({}), json!({ "url": URL, "base64": written }), Value::Null);
        assert_eq!(&request.body[..], [0xfb, 0xff], "{written}");
        assert_eq!(header(&request, "content-type"), "application/octet-stream");
    }
    let found = problems(json!([{ "id": "a", "request": { "url": URL, "base64": "no!" } }]));
    assert!(found[0].starts_with("/steps/0/request/base64: it is not Base64: "), "{found:?}");
    let late = refused(json!({ "url": URL, "base64": "@{{vars.v}}" }), json!("no!"));
    assert!(late.to_string().starts_with("`@{{vars.v}}`: it is not Base64: "), "{late}");
}

#[test]
fn a_path_that_nobody_read_is_refused() {
    let found = problems(json!([{
        "id": "a",
        "request": { "url": URL, "multipart": { "a/b": [{ "file": "./x" }] } },
    }, {
        "id": "b",
        "request": { "url": URL, "file": "./x" },
    }]));
    let sentence = "`file` is for the command line, which reads it (send what is in the file as `base64`)";
    assert_eq!(
        found,
        [
            format!("/steps/0/request/multipart/a~1b/0/file: {sentence}"),
            format!("/steps/1/request/file: {sentence}"),
        ]
    );
}

#[test]
fn the_connection_is_that_of_the_step_over_that_of_the_defaults() {
    let defaults = json!({
        "proxy": "http://user:pass@proxy.test:3128",
        "http_version": "1.1",
        "resolve": { "a.test": "192.0.2.1", "B.test": "192.0.2.2" },
        "ip_family": 4,
        "tls": { "ca": CERTIFIED.0 },
    });
    let inherited = render(defaults.clone(), json!({ "url": URL }), Value::Null).connection;
    assert_eq!((inherited.http_version, inherited.ip_family), (HttpVersion::Http1, IpFamily::V4));
    assert_eq!(inherited.proxy.unwrap().url().as_str(), "http://user:pass@proxy.test:3128/");
    assert_eq!(inherited.ca.as_deref(), Some(CERTIFIED.0.as_str()));
    let own = render(
        defaults,
        json!({
            "url": URL,
            "proxy": "direct",
            "http_version": 2,
            "resolve": { "b.test": "@{{vars.v}}" },
            "ip_family": "auto",
            "tls": { "client_cert": CERTIFIED.0, "client_key": CERTIFIED.1 },
        }),
        json!("2001:db8::1"),
    )
    .connection;
    assert_eq!((own.proxy, own.http_version, own.ip_family), (None, HttpVersion::Http2, IpFamily::Auto));
    let resolve: Vec<String> = own.resolve.iter().map(|(name, to)| format!("{name}={to}")).collect();
    assert_eq!(resolve, ["a.test=192.0.2.1", "b.test=2001:db8::1"]);
    assert_eq!((own.ca, own.identity.unwrap().key.as_str()), (None, CERTIFIED.1.as_str()));
}

#[test]
fn what_can_be_wrong_with_a_connection_is_found_when_it_is_saved() {
    let found = problems(json!([{
        "id": "a",
        "request": {
            "url": URL,
            "proxy": "ftp://proxy.test",
            "resolve": { "a.test:443": "192.0.2.1", "b.test": "192.0.2" },
            "tls": { "ca": "nonsense", "client_cert": CERTIFIED.1, "client_key": CERTIFIED.0 },
        },
    }]));
    assert_eq!(
        found,
        [
            "/steps/0/request/proxy: a proxy's URL begins with `http://`, `https://` or `socks5://`",
            "/steps/0/request/resolve/a.test:443: it is not the name of a host (without a port)",
            "/steps/0/request/resolve/b.test: it is not an IP address, as in `203.0.113.7`",
            "/steps/0/request/tls/ca: the PEM text holds no certificate: it begins with `-----BEGIN CERTIFICATE-----`",
            "/steps/0/request/tls/client_cert: the PEM text holds no certificate: it begins with `-----BEGIN CERTIFICATE-----`",
            "/steps/0/request/tls/client_key: the PEM text holds no private key: it begins with `-----BEGIN PRIVATE KEY-----`",
        ]
    );
}

#[test]
fn what_a_reference_brings_is_checked_when_it_is_there() {
    for (key, value) in [
        ("proxy", json!("@{{vars.v}}")),
        ("resolve", json!({ "a.test": "@{{vars.v}}" })),
        ("tls", json!({ "ca": "@{{vars.v}}" })),
    ] {
        let refused = refused(json!({ "url": URL, key: value }), json!("hunter2"));
        assert_eq!(refused.reference, "vars.v");
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
    }
}

#[test]
fn a_problem_of_the_defaults_is_told_once() {
    let document = json!({
        "id": "shop",
        "defaults": { "proxy": "x" },
        "steps": [{ "id": "a", "request": { "url": URL } }, { "id": "b", "request": { "url": URL } }],
    });
    let pointers: Vec<String> =
        compile(document).unwrap_err().into_iter().map(|problem| problem.pointer).collect();
    assert_eq!(pointers, ["/defaults/proxy"]);
}

/// Requests that together have every field there is.
fn every_field() -> Vec<Value> {
    let with = |body: Value| {
        let mut request = json!({
            "method": "POST",
            "url": "http://x/",
            "query": { "q": ["x", "x"] },
            "headers": { "X": "x" },
            "proxy": "x",
            "resolve": { "x": "x" },
            "tls": { "verify": true, "ca": "x", "client_cert": "x", "client_key": "x" },
        });
        request.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        request
    };
    let part = |content: &str| json!({ content: "x", "filename": "x", "content_type": "x" });
    vec![
        with(json!({ "json": { "a": ["x"] }, "auth": { "basic": { "username": "x", "password": "x" } } })),
        with(json!({ "text": "x", "auth": { "bearer": "x" } })),
        with(json!({ "form": { "a": ["x"] }, "auth": { "api_key": { "name": "x", "value": "x" } } })),
        with(json!({
            "multipart": { "a": ["x", part("text"), part("json")], "b": part("base64") },
            "auth": { "digest": { "username": "x", "password": "x" } },
        })),
        with(json!({
            "graphql": { "query": "x", "variables": { "a": "x" }, "operation_name": "x" },
            "auth": { "oauth2": {
                "token_url": "x", "client_id": "x", "client_secret": "x", "scope": "x", "audience": "x",
            } },
        })),
        with(json!({
            "base64": "x",
            "auth": { "aws_sigv4": {
                "region": "x", "service": "x", "access_key_id": "x", "secret_access_key": "x",
                "session_token": "x",
            } },
        })),
    ]
}

/// Texts that hold no references, because they are words.
const WORDS: [&str; 1] = ["/method"];

fn texts(at: String, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| texts(format!("{at}/{index}"), item, found));
        }
        Value::Object(map) => map.iter().for_each(|(key, item)| texts(format!("{at}/{key}"), item, found)),
        _ => {}
    }
}

#[test]
fn the_references_of_every_text_are_checked() {
    let mut checked = 0;
    for request in every_field() {
        let mut places = Vec::new();
        texts(String::new(), &request, &mut places);
        for place in places.iter().filter(|place| !WORDS.contains(&place.as_str())) {
            let mut request = request.clone();
            *request.pointer_mut(place).unwrap() = json!("@{{nope.body.x}}");
            let document = json!({ "id": "shop", "steps": [{ "id": "a", "request": request }] });
            let found: Vec<String> = compile(document)
                .unwrap_err()
                .into_iter()
                .filter(|problem| problem.message == "there is no step `nope`")
                .map(|problem| problem.pointer)
                .collect();
            assert_eq!(found, [format!("/steps/0/request{place}")]);
            checked += 1;
        }
    }
    assert!(checked > 80, "{checked}");
}

#[test]
fn every_field_of_a_request_is_among_those_that_are_checked() {
    let schema = serde_json::to_value(schemars::schema_for!(crate::document::Request)).unwrap();
    let fields = schema["properties"].as_object().unwrap().keys();
    let known: Vec<Value> = every_field();
    // Those that are no texts, or whose text is gone by then.
    let others = ["timeout", "redirects", "cookies", "max_body", "http_version", "ip_family", "file"];
    for field in fields.filter(|field| !others.contains(&field.as_str())) {
        assert!(known.iter().any(|request| request.get(field).is_some()), "{field} is not tried");
    }
}

#[test]
fn nothing_that_a_request_keeps_secret_prints() {
    let secrets = json!({ "url": URL, "auth": { "digest": { "username": "u", "password": "hunter2" } },
        "proxy": "socks5://u:hunter2@proxy.test", "tls": { "client_cert": CERTIFIED.0, "client_key": CERTIFIED.1 } });
    let document = json!({ "id": "shop", "steps": [{ "id": "a", "request": secrets }] });
    let plan: Plan = compile(document).unwrap();
    let rendered = plan.steps[0].request.render(&One(Value::Null)).unwrap();
    let printed = format!("{rendered:?}");
    assert!(!printed.contains("hunter2") && !printed.contains("PRIVATE KEY"), "{printed}");
    assert_eq!(rendered.secrets(), ["hunter2", CERTIFIED.1.as_str(), "hunter2"]);
}
