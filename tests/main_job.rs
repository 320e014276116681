//! The main job from outside: `skopos dev` with the example, a shop that breaks, an incident, a notification, recovery.

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

const EXAMPLE: &str = include_str!("../examples/checkout.yaml");

/// For anything that is due at once; generous, because the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// `skopos dev` with the example, on ports and in a folder of its own.
struct Dev {
    process: Child,
    client: Client,
    api: String,
    shop: String,
    _folder: tempfile::TempDir,
}

impl Dev {
    #[expect(clippy::disallowed_methods, reason = "the test is a person's browser, not a part of Skopos")]
    fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let (shop, file) = (free_address(), folder.path().join("checkout.yaml"));
        // Once per failure is enough here, and the schedule stays out of the way after the first run.
        let example = EXAMPLE.replace("127.0.0.1:8090", &shop);
        let example = example.replace("every: 15s", "every: 1h").replace("failures: 2", "failures: 1");
        std::fs::write(&file, example).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_skopos"))
            .args(["dev", "--apply", file.to_str().unwrap()])
            .env_clear()
            .env("SHOP_PASSWORD", "open-sesame")
            .env("SKOPOS__API__LISTEN", "127.0.0.1:0")
            .env("SKOPOS__DEMO__LISTEN", &shop)
            .env("SKOPOS__DATA__DIR", folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let api = first.split_whitespace().last().unwrap().trim_end_matches('/').to_owned();
        // Somebody has to read on, or the process would end at a broken pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, client: Client::new(), api, shop: format!("http://{shop}"), _folder: folder }
    }

    async fn get(&self, url: &str) -> Value {
        let response = self.client.get(url).send().await.unwrap();
        response.json().await.unwrap_or_default()
    }

    /// Asks until it is so; the world has no clock that a test could move.
    async fn until(&self, url: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let answer = self.get(url).await;
            if holds(&answer) {
                return answer;
            }
            assert!(began.elapsed() < PATIENCE, "it never came to be: {answer:#}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn switch(&self, fault: &str) {
        let request = self.client.put(format!("{}/faults", self.shop)).json(&json!({ "fault": fault }));
        assert!(request.send().await.unwrap().status().is_success());
    }

    /// Runs the collection's monitor now and waits for its run to end.
    async fn run_now(&self, outcome: &str) -> Value {
        let url = format!("{}/v1/monitors/checkout/run", self.api);
        let response = self.client.post(url).send().await.unwrap();
        assert_eq!(response.status(), 202);
        let runs = format!("{}/v1/runs", self.api);
        let runs = self.until(&runs, |runs| runs["data"][0]["outcome"] == outcome).await;
        self.get(&format!("{}/v1/runs/{}", self.api, runs["data"][0]["id"].as_str().unwrap())).await
    }

    async fn notified(&self, count: usize) -> Value {
        let sink = format!("{}/sink", self.shop);
        self.until(&sink, |sink| sink["data"].as_array().is_some_and(|data| data.len() == count)).await
    }

    /// Asks it to end, and says how it did.
    fn stop(mut self) -> Option<i32> {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.process.wait().unwrap().code()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The example names the shop's address, so it has to be known before the shop listens.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test]
async fn a_broken_payment_opens_one_incident_tells_the_channel_and_recovers() {
    let dev = Dev::start();
    let runs = format!("{}/v1/runs", dev.api);
    let first = dev.until(&runs, |runs| runs["data"][0]["outcome"] == "passed").await;
    assert_eq!(first["data"][0]["trigger"], "schedule", "{first:#}");

    dev.switch("wrong_payload").await;
    let failed = dev.run_now("failed").await;
    assert_eq!(failed["reason"]["step"], "payment", "{failed:#}");
    let opened = dev.notified(1).await;
    let incidents = dev.get(&format!("{}/v1/incidents", dev.api)).await;
    assert_eq!(incidents["data"].as_array().unwrap().len(), 1, "{incidents:#}");
    assert_eq!(incidents["data"][0]["state"], "open", "{incidents:#}");

    dev.switch("none").await;
    dev.run_now("passed").await;
    let resolved = dev.notified(2).await;
    let incidents = format!("{}/v1/incidents", dev.api);
    dev.until(&incidents, |incidents| incidents["data"][0]["state"] == "resolved").await;
    assert_ne!(opened["data"][0]["headers"]["webhook-id"], resolved["data"][0]["headers"]["webhook-id"]);

    let everything = format!("{failed}{opened}{resolved}");
    assert!(!everything.contains("open-sesame"), "a secret is shown: {everything}");
    assert_eq!(dev.stop(), Some(0));
}
