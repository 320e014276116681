//! `kind: monitor`: what runs when, where, with which variables, and who is told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Slug, Span};

/// Collections on a schedule; each runs on its own, in parallel with the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Monitor {
    /// The key by which everything names this monitor.
    pub id: Slug,
    /// For people; the id when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A disabled monitor has no slots.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What runs.
    #[schemars(length(min = 1))]
    pub collections: Vec<Slug>,
    /// Whose variables and secrets the runs see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Slug>,
    /// When.
    pub schedule: Schedule,
    /// Where. Default `[default]`.
    #[serde(default = "default_locations")]
    pub locations: Vec<Slug>,
    /// What happens to a slot while the previous run is not finished.
    #[serde(default)]
    pub overlap: Overlap,
    /// What happens to the slots of an outage.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// How late a run may start. Default: `every` (1m for cron), between 30s and 5m. Never less than jitter and 30s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lateness: Option<Span>,
    /// Who is told, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<AlertRule>,
    /// When failures are expected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maintenance: Vec<MaintenanceWindow>,
}

const fn yes() -> bool {
    true
}

/// The location that every worker without a name serves.
pub(super) fn default_locations() -> Vec<Slug> {
    vec!["default".parse().expect("`default` is a slug")]
}

/// When: exactly one of `every` and `cron`. `schedule` compiles it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// An interval, counted from the last change of the schedule; at least 1s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// Five fields, or six with seconds first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// IANA zone of `cron`. Default UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Moves the start by up to this much, never the slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Span>,
}

/// What happens to a slot while the previous run is not finished.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// Its run is recorded as skipped.
    #[default]
    Skip,
    /// It runs beside the other.
    Allow,
}

/// What happens to the slots of an outage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CatchUp {
    /// The latest runs, the others are a gap.
    #[default]
    Latest,
    /// All are a gap.
    Skip,
}

/// One rule: who is told about what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertRule {
    /// Who.
    #[schemars(length(min = 1))]
    pub channels: Vec<Slug>,
    /// How bad it is. Default `error`.
    #[serde(default)]
    pub severity: AlertSeverity,
    /// What counts. Default `failing`.
    #[serde(default)]
    pub when: AlertWhen,
    /// How much of it. Default one failure.
    #[serde(default)]
    pub after: After,
    /// Whether a failure is confirmed by a run of its own before the incident opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<bool>,
    /// What ends it. Default one success.
    #[serde(default)]
    pub recover: Recover,
    /// Tells again while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind: Option<Span>,
}

/// PagerDuty's words (Events API v2, `payload.severity`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertSeverity {
    /// For the record.
    Info,
    /// Someone should look some time.
    Warning,
    /// Someone must look.
    #[default]
    Error,
    /// Someone must look now.
    Critical,
}

/// What counts for a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertWhen {
    /// Failed runs.
    #[default]
    Failing,
    /// Degraded and failed runs.
    Degraded,
}

/// `failures` in a row, or `failures` among the last `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// How many.
    #[schemars(range(min = 1, max = 100))]
    pub failures: u32,
    /// Among how many; in a row when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u32>,
}

impl Default for After {
    fn default() -> Self {
        Self { failures: 1, of: None }
    }
}

/// `successes` in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recover {
    /// How many.
    #[schemars(range(min = 1, max = 100))]
    pub successes: u32,
}

impl Default for Recover {
    fn default() -> Self {
        Self { successes: 1 }
    }
}

/// A recurring window in which failures are expected: runs happen, open nothing and do not count in uptime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// When it begins.
    pub cron: String,
    /// How long it lasts.
    pub duration: Span,
    /// IANA zone of `cron`. Default UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}
