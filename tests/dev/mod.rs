//! `skopos dev` as a process, driven from outside as a person would: over HTTP and with signals.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

const EXAMPLE: &str = include_str!("../../examples/checkout.yaml");

/// For anything that is due at once; generous, because the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder and a port that outlive one process.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    shop: String,
}

/// `skopos dev` with the example.
pub(crate) struct Dev {
    process: Child,
    client: Client,
    pub(crate) api: String,
    shop: String,
}

impl Home {
    /// The example with another schedule, and an incident after one failure.
    pub(crate) fn with_schedule(every: &str) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap(), shop: free_address() };
        let example = EXAMPLE.replace("127.0.0.1:8090", &home.shop);
        let example =
            example.replace("every: 15s", &format!("every: {every}")).replace("failures: 2", "failures: 1");
        std::fs::write(home.example(), example).unwrap();
        home
    }

    /// Of the embedded database.
    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn example(&self) -> std::path::PathBuf {
        self.folder.path().join("checkout.yaml")
    }
}

impl Dev {
    #[expect(clippy::disallowed_methods, reason = "the test is a person's browser, not a part of Skopos")]
    pub(crate) fn start(home: &Home) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut process = Command::new(env!("CARGO_BIN_EXE_skopos"))
            .arg("dev")
            .arg("--apply")
            .arg(home.example())
            .env_clear()
            .env("SHOP_PASSWORD", "open-sesame")
            .env("SKOPOS__API__LISTEN", "127.0.0.1:0")
            .env("SKOPOS__DEMO__LISTEN", &home.shop)
            .env("SKOPOS__DATA__DIR", home.data())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let api = first.split_whitespace().last().unwrap().trim_end_matches('/').to_owned();
        // Somebody has to read on, or the process would end at a broken pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, client: Client::new(), api, shop: format!("http://{}", home.shop) }
    }

    pub(crate) async fn get(&self, url: &str) -> Value {
        let response = self.client.get(url).send().await.unwrap();
        response.json().await.unwrap_or_default()
    }

    /// Asks until it is so; the world has no clock that a test could move.
    pub(crate) async fn until(&self, url: &str, holds: impl Fn(&Value) -> bool) -> Value {
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

    pub(crate) async fn switch(&self, fault: &str) {
        let request = self.client.put(format!("{}/faults", self.shop)).json(&json!({ "fault": fault }));
        assert!(request.send().await.unwrap().status().is_success());
    }

    /// Runs the collection's monitor now and waits for its run to end.
    pub(crate) async fn run_now(&self, outcome: &str) -> Value {
        let url = format!("{}/v1/monitors/checkout/run", self.api);
        let response = self.client.post(url).send().await.unwrap();
        assert_eq!(response.status(), 202);
        let runs = format!("{}/v1/runs", self.api);
        let runs = self.until(&runs, |runs| runs["data"][0]["outcome"] == outcome).await;
        self.get(&format!("{}/v1/runs/{}", self.api, runs["data"][0]["id"].as_str().unwrap())).await
    }

    pub(crate) async fn notified(&self, count: usize) -> Value {
        let sink = format!("{}/sink", self.shop);
        self.until(&sink, |sink| sink["data"].as_array().is_some_and(|data| data.len() == count)).await
    }

    /// Asks it to end, and says how it did.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.process.wait().unwrap().code()
    }

    /// As a power cut would: nothing is finished, nothing is said.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
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
