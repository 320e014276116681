//! `skopos test` with more runs than it has lanes, from outside: in which order they are told, and what happens when
//! nobody reads that.

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

mod executable;

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::json;
use tempfile::TempDir;
use tokio::{task::spawn_blocking, time::sleep};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

/// A folder with a collection that asks the server once and expects this of its body.
fn collection(server: &MockServer, expected: &serde_json::Value) -> TempDir {
    let step =
        json!({ "id": "get", "request": { "url": server.uri() }, "assert": [{ "body.last": expected }] });
    let collection = json!({ "kind": "collection", "version": 1, "id": "a", "steps": [step] });
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), collection.to_string()).unwrap();
    folder
}

fn test(folder: &TempDir, more: &[&str]) -> Command {
    let mut command = executable::command();
    command.arg("test").arg(folder.path()).args(more);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// The numbers of the runs that passed, as they are told.
fn told(out: &str) -> Vec<usize> {
    let number = |line: &str| line.strip_prefix("✓ a (run ")?.split_once(')')?.0.parse().ok();
    out.lines().filter_map(number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_on_several_threads_are_told_in_their_order() {
    let server = answering(ResponseTemplate::new(200).set_body_json(json!({ "last": 1 }))).await;
    let folder = collection(&server, &json!(1));
    let mut tested = test(&folder, &["--jobs", "50", "--repeat", "300"]);
    let ended = spawn_blocking(move || tested.output()).await.unwrap().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(told(&String::from_utf8(ended.stdout).unwrap()), (1..=300).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_that_would_wait_long_to_be_read_and_nothing_of_it_is_lost() {
    const RUNS: usize = 3000;
    let server = answering(ResponseTemplate::new(200).set_body_json(json!({ "last": 1 }))).await;
    let folder = collection(&server, &json!(1));
    let child = test(&folder, &["--jobs", "2", "--repeat", &RUNS.to_string()]).spawn().unwrap();
    let asked = async || server.received_requests().await.unwrap().len();
    let mut before = 0;
    loop {
        sleep(Duration::from_millis(500)).await;
        let now = asked().await;
        if now > 0 && now == before {
            break;
        }
        before = now;
    }
    assert!(before < RUNS, "all of them were sent while nobody read of any");
    let ended = spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(told(&String::from_utf8(ended.stdout).unwrap()), (1..=RUNS).collect::<Vec<_>>());
    assert_eq!(asked().await, RUNS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_comes_at_the_end_keeps_no_run_from_beginning() {
    let server = answering(ResponseTemplate::new(200).set_body_json(json!({ "last": 1 }))).await;
    let folder = collection(&server, &json!(1));
    let mut tested = test(&folder, &["--jobs", "1", "--repeat", "200", "--reporter", "json"]);
    let ended = spawn_blocking(move || tested.output()).await.unwrap().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(report["summary"]["passed"], 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_answer_is_judged_as_a_small_one() {
    let text = "x".repeat(1024 * 1024);
    let server =
        answering(ResponseTemplate::new(200).set_body_json(json!({ "text": text, "last": 1 }))).await;
    for (expected, code, said) in [(1, 0, "1 passed in "), (2, 1, "actual   1\n")] {
        let folder = collection(&server, &json!(expected));
        let mut tested = test(&folder, &[]);
        let ended = spawn_blocking(move || tested.output()).await.unwrap().unwrap();
        let out = String::from_utf8(ended.stdout).unwrap();
        assert_eq!(ended.status.code(), Some(code), "{out}");
        assert!(out.contains(said), "{out}");
    }
}
