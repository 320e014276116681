//! The demo shop over a real listener, as a monitor meets it.

use std::{net::SocketAddr, time::Duration};

use chrono::DateTime;
use domain::clock::MockClock;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::serve;

/// A running shop and somebody who is logged in.
struct Visit {
    client: Client,
    address: SocketAddr,
    token: String,
}

impl Visit {
    #[expect(clippy::disallowed_methods, reason = "a test is its own client and talks to its own listener")]
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = MockClock::at(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        tokio::spawn(serve(listener, clock, std::future::pending()));
        let mut visit = Self { client: Client::new(), address, token: String::new() };
        let login = json!({ "user": "ada@example.com", "password": "secret" });
        let (status, body) = answer(visit.post("/login").json(&login)).await;
        assert_eq!(status, StatusCode::OK);
        visit.token = body["token"].as_str().unwrap().to_owned();
        visit
    }

    fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address)).bearer_auth(&self.token)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.request(reqwest::Method::GET, path)
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.request(reqwest::Method::POST, path)
    }

    fn delete(&self, path: &str) -> RequestBuilder {
        self.request(reqwest::Method::DELETE, path)
    }

    async fn cart(&self) -> Value {
        let (status, cart) =
            answer(self.post("/carts").json(&json!({ "sku": "SKU-1042", "quantity": 2 }))).await;
        assert_eq!(status, StatusCode::CREATED);
        cart
    }

    fn pay(&self, cart: &Value, key: &str) -> RequestBuilder {
        let body = json!({ "cart": cart["id"], "amount": cart["total"] });
        self.post("/payments").header("Idempotency-Key", key).json(&body)
    }

    async fn switch(&self, fault: &str) -> StatusCode {
        let request = self.request(reqwest::Method::PUT, "/faults").json(&json!({ "fault": fault }));
        answer(request).await.0
    }
}

async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    (response.status(), serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn a_checkout_works_from_login_to_cancellation() {
    let visit = Visit::start().await;
    assert_eq!(visit.token.split('.').filter(|part| !part.is_empty()).count(), 3);

    let cart = visit.cart().await;
    assert_eq!((&cart["total"], cart["items"].as_array().unwrap().len()), (&json!(2500), 1));

    let (status, payment) = answer(visit.pay(&cart, "run-1")).await;
    assert_eq!(
        (status, &payment["status"], &payment["amount"]),
        (StatusCode::CREATED, &json!("captured"), &json!(2500))
    );
    let order = format!("/orders/{}", payment["order_id"].as_str().unwrap());

    let (status, first) = answer(visit.get(&format!("{order}/delivery"))).await;
    assert_eq!((status, first), (StatusCode::OK, json!({ "state": "pending" })));
    let (_, second) = answer(visit.get(&format!("{order}/delivery"))).await;
    assert_eq!(second, json!({ "state": "booked", "carrier": "Postillon" }));

    assert_eq!(answer(visit.delete(&order)).await.0, StatusCode::NO_CONTENT);
    assert_eq!(answer(visit.delete(&order)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(answer(visit.get(&format!("{order}/delivery"))).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_same_idempotency_key_pays_once() {
    let visit = Visit::start().await;
    let (cart, other) = (visit.cart().await, visit.cart().await);
    let first = answer(visit.pay(&cart, "key")).await;
    assert_eq!(answer(visit.pay(&cart, "key")).await, first);
    assert_eq!(answer(visit.pay(&other, "key")).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer(visit.pay(&cart, "another key")).await.0, StatusCode::CONFLICT);
}

#[tokio::test]
async fn what_a_real_shop_refuses_is_refused() {
    let mut visit = Visit::start().await;
    let cart = visit.cart().await;

    let wrong_amount = json!({ "cart": cart["id"], "amount": 1 });
    assert_eq!(answer(visit.post("/payments").json(&wrong_amount)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let no_such_cart = json!({ "cart": 999, "amount": 1 });
    assert_eq!(answer(visit.post("/payments").json(&no_such_cart)).await.0, StatusCode::NOT_FOUND);
    let amount_as_text = json!({ "cart": cart["id"], "amount": "2500" });
    assert_eq!(
        answer(visit.post("/payments").json(&amount_as_text)).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let unknown_sku = json!({ "sku": "SKU-0", "quantity": 1 });
    let (status, body) = answer(visit.post("/carts").json(&unknown_sku)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body, json!({ "error": "no article has the SKU `SKU-0`" }));

    let no_password = json!({ "user": "ada@example.com", "password": "" });
    assert_eq!(answer(visit.post("/login").json(&no_password)).await.0, StatusCode::UNAUTHORIZED);
    let somebody_else = json!({ "user": "bob@example.com", "password": "secret" });
    let (_, login) = answer(visit.post("/login").json(&somebody_else)).await;
    visit.token = login["token"].as_str().unwrap().to_owned();
    assert_eq!(answer(visit.pay(&cart, "key")).await.0, StatusCode::NOT_FOUND);
    visit.token = "shop.nobody.signed".to_owned();
    assert_eq!(answer(visit.pay(&cart, "key")).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn wrong_payload_looks_healthy_but_is_not() {
    let visit = Visit::start().await;
    assert_eq!(visit.switch("wrong_payload").await, StatusCode::OK);
    let (status, payment) = answer(visit.pay(&visit.cart().await, "key")).await;
    assert_eq!((status, &payment["status"]), (StatusCode::CREATED, &json!("pending_review")));
    assert_eq!(payment.get("order_id"), None);
}

#[tokio::test]
async fn faults_spoil_payments_until_they_are_switched_off() {
    let visit = Visit::start().await;
    visit.switch("error_500").await;
    let cart = visit.cart().await;
    assert_eq!(answer(visit.pay(&cart, "key")).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    visit.switch("drop").await;
    assert!(visit.pay(&cart, "key").send().await.is_err());
    visit.switch("slow").await;
    let impatient = visit.pay(&cart, "key").timeout(Duration::from_millis(300)).send().await;
    assert!(impatient.unwrap_err().is_timeout());
    visit.switch("none").await;
    assert_eq!(answer(visit.pay(&cart, "key")).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn the_switch_lists_its_faults_and_refuses_unknown_ones() {
    let visit = Visit::start().await;
    let (_, body) = answer(visit.get("/faults")).await;
    assert_eq!(body["fault"], "none");
    let names: Vec<_> =
        body["faults"].as_array().unwrap().iter().map(|known| known["fault"].clone()).collect();
    assert_eq!(json!(names), json!(["none", "wrong_payload", "slow", "error_500", "drop"]));
    assert_eq!(visit.switch("earthquake").await, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_sink_keeps_the_newest_fifty() {
    let visit = Visit::start().await;
    for number in 1..=51 {
        let request =
            visit.post("/sink").header("webhook-id", format!("ntf_{number}")).json(&json!({ "n": number }));
        assert_eq!(answer(request).await.0, StatusCode::NO_CONTENT);
    }
    assert_eq!(answer(visit.post("/sink").body("not json")).await.0, StatusCode::NO_CONTENT);

    let (_, sink) = answer(visit.get("/sink")).await;
    assert_eq!((&sink["count"], sink["data"].as_array().unwrap().len()), (&json!(52), 50));
    assert_eq!(sink["data"][0]["body"], "not json");
    assert_eq!(sink["data"][1]["headers"]["webhook-id"], "ntf_51");
    assert_eq!(sink["data"][1]["received_at"], "2027-01-15T08:00:00Z");
    assert_eq!(sink["data"][49]["body"], json!({ "n": 3 }));

    assert_eq!(answer(visit.delete("/sink")).await.0, StatusCode::NO_CONTENT);
    assert_eq!(answer(visit.get("/sink")).await.1, json!({ "count": 0, "data": [] }));
}

#[tokio::test]
async fn the_page_is_served() {
    let visit = Visit::start().await;
    let page = visit.get("/").send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.text().await.unwrap().contains("Demo shop"));
}

#[tokio::test]
async fn a_page_of_this_machine_may_switch_faults_and_no_other_page_may() {
    let visit = Visit::start().await;
    let preflight = async |origin: &str, path: &str| {
        let request = visit.request(reqwest::Method::OPTIONS, path);
        let request = request.header("origin", origin).header("access-control-request-method", "PUT");
        request.send().await.unwrap()
    };
    let allowed = preflight("http://127.0.0.1:8080", "/faults").await;
    assert_eq!(allowed.status(), StatusCode::NO_CONTENT);
    assert_eq!(allowed.headers()["access-control-allow-origin"], "http://127.0.0.1:8080");
    assert_eq!(allowed.headers()["access-control-allow-methods"], "GET, PUT, DELETE");
    for (origin, path) in [("https://attacker.example", "/faults"), ("http://127.0.0.1:8080", "/payments")] {
        let refused = preflight(origin, path).await;
        assert!(refused.headers().get("access-control-allow-origin").is_none(), "{origin} {path}");
    }
}
