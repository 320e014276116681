//! The main job by roles that run as processes of their own, several of each, on PostgreSQL and RabbitMQ.

#![expect(clippy::unwrap_used, reason = "this is a test, also where it is not inside a #[test] function")]

#[expect(dead_code, reason = "not every test needs all of the harness")]
mod fleet;

use std::time::Duration;

use fleet::{Role, Servers, on_servers, skopos};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

const EXAMPLE: &str = include_str!("../examples/checkout.yaml");

/// For anything that is due at once; generous, because the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A fleet, and a shop that it watches.
struct Fleet {
    shop: String,
    api: String,
    client: Client,
    settings: Vec<(&'static str, String)>,
    workers: Vec<Role>,
    others: Vec<Role>,
}

impl Fleet {
    #[expect(clippy::disallowed_methods, reason = "the test is a person's browser, not a part of Skopos")]
    fn start(servers: &Servers) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut settings = servers.settings();
        settings.push(("SKOPOS__OUTBOUND__ALLOW", "127.0.0.0/8".to_owned()));
        settings.push(("SHOP_PASSWORD", "open-sesame".to_owned()));
        settings.push(("SKOPOS__DEMO__LISTEN", "127.0.0.1:0".to_owned()));
        let mut demo = Role::start(&["demo"], &settings);
        let mut api = Role::start(&["api"], &settings);
        let mut fleet = Self {
            shop: demo.url(),
            api: api.url(),
            client: Client::new(),
            settings,
            workers: Vec::new(),
            others: vec![demo, api],
        };
        for (role, line) in [
            ("scheduler", "skopos scheduler  history of 30 days"),
            ("scheduler", "skopos scheduler  history of 30 days"),
            ("notifier", "skopos notifier  16 slots"),
            ("notifier", "skopos notifier  16 slots"),
        ] {
            let mut process = Role::start(&[role], &fleet.settings);
            assert_eq!(process.says(), line);
            fleet.others.push(process);
        }
        fleet.add_worker();
        fleet.add_worker();
        fleet
    }

    fn add_worker(&mut self) {
        let mut worker = Role::start(&["worker"], &self.settings);
        assert_eq!(worker.says(), "skopos worker  location default, 64 slots");
        self.workers.push(worker);
    }

    /// The example with this shop, a schedule that stays out of the way, and an incident after one failure.
    fn apply_example(&self) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkout.yaml");
        let shop = self.shop.trim_start_matches("http://");
        let example = EXAMPLE.replace("127.0.0.1:8090", shop).replace("every: 15s", "every: 1h");
        std::fs::write(&path, example.replace("failures: 2", "failures: 1")).unwrap();
        let arguments = ["apply", path.to_str().unwrap(), "--server", &self.api];
        let applied = skopos(&arguments, &self.settings).output().unwrap();
        assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    }

    /// Asks until it is so; the world has no clock that a test could move.
    async fn until(&self, url: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let answer: Value = self.client.get(url).send().await.unwrap().json().await.unwrap();
            if holds(&answer) {
                return answer;
            }
            assert!(began.elapsed() < PATIENCE, "it never came to be: {answer:#}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn newest_run(&self, holds: impl Fn(&Value) -> bool) -> Value {
        let runs = self.until(&format!("{}/v1/runs", self.api), |runs| holds(&runs["data"][0])).await;
        runs["data"][0].clone()
    }

    async fn switch(&self, fault: &str) {
        let request = self.client.put(format!("{}/faults", self.shop)).json(&json!({ "fault": fault }));
        assert!(request.send().await.unwrap().status().is_success());
    }

    async fn run_now(&self) {
        let request = self.client.post(format!("{}/v1/monitors/checkout/run", self.api));
        assert_eq!(request.send().await.unwrap().status(), 202);
    }

    async fn notified(&self, count: usize) {
        let sink = format!("{}/sink", self.shop);
        self.until(&sink, |sink| sink["data"].as_array().is_some_and(|data| data.len() == count)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn separate_roles_run_notify_and_drain() {
    on_servers(|servers| async move {
        servers.migrate();
        let mut fleet = Fleet::start(&servers);
        fleet.apply_example();
        fleet.newest_run(|run| run["outcome"] == "passed").await;

        // A payment takes three seconds: whichever worker has it lets it come to its end.
        fleet.switch("slow").await;
        fleet.run_now().await;
        let begun = fleet.newest_run(|run| run["state"] == "running").await;
        for worker in fleet.workers.drain(..) {
            assert_eq!(worker.stop(), Some(0));
        }
        let ended = fleet.newest_run(|run| run["id"] == begun["id"]).await;
        assert_eq!((&ended["state"], &ended["attempt"]), (&"finished".into(), &1.into()), "{ended:#}");
        assert_ne!(ended["outcome"], "inconclusive", "{ended:#}");

        fleet.switch("wrong_payload").await;
        fleet.add_worker();
        fleet.run_now().await;
        fleet.newest_run(|run| run["outcome"] == "failed").await;
        fleet.notified(1).await;
        fleet.switch("none").await;
        fleet.run_now().await;
        fleet.newest_run(|run| run["outcome"] == "passed").await;
        fleet.notified(2).await;

        for role in fleet.workers.into_iter().chain(fleet.others) {
            assert_eq!(role.stop(), Some(0));
        }
    })
    .await;
}
