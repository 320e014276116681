//! A cron expression in a time zone. croner parses the fields and finds matches on a plain calendar, one without
//! zones; where the wall clock jumps is `wall`'s.

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use croner::parser::{CronParser, Seconds, Year};

use super::wall;
use crate::problem::{Problem, nearest};

/// A compiled cron expression.
#[derive(Debug, Clone)]
pub struct Cron {
    text: String,
    pattern: croner::Cron,
    zone: Tz,
    follows_real_time: bool,
}

/// The fields of the longer form, and what they may hold.
const FIELDS: [(&str, &str); 6] = [
    ("second", "0-59"),
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of the month", "1-31, `L` or `15W`"),
    ("month", "1-12 or JAN-DEC"),
    ("day of the week", "0-7 or SUN-SAT (0 and 7 are Sunday), `5L` or `1#2`"),
];

impl Cron {
    /// Parses five fields, or six with seconds first.
    pub(super) fn parse(text: &str, zone: Tz) -> Result<Self, Problem> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        if !(5..=6).contains(&fields.len()) {
            return Err(Problem::error(
                "/cron",
                format!(
                    "a cron expression has five fields, or six with seconds first; this has {}",
                    fields.len()
                ),
            )
            .help("minute, hour, day of the month, month, day of the week, as in `*/5 8-18 * * 1-5`"));
        }
        let pattern = parser().parse(text).map_err(|error| explain(&fields, &error))?;
        let hour = fields[fields.len() - 4];
        let cron = Self {
            text: fields.join(" "),
            pattern,
            zone,
            follows_real_time: hour == "*" || hour.starts_with("*/"),
        };
        // A leap year is at most eight years away, and every weekday falls on every date within 40.
        match cron.first_from(DateTime::UNIX_EPOCH + TimeDelta::days(365 * 50)) {
            Some(_) => Ok(cron),
            None => Err(Problem::error("/cron", format!("`{text}` never comes: there is no such date"))),
        }
    }

    /// The first slot at or after the whole second `from`.
    pub(super) fn first_from(&self, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = |wall: NaiveDateTime| self.pattern.find_next_occurrence(&wall, true).ok();
        wall::first_from(self.zone, self.follows_real_time, from, next)
    }

    /// The latest slot in `[floor, at]`, by looking back twice as far each time and then halving the difference.
    pub(super) fn latest_between(&self, floor: DateTime<Utc>, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let slot_from = |from| self.first_from(from).filter(|slot| *slot <= at);
        let mut later = whole_second(at) + TimeDelta::seconds(1);
        let mut step = TimeDelta::seconds(1);
        let mut latest = loop {
            let from = later.checked_sub_signed(step).map_or(floor, |from| from.max(floor));
            match slot_from(from) {
                Some(slot) => break slot,
                None if from <= floor => return None,
                None => (later, step) = (from, step * 2),
            }
        };
        while latest + TimeDelta::seconds(1) < later {
            let middle = whole_second(latest + (later - latest) / 2);
            match slot_from(middle.max(latest + TimeDelta::seconds(1))) {
                Some(slot) => latest = slot,
                None => later = middle,
            }
        }
        Some(latest)
    }

    /// With the zone: in words when it names one time of day, else as it was written, which is then the shorter.
    pub(super) fn describe(&self) -> String {
        let words = self.pattern.describe().replace(", on ", " on ").replace(", in ", " in ");
        match words.trim_end_matches('.').strip_prefix("At ") {
            Some(time) if time.as_bytes().get(2) == Some(&b':') => format!("at {time} ({})", self.zone),
            _ => format!("cron {} ({})", self.text, self.zone),
        }
    }

    /// The expression as it was written, with single spaces.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The zone whose wall clock counts.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }
}

fn parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build()
}

/// Names the field that is wrong: the one that cannot stand alone among stars.
fn explain(fields: &[&str], error: &croner::errors::CronError) -> Problem {
    for (field, (name, range)) in fields.iter().zip(&FIELDS[FIELDS.len() - fields.len()..]) {
        let mut alone = ["*"; 6];
        let place = FIELDS.iter().position(|(known, _)| known == name).expect("it is one of them");
        alone[place] = field;
        if parser().parse(&alone.join(" ")).is_err() {
            return Problem::error("/cron", format!("the {name} field takes {range}, not `{field}`"));
        }
    }
    Problem::error("/cron", format!("this is not a cron expression: {error}"))
}

/// The zone of an expression; UTC when it has none.
pub(super) fn zone(name: Option<&str>) -> Result<Tz, Problem> {
    let Some(name) = name else { return Ok(Tz::UTC) };
    name.parse().map_err(|_| {
        let problem = Problem::error("/timezone", format!("`{name}` is not an IANA time zone"));
        match nearest(name, TZ_VARIANTS.iter().map(|zone| zone.name())) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("for example `Europe/Paris`, `America/New_York` or `UTC`"),
        }
    })
}

/// The second in which `at` lies.
pub(super) fn whole_second(at: DateTime<Utc>) -> DateTime<Utc> {
    Utc.timestamp_opt(at.timestamp(), 0).single().expect("the start of a second that exists")
}
