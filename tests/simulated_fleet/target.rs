//! A target on loopback that remembers what it was asked, and by which attempt of which run.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Json,
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore},
};

/// `/held` answers when it is let go; everything else at once.
#[derive(Clone)]
pub(crate) struct Target {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    news: Arc<Notify>,
    gate: Arc<Semaphore>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// `GET /ok`.
    pub(crate) request: String,
    pub(crate) run: String,
    pub(crate) attempt: u32,
}

impl Target {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, news, gate) = (Arc::default(), Arc::default(), Arc::new(Semaphore::new(0)));
        let target = Self { port, seen, news, gate };
        let router = Router::new().fallback(answer).with_state(target.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        target
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Lets one held request go, now or when it comes.
    pub(crate) fn release(&self) {
        self.gate.add_permits(1);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How often this was asked for.
    pub(crate) fn count(&self, request: &str) -> usize {
        self.seen().iter().filter(|seen| seen.request == request).count()
    }

    /// Waits until this was asked for that often.
    pub(crate) async fn asked(&self, request: &str, count: usize) {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            if self.count(request) >= count {
                return;
            }
            news.await;
        }
    }
}

async fn answer(State(target): State<Target>, request: Request<Body>) -> Json<Value> {
    let seen = Seen::of(&request);
    let held = seen.request.ends_with(" /held");
    target.seen.lock().unwrap().push(seen);
    target.news.notify_waiters();
    if held {
        target.gate.acquire().await.unwrap().forget();
    }
    Json(json!({ "order": 7 }))
}

impl Seen {
    fn of(request: &Request<Body>) -> Self {
        let header =
            |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self {
            request: format!("{} {}", request.method(), request.uri().path()),
            run: header("x-skopos-run-id").to_owned(),
            attempt: header("x-skopos-run-attempt").parse().unwrap_or_default(),
        }
    }
}
