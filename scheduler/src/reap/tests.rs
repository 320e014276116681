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
        cleaning: false,
        in_maintenance: false,
    }
}

#[derive(Debug, PartialEq)]
enum Becomes {
    Queued,
    CleanedUp,
    Over(ReasonCode),
}

fn becomes(run: &Run, kept: bool, second: i64) -> Becomes {
    match fate(run, kept, DateTime::UNIX_EPOCH + TimeDelta::seconds(second)) {
        Fate::Again => Becomes::Queued,
        Fate::CleanUp => Becomes::CleanedUp,
        Fate::Over(reason) => Becomes::Over(reason.code),
    }
}

#[test]
fn the_redelivery_policy_is_this_table() {
    let unsafe_begun = Run { unsafe_begun: true, ..run() };
    let second = Run { attempt: 2, losses: 1, ..run() };
    let handed_back = Run { attempt: 2, ..run() };
    let both = Run { unsafe_begun: true, ..second.clone() };
    let cleaning = Run { cleaning: true, ..unsafe_begun.clone() };
    let lost_cleaning = Run { cleaning: true, ..both.clone() };
    let (lost, poison) = (Becomes::Over(ReasonCode::WorkerLost), Becomes::Over(ReasonCode::Poison));
    for (name, run, kept, at, expected) in [
        ("repeatable, once, in time", run(), false, 59, Becomes::Queued),
        ("repeatable, once, too late", run(), false, 60, Becomes::Over(ReasonCode::WorkerLost)),
        ("an unsafe request was begun", unsafe_begun.clone(), false, 1, lost),
        ("the same, with clean-up to do", unsafe_begun.clone(), true, 1, Becomes::CleanedUp),
        ("the same, too late to start again", unsafe_begun, true, 60, Becomes::CleanedUp),
        ("handed back once, then lost", handed_back, false, 1, Becomes::Queued),
        ("handed back for its clean-up, then lost", cleaning, true, 1, Becomes::CleanedUp),
        ("two workers died of it", second, false, 1, Becomes::Over(ReasonCode::Poison)),
        ("two, after an unsafe request", both.clone(), false, 1, Becomes::Over(ReasonCode::Poison)),
        ("two, with clean-up to do: no third one", both, true, 1, Becomes::Over(ReasonCode::Poison)),
        ("two, the second while it cleaned up", lost_cleaning, true, 1, poison),
    ] {
        assert_eq!(becomes(&run, kept, at), expected, "{name}");
    }
}
