//! `docs/language.md`: every block on the page is executed, and so is every row of its table of filters. A comment
//! before a block says how; a block without one fails.

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

mod executable;

use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/language.md"));

/// Variables that the page's table uses.
const VARS: &str = r#"{ key: k, encoded: dDBrM24=, padded: " x ", list: "a,b", link: "/x?id=42", number: "7", day: "2026-12-31T10:00:00Z" }"#;

/// Steps before a step or an assertion of the page, so that it has something to name.
const BEFORE: &str = r#"
  - { id: login, request: { method: POST, url: "@{{vars.base_url}}/login" } }
  - { id: order, request: { url: "@{{vars.base_url}}/orders/7" } }
"#;

struct Block {
    line: usize,
    how: String,
    text: String,
}

/// The blocks of the page, each with the comment before it.
fn blocks() -> Vec<Block> {
    let (mut blocks, mut how, mut open) = (Vec::new(), String::new(), None);
    for (line, text) in (1..).zip(PAGE.lines()) {
        match (&mut open, text) {
            (None, text) if text.starts_with("```") => {
                open = Some(Block { line, how: std::mem::take(&mut how), text: String::new() });
            }
            (Some(_), "```") => blocks.extend(open.take()),
            (Some(block), text) => block.text += &format!("{text}\n"),
            (None, text) => how = mark(text).unwrap_or_default().to_owned(),
        }
    }
    blocks
}

fn mark(line: &str) -> Option<&str> {
    line.strip_prefix("<!-- ")?.strip_suffix(" -->")
}

/// Exit code, and everything that was said.
fn skopos(command: &str, text: &str, more: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.yaml");
    std::fs::write(&file, text).unwrap();
    std::fs::write(folder.path().join("order.json"), r#"{"sku":"SKU-1"}"#).unwrap();
    let output = executable::command().arg(command).arg(file).args(more).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}

fn collection(steps: &str) -> String {
    format!("kind: collection\nversion: 1\nid: page\nvars: {VARS}\nsteps:{BEFORE}{steps}")
}

/// Runs a document against a shop of its own.
async fn passes(text: &str, place: usize) {
    let shop = shop().await;
    let base = format!("base_url={}", shop.uri());
    let port = format!("port={}", shop.address().port());
    let (code, said) =
        tokio::task::block_in_place(|| skopos("test", text, &["--var", &base, "--var", &port]));
    assert_eq!(code, Some(0), "line {place}: {said}\n{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_block_does_what_the_page_says() {
    let blocks = blocks();
    assert!(blocks.len() > 15, "only {} blocks were found", blocks.len());
    for Block { line, how, text } in blocks {
        match how.split_once(' ').unwrap_or((&how, "")) {
            ("run", _) => passes(&text, line).await,
            ("step", _) => passes(&collection(&indented(&text, 2)), line).await,
            ("assert", path) => {
                let step = format!(
                    "  - id: looked-at\n    request: {{ url: \"@{{{{vars.base_url}}}}{path}\" }}\n    assert:\n{}",
                    indented(&text, 6)
                );
                passes(&collection(&step), line).await;
            }
            ("document", _) => {
                let (code, said) = skopos("validate", &text, &[]);
                assert!(code == Some(0) && !said.contains("warning"), "line {line}: {said}");
            }
            ("refused:", message) => {
                let (code, said) = skopos("validate", &text, &[]);
                assert!(code == Some(3) && said.contains(message), "line {line}: {said}");
            }
            _ => {
                panic!("line {line}: a comment before this block must say how it is executed, found `{how}`")
            }
        }
        let (code, said) = skopos("fmt", &text, &["--check"]);
        assert_eq!(code, Some(0), "line {line}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_gives_what_the_table_says() {
    let rows = PAGE.split("<!-- references -->").nth(1).unwrap().split("\n\n").next().unwrap();
    let rows = rows.lines().filter(|line| line.starts_with("| `"));
    let (mut body, mut checks, mut filters) = (json!({}), Vec::new(), String::new());
    for (number, row) in rows.enumerate() {
        let row = row.replace("\\|", "\u{0}");
        let cells: Vec<_> =
            row.split('|').map(|cell| cell.trim().trim_matches('`').replace('\u{0}', "|")).collect();
        let name = format!("row{number}");
        body[&name] = format!("@{{{{{}}}}}", cells[1]).into();
        filters.push_str(&cells[1]);
        let value: Value = serde_json::from_str(&cells[2]).unwrap_or_else(|error| panic!("{row}: {error}"));
        checks.push(json!({ format!("body.json.{name}"): { "equals": value } }));
    }
    let step = json!({
        "id": "echo",
        "request": { "method": "POST", "url": "@{{vars.base_url}}/echo", "json": body },
        "assert": checks,
    });
    passes(&collection(&format!("  - {step}\n")), 0).await;
    // A new filter comes with a row.
    let (_, said) = skopos(
        "validate",
        &collection("  - { id: x, request: { url: 'http://@{{vars.key | no_such_filter}}' } }\n"),
        &[],
    );
    let known = said.split("filters are ").nth(1).unwrap().lines().next().unwrap();
    let names: Vec<_> = known.split('`').skip(1).step_by(2).collect();
    assert!(names.len() > 20, "{said}");
    for name in names {
        assert!(
            filters.contains(&format!("| {name}"))
                || PAGE.contains(&format!("`{name}`"))
                || PAGE.contains(&format!("`{name}(")),
            "{name}"
        );
    }
}

#[test]
fn every_example_is_valid_and_formatted() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    for arguments in [&["validate", examples][..], &["fmt", "--check", examples]] {
        let output = executable::command().args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Says what it was asked.
struct Echo;

impl Respond for Echo {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes())))
        };
        let text = String::from_utf8_lossy(&request.body).into_owned();
        ResponseTemplate::new(200).set_body_json(json!({
            "method": request.method.as_str(),
            "query": request.url.query(),
            "headers": request.headers.iter().map(header).collect::<serde_json::Map<_, _>>(),
            "json": serde_json::from_str::<Value>(&text).unwrap_or_default(),
            "text": text,
        }))
    }
}

/// What the page's requests go to.
async fn shop() -> MockServer {
    let server = MockServer::start().await;
    let order = json!({
        "id": 7, "state": "booked", "total": 19.5, "note": "a & b?", "nothing": null, "odd key": true,
        "tags": ["new", "paid"], "items": [{ "sku": "SKU-1", "price": 4 }, { "sku": "SKU-2", "price": 15.5 }],
    });
    let login = json!({ "token": "t0k3n", "user": "ada", "plan": "pro", "order": 7 });
    let with_cookie = |body: &Value| {
        ResponseTemplate::new(200).set_body_json(body).insert_header("set-cookie", "session=abc")
    };
    let page = "<!doctype html><h1>Orders</h1><ul><li class=sku>SKU-1<li class=sku>SKU-2</ul><input name=\"csrf\" value=\"t\">";
    let soap = r#"<?xml version="1.0"?><soap:Envelope xmlns:soap="urn:soap" xmlns="urn:shop"><soap:Body><order id="7"><total>19.50</total></order></soap:Body></soap:Envelope>"#;
    let question = r#"Digest realm="shop", qop="auth", algorithm=SHA-256, nonce="n""#;
    let token = json!({ "access_token": "fresh", "token_type": "Bearer", "expires_in": 60 });
    let state = |state: &str| ResponseTemplate::new(200).set_body_json(json!({ "state": state }));
    for (path, times, answer) in [
        ("/login", u64::MAX, with_cookie(&login)),
        ("/orders/7", u64::MAX, with_cookie(&order)),
        ("/page", u64::MAX, ResponseTemplate::new(200).set_body_raw(page, "text/html")),
        ("/soap", u64::MAX, ResponseTemplate::new(200).set_body_raw(soap, "application/soap+xml")),
        ("/digest", 1, ResponseTemplate::new(401).insert_header("www-authenticate", question)),
        ("/digest", u64::MAX, ResponseTemplate::new(200)),
        ("/token", u64::MAX, ResponseTemplate::new(200).set_body_json(&token)),
        ("/flaky", 1, ResponseTemplate::new(503)),
        ("/flaky", u64::MAX, ResponseTemplate::new(200)),
        ("/progress", 1, state("waiting")),
        ("/progress", u64::MAX, state("booked")),
    ] {
        Mock::given(matchers::path(path)).respond_with(answer).up_to_n_times(times).mount(&server).await;
    }
    Mock::given(matchers::path("/echo")).respond_with(Echo).mount(&server).await;
    server
}
