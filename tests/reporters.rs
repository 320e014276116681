//! `skopos test` with every reporter and every flag, from outside.

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

mod executable;

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tokio::{task::spawn_blocking, time::sleep};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

const SECRET: &str = "open \"sesame\" <&'%/> ü#1";

/// Answers with its own request line and body, and with the secret in every encoding.
async fn echo() -> MockServer {
    let server = MockServer::start().await;
    let answer = |request: &Request| {
        let sent = String::from_utf8_lossy(&request.body).into_owned();
        let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
        let url: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        ResponseTemplate::new(200).set_body_json(json!({
            "url": request.url.as_str(),
            "sent": sent,
            "plain": SECRET,
            "base64": BASE64_STANDARD.encode(SECRET),
            "hex": hex,
            "urlencoded": url,
            "nested": json!({ "again": SECRET }).to_string(),
        }))
    };
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

/// A collection that sends the secret everywhere and fails with it on show.
fn leaky(server: &MockServer) -> String {
    let url = server.uri();
    json!({
        "kind": "collection", "version": 1, "id": "leaky", "name": "Leaky | <b>", "labels": { "team": "shop" },
        "environment": "local",
        "steps": [{
            "id": "tell",
            "request": {
                "method": "POST",
                "url": format!("{url}/?q=@{{{{secrets.KEY}}}}"),
                "headers": { "X-Key": "@{{secrets.KEY | base64}}" },
                "json": { "key": "@{{secrets.KEY}}" },
            },
            "assert": [
                { "body.plain": "other" }, { "body.base64": "other" }, { "body.hex": "other" },
                { "body.urlencoded": "other" }, { "body.sent": "other" }, { "body.nested": "other" },
                { "body.url": "other" }, { "body": { "contains": "@{{secrets.KEY}}", "length": 1 } },
            ],
        }],
    })
    .to_string()
        + "\n---\n{ kind: environment, version: 1, id: local, secrets: { KEY: { from_env: THE_KEY } } }\n"
}

fn collection(id: &str, url: &str, status: u16) -> String {
    format!(
        "---\nkind: collection\nversion: 1\nid: {id}\nlabels: {{ team: {id} }}\nsteps:\n  - id: get\n    \
         request: {{ url: '{url}' }}\n    assert: [ {{ status: {status} }} ]\n"
    )
}

fn skopos(arguments: &[&str]) -> Command {
    let mut command = executable::command();
    command.args(arguments).env("THE_KEY", SECRET);
    command
}

/// Exit code, stdout and stderr.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), text).unwrap();
    folder
}

fn at(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

/// Every spelling of the secret that a report could hold.
fn spellings() -> Vec<String> {
    let json = Value::from(SECRET).to_string();
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let xml = SECRET.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    vec![
        SECRET.to_owned(),
        json[1..json.len() - 1].to_owned(),
        xml.clone(),
        xml.replace('"', "&quot;").replace('\'', "&apos;"),
        BASE64_STANDARD.encode(SECRET),
        hex,
        "sesame".to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reporter_shows_a_secret_in_any_spelling() {
    let server = echo().await;
    let folder = folder(&leaky(&server));
    let (junit, tap, json, summary) =
        (at(&folder, "r.xml"), at(&folder, "r.tap"), at(&folder, "r.json"), at(&folder, "summary.md"));
    let reporters = [format!("junit={junit}"), format!("tap={tap}"), format!("json={json}")];
    let mut arguments =
        vec!["test", folder.path().to_str().unwrap(), "--reporter", "pretty", "--reporter", "github"];
    reporters.iter().for_each(|reporter| arguments.extend(["--reporter", reporter]));
    let (code, out, err) = run(skopos(&arguments).env("GITHUB_STEP_SUMMARY", &summary));
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("✗ Leaky | <b>") && out.contains("\n::error file="), "{out}");
    for (name, text) in [
        ("stdout", out),
        ("stderr", err),
        ("junit", std::fs::read_to_string(junit).unwrap()),
        ("tap", std::fs::read_to_string(tap).unwrap()),
        ("json", std::fs::read_to_string(json).unwrap()),
        ("summary", std::fs::read_to_string(summary).unwrap()),
    ] {
        assert!(
            name == "stderr" || text.replace('\\', "").contains("***"),
            "{name} shows nothing at all: {text}"
        );
        for spelling in spellings() {
            assert!(!text.contains(&spelling), "{name} shows {spelling}:\n{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_annotation_stands_at_the_line_of_its_step() {
    let server = echo().await;
    let folder = folder(&collection("a", &server.uri(), 201));
    let (_, out, _) = run(skopos(&["test", ".", "--reporter", "github"]).current_dir(folder.path()));
    assert!(
        out.starts_with("::error file=a.yaml,line=7,title=a › get::status equals 201: found 200\n"),
        "{out}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn collections_are_selected_by_name_and_label_and_repeated() {
    let server = echo().await;
    let all: String = ["orders", "payments", "search"].map(|id| collection(id, &server.uri(), 200)).concat();
    let folder = folder(&all);
    let path = folder.path().to_str().unwrap();
    let ids = |more: &[&str]| -> Vec<String> {
        let (code, out, err) = run(skopos(&["test", path, "--reporter", "json"]).args(more));
        assert_eq!(code, Some(0), "{err}");
        let report: Value = serde_json::from_str(&out).unwrap();
        let runs = report["runs"].as_array().unwrap();
        runs.iter().map(|run| run["collection"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&["--grep", "^(o|s)"]), ["orders", "search"]);
    assert_eq!(ids(&["--label", "team=payments"]), ["payments"]);
    assert_eq!(ids(&["--grep", "search", "--repeat", "3", "--jobs", "2"]), ["search"; 3]);
    let (code, _, err) = run(&mut skopos(&["test", path, "--label", "team=payments", "--grep", "orders"]));
    assert_eq!(code, Some(4));
    assert!(
        err.contains("no collection is selected by --grep and --label; there is orders, payments, search"),
        "{err}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fail_fast_begins_nothing_after_a_failure() {
    let server = echo().await;
    let all: String = [("a", 201), ("b", 200), ("c", 200)]
        .map(|(id, status)| collection(id, &server.uri(), status))
        .concat();
    let folder = folder(&all);
    let path = folder.path().to_str().unwrap();
    let (code, out, _) = run(&mut skopos(&["test", path, "--jobs", "1", "--fail-fast"]));
    assert_eq!(code, Some(1));
    assert!(out.contains("1 failed, 2 not run in "), "{out}");
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
    let (_, out, _) = run(&mut skopos(&["test", path, "--jobs", "1"]));
    assert!(out.contains("1 failed, 2 passed in "), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_stops_the_run_in_hand_and_begins_no_other() {
    let server = MockServer::start().await;
    let late = ResponseTemplate::new(200).set_delay(Duration::from_secs(600));
    Mock::given(any()).respond_with(late).mount(&server).await;
    let folder = folder(&collection("a", &server.uri(), 200));
    let path = folder.path().to_str().unwrap();
    let mut tested = skopos(&["test", path, "--jobs", "1", "--repeat", "1000"]);
    let child = tested.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    while server.received_requests().await.unwrap().is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
    let out = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(4));
    assert!(out.contains("the run was cancelled"), "{out}");
    assert!(out.contains("1 inconclusive, 999 not run in "), "{out}");
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[test]
fn reporters_that_cannot_be_together_exit_2_before_anything_is_read() {
    for more in [&["--reporter", "jnuit"][..], &["--reporter", "json", "--reporter", "tap"], &["--grep", "("]]
    {
        let (code, _, err) = run(skopos(&["test", "no-such-file.yaml"]).args(more));
        assert_eq!(code, Some(2), "{err}");
        assert!(err.starts_with("error: "), "{err}");
    }
    let unwritable = Path::new("no-such-folder/r.xml").to_str().unwrap();
    let folder = folder(&collection("a", "http://127.0.0.1:1", 200));
    let (code, _, err) = run(&mut skopos(&[
        "test",
        folder.path().to_str().unwrap(),
        "--reporter",
        &format!("junit={unwritable}"),
    ]));
    assert!(code == Some(4) && err.contains("cannot write no-such-folder/r.xml"), "{err}");
}
