//! Transactions that fail: what is tried again, at once or patiently, and what leaves doubt.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::id::{CollectionId, MonitorId};
use serde_json::json;
use store::{Conn, Error, Patience, channels, collections, environments, health, notifications};
use tokio::{sync::Barrier, time::Instant};

use crate::{
    fixtures::{collection, environment, event, incident, slug},
    harness::{Bench, conformance, execute, postgres, write},
};

conformance! {
    patience_ends_at_its_deadline
    a_foreign_key_elsewhere_is_a_defect
}

// On SQLite transactions come one after the other, and nothing comes between.
postgres! {
    two_that_wait_for_each_other_both_end
    a_connection_lost_before_the_commit_is_tried_again
    a_connection_lost_during_the_commit_leaves_doubt
    a_name_that_goes_away_in_between_is_looked_up_again
}

/// How often it was called.
#[derive(Clone, Default)]
struct Tries(Arc<AtomicU32>);

impl Tries {
    /// Counts from 1.
    fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn made(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

async fn two_that_wait_for_each_other_both_end(bench: Bench) {
    let now = bench.now();
    let key = |n| (MonitorId::new(now, [n; 10]), CollectionId::new(now, [n; 10]));
    let (both, tries) = (Arc::new(Barrier::new(2)), Tries::default());
    let lock = |first, second| {
        let (bench, both, tries) = (bench.clone(), both.clone(), tries.clone());
        async move {
            write!(bench, |conn| async {
                health::lock(conn, &[first], now).await?;
                if tries.next() <= 2 {
                    both.wait().await;
                }
                health::lock(conn, &[second], now).await
            })
        }
    };
    let (one, other) = tokio::join!(lock(key(1), key(2)), lock(key(2), key(1)));
    assert_eq!((one.unwrap().len(), other.unwrap().len()), (1, 1));
    assert_eq!(tries.made(), 3);
}

/// Ends whatever has something of the test's schema open.
const KILL: &str = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE mode = 'RowExclusiveLock' AND relation IN \
                    (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)";

async fn a_connection_lost_before_the_commit_is_tried_again(bench: Bench) {
    let (tries, made, place, now) = (Tries::default(), Tries::default(), bench.place.clone(), bench.now());
    let count = made.clone();
    let saved = write!(bench, |conn| async {
        let first = tries.next() == 1;
        collections::create(conn, &collection("shop", json!({})), now).await?;
        if first {
            execute(&place, KILL).await.unwrap();
        }
        count.next();
        assert!(!conn.in_doubt());
        collections::get(conn, &slug("shop")).await
    });
    assert_eq!(saved.unwrap().unwrap().version, 1);
    assert_eq!(made.made(), 2);
}

/// Breaks the connection during the first COMMIT that has changed an environment.
const BREAK: &str = "CREATE SEQUENCE breaks; \
    CREATE FUNCTION break_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
    IF nextval('breaks') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$; \
    CREATE CONSTRAINT TRIGGER breaks AFTER INSERT ON environments DEFERRABLE INITIALLY DEFERRED \
    FOR EACH ROW EXECUTE FUNCTION break_once()";

async fn a_connection_lost_during_the_commit_leaves_doubt(bench: Bench) {
    execute(&bench.place, BREAK).await.unwrap();
    let tries = Tries::default();
    let (some, count) = (bench.clone(), tries.clone());
    let patient = bench.store.write_patiently(Patience::new("a test"), move |conn| {
        Box::pin(async move { create(conn, &some, &count).await })
    });
    assert_eq!(patient.await.unwrap(), (2, true));

    let again = "DELETE FROM environments; ALTER SEQUENCE breaks RESTART";
    execute(&bench.place, again).await.unwrap();
    let (some, count) = (bench.clone(), tries.clone());
    let lost = write!(bench, |conn| create(conn, &some, &count));
    assert!(matches!(lost, Err(Error::Unavailable(_))), "{lost:?}");
    assert_eq!(tries.made(), 3);
}

async fn create(conn: &mut Conn, bench: &Bench, tries: &Tries) -> store::Result<(u32, bool)> {
    let key = bench.store.secrets_key().clone();
    environments::create(conn, &environment("prod", json!({})), &key, bench.now()).await?;
    Ok((tries.next(), conn.in_doubt()))
}

async fn patience_ends_at_its_deadline(bench: Bench) {
    let tries = Tries::default();
    let count = tries.clone();
    let patience = Patience::new("a test").until(Instant::now() + Duration::from_millis(400));
    let refused: store::Result<()> = bench
        .store
        .write_patiently(patience, move |_| {
            count.next();
            Box::pin(async { Err(Error::Unavailable("on purpose".into())) })
        })
        .await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    assert!((2..=8).contains(&tries.made()), "{}", tries.made());
}

async fn a_name_that_goes_away_in_between_is_looked_up_again(bench: Bench) {
    let (now, key) = (bench.now(), bench.store.secrets_key().clone());
    write!(bench, |conn| environments::create(conn, &environment("prod", json!({})), &key, now)).unwrap();
    // Goes away after it was looked up: before the row that names it is written.
    let vanish = "CREATE FUNCTION vanish() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        DELETE FROM environments; RETURN NEW; END $$; \
        CREATE TRIGGER vanish BEFORE INSERT ON channels FOR EACH ROW EXECUTE FUNCTION vanish()";
    execute(&bench.place, vanish).await.unwrap();
    let tries = Tries::default();
    let count = tries.clone();
    let mut hook = crate::fixtures::channel("hook");
    hook.environment = Some(slug("prod"));
    let refused = write!(bench, |conn| async {
        count.next();
        channels::create(conn, &hook, now).await
    });
    // It is rolled back each time, and so met each time, but not for ever.
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    assert_eq!(tries.made(), 4);
}

async fn a_foreign_key_elsewhere_is_a_defect(bench: Bench) {
    let nobody = event(incident(&bench).id, 0, domain::notification::NotificationKind::Opened, bench.now());
    let refused = write!(bench, |conn| notifications::insert(conn, &[nobody]));
    assert!(matches!(refused, Err(Error::Corrupt(_))), "{refused:?}");
}
