//! The DST rule against an oracle that knows nothing of croner or of transitions: it walks the minutes of real time
//! around a change of the clocks and looks each local minute up in that walk.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDateTime, Timelike, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::*;

struct Case {
    cron: &'static str,
    real_time: bool,
    matches: fn(NaiveDateTime) -> bool,
}

const CASES: [Case; 8] = [
    Case { cron: "30 2 * * *", real_time: false, matches: |t| (t.hour(), t.minute()) == (2, 30) },
    Case { cron: "*/15 2 * * *", real_time: false, matches: |t| t.hour() == 2 && t.minute() % 15 == 0 },
    Case { cron: "0 0 * * *", real_time: false, matches: |t| (t.hour(), t.minute()) == (0, 0) },
    Case { cron: "5-59/20 0-3 * * *", real_time: false, matches: |t| t.hour() < 4 && t.minute() % 20 == 5 },
    Case {
        cron: "59 1,23 * * *",
        real_time: false,
        matches: |t| [1, 23].contains(&t.hour()) && t.minute() == 59,
    },
    Case {
        cron: "0 2,3 * * 0",
        real_time: false,
        matches: |t| t.weekday() == Weekday::Sun && [2, 3].contains(&t.hour()) && t.minute() == 0,
    },
    Case { cron: "*/10 * * * *", real_time: true, matches: |t| t.minute() % 10 == 0 },
    Case { cron: "45 */2 * * *", real_time: true, matches: |t| t.hour() % 2 == 0 && t.minute() == 45 },
];

/// Every minute of real time around an instant, with what the clock on the wall shows.
struct Walk {
    minutes: Vec<(DateTime<Utc>, NaiveDateTime)>,
    first_shown: BTreeMap<NaiveDateTime, DateTime<Utc>>,
}

impl Walk {
    fn around(centre: DateTime<Utc>, zone: Tz) -> Self {
        let minutes: Vec<_> = (-420..420)
            .map(|minute| centre + TimeDelta::minutes(minute))
            .map(|instant| (instant, instant.with_timezone(&zone).naive_local()))
            .collect();
        // Later entries of a map win, so the earliest must come last.
        let first_shown = minutes.iter().rev().map(|(instant, shown)| (*shown, *instant)).collect();
        Self { minutes, first_shown }
    }

    fn expected(&self, case: &Case) -> BTreeSet<DateTime<Utc>> {
        if case.real_time {
            let slots = self.minutes.iter().filter(|(_, shown)| (case.matches)(*shown));
            return slots.map(|(instant, _)| *instant).collect();
        }
        let (first, _) = self.first_shown.first_key_value().unwrap();
        let (last, _) = self.first_shown.last_key_value().unwrap();
        std::iter::successors(Some(*first), |minute| Some(*minute + TimeDelta::minutes(1)))
            .take_while(|minute| minute <= last)
            .filter(|minute| (case.matches)(*minute))
            .filter_map(|minute| self.first_shown.get(&minute).copied().or_else(|| self.after_gap(minute)))
            .collect()
    }

    fn after_gap(&self, missing: NaiveDateTime) -> Option<DateTime<Utc>> {
        self.minutes.iter().find(|(_, shown)| *shown > missing).map(|(instant, _)| *instant)
    }
}

/// The days on which a zone changes its clocks, found by comparing noons, and the hour at which it does.
fn changes(zone: Tz) -> Vec<DateTime<Utc>> {
    let offset = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local() - at.naive_utc();
    let noon = at("2025-01-01T12:00:00Z");
    let days: Vec<_> = (0..3 * 365).map(|day| noon + TimeDelta::days(day)).collect();
    let offsets: Vec<_> = days.iter().map(|day| offset(*day)).collect();
    let before_a_change = offsets.windows(2).zip(days).filter(|(pair, _)| pair[0] != pair[1]);
    before_a_change
        .map(|(_, day)| {
            let quarters = (0..96).map(|quarter| day + TimeDelta::minutes(15 * quarter));
            quarters.filter(|quarter| offset(*quarter) == offset(day)).max().unwrap()
        })
        .collect()
}

fn assert_rule(case: &Case, schedule: &Schedule, walk: &Walk, centre: DateTime<Utc>) {
    // The walk does not know what was shown before it began, so what is compared begins an hour and a half later.
    let (from, until) = (centre - TimeDelta::minutes(330), centre + TimeDelta::minutes(330));
    let next = |slot: &DateTime<Utc>| schedule.next_after(DateTime::UNIX_EPOCH, *slot);
    let found = std::iter::successors(next(&from), next).take_while(|slot| *slot <= until);
    let expected = walk.expected(case).into_iter().filter(|slot| *slot > from && *slot <= until);
    let (found, expected): (Vec<_>, Vec<_>) = (found.collect(), expected.collect());
    assert_eq!(found, expected, "{} around {centre}", schedule.describe());
}

#[test]
fn every_zone_follows_the_rule_where_its_clocks_change() {
    let mut changed = 0;
    for zone in TZ_VARIANTS {
        let schedules = CASES.map(|case| (cron(case.cron, zone.name()), case));
        let changes = changes(zone);
        changed += changes.len();
        let plain = changes.is_empty().then(|| at("2026-03-29T01:00:00Z"));
        for centre in changes.into_iter().chain(plain) {
            let walk = Walk::around(centre, zone);
            for (schedule, case) in &schedules {
                assert_rule(case, schedule, &walk, centre);
            }
        }
    }
    assert!(changed > 800, "the test is worth nothing without clocks that change: {changed}");
}

#[test]
fn the_rule_in_paris() {
    let slots = |text: &str, from: &str| {
        let schedule = cron(text, "Europe/Paris");
        let next = |slot: &DateTime<Utc>| schedule.next_after(DateTime::UNIX_EPOCH, *slot);
        let slots: Vec<_> =
            std::iter::successors(next(&at(from)), next).take(3).map(|slot| slot.to_rfc3339()).collect();
        slots.iter().map(|slot| slot[8..16].to_owned()).collect::<Vec<_>>()
    };
    let (spring, autumn) = ("2026-03-28T12:00:00Z", "2026-10-24T23:59:00Z");
    assert_eq!(slots("30 2 * * *", spring), ["29T01:00", "30T00:30", "31T00:30"], "after the gap");
    assert_eq!(
        slots("*/30 2 * * *", spring),
        ["29T01:00", "30T00:00", "30T00:30"],
        "once, although two are missing"
    );
    assert_eq!(slots("30 2 * * *", autumn), ["25T00:30", "26T01:30", "27T01:30"], "the first occurrence");
    assert_eq!(slots("30 * * * *", autumn), ["25T00:30", "25T01:30", "25T02:30"], "real time");
}
