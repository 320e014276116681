//! The executable from outside: what commands print, and the exit codes that pipelines rely on.

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

mod executable;

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/checkout.yaml");

const PRICES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/prices.yaml");

fn skopos(arguments: &[&str]) -> Command {
    let mut command = executable::command();
    command.args(arguments).env("SHOP_PASSWORD", "open-sesame");
    command
}

/// Exit code, stdout and stderr.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A demo shop of its own for one test.
struct Shop {
    process: Child,
    url: String,
}

impl Shop {
    fn open() -> Self {
        let mut command = skopos(&["demo"]);
        command.env("SKOPOS__DEMO__LISTEN", "127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { process, url: url.trim().to_owned() }
    }

    /// Runs the checkout example against this shop.
    fn check_out(&self, more: &[&str]) -> (Option<i32>, String, String) {
        let base = format!("base_url={}", self.url);
        run(skopos(&["test", CHECKOUT, "--var", &base]).args(more))
    }

    /// Switches a fault on, by a collection that does so.
    fn switch(&self, fault: &str) {
        let folder = folder(&format!(
            "{{ kind: collection, version: 1, id: switch, steps: [ {{ id: a, request: {{ method: PUT, \
             url: \"{}/faults\", json: {{ fault: {fault} }} }} }} ] }}",
            self.url
        ));
        assert_eq!(run(&mut skopos(&["test", path(&folder)])).0, Some(0));
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), text).unwrap();
    folder
}

fn path(folder: &tempfile::TempDir) -> &str {
    Path::to_str(folder.path()).unwrap()
}

#[test]
fn a_checkout_that_works_exits_0() {
    let (code, out, err) = Shop::open().check_out(&[]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("✓ Pay") && out.contains("1 passed in "), "{out}");
    assert_eq!(err, "note: requests to this machine (127.0.0.0/8, ::1) are allowed\n");
}

#[test]
fn a_changed_payload_exits_1_and_shows_what_changed_but_no_secret() {
    let shop = Shop::open();
    shop.switch("wrong_payload");
    let (code, out, _) = shop.check_out(&[]);
    assert_eq!(code, Some(1), "{out}");
    for part in
        ["✗ body.status equals", "expected \"captured\"", "actual   \"pending_review\"", "curl -X POST", "○ "]
    {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    assert!(!out.contains("open-sesame") && !out.contains('\u{1b}'), "{out}");
}

#[test]
fn the_json_report_is_one_object_on_stdout() {
    let (code, out, _) = Shop::open().check_out(&["--reporter", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, Some(0));
    assert_eq!(report["summary"], json!({ "passed": 1, "degraded": 0, "failed": 0, "inconclusive": 0 }));
    assert_eq!(report["runs"][0]["collection"], "checkout");
    assert_eq!(report["runs"][0]["steps"].as_array().unwrap().len(), 5);
}

#[test]
fn the_rows_of_a_csv_file_are_run_and_shown_one_by_one() {
    let shop = Shop::open();
    let base = format!("base_url={}", shop.url);
    let (code, out, err) = run(&mut skopos(&["test", PRICES, "--var", &base]));
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("  ✓ row 1 (sku: SKU-1042, quantity: 1, total: 1250)"), "{out}");

    let rows = "sku,quantity,total\nSKU-1042,1,1250\nSKU-2077,2,1\nSKU-3001,1,1899\n";
    let folder = folder(&std::fs::read_to_string(PRICES).unwrap());
    std::fs::write(folder.path().join("prices.csv"), rows).unwrap();
    let (code, out, _) = run(&mut skopos(&["test", path(&folder), "--var", &base]));
    let durations = regex::Regex::new(r"\d+ ms|/\S+/").unwrap();
    let out = out.replace(&shop.url, "URL").replace(path(&folder), "folder");
    let tokens = regex::Regex::new("Bearer [^']+|run_[0-9a-f]+|\"id\":[0-9]+").unwrap();
    assert_eq!(code, Some(1), "{out}");
    insta::assert_snapshot!(tokens.replace_all(&durations.replace_all(&out, "…"), "…"));

    let (_, out, _) = run(&mut skopos(&["test", path(&folder), "--var", &base, "--reporter", "json"]));
    let report: Value = serde_json::from_str(&out).unwrap();
    let ran = &report["runs"][0];
    assert_eq!((&ran["steps"], &ran["reason"]["row"]), (&json!([]), &json!(2)));
    assert_eq!(ran["rows"][1]["values"], json!({ "sku": "SKU-2077", "quantity": "2", "total": "1" }));
}

#[test]
fn an_invalid_document_exits_3_and_nothing_is_sent() {
    let text = std::fs::read_to_string(CHECKOUT).unwrap().replace("timeout: 60s", "tiemout: 60s");
    let folder = folder(&text);
    for command in ["validate", "test", "apply"] {
        let (code, out, err) = run(&mut skopos(&[command, path(&folder)]));
        assert_eq!((code, out.as_str()), (Some(3), ""), "{command}: {err}");
        assert!(
            err.contains("error: unknown key `tiemout`") && err.contains("did you mean `timeout`?"),
            "{err}"
        );
    }
}

#[test]
fn what_cannot_be_run_exits_4() {
    let empty = tempfile::tempdir().unwrap();
    let missing_secret = |command: &mut Command| run(command.env_remove("SHOP_PASSWORD"));
    for (code, _, err) in [
        run(&mut skopos(&["test", path(&empty)])),
        run(&mut skopos(&["test", "no-such-file.yaml"])),
        run(&mut skopos(&["test", CHECKOUT, "--env", "nowhere"])),
        run(&mut skopos(&["apply", CHECKOUT, "--server", "http://127.0.0.1:1"])),
        missing_secret(&mut skopos(&["test", CHECKOUT])),
    ] {
        assert_eq!(code, Some(4), "{err}");
    }
}

#[test]
fn a_command_line_that_makes_no_sense_exits_2() {
    for arguments in [
        &["tset"][..],
        &["test"],
        &["test", CHECKOUT, "--var", "novalue"],
        &["test", CHECKOUT, "--jobs", "0"],
    ] {
        assert_eq!(run(&mut skopos(arguments)).0, Some(2), "{arguments:?}");
    }
}
