//! The names that lead into an answer: the same for references, assertions and captures.

use std::{borrow::Cow, sync::LazyLock, time::Duration};

use serde_json::{Map, Value, json};

use super::{Answer, parse};
use crate::{
    exchange::{Timing, TlsPeer},
    reference::{Missing, Path, Segment},
};

/// Every name that leads somewhere, with values that stand for nothing. What the target decides (headers, cookies,
/// the body, captures) has no names here.
static SHAPE: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "status": 0, "latency": 0, "headers": {}, "cookies": {}, "body": {}, "url": "", "size": 0, "redirects": 0,
        "ip": "", "http": { "version": "" },
        "tls": { "version": "", "subject": "", "issuer": "", "valid": true, "expires_in": 0 },
        "timing": { "dns": 0, "connect": 0, "tls": 0, "first_byte": 0, "download": 0, "total": 0 },
        "captures": {}, "request": { "url": "", "method": "", "headers": {}, "body": {} },
    })
});

/// Whether a path can lead somewhere in an answer, as far as that is known without one.
///
/// # Errors
/// The name that no answer has, and those that it does.
pub fn check(path: &Path) -> Result<(), Missing> {
    let open = match path.first() {
        Some("headers" | "cookies" | "body" | "captures") => true,
        Some("request") => matches!(path.segments().get(1).and_then(Segment::name), Some("headers" | "body")),
        _ => false,
    };
    if open { Ok(()) } else { path.find(&SHAPE).map(|_| ()) }
}

impl Answer {
    /// The value that a path leads to: `status`, `latency`, `headers.<name>`, `body.a.b[0]`, `request.url`, …
    ///
    /// Lengths of time are milliseconds. A phase that did not happen, because the connection was reused, took 0.
    ///
    /// # Errors
    /// How far the path led, and what was there.
    pub fn find(&self, path: &Path) -> Result<Cow<'_, Value>, Missing> {
        match path.first() {
            Some("body") => path.find_after(1, self.body()).map(Cow::Borrowed),
            Some("captures") => path.find_after(1, &self.captures).map(Cow::Borrowed),
            Some("headers") => by_name(path, 1, headers(self.response.header_texts())),
            Some("cookies") => walk(path, 1, &self.cookies()),
            Some("request") => self.find_request(path),
            Some(name) => match self.fact(name) {
                Some(fact) => walk(path, 1, &fact),
                None => walk(path, 0, &SHAPE),
            },
            None => walk(path, 0, &SHAPE),
        }
    }

    /// What `set-cookie` headers set (RFC 6265, section 4.1); the last one of a name counts.
    fn cookies(&self) -> Value {
        let set = self.response.header_texts().filter(|(name, _)| *name == "set-cookie");
        let pair = |(_, value): (_, Cow<'_, str>)| {
            let (name, value) = value.split(';').next()?.split_once('=')?;
            Some((name.trim().to_owned(), json!(value.trim())))
        };
        Value::Object(set.filter_map(pair).collect())
    }

    /// What is known besides headers and body.
    fn fact(&self, name: &str) -> Option<Value> {
        let response = &self.response;
        Some(match name {
            "status" => json!(response.status),
            "latency" => millis(response.timing.total),
            "url" => json!(response.url),
            "size" => json!(response.body.len()),
            "redirects" => json!(response.redirects),
            "ip" => response.peer.map_or(Value::Null, |ip| json!(ip.to_string())),
            "http" => json!({ "version": response.http_version.strip_prefix("HTTP/") }),
            "tls" => response.tls.as_ref().map_or(Value::Null, |tls| self.certificate(tls)),
            "timing" => phases(&response.timing),
            _ => return None,
        })
    }

    fn certificate(&self, tls: &TlsPeer) -> Value {
        let mut facts = json!({
            "version": tls.version,
            "subject": tls.subject,
            "issuer": tls.issuer,
            "valid": tls.verify_error.is_none(),
        });
        if let Some(now) = self.received_at {
            facts["expires_in"] = json!((tls.expires_at - now).num_milliseconds());
        }
        facts
    }

    fn find_request(&self, path: &Path) -> Result<Cow<'_, Value>, Missing> {
        let request = &self.request;
        if path.segments().get(1).and_then(Segment::name) == Some("headers") {
            return by_name(path, 2, headers(request.header_texts()));
        }
        let text = String::from_utf8_lossy(&request.body);
        let body = parse(&text, || false).unwrap_or_else(|| Value::from(text));
        let facts = json!({
            "url": request.url.as_str(),
            "method": request.method,
            "headers": headers(request.header_texts()),
            "body": body,
        });
        walk(path, 1, &facts)
    }
}

/// The rest of the path inside a value made for the occasion.
fn walk<'a>(path: &Path, done: usize, value: &Value) -> Result<Cow<'a, Value>, Missing> {
    path.find_after(done, value).map(|found| Cow::Owned(found.clone()))
}

/// The same, where the next segment is a name in any case.
fn by_name<'a>(path: &Path, done: usize, headers: Map<String, Value>) -> Result<Cow<'a, Value>, Missing> {
    let wanted = path.segments().get(done).and_then(Segment::name).map(str::to_ascii_lowercase);
    match wanted.and_then(|name| headers.get(&name)) {
        Some(value) => walk(path, done + 1, value),
        None => walk(path, done, &Value::Object(headers)),
    }
}

/// Lower-case names; the values of a repeated one are joined by commas (RFC 9110, section 5.3).
fn headers<'h>(list: impl Iterator<Item = (&'h str, Cow<'h, str>)>) -> Map<String, Value> {
    let mut joined = Map::new();
    for (name, value) in list {
        match joined.entry(name.to_ascii_lowercase()).or_insert(Value::Null) {
            Value::String(before) => {
                before.push_str(", ");
                before.push_str(&value);
            }
            first => *first = Value::from(value),
        }
    }
    joined
}

fn phases(timing: &Timing) -> Value {
    let phase = |phase: Option<Duration>| millis(phase.unwrap_or_default());
    json!({
        "dns": phase(timing.dns),
        "connect": phase(timing.connect),
        "tls": phase(timing.tls),
        "first_byte": phase(timing.first_byte),
        "download": phase(timing.download),
        "total": millis(timing.total),
    })
}

/// Milliseconds to the microsecond, without a fraction where there is none.
fn millis(duration: Duration) -> Value {
    let micros = duration.as_micros();
    match (u64::try_from(micros / 1000), micros % 1000) {
        (Ok(whole), 0) => json!(whole),
        _ => json!(duration.as_micros() as f64 / 1000.0),
    }
}
