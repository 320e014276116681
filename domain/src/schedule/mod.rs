//! From a schedule to its slots: which instants a monitor is due at. Pure: "now" is always a parameter.
//!
//! An interval counts from its anchor, the last change of the schedule, so slot 0 is the anchor itself and the
//! first run is at once. A cron expression matches the wall clock of its zone; `wall` holds what happens where
//! that clock jumps. Neither knows of runs, outages or lateness: `scheduler` decides what becomes of a slot.

mod cron;
mod wall;
mod window;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

pub use self::{cron::Cron, window::Window};
use crate::{
    document::{self, Slug, Span},
    id::{CollectionId, MonitorId, RunId},
    problem::Problem,
};

/// A schedule that can be asked for its slots.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// An absolute interval: `anchor + k * every`.
    Every(Span),
    /// The wall clock of a zone.
    Cron(Box<Cron>),
}

/// The shortest interval: below it the scheduler's own tick would show.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest length of time in a schedule. Nobody means more, and it keeps the arithmetic far from its limits.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
/// What a run has to start in, once its jitter is over.
const LEAST_LATENESS: Duration = Duration::from_secs(30);

impl Schedule {
    /// Compiles what the user wrote.
    ///
    /// # Errors
    /// Everything that is wrong with it, at pointers relative to the schedule (`/cron`, `/every`, or the empty one).
    pub fn compile(document: &document::Schedule) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let zone = cron::zone(document.timezone.as_deref()).map_err(|problem| problems.push(problem));
        let schedule = match (document.every, &document.cron) {
            (Some(every), None) => {
                check_length("/every", "an interval", every, &mut problems);
                Some(Self::Every(every))
            }
            (None, Some(text)) => match Cron::parse(text, zone.unwrap_or_default()) {
                Ok(cron) => Some(Self::Cron(Box::new(cron))),
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            },
            (Some(_), Some(_)) => {
                problems.push(
                    Problem::error("", "a schedule has `every` or `cron`, not both")
                        .help("remove one of them"),
                );
                None
            }
            (None, None) => {
                problems.push(
                    Problem::error("", "a schedule needs `every` or `cron`")
                        .help("for example `every: 1m`, or `cron: \"*/5 8-18 * * 1-5\"`"),
                );
                None
            }
        };
        check_jitter(document, &mut problems);
        schedule.filter(|_| problems.is_empty()).ok_or(problems)
    }

    /// The first slot strictly later than `after`; none once the calendar ends. No slot lies before `anchor`.
    #[must_use]
    pub fn next_after(&self, anchor: DateTime<Utc>, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Every(every) => slot_number(anchor, *every, index(anchor, *every, after)),
            Self::Cron(cron) => cron.first_from(earliest(anchor).max(second_after(after))),
        }
    }

    /// The latest slot that is not later than `at`, if there has been one since `anchor`.
    #[must_use]
    pub fn previous(&self, anchor: DateTime<Utc>, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Every(every) => {
                let slots = index(anchor, *every, at);
                if slots == 0 { None } else { slot_number(anchor, *every, slots - 1) }
            }
            Self::Cron(cron) => cron.latest_between(earliest(anchor), at),
        }
    }

    /// How many slots lie in `(after, until]`, counted up to `limit`: what an outage has cost. An interval is
    /// divided; a cron expression is walked, so its cost is one search per slot up to `limit`.
    #[must_use]
    pub fn slots_between(
        &self,
        anchor: DateTime<Utc>,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u64,
    ) -> u64 {
        match self {
            Self::Every(every) => {
                let slots = index(anchor, *every, until) - index(anchor, *every, after);
                u64::try_from(slots).unwrap_or(0).min(limit)
            }
            Self::Cron(_) => {
                let next = |slot: &DateTime<Utc>| self.next_after(anchor, *slot);
                let slots = std::iter::successors(self.next_after(anchor, after), next);
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                slots.take_while(|slot| *slot <= until).take(limit).count() as u64
            }
        }
    }

    /// The schedule in words: `every 15 s`, `at 02:00 on Sunday (Europe/Paris)`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Every(every) => {
                let text = every.to_string();
                let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
                let unit = match &text[digits.len()..] {
                    "m" => "min",
                    "d" if digits == "1" => "day",
                    "d" => "days",
                    other => other,
                };
                format!("every {digits} {unit}")
            }
            Self::Cron(cron) => cron.describe(),
        }
    }
}

/// How much later than its slot a run starts: the same for the same slot of the same monitor on every scheduler,
/// spread evenly over `0..=jitter` in milliseconds. The slot itself never moves.
#[must_use]
pub fn jitter_of(slot: DateTime<Utc>, monitor: MonitorId, jitter: Duration) -> Duration {
    let mut hash = Sha256::new();
    hash.update(monitor.uuid().as_bytes());
    hash.update(slot.timestamp_millis().to_be_bytes());
    let head = hash.finalize()[..8].try_into().expect("a SHA-256 has 32 bytes");
    let steps = u64::try_from(jitter.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    Duration::from_millis(u64::from_be_bytes(head) % steps)
}

/// How late a run may start when the monitor does not say: `every` (a minute for cron), between 30 s and 5 min, and
/// never so little that jitter alone would make a run too late.
#[must_use]
pub fn default_max_lateness(schedule: &document::Schedule) -> Duration {
    let period = schedule.every.map_or(Duration::from_secs(60), |every| every.0);
    let jitter = schedule.jitter.unwrap_or_default().0;
    period.clamp(LEAST_LATENESS, Duration::from_secs(300)).max(jitter.saturating_add(LEAST_LATENESS))
}

/// How late a run of this monitor may start, counted from its slot. What the monitor says, but always jitter and 30 s
/// on top of it: less would call runs missed that nobody had the time to start.
#[must_use]
pub fn max_lateness(monitor: &document::Monitor) -> Duration {
    let said = monitor.max_lateness.map_or_else(|| default_max_lateness(&monitor.schedule), |said| said.0);
    let jitter = monitor.schedule.jitter.unwrap_or_default().0;
    said.max(jitter.saturating_add(LEAST_LATENESS)).min(LONGEST)
}

/// The id of a slot's run. Every scheduler makes the same one, so that a slot cannot have two.
#[must_use]
pub fn run_id_of(
    slot: DateTime<Utc>,
    monitor: MonitorId,
    collection: CollectionId,
    location: &Slug,
) -> RunId {
    let mut hash = Sha256::new();
    hash.update(monitor.uuid().as_bytes());
    hash.update(collection.uuid().as_bytes());
    hash.update(slot.timestamp_millis().to_be_bytes());
    hash.update(location.as_str());
    RunId::new(slot, hash.finalize()[..10].try_into().expect("a SHA-256 has 32 bytes"))
}

/// A length of time must be one that can be kept.
fn check_length(pointer: &str, what: &str, span: Span, problems: &mut Vec<Problem>) {
    if span.0 < SHORTEST || span.0 > LONGEST {
        problems.push(Problem::error(
            pointer,
            format!("{what} is at least {} and at most {}, not {span}", Span(SHORTEST), Span(LONGEST)),
        ));
    }
}

/// Jitter as long as the interval would let a run start after the next slot.
fn check_jitter(document: &document::Schedule, problems: &mut Vec<Problem>) {
    let Some(jitter) = document.jitter else { return };
    let limit = document.every.unwrap_or(Span(Duration::from_secs(3600)));
    if jitter >= limit {
        let than = if document.every.is_some() { "`every`" } else { "an hour" };
        problems.push(Problem::error("/jitter", format!("jitter must be shorter than {than} ({limit})")));
    }
}

/// How many slots of an interval lie in `[anchor, at]`: the number of the first slot after `at`.
fn index(anchor: DateTime<Utc>, every: Span, at: DateTime<Utc>) -> i64 {
    if at < anchor { 0 } else { (at - anchor).num_milliseconds() / millis(every) + 1 }
}

fn slot_number(anchor: DateTime<Utc>, every: Span, number: i64) -> Option<DateTime<Utc>> {
    anchor.checked_add_signed(TimeDelta::try_milliseconds(millis(every).checked_mul(number)?)?)
}

/// Compiled intervals are within bounds; the clamp keeps one made by hand from dividing by zero.
fn millis(every: Span) -> i64 {
    i64::try_from(every.0.as_millis()).unwrap_or(i64::MAX).max(1)
}

/// Cron slots are whole seconds: the first one that is later than `at`.
fn second_after(at: DateTime<Utc>) -> DateTime<Utc> {
    cron::whole_second(at).checked_add_signed(TimeDelta::seconds(1)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The first second at which a cron slot can lie when the schedule was changed at `anchor`.
fn earliest(anchor: DateTime<Utc>) -> DateTime<Utc> {
    let second = cron::whole_second(anchor);
    if second == anchor { second } else { second_after(anchor) }
}

#[cfg(test)]
mod tests;
