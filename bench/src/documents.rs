//! What the fleet runs: a log-in, a cart with the token in its header, an order by the cart's number; seven assertions.

use serde_json::{Value, json};

/// One collection, which all monitors run.
pub(crate) fn collection(target: u16) -> Value {
    let url = |path: &str| format!("http://127.0.0.1:{target}{path}");
    let token = json!({ "Authorization": "Bearer @{{login.body.token}}" });
    json!({
        "kind": "collection",
        "version": 1,
        "id": "order",
        "steps": [
            {
                "id": "login",
                "request": { "method": "POST", "url": url("/login"), "json": { "user": "ada" } },
                "assert": [{ "status": 200 }, { "body.token": { "type": "string" } }],
            },
            {
                "id": "cart",
                "request": { "method": "POST", "url": url("/cart"), "headers": token, "json": { "sku": "A" } },
                "assert": [{ "status": 200 }, { "body.total": { "gt": 0 } }],
            },
            {
                "id": "order",
                "request": { "url": url("/orders/@{{cart.body.id}}"), "headers": token },
                "assert": [{ "status": 200 }, { "body.state": "open" }, { "latency": { "lt": "10s" } }],
            },
        ],
    })
}

/// A monitor that is due so often. Nothing is skipped and nothing is too late for minutes, so that a backlog is work.
pub(crate) fn monitor(number: usize, every: &str) -> (String, Value) {
    let id = format!("m-{number}");
    let document = json!({
        "id": id,
        "collections": ["order"],
        "schedule": { "every": every },
        "overlap": "allow",
        "max_lateness": "5m",
    });
    (id, document)
}
