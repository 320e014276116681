//! One set-up for many runs over whole workers, each with database connections of its own.

use crate::harness::{Fleet, PASSED, on_both, on_fleet};

on_both! {
    fifty_runs_over_three_workers_log_in_once
}
on_fleet! {
    a_login_whose_worker_is_lost_is_made_by_another
}

/// Longer than a lease.
const LEASE: i64 = 9;

async fn fifty_runs_over_three_workers_log_in_once(fleet: &mut Fleet) {
    fleet.watch_users(50, "/login").await;
    let workers = [fleet.worker().await, fleet.worker().await, fleet.worker().await];
    fleet.schedule().await;
    assert_eq!(fleet.ends(50).await, vec![PASSED; 50]);
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!((fleet.target.count("POST /login"), fleet.target.count("GET /orders/7")), (1, 50));
}

async fn a_login_whose_worker_is_lost_is_made_by_another(fleet: &mut Fleet) {
    fleet.watch_users(4, "/held").await;
    let lost = fleet.worker().await;
    fleet.schedule().await;
    fleet.asked("POST /held", 1).await;
    lost.kill();
    fleet.pass(LEASE);
    let others = [fleet.worker().await, fleet.worker().await];
    fleet.schedule().await;
    fleet.asked("POST /held", 2).await;
    fleet.target.release();
    fleet.target.release();
    assert_eq!(fleet.ends(4).await, vec![PASSED; 4]);
    for worker in others {
        worker.stop().await;
    }
    assert_eq!((fleet.target.count("POST /held"), fleet.target.count("GET /orders/7")), (2, 4));
}
