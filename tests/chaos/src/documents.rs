//! What the fleet watches: collections of several kinds, each with the monitor of the same number.

use serde_json::{Value, json};

/// Where the target and the stand-in listen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    pub(crate) target: u16,
    pub(crate) pagerduty: u16,
}

/// Two services at the receiver, with these routing keys.
pub(crate) const CHANNELS: [&str; 2] = ["pager-a", "pager-b"];

/// What nobody but the target must see (I16).
pub(crate) const SECRET: &str = "open-sesame-of-the-chaos";

/// The environment, with what must not be seen.
pub(crate) fn environment(places: Places) -> Value {
    json!({
        "id": "chaos",
        "vars": { "base": format!("http://127.0.0.1:{}", places.target) },
        "secrets": { "PASSWORD": { "value": SECRET } },
    })
}

/// A channel of the receiver.
pub(crate) fn channel(id: &str, places: Places) -> Value {
    json!({
        "id": id,
        "type": "pagerduty",
        "routing_key": id,
        "api_url": format!("http://127.0.0.1:{}/v2/enqueue", places.pagerduty),
    })
}

/// What a collection's requests promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Only reads.
    Reads,
    /// Pays without a key, and cleans up.
    Pays,
    /// Pays with a key.
    PaysWithKey,
    /// Reads with pauses in which a crash finds it.
    ReadsSlowly,
    /// Reads what must not be read again.
    ReadsOnce,
    /// Pays with a key, and cleans up what may be cleaned up again.
    PaysAndCleans,
}

const KINDS: [Kind; 6] =
    [Kind::Reads, Kind::Pays, Kind::PaysWithKey, Kind::ReadsSlowly, Kind::ReadsOnce, Kind::PaysAndCleans];

/// A collection's slug, by its number.
pub(crate) fn collection_id(number: usize) -> String {
    format!("c-{number}")
}

/// A monitor's slug, by its number.
pub(crate) fn monitor_id(number: usize) -> String {
    format!("m-{number}")
}

/// The collection of a number. Odd editions have one more step.
pub(crate) fn collection(number: usize, edition: usize) -> Value {
    let id = collection_id(number);
    let mut steps = steps(&id, KINDS[number % KINDS.len()]);
    if edition % 2 == 1 {
        steps.insert(steps.len().min(2), step_of(&id, "extra", "GET", "safe"));
    }
    json!({
        "id": id,
        "name": format!("Collection {number}, edition {edition}"),
        "environment": "chaos",
        "timeout": "30s",
        "defaults": { "timeout": "5s" },
        "steps": steps,
    })
}

fn steps(collection: &str, kind: Kind) -> Vec<Value> {
    let step = |step: &str, method: &str, promise: &str| step_of(collection, step, method, promise);
    match kind {
        Kind::Reads => {
            vec![step("login", "GET", "safe"), step("cart", "GET", "safe"), step("order", "GET", "safe")]
        }
        Kind::Pays => vec![
            step("login", "POST", "safe"),
            step("cart", "POST", "safe"),
            step("payment", "POST", "once"),
            step("order", "GET", "safe"),
            step("cancel", "DELETE", "undo"),
        ],
        Kind::PaysWithKey => {
            vec![
                step("login", "POST", "safe"),
                step("payment", "POST", "keyed"),
                step("order", "GET", "safe"),
            ]
        }
        Kind::ReadsSlowly => vec![
            step("login", "GET", "safe"),
            slowly(step("cart", "GET", "safe")),
            slowly(step("order", "GET", "safe")),
        ],
        Kind::ReadsOnce => {
            vec![
                step("login", "GET", "safe"),
                step("coupon", "GET", "once"),
                slowly(step("order", "GET", "safe")),
            ]
        }
        Kind::PaysAndCleans => vec![
            step("login", "POST", "safe"),
            step("payment", "POST", "keyed"),
            slowly(step("order", "GET", "safe")),
            repeatable(step("cancel", "DELETE", "clean")),
        ],
    }
}

fn step_of(collection: &str, step: &str, method: &str, promise: &str) -> Value {
    let url = format!("@{{{{vars.base}}}}/{collection}/{promise}/{step}");
    let mut headers = json!({ "X-Password": "@{{secrets.PASSWORD}}" });
    if step != "login" {
        headers["Authorization"] = json!("Bearer @{{login.body.token}}");
    }
    let mut request = json!({ "method": method, "url": url });
    if promise == "keyed" {
        headers["Idempotency-Key"] = json!("@{{run.id}}");
    }
    if step == "payment" {
        request["json"] = json!({ "amount": 12.5 });
    }
    request["headers"] = headers;
    let mut step = json!({ "id": step, "request": request });
    if method == "POST" && promise == "safe" {
        step = repeatable(step);
    }
    if method == "GET" && promise == "once" {
        step["on_redelivery"] = json!("stop");
    }
    if ["clean", "undo"].contains(&promise) {
        step["always"] = json!(true);
    }
    step
}

fn repeatable(mut step: Value) -> Value {
    step["on_redelivery"] = json!("rerun");
    step
}

fn slowly(mut step: Value) -> Value {
    step["delay"] = json!("400ms");
    step
}

/// How a monitor is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) number: usize,
    pub(crate) every_s: u64,
    pub(crate) enabled: bool,
    /// Each is another document.
    pub(crate) edition: usize,
}

impl Wanted {
    /// As it is at the start.
    pub(crate) fn first(number: usize) -> Self {
        let every_s = match KINDS[number % KINDS.len()] {
            Kind::Reads => 1,
            Kind::Pays | Kind::PaysWithKey | Kind::ReadsOnce => 2,
            Kind::ReadsSlowly => 3,
            Kind::PaysAndCleans => 5,
        };
        Self { number, every_s, enabled: true, edition: 0 }
    }

    /// The document under a slug. What tells whom never changes, so that incidents follow from outcomes alone.
    pub(crate) fn document(&self, id: &str) -> Value {
        let mut collections = vec![collection_id(self.number)];
        if self.number == 0 {
            collections.push(collection_id(3));
        }
        let channels = if self.number.is_multiple_of(4) { &CHANNELS[..] } else { &CHANNELS[..1] };
        json!({
            "id": id,
            "name": format!("Monitor {}, edition {}", self.number, self.edition),
            "enabled": self.enabled,
            "collections": collections,
            "environment": "chaos",
            "schedule": { "every": format!("{}s", self.every_s) },
            // Most skip; those that do not pile up in an outage, which is a load of its own.
            "overlap": if self.number % KINDS.len() == 2 { "allow" } else { "skip" },
            "catch_up": if self.number.is_multiple_of(5) { "skip" } else { "latest" },
            "alerts": [{
                "channels": channels,
                "after": { "failures": 1 + self.number % 2 },
                "recover": { "successes": 1 + (self.number / 2) % 2 },
                // The oracle looks at runs of the schedule.
                "confirm": false,
            }],
        })
    }
}
