use std::time::Duration;

use domain::{
    id::{CollectionId, RunId},
    outcome::{RunState, Trigger},
    run::PinnedCollection,
};

use super::*;

/// A run that is in its first attempt and may start within a minute.
fn run() -> Run {
    let due_at = DateTime::UNIX_EPOCH;
    Run {
        id: RunId::new(due_at, [1; 10]),
        collection: PinnedCollection {
            id: CollectionId::new(due_at, [1; 10]),
            slug: "shop".parse().unwrap(),
            version: 1,
        },
        monitor: None,
        environment: None,
        location: "default".parse().unwrap(),
        trigger: Trigger::Manual,
        state: RunState::Running,
        outcome: None,
        reason: None,
        attempt: 1,
        losses: 0,
        owner: None,
        due_at,
        slot_at: None,
        max_lateness: Duration::from_secs(60),
        started_at: Some(due_at),
        finished_at: None,
        unsafe_begun: false,
        in_maintenance: false,
    }
}

fn code(run: &Run, second: i64) -> Option<ReasonCode> {
    match fate(run, DateTime::UNIX_EPOCH + TimeDelta::seconds(second)) {
        Fate::Again => None,
        Fate::Over(reason) => Some(reason.code),
    }
}

#[test]
fn the_redelivery_policy_is_this_table() {
    let unsafe_begun = Run { unsafe_begun: true, ..run() };
    let second = Run { attempt: 2, losses: 1, ..run() };
    let handed_back = Run { attempt: 2, ..run() };
    let both = Run { unsafe_begun: true, ..second.clone() };
    for (name, run, at, expected) in [
        ("repeatable, once, in time", run(), 59, None),
        ("repeatable, once, too late", run(), 60, Some(ReasonCode::WorkerLost)),
        ("an unsafe request was begun", unsafe_begun, 1, Some(ReasonCode::WorkerLost)),
        ("handed back once, then lost", handed_back, 1, None),
        ("two workers died of it", second, 1, Some(ReasonCode::Poison)),
        ("both: what may not be repeated is said first", both, 1, Some(ReasonCode::WorkerLost)),
    ] {
        assert_eq!(code(&run, at), expected, "{name}");
    }
}
