use chrono::TimeZone;
use proptest::prelude::*;

use super::*;

mod oracle;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn span(text: &str) -> Option<Span> {
    Some(text.parse().unwrap())
}

fn every(text: &str) -> Schedule {
    Schedule::compile(&document::Schedule { every: span(text), ..Default::default() }).unwrap()
}

fn cron_document(text: &str, zone: &str) -> document::Schedule {
    document::Schedule { cron: Some(text.into()), timezone: Some(zone.into()), ..Default::default() }
}

fn cron(text: &str, zone: &str) -> Schedule {
    Schedule::compile(&cron_document(text, zone)).unwrap()
}

fn problems(document: &document::Schedule) -> Vec<(String, String)> {
    let problems = Schedule::compile(document).expect_err("it is wrong");
    problems
        .into_iter()
        .map(|p| (p.pointer, format!("{} {}", p.message, p.help.unwrap_or_default())))
        .collect()
}

#[test]
fn the_first_slot_of_an_interval_is_its_anchor() {
    let (anchor, schedule) = (at("2026-01-01T10:00:07.250Z"), every("15s"));
    assert_eq!(schedule.next_after(anchor, anchor - TimeDelta::microseconds(1)), Some(anchor));
    assert_eq!(schedule.next_after(anchor, anchor - TimeDelta::days(9)), Some(anchor));
    assert_eq!(schedule.next_after(anchor, anchor), Some(at("2026-01-01T10:00:22.250Z")));
    assert_eq!(schedule.previous(anchor, anchor), Some(anchor));
    assert_eq!(schedule.previous(anchor, anchor - TimeDelta::microseconds(1)), None);
}

#[test]
fn cron_has_no_slot_before_its_anchor_and_may_have_one_at_it() {
    let schedule = cron("0 * * * *", "UTC");
    let noon = at("2026-01-01T12:00:00Z");
    assert_eq!(schedule.next_after(noon, at("2026-01-01T01:00:00Z")), Some(noon));
    let later = noon + TimeDelta::milliseconds(1);
    assert_eq!(schedule.next_after(later, at("2026-01-01T01:00:00Z")), Some(at("2026-01-01T13:00:00Z")));
    assert_eq!(schedule.previous(later, at("2026-01-01T12:59:59Z")), None);
    assert_eq!(schedule.previous(noon, at("2026-01-01T12:59:59Z")), Some(noon));
}

#[test]
fn six_fields_begin_with_seconds() {
    let after = at("2026-01-01T00:00:00.001Z");
    assert_eq!(cron("*/20 * * * * *", "UTC").next_after(after, after), Some(at("2026-01-01T00:00:20Z")));
}

#[test]
fn the_previous_slot_of_a_rare_cron_is_found() {
    let schedule = cron("0 0 29 2 *", "Europe/Paris");
    let found = schedule.previous(DateTime::UNIX_EPOCH, at("2027-06-01T00:00:00Z"));
    assert_eq!(found, Some(at("2024-02-28T23:00:00Z")));
}

#[test]
fn slots_of_an_outage_are_counted_up_to_a_limit() {
    let (from, until) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T01:00:00Z"));
    for schedule in [every("1m"), cron("* * * * *", "UTC")] {
        assert_eq!(schedule.slots_between(from, from, until, 1_000), 60, "one end is out, the other in");
        assert_eq!(schedule.slots_between(from, from, until, 10), 10);
        assert_eq!(schedule.slots_between(from, until, from, 10), 0);
    }
}

#[test]
fn what_is_wrong_is_said_at_its_place() {
    let found = problems(&cron_document("61 * * * *", "Europe/Pari"));
    assert_eq!(found[0].0, "/timezone");
    assert!(found[0].1.contains("did you mean `Europe/Paris`"), "{found:?}");
    assert_eq!(found[1], ("/cron".into(), "the minute field takes 0-59, not `61` ".into()));
    for (text, said) in [
        ("* * * *", "this has 4"),
        ("0 24 * * *", "the hour field takes 0-23"),
        ("0 0 * FOO *", "the month field takes 1-12"),
        ("0 0 * * 8", "the day of the week field takes 0-7"),
        ("75 * * * * *", "the second field takes 0-59"),
        ("0 0 30 2 *", "never comes"),
    ] {
        let found = problems(&cron_document(text, "UTC"));
        assert!(found.len() == 1 && found[0].1.contains(said), "{text}: {found:?}");
    }
}

#[test]
fn a_schedule_has_exactly_one_of_every_and_cron() {
    assert_eq!(problems(&document::Schedule::default())[0].0, "");
    let both = document::Schedule { every: span("1m"), ..cron_document("* * * * *", "UTC") };
    assert!(problems(&both)[0].1.contains("not both"));
}

#[test]
fn intervals_and_jitter_have_bounds() {
    for (every, jitter, pointer) in
        [("999ms", None, "/every"), ("367d", None, "/every"), ("1m", span("60s"), "/jitter")]
    {
        let document = document::Schedule { every: span(every), jitter, ..Default::default() };
        assert_eq!(problems(&document)[0].0, pointer);
    }
    let fine = document::Schedule { every: span("1s"), jitter: span("999ms"), ..Default::default() };
    assert!(Schedule::compile(&fine).is_ok());
}

#[test]
fn schedules_are_described_in_words() {
    for (schedule, words) in [
        (every("15s"), "every 15 s"),
        (every("5m"), "every 5 min"),
        (every("24h"), "every 1 day"),
        (cron("0 2 * * 0", "Europe/Paris"), "at 02:00 on Sunday (Europe/Paris)"),
        (cron("*/5  8-18 * * 1-5", "UTC"), "cron */5 8-18 * * 1-5 (UTC)"),
    ] {
        assert_eq!(schedule.describe(), words);
    }
}

#[test]
fn jitter_is_the_same_for_the_same_slot_and_spreads_over_all_of_it() {
    let slot = at("2026-01-01T00:00:00Z");
    let jitter = Duration::from_secs(10);
    let starts: Vec<_> = (0u16..500)
        .map(|n| MonitorId::new(slot, [n.to_be_bytes()[0], n.to_be_bytes()[1], 0, 0, 0, 0, 0, 0, 0, 0]))
        .map(|monitor| {
            assert_eq!(jitter_of(slot, monitor, jitter), jitter_of(slot, monitor, jitter));
            assert_eq!(jitter_of(slot, monitor, Duration::ZERO), Duration::ZERO);
            jitter_of(slot, monitor, jitter)
        })
        .collect();
    assert!(starts.iter().all(|start| *start <= jitter));
    for tenth in 0..10 {
        let range = jitter * tenth / 10..jitter * (tenth + 1) / 10;
        assert!(starts.iter().filter(|start| range.contains(*start)).count() > 20, "{tenth}");
    }
}

#[test]
fn lateness_follows_the_interval_within_bounds() {
    let default = |every: Option<Span>, jitter: Option<Span>| {
        let document = document::Schedule { every, jitter, ..Default::default() };
        Span(default_max_lateness(&document)).to_string()
    };
    assert_eq!(default(span("5s"), None), "30s");
    assert_eq!(default(span("2m"), span("10s")), "2m");
    assert_eq!(default(span("1h"), None), "5m");
    assert_eq!(default(None, None), "1m", "cron");
    assert_eq!(default(span("1h"), span("20m")), "1230s", "jitter alone never makes a run too late");
}

#[test]
fn jitter_never_eats_the_lateness_that_a_monitor_says() {
    let effective = |jitter: Option<Span>, said: Option<Span>| {
        let schedule = document::Schedule { every: span("2h"), jitter, ..Default::default() };
        Span(max_lateness(&monitor(schedule, said))).to_string()
    };
    assert_eq!(effective(None, None), "5m");
    assert_eq!(effective(None, span("10m")), "10m");
    assert_eq!(effective(None, span("1s")), "30s");
    assert_eq!(effective(span("1h"), span("10m")), "3630s");
    assert_eq!(effective(None, span("9999d")), "366d", "beyond that there is no calendar");
}

fn monitor(schedule: document::Schedule, max_lateness: Option<Span>) -> document::Monitor {
    let document = serde_json::json!({ "id": "m", "collections": ["c"], "schedule": schedule });
    document::Monitor { max_lateness, ..serde_json::from_value(document).unwrap() }
}

#[test]
fn a_slot_has_one_run_id_per_monitor_collection_and_location() {
    let slot = at("2026-01-01T00:00:00Z");
    let (monitor, other) = (MonitorId::new(slot, [1; 10]), MonitorId::new(slot, [2; 10]));
    let (collection, second) = (CollectionId::new(slot, [1; 10]), CollectionId::new(slot, [2; 10]));
    let [here, there]: [Slug; 2] = ["here", "there"].map(|name| name.parse().unwrap());
    let id = run_id_of(slot, monitor, collection, &here);
    assert_eq!(id, run_id_of(slot, monitor, collection, &here));
    assert_eq!(id.due_at(), slot);
    for different in [
        run_id_of(slot + TimeDelta::milliseconds(1), monitor, collection, &here),
        run_id_of(slot, other, collection, &here),
        run_id_of(slot, monitor, second, &here),
        run_id_of(slot, monitor, collection, &there),
    ] {
        assert_ne!(different, id);
    }
}

#[test]
fn a_window_covers_its_start_and_not_its_end() {
    let window = document::MaintenanceWindow {
        cron: "0 2 * * 0".into(),
        duration: "1h".parse().unwrap(),
        timezone: Some("Europe/Paris".into()),
    };
    let window = Window::compile(&window).unwrap();
    for (instant, covered) in [
        ("2026-01-04T00:59:59.999Z", false),
        ("2026-01-04T01:00:00Z", true),
        ("2026-01-04T01:59:59.999Z", true),
        ("2026-01-04T02:00:00Z", false),
        ("2026-01-05T01:30:00Z", false),
        // 02:00 does not exist on 29 March: the window begins at 03:00, which is 01:00 UTC.
        ("2026-03-29T01:30:00Z", true),
    ] {
        assert_eq!(window.covers(at(instant)), covered, "{instant}");
    }
}

#[test]
fn a_window_names_what_is_wrong_with_it() {
    let window = document::MaintenanceWindow {
        cron: "* * *".into(),
        duration: "0s".parse().unwrap(),
        timezone: Some("Mars/Olympus".into()),
    };
    let pointers: Vec<_> = Window::compile(&window).unwrap_err().into_iter().map(|p| p.pointer).collect();
    assert_eq!(pointers, ["/timezone", "/cron", "/duration"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn next_previous_and_count_agree(
        schedule in prop_oneof![
            (1u64..4_000).prop_map(|s| every(&format!("{s}s"))),
            prop::sample::select(vec!["*/7 * * * *", "30 2 * * *", "15 */3 * * 1-5", "*/30 59 23 * * *"])
                .prop_map(|text| cron(text, "Europe/Paris")),
        ],
        anchor in 1_774_000_000_000_i64..1_775_000_000_000,
        later in 0_i64..200_000_000,
    ) {
        let anchor = Utc.timestamp_millis_opt(anchor).unwrap();
        let after = anchor + TimeDelta::milliseconds(later);
        let next = schedule.next_after(anchor, after).unwrap();
        prop_assert!(next > after);
        prop_assert_eq!(schedule.previous(anchor, next), Some(next));
        let before = schedule.previous(anchor, next - TimeDelta::microseconds(1));
        prop_assert!(before.is_none_or(|slot| slot <= after && slot >= anchor));
        if let Some(slot) = before {
            prop_assert_eq!(schedule.next_after(anchor, slot), Some(next));
        }
        prop_assert_eq!(schedule.slots_between(anchor, after, next, 10), 1);
    }
}
