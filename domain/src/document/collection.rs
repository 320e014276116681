//! `kind: collection`: ordered steps, and, with an inline schedule, the monitor that runs them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Auth, ByteSize, Check, Each, HttpVersion, IpFamily, Redirects, Request, Slug, Span, TlsOptions, Use,
    monitor::{AlertRule, CatchUp, MaintenanceWindow, Overlap, Schedule},
};

/// Ordered steps, run one after the other; each can use what earlier ones answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// The key by which everything names this collection.
    pub id: Slug,
    /// For people; the id when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// For filters and routing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Any JSON; overridden by the environment, then by `--var`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub vars: Map<String, Value>,
    /// Of the whole run. Default 60s, at most 15m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// Keys of a step's `request`, and `retry`; merged under each step's own.
    #[serde(default, skip_serializing_if = "Defaults::is_empty")]
    pub defaults: Defaults,
    /// Collections that are run once for all that use them, and whose captures the steps can refer to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Use>,
    /// The steps run once for each of these, one after the other, inside one run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<Each>,
    /// What is done, in order.
    #[schemars(length(min = 1))]
    pub steps: Vec<Step>,
    /// Makes this collection its own monitor, of the same id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Whose variables and secrets the runs see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Slug>,
    /// Where the inline monitor runs. Default `[default]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<Slug>>,
    /// What happens to a slot while the previous run is not finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// What happens to the slots of an outage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<CatchUp>,
    /// How late a run may start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lateness: Option<Span>,
    /// Who is told, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<AlertRule>,
    /// When failures are expected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maintenance: Vec<MaintenanceWindow>,
}

/// What steps inherit: flat, the keys of `request`, and `retry`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// See [`Request::method`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// See [`Request::query`].
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub query: Map<String, Value>,
    /// See [`Request::headers`].
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub headers: Map<String, Value>,
    /// See [`Request::auth`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// See [`Request::timeout`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// See [`Request::redirects`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirects: Option<Redirects>,
    /// See [`Request::tls`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsOptions>,
    /// See [`Request::cookies`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookies: Option<bool>,
    /// See [`Request::max_body`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_body: Option<ByteSize>,
    /// See [`Request::http_version`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_version: Option<HttpVersion>,
    /// See [`Request::proxy`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// See [`Request::resolve`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resolve: BTreeMap<String, String>,
    /// See [`Request::ip_family`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_family: Option<IpFamily>,
    /// See [`Step::retry`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
}

impl Defaults {
    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One request with assertions and captures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// `[a-z][a-z0-9_-]*`, unique in its collection; what references name.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_-]*$"))]
    pub id: String,
    /// For people; the id when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is sent.
    pub request: Request,
    /// What must hold. Without it, a status below 400.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assert: Vec<Check>,
    /// Names for values of the answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, Capture>,
    /// When and how often the same request is sent again after a bad try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Sends the same request until something holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<Poll>,
    /// All must hold, else the step is skipped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Check>,
    /// Go on after a failure; the run still ends failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continue_on_failure: bool,
    /// Clean-up: runs whatever happened; skipped when it refers to a step that never ran.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always: bool,
    /// Waits before the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Span>,
    /// What a lost worker means once this step was begun.
    #[serde(default, skip_serializing_if = "OnRedelivery::is_auto")]
    pub on_redelivery: OnRedelivery,
}

/// One capture as written.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Capture {
    /// A source: `body.order_id`, `headers.location`, `status`.
    Source(String),
    /// A rule, and whether the value is secret.
    Rule(CaptureRule),
}

/// A capture with options: exactly one of `path`, `regex`, `header`, `jsonpath`, `xpath`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptureRule {
    /// A source, as in the short form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The first group of the first match in the body's text; the whole match without a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// A response header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// RFC 9535; a singular query gives the value, any other the array of matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jsonpath: Option<String>,
    /// XPath 1.0 over an HTML or XML body; one node gives its text, several the list of their texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xpath: Option<String>,
    /// Masked wherever it is shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
}

/// When and how often a request is sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Repeats: 2 means up to three requests. At most 10.
    pub attempts: u32,
    /// How the wait grows. Default exponential.
    #[serde(default)]
    pub backoff: Backoff,
    /// The first wait. Default 500ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<Span>,
    /// The longest wait. Default 5s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Span>,
    /// What is worth another try. Default `[network, timeout, 429, 502, 503, 504]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Vec<RetryWhen>>,
}

/// How the wait between tries grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backoff {
    /// Always `initial`.
    Fixed,
    /// `initial`, twice, three times…
    Linear,
    /// `initial`, doubled each time.
    #[default]
    Exponential,
}

/// One cause that is worth another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum RetryWhen {
    /// A status code.
    Status(u16),
    /// A class of causes.
    Class(RetryClass),
}

/// A class of causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RetryClass {
    /// No connection, a broken one, DNS, TLS, not HTTP.
    Network,
    /// The step's time-out.
    Timeout,
    /// An assertion that did not hold.
    Assertion,
}

/// Sends the same request until something holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// Between the end of one try and the next. Default 1s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// Of all tries together. Default 30s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// All must hold.
    #[schemars(length(min = 1))]
    pub until: Vec<Check>,
}

/// What a lost worker means once a step was begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnRedelivery {
    /// GET, HEAD, OPTIONS and steps with an `Idempotency-Key` header are repeatable.
    #[default]
    Auto,
    /// Repeatable, the user says.
    Rerun,
    /// Not repeatable, the user says.
    Stop,
}

impl OnRedelivery {
    fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}
