//! The target: what the collections of the fleet ask. It chains its answers, so that a request with another run's values
//! is found out; it misbehaves when it is told to; and it remembers every request.
//!
//! A path is `/<collection>/<promise>/<step>`: what may be sent again is the collection's promise, and the checker's.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    clock::{self, Millis},
    web::{Answer, Asked, Handler},
};

/// How a collection is made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 500.
    Fails,
    /// Later than any step waits.
    Slow,
    /// The connection is cut.
    Resets,
}

/// What may be done with a request after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Sent as often as one likes.
    Safe,
    /// Sent again with the same key.
    Keyed,
    /// Sent once per run, ever.
    Once,
    /// Clean-up that may be sent again.
    Clean,
    /// Clean-up that is sent once per run, ever.
    Undo,
}

impl Promise {
    fn of(word: &str) -> Option<Self> {
        match word {
            "safe" => Some(Self::Safe),
            "keyed" => Some(Self::Keyed),
            "once" => Some(Self::Once),
            "clean" => Some(Self::Clean),
            "undo" => Some(Self::Undo),
            _ => None,
        }
    }
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treated {
    /// As it should.
    Well,
    /// It met a fault.
    Badly,
    /// It carried what another run, or nobody, was told.
    Foreign,
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) at: Millis,
    pub(crate) run: String,
    pub(crate) attempt: u32,
    pub(crate) collection: String,
    pub(crate) promise: Promise,
    pub(crate) step: String,
    pub(crate) key: Option<String>,
    pub(crate) treated: Treated,
    /// When it was answered, if it was.
    pub(crate) answered: Option<Millis>,
}

/// The server's state.
#[derive(Debug, Default)]
pub(crate) struct Target {
    requests: Mutex<Vec<Request>>,
    faults: Mutex<HashMap<String, Fault>>,
    number: AtomicU64,
}

/// Longer than the collections' steps wait.
const SLOW: Duration = Duration::from_secs(7);

impl Target {
    /// From now on a collection's requests meet this.
    pub(crate) fn set(&self, collection: &str, fault: Option<Fault>) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        match fault {
            Some(fault) => faults.insert(collection.to_owned(), fault),
            None => faults.remove(collection),
        };
    }

    /// Everything that arrived, in that order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fault(&self, collection: &str) -> Option<Fault> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).get(collection).copied()
    }

    /// Answers its place.
    fn remember(&self, request: Request) -> usize {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push(request);
        requests.len() - 1
    }

    fn is_answered(&self, place: usize) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)[place].answered = Some(clock::now());
    }
}

impl Handler for Target {
    async fn answer(self: Arc<Self>, asked: Asked) -> Option<Answer> {
        let at = clock::now();
        let Some((place, mut request)) = read(&asked, at) else {
            return Some(Answer::of(StatusCode::NOT_FOUND, json!({ "error": "nobody asks for this" })));
        };
        let fault = self.fault(place.collection);
        let known = place.step == "login" || brings_its_token(&asked, &request);
        request.treated = match (known, fault) {
            (false, _) => Treated::Foreign,
            (true, Some(_)) => Treated::Badly,
            (true, None) => Treated::Well,
        };
        let (run, treated) = (request.run.clone(), request.treated);
        let remembered = self.remember(request);
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        // Long enough that a crash finds runs between their steps.
        sleep(Duration::from_millis(40 + number * 37 % 360)).await;
        let answer = match (treated, fault) {
            (Treated::Foreign, _) => {
                Some(Answer::of(StatusCode::CONFLICT, json!({ "error": "a foreign token" })))
            }
            (_, Some(Fault::Resets)) => None,
            (_, Some(Fault::Fails)) => {
                // What is kept as evidence, and what people are told, has to do without the secret.
                let told = format!("told to fail, {}", asked.header("x-password").unwrap_or_default());
                Some(Answer::of(StatusCode::INTERNAL_SERVER_ERROR, json!({ "error": told })))
            }
            (_, Some(Fault::Slow)) => {
                sleep(SLOW).await;
                Some(Answer::of(StatusCode::OK, json!({})))
            }
            (_, None) => Some(good(&asked.method, place.step, &run, number)),
        };
        self.is_answered(remembered);
        answer
    }
}

/// Where a request goes.
struct Place<'a> {
    collection: &'a str,
    step: &'a str,
}

fn read(asked: &Asked, at: Millis) -> Option<(Place<'_>, Request)> {
    let mut parts = asked.path.strip_prefix('/')?.split('/');
    let (collection, promise, step) = (parts.next()?, Promise::of(parts.next()?)?, parts.next()?);
    let request = Request {
        at,
        run: asked.header("x-skopos-run-id")?.to_owned(),
        attempt: asked.header("x-skopos-run-attempt")?.parse().ok()?,
        collection: collection.to_owned(),
        promise,
        step: step.to_owned(),
        key: asked.header("idempotency-key").map(str::to_owned),
        treated: Treated::Well,
        answered: None,
    };
    Some((Place { collection, step }, request))
}

/// A token names the run that it was given to.
fn brings_its_token(asked: &Asked, request: &Request) -> bool {
    let token = asked.header("authorization").and_then(|text| text.strip_prefix("Bearer "));
    token.and_then(|token| token.split_once('.')).is_some_and(|(run, _)| run == request.run)
}

fn good(method: &Method, step: &str, run: &str, number: u64) -> Answer {
    let body: Value = match step {
        "login" => json!({ "token": format!("{run}.{number}") }),
        "cart" => json!({ "id": format!("cart-{number}"), "total": 12.5 }),
        "payment" => json!({ "order": format!("order-{number}"), "state": "captured" }),
        _ => json!({ "state": "booked" }),
    };
    let status = if method == Method::POST { StatusCode::CREATED } else { StatusCode::OK };
    Answer::of(status, body)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn asked(path: &str, token: &str) -> Asked {
        let mut headers = HeaderMap::new();
        headers.insert("x-skopos-run-id", HeaderValue::from_static("run_1"));
        headers.insert("x-skopos-run-attempt", HeaderValue::from_static("2"));
        headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
        Asked { method: Method::POST, path: path.to_owned(), headers, body: bytes::Bytes::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn answers_chain_and_requests_are_remembered() {
        let target = Arc::new(Target::default());
        let login = target.clone().answer(asked("/shop/safe/login", "")).await.unwrap();
        let token = login.body["token"].as_str().unwrap().to_owned();
        let payment = target.clone().answer(asked("/shop/once/payment", &token)).await.unwrap();
        assert_eq!((payment.status, payment.body["state"].as_str()), (StatusCode::CREATED, Some("captured")));
        let requests = target.requests();
        assert_eq!((requests.len(), requests[1].promise, requests[1].attempt), (2, Promise::Once, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn the_token_of_another_run_is_found_out() {
        let target = Arc::new(Target::default());
        let answer = target.clone().answer(asked("/shop/once/payment", "run_2.7")).await.unwrap();
        assert_eq!((answer.status, target.requests()[0].treated), (StatusCode::CONFLICT, Treated::Foreign));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fault_holds_for_its_collection_until_it_is_taken_back() {
        let target = Arc::new(Target::default());
        target.set("shop", Some(Fault::Resets));
        assert_eq!(target.clone().answer(asked("/shop/safe/login", "")).await, None);
        assert!(target.clone().answer(asked("/other/safe/login", "")).await.is_some());
        target.set("shop", None);
        assert!(target.answer(asked("/shop/safe/login", "")).await.is_some());
    }
}
