//! The harness's only clock: the machine's, as a target and a receiver would read it.

use chrono::DateTime;

/// Milliseconds since the Unix epoch.
pub type Millis = i64;

/// The present instant.
#[expect(clippy::disallowed_methods, reason = "the harness stands outside of Skopos, where real time passes")]
pub fn now() -> Millis {
    chrono::Utc::now().timestamp_millis()
}

/// For people, who read it beside the logs of the processes.
pub fn show(at: Millis) -> String {
    let at = DateTime::from_timestamp_millis(at).unwrap_or_default();
    at.format("%H:%M:%S%.3f").to_string()
}
