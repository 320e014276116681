//! Requests: bodies, authorization, connections.

use serde_json::json;

use super::problems;
use crate::document::{Kind, read_text, read_value, schema, to_value};

/// A request with these lines, of which the first is line 9.
fn request(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "kind: collection\nversion: 1\nid: c\nsteps:\n- id: a\n  request:\n    method: POST\n    url: https://x.test/\n{lines}"
    )
}

const BODIES: &[(&str, &[&str])] = &[
    (
        "graphql: { query: '{ a }' }\nmultipart: { a: b }",
        &[
            "9:14 /steps/0/request/graphql: a request has one body, found `multipart` and `graphql`; remove one of them",
        ],
    ),
    (
        "multipart: { a: {}, b: [{ text: x, base64: eA== }] }",
        &[
            "9:21 /steps/0/request/multipart/a: this part has nothing in it; give one of `text`, `json`, `base64`, `file`",
            "9:48 /steps/0/request/multipart/b/0/base64: a part has one content, found `text` and `base64`; remove one of them",
        ],
    ),
    (
        "multipart: { c: { filename: 5, tekst: x }, d: null }",
        // Nothing that it has can be used, so it has nothing.
        &[
            "9:21 /steps/0/request/multipart/c: this part has nothing in it; give one of `text`, `json`, `base64`, `file`",
            "9:33 /steps/0/request/multipart/c/filename: expected a text, found a number; put it in quotes",
            "9:36 /steps/0/request/multipart/c/tekst: unknown key `tekst`; known here: `text`, `json`, `base64`, `file`, `filename`, `content_type`",
            "9:51 /steps/0/request/multipart/d: expected a text, a mapping (`{ file: ./report.pdf }`), or a list of them, found nothing",
        ],
    ),
    (
        "graphql: { query: ' ' }",
        &["9:23 /steps/0/request/graphql/query: the query is empty; as in `query: \"{ products { id } }\"`"],
    ),
    (
        "graphql: { quer: '{ a }' }",
        &["9:16 /steps/0/request/graphql/quer: unknown key `quer`; did you mean `query`?"],
    ),
    ("base64: '%%%'", &["9:13 /steps/0/request/base64: it is not Base64: Invalid symbol 37, offset 0."]),
];

#[test]
fn a_body_is_one_and_whole() {
    for (lines, expected) in BODIES {
        assert_eq!(problems(&request(lines)), *expected, "{lines}");
    }
}

const AUTH: &[(&str, &[&str])] = &[
    (
        "auth: { oauth2: { token_url: auth.example.com, client_id: a, client_secret: b } }",
        &[
            "9:34 /steps/0/request/auth/oauth2/token_url: `auth.example.com` is not an absolute URL; start it with `https://`, or with a reference as in `@{{vars.base_url}}/path`",
        ],
    ),
    (
        "auth: { digest: { username: a } }",
        &["9:21 /steps/0/request/auth/digest: the key `password` is missing"],
    ),
    (
        "auth: { aws_sigv4: { region: r, service: s, access_key_id: a, secret_acces_key: s } }",
        &[
            "9:67 /steps/0/request/auth/aws_sigv4/secret_acces_key: unknown key `secret_acces_key`; did you mean `secret_access_key`?",
        ],
    ),
    (
        "auth: { digest: { username: a, password: b }, bearer: c }",
        &[
            "9:11 /steps/0/request/auth: exactly one of `basic`, `bearer`, `api_key`, `digest`, `oauth2`, `aws_sigv4` belongs here",
        ],
    ),
];

#[test]
fn an_authorization_is_one_and_whole() {
    for (lines, expected) in AUTH {
        assert_eq!(problems(&request(lines)), *expected, "{lines}");
    }
}

const CONNECTIONS: &[(&str, &[&str])] = &[
    ("http_version: 3", &["9:19 /steps/0/request/http_version: expected `auto`, `1.1` or `2`, found `3`"]),
    ("ip_family: v6", &["9:16 /steps/0/request/ip_family: expected `auto`, `4` or `6`, found `v6`"]),
    ("http_version: 1.1\nip_family: 4\nproxy: direct", &[]),
    (
        "proxy: proxy.example.com:3128",
        &["9:12 /steps/0/request/proxy: a proxy's URL begins with `http://`, `https://` or `socks5://`"],
    ),
    (
        "tls: { client_cert: x }",
        &[
            "9:25 /steps/0/request/tls/client_cert: `client_cert` means nothing without `client_key`; add `client_key`",
            "9:25 /steps/0/request/tls/client_cert: the PEM text holds no certificate: it begins with `-----BEGIN CERTIFICATE-----`",
        ],
    ),
    (
        "tls: { verify: false, ca: '@{{secrets.CA}}' }",
        &[
            "9:31 /steps/0/request/tls/ca: warning: `ca` means nothing with `verify: false`, which accepts every certificate; remove one of them",
            "9:32 /steps/0/request/tls/ca: warning: no environment is known that has the secret `CA`; define it under `secrets` of the environment",
        ],
    ),
    (
        "proxy: http://proxy.example.com:3128\nresolve: { a.example.com: 203.0.113.7 }",
        &[
            "10:14 /steps/0/request/resolve: warning: an HTTP proxy finds out where names lead by itself, so `resolve` means little; a `socks5` proxy is told the address",
        ],
    ),
    (
        "resolve: { '@{{vars.host}}': 203.0.113.7 }",
        &[
            "9:34 /steps/0/request/resolve/@{{vars.host}}: there is no variable `host`; define it under `vars`, of the collection or of its environment",
        ],
    ),
];

#[test]
fn a_connection_is_one_that_can_be_made() {
    for (lines, expected) in CONNECTIONS {
        assert_eq!(problems(&request(lines)), *expected, "{lines}");
    }
}

/// Every new key in one document.
const EVERYTHING: &str = r#"
kind: collection
version: 1
id: c
defaults:
  auth: { digest: { username: a, password: b } }
  tls: { verify: true, ca: "@{{vars.pem}}", client_cert: "@{{vars.pem}}", client_key: "@{{vars.pem}}" }
  http_version: "1.1"
  proxy: socks5://proxy.example.com
  resolve: { a.example.com: 203.0.113.7 }
  ip_family: "4"
vars: { pem: "" }
steps:
- id: a
  request:
    method: POST
    url: https://x.test/
    multipart:
      z: text
      a: [1, true, { text: x, content_type: text/plain }]
      m: { json: null }
      b: { base64: eA==, filename: x, content_type: x/y }
    http_version: auto
    proxy: direct
    ip_family: auto
- id: b
  request:
    url: https://x.test/
    graphql: { query: "{ a }", variables: { a: 1 }, operation_name: A }
    auth:
      oauth2:
        { token_url: "https://x.test/", client_id: a, client_secret: b, scope: c, audience: d, client_auth: body }
- id: c
  request:
    url: https://x.test/
    base64: eA==
    auth:
      aws_sigv4: { region: a, service: b, access_key_id: c, secret_access_key: d, session_token: e }
"#;

#[test]
fn what_is_printed_reads_back_as_the_same_and_fits_the_schema() {
    let reading = read_text(EVERYTHING).remove(0);
    assert_eq!(problems(EVERYTHING), [""; 0]);
    let document = reading.document.expect("it is valid");
    let printed = to_value(&document);
    assert_eq!(read_value(Kind::Collection, &printed).document, Some(document));
    let names: Vec<&String> =
        printed["steps"][0]["request"]["multipart"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["z", "a", "m", "b"], "the order of parts is kept");

    let schema = jsonschema::draft202012::new(&schema()).unwrap();
    assert!(schema.is_valid(&printed), "{printed:#}");
    for (pointer, wrong) in [
        ("/defaults/http_version", json!("3")),
        ("/defaults/ip_family", json!(5)),
        ("/steps/0/request/multipart/b/filename", json!(5)),
        ("/steps/1/request/auth/oauth2/client_auth", json!("query")),
        ("/steps/2/request/auth", json!({ "aws_sigv4": {} })),
    ] {
        let mut value = printed.clone();
        *value.pointer_mut(pointer).expect(pointer) = wrong;
        assert!(!schema.is_valid(&value) && read_value(Kind::Collection, &value).has_errors(), "{pointer}");
    }
    let mut number = printed.clone();
    number["defaults"]["http_version"] = json!(2);
    assert!(schema.is_valid(&number) && !read_value(Kind::Collection, &number).has_errors());
}
