use chrono::DurationRound;
use domain::{
    document::{Schedule as ScheduleDocument, Span},
    id::CollectionId,
};
use store::monitors::SavedMonitor;

use super::*;

const SLOT: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// A monitor of one collection, due at [`SLOT`], on this schedule.
fn due(schedule: ScheduleDocument) -> DueMonitor {
    let document = serde_json::json!({ "id": "shop", "collections": ["shop"], "schedule": schedule });
    let monitor = SavedMonitor {
        id: MonitorId::new(SLOT, [1; 10]),
        document: serde_json::from_value(document).unwrap(),
        owner: None,
        anchor: SLOT,
        next_slot_at: Some(SLOT),
        muted: None,
        created_at: SLOT,
        updated_at: SLOT,
    };
    let id = CollectionId::new(SLOT, [1; 10]);
    let collections = vec![PinnedCollection { id, slug: "shop".parse().unwrap(), version: 1 }];
    DueMonitor { monitor, slot_at: SLOT, collections }
}

fn minutely() -> ScheduleDocument {
    ScheduleDocument { every: Some("1m".parse().unwrap()), ..Default::default() }
}

/// What comes of these monitors at [`SLOT`], in a database of their own.
async fn rows_of(due: Vec<DueMonitor>) -> Rows {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(folder.path()).await.unwrap();
    let mut conn = store.read().await.unwrap();
    settle(&mut conn, &due, SLOT).await.unwrap()
}

/// The store refuses to save such a schedule, so it can only be one that an earlier version accepted.
#[tokio::test]
async fn a_schedule_that_cannot_be_read_any_more_holds_up_nobody() {
    let broken = ScheduleDocument { cron: Some("61 * * * *".into()), ..Default::default() };
    let rows = rows_of(vec![due(broken), due(minutely())]).await;
    assert_eq!(
        rows.next.iter().map(|(_, next)| *next).collect::<Vec<_>>(),
        [None, Some(SLOT + TimeDelta::minutes(1))]
    );
    assert_eq!((rows.runs.len(), rows.gaps.len()), (1, 0), "the neighbour's run");
}

#[tokio::test]
async fn a_window_that_cannot_be_read_any_more_silences_nobody() {
    let mut broken = due(minutely());
    broken.monitor.document.maintenance = vec![MaintenanceWindow {
        cron: "61 * * * *".into(),
        duration: "1h".parse().unwrap(),
        timezone: None,
    }];
    let rows = rows_of(vec![broken]).await;
    assert!(!rows.runs[0].in_maintenance);
}

#[tokio::test]
async fn jitter_moves_the_start_and_neither_the_slot_nor_its_lateness() {
    let jitter: Span = "50s".parse().unwrap();
    let rows = rows_of(vec![due(ScheduleDocument { jitter: Some(jitter), ..minutely() })]).await;
    let run = &rows.runs[0];
    assert_eq!(run.id.due_at(), SLOT);
    assert!(run.wake_at > SLOT && run.wake_at <= SLOT + TimeDelta::seconds(50), "{}", run.wake_at);
    assert_eq!(run.max_lateness.as_secs(), 80, "jitter and half a minute, although the interval is a minute");
    assert_eq!(run.wake_at, run.wake_at.duration_trunc(TimeDelta::milliseconds(1)).unwrap());
}
