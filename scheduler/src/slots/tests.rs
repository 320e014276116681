use chrono::TimeZone;
use domain::document;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn every(seconds: u64) -> Schedule {
    let every = Some(document::Span(Duration::from_secs(seconds)));
    Schedule::compile(&document::Schedule { every, ..Default::default() }).unwrap()
}

fn cron(text: &str) -> Schedule {
    Schedule::compile(&document::Schedule { cron: Some(text.into()), ..Default::default() }).unwrap()
}

const NOON: &str = "2026-01-01T12:00:00Z";

/// A minute schedule since noon, with half a minute of lateness.
fn minutes(schedule: &Schedule, catch_up: CatchUp) -> Rules<'_> {
    Rules { schedule, anchor: at(NOON), catch_up, max_lateness: Duration::from_secs(30) }
}

fn gap(first: &str, last: &str, slots: u64) -> Option<Range> {
    Some(Range { first: at(first), last: at(last), slots })
}

#[test]
fn one_slot_runs_whatever_catch_up_says() {
    let schedule = every(60);
    for catch_up in [CatchUp::Latest, CatchUp::Skip] {
        let settled = settle(&minutes(&schedule, catch_up), at(NOON), at("2026-01-01T12:00:29.999Z"));
        let next = Some(at("2026-01-01T12:01:00Z"));
        assert_eq!(settled, Settled { run: Some(at(NOON)), gap: None, next });
    }
}

#[test]
fn after_an_outage_the_latest_slot_runs_and_the_others_are_a_gap() {
    let schedule = every(60);
    let settled = settle(&minutes(&schedule, CatchUp::Latest), at(NOON), at("2026-01-01T12:05:10Z"));
    assert_eq!(settled.run, Some(at("2026-01-01T12:05:00Z")));
    assert_eq!(settled.gap, gap(NOON, "2026-01-01T12:04:00Z", 5));
    assert_eq!(settled.next, Some(at("2026-01-01T12:06:00Z")));
}

#[test]
fn after_an_outage_all_slots_are_a_gap_when_the_monitor_wants_none_back() {
    let schedule = every(60);
    let settled = settle(&minutes(&schedule, CatchUp::Skip), at(NOON), at("2026-01-01T12:05:00Z"));
    assert_eq!((settled.run, settled.gap), (None, gap(NOON, "2026-01-01T12:05:00Z", 6)));
    assert_eq!(settled.next, Some(at("2026-01-01T12:06:00Z")));
}

#[test]
fn a_slot_that_could_not_start_in_time_is_a_gap() {
    let schedule = every(60);
    let rules = minutes(&schedule, CatchUp::Latest);
    let alone = settle(&rules, at(NOON), at("2026-01-01T12:00:30Z"));
    assert_eq!((alone.run, alone.gap), (None, gap(NOON, NOON, 1)));
    let many = settle(&rules, at(NOON), at("2026-01-01T12:02:45Z"));
    assert_eq!((many.run, many.gap), (None, gap(NOON, "2026-01-01T12:02:00Z", 3)));
}

#[test]
fn a_clock_that_was_set_back_settles_nothing() {
    let schedule = every(60);
    let five = at("2026-01-01T12:05:00Z");
    let settled = settle(&minutes(&schedule, CatchUp::Latest), five, at(NOON));
    assert_eq!(settled, Settled { run: None, gap: None, next: Some(five) });
}

#[test]
fn counting_a_year_of_seconds_has_a_bound() {
    let schedule = cron("* * * * * *");
    let settled = settle(&minutes(&schedule, CatchUp::Skip), at(NOON), at("2027-01-01T12:00:00Z"));
    assert_eq!(settled.gap, gap(NOON, "2027-01-01T12:00:00Z", COUNTED));
}

/// What a schedule means, told a second time: which of the seconds after the anchor are slots.
#[derive(Debug, Clone)]
struct Oracle {
    schedule: Schedule,
    is_slot: fn(i64, i64) -> bool,
    period: i64,
}

impl Oracle {
    /// Every slot in `from..=until`, by asking each second; `from` is a whole one.
    fn slots(&self, anchor: DateTime<Utc>, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let seconds = (0..).map(|second| from + TimeDelta::seconds(second));
        let slots = seconds.take_while(|second| *second <= until).filter(|second| match self.schedule {
            Schedule::Every(_) => (self.is_slot)((*second - anchor).num_seconds(), self.period),
            Schedule::Cron(_) => (self.is_slot)(second.timestamp(), self.period),
        });
        slots.collect()
    }
}

fn oracles() -> impl Strategy<Value = Oracle> {
    prop_oneof![
        (1_i64..200).prop_map(|period| Oracle {
            schedule: every(period.unsigned_abs()),
            is_slot: |since, period| since % period == 0,
            period,
        }),
        Just(Oracle {
            schedule: cron("*/5 * * * *"),
            is_slot: |instant, period| instant % period == 0,
            period: 300,
        }),
        Just(Oracle {
            schedule: cron("*/20 * * * * *"),
            is_slot: |instant, _| instant % 20 == 0,
            period: 20,
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// I1 and I12: ticks at any instants leave every slot with one run or inside one gap, and no run without a slot.
    #[test]
    fn every_slot_is_one_run_or_in_exactly_one_gap(
        oracle in oracles(),
        anchor in 1_774_000_000_i64..1_774_100_000,
        pauses in prop::collection::vec(prop_oneof![4 => 1_i64..90_000, 1 => 90_000_i64..2_000_000], 1..40),
        max_lateness in 30_u64..300,
        skip: bool,
    ) {
        let anchor = Utc.timestamp_opt(anchor, 0).unwrap();
        let rules = Rules {
            schedule: &oracle.schedule,
            anchor,
            catch_up: if skip { CatchUp::Skip } else { CatchUp::Latest },
            max_lateness: Duration::from_secs(max_lateness),
        };
        let (mut now, mut runs, mut gaps) = (anchor, Vec::new(), Vec::new());
        let first = oracle.schedule.next_after(anchor, anchor - TimeDelta::milliseconds(1)).unwrap();
        let mut next = first;
        for pause in pauses {
            now += TimeDelta::milliseconds(pause);
            if next > now {
                continue;
            }
            let settled = settle(&rules, next, now);
            let due = oracle.slots(anchor, next, now);
            let late = |slot: DateTime<Utc>| (now - slot).num_milliseconds() >= 1000 * max_lateness.cast_signed();
            let latest = *due.last().unwrap();
            let runs_latest = !late(latest) && (due.len() == 1 || !skip);
            prop_assert_eq!(settled.run, runs_latest.then_some(latest));
            prop_assert!(settled.next > Some(now), "the next slot has not come yet");
            next = settled.next.unwrap();
            runs.extend(settled.run);
            gaps.extend(settled.gap);
        }
        let slots = oracle.slots(anchor, anchor, now);
        for slot in &slots {
            let in_runs = runs.iter().filter(|run| *run == slot).count();
            let in_gaps = gaps.iter().filter(|gap| (gap.first..=gap.last).contains(slot)).count();
            prop_assert_eq!(in_runs + in_gaps, 1, "{} is {} runs and in {} gaps", slot, in_runs, in_gaps);
        }
        prop_assert!(runs.iter().all(|run| slots.contains(run)), "a run without a slot");
        for gap in &gaps {
            prop_assert!(slots.contains(&gap.first) && slots.contains(&gap.last));
            let inside = slots.iter().filter(|slot| (gap.first..=gap.last).contains(slot)).count();
            prop_assert_eq!(gap.slots, inside as u64);
        }
        let to_come = oracle.slots(anchor, anchor, next).into_iter().find(|slot| *slot > now);
        prop_assert_eq!(to_come, Some(next));
    }
}
