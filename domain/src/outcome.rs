//! How a run stands and how it ended: the words that every surface (rows, API, terminal, pages) uses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Slug;

/// A text enum: one spelling for rows, JSON and people.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The one spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::outcome::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| {
                    crate::outcome::UnknownWord { text: text.to_owned(), kind: stringify!($name) }
                })
            }
        }
    };
}
pub(crate) use words;

/// A text that none of the words of its kind is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {kind}")]
pub struct UnknownWord {
    pub(crate) text: String,
    pub(crate) kind: &'static str,
}

words! {
    /// How a run ended.
    Outcome {
        /// Every assertion held.
        Passed = "passed",
        /// A soft limit (a `degraded` latency, a warning) was crossed; nothing failed.
        Degraded = "degraded",
        /// The target broke its contract: assertion, status, time-out, TLS, DNS of the target.
        Failed = "failed",
        /// We broke: a variable that has gone, a lost worker, no egress, an address that our policy denies.
        Inconclusive = "inconclusive",
        /// It could not start before `due_at + max_lateness`.
        Missed = "missed",
        /// Its slot came while the previous run was not finished, and the monitor says `overlap: skip`.
        Skipped = "skipped",
        /// Somebody stopped it.
        Cancelled = "cancelled",
    }
}

impl Outcome {
    /// Whether this says something about the target: only such outcomes move incidents and uptime.
    #[must_use]
    pub const fn is_evidence(self) -> bool {
        matches!(self, Self::Passed | Self::Degraded | Self::Failed)
    }
}

words! {
    /// Where a run stands. A finished run has an [`Outcome`], which never changes.
    RunState {
        /// Waits for a worker.
        Queued = "queued",
        /// A worker owns it.
        Running = "running",
        /// Over.
        Finished = "finished",
    }
}

words! {
    /// What brought a run into being.
    Trigger {
        /// A slot of its monitor's schedule.
        Schedule = "schedule",
        /// A person, or a script through the API.
        Manual = "manual",
        /// A deploy hook or another machine.
        Trigger = "trigger",
        /// The editor: no incidents, not in the history.
        Draft = "draft",
        /// The check before an incident opens.
        Confirm = "confirm",
    }
}

words! {
    /// Why a run or a step did not pass: stable codes for scripts and dashboards.
    ReasonCode {
        /// An assertion did not hold.
        AssertionFailed = "assertion_failed",
        /// A step with no `assert` answered 400 or above.
        BadStatus = "bad_status",
        /// `poll.until` never came true.
        PollTimeout = "poll_timeout",
        /// An earlier answer lacks a value that a reference names.
        ReferenceMissing = "reference_missing",
        /// A value is of a kind that its place or filter cannot take (CR LF in a header, `int` of a word).
        ReferenceInvalid = "reference_invalid",
        /// A capture found nothing.
        CaptureMissing = "capture_missing",
        /// The rendered URL is not one that can be requested.
        BadUrl = "bad_url",
        /// The target's name does not resolve.
        Dns = "dns",
        /// No connection: refused, reset while connecting, unreachable.
        Connect = "connect",
        /// The TLS handshake or the certificate.
        Tls = "tls",
        /// The step's time-out, headers and body together.
        Timeout = "timeout",
        /// The connection broke after it was made.
        ConnectionLost = "connection_lost",
        /// What came back is not HTTP.
        Protocol = "protocol",
        /// More decompressed bytes than the cap.
        BodyTooLarge = "body_too_large",
        /// Headers beyond the cap.
        HeadersTooLarge = "headers_too_large",
        /// The body does not decompress.
        BadEncoding = "bad_encoding",
        /// More redirects than allowed.
        TooManyRedirects = "too_many_redirects",
        /// A redirect without a usable `Location`.
        BadRedirect = "bad_redirect",
        /// The proxy does not let us through.
        Proxy = "proxy",
        /// The authorization server gave no access token.
        NoToken = "no_token",
        /// A shared set-up that the run needs failed.
        SetUpFailed = "set_up_failed",
        /// More requests in one run than the cap.
        TooManyRequests = "too_many_requests",
        /// The whole run's time-out.
        DeadlinePassed = "deadline_passed",
        /// The address policy denies the target. Ours, not the target's.
        AddressDenied = "address_denied",
        /// A variable or a secret that the environment no longer has.
        VariableMissing = "variable_missing",
        /// The collection version, the environment or its secrets could not be read.
        NotRunnable = "not_runnable",
        /// The worker died or lost its lease after an unsafe request was begun.
        WorkerLost = "worker_lost",
        /// The worker had no way out: a request failed for want of a network, and no beacon answered either.
        NoEgress = "no_egress",
        /// The worker itself stood still while the run waited.
        WorkerPaused = "worker_paused",
        /// The run killed its workers too often.
        Poison = "poison",
        /// Past `due_at + max_lateness` before it could start.
        TooLate = "too_late",
        /// The previous run was not finished.
        Overlap = "overlap",
        /// Somebody stopped it.
        Cancelled = "cancelled",
        /// A defect of Skopos itself.
        Internal = "internal",
    }
}

impl ReasonCode {
    /// Whether the blame is ours: such a step makes its run inconclusive, never failed.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        matches!(
            self,
            Self::AddressDenied
                | Self::VariableMissing
                | Self::NotRunnable
                | Self::WorkerLost
                | Self::WorkerPaused
                | Self::NoEgress
                | Self::Poison
                | Self::Internal
                | Self::TooManyRequests
        )
    }
}

/// Why a run or a step ended as it did. `message` is one sentence for people and holds no secret value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// Stable code.
    pub code: ReasonCode,
    /// The id of the step where it happened, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The row of `each` where it happened, counted from 1; only in the reason of a whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u32>,
    /// One sentence for people.
    pub message: String,
    /// The shared set-up that is to blame: all runs that fail for it have one cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Slug>,
}

impl Reason {
    /// A reason that names neither step nor row.
    pub fn new(code: ReasonCode, message: impl Into<String>) -> Self {
        Self { code, step: None, row: None, message: message.into(), cause: None }
    }

    /// The same reason, at a step.
    #[must_use]
    pub fn at_step(mut self, step: impl Into<String>) -> Self {
        self.step = Some(step.into());
        self
    }

    /// The same reason, with the shared set-up that is to blame.
    #[must_use]
    pub fn caused_by(mut self, set_up: &Slug) -> Self {
        self.cause = Some(set_up.clone());
        self
    }
}
