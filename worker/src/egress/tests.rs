use std::net::SocketAddr;

use domain::outcome::{Outcome, Reason};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use super::*;

fn outbound() -> Outbound {
    let config = serde_json::from_value(serde_json::json!({ "allow": "127.0.0.0/8" })).unwrap();
    Outbound::new(config)
}

fn watch(addresses: &[SocketAddr], stop: &CancellationToken) -> Egress {
    let beacons: Vec<Beacon> =
        addresses.iter().map(|address| Beacon::try_from(format!("http://{address}/")).unwrap()).collect();
    Egress::watch(outbound(), &beacons, Duration::from_millis(10), stop.clone())
}

/// Where nobody listens, for now.
async fn silent() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// Says no to everything, which is an answer.
async fn speaking(address: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ =
                stream.write_all(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
        }
    });
    address
}

fn ended(outcome: Outcome, code: ReasonCode) -> RunResult {
    let reason = Some(Reason::new(code, "it was so").at_step("pay"));
    RunResult { outcome, reason, duration_ms: 1.0, set_ups: Vec::new(), steps: Vec::new(), rows: Vec::new() }
}

async fn excused(egress: &Egress, outcome: Outcome, code: ReasonCode) -> (Outcome, ReasonCode) {
    let result = egress.excuse(ended(outcome, code)).await;
    (result.outcome, result.reason.unwrap().code)
}

#[tokio::test]
async fn a_worker_that_reaches_no_beacon_has_no_way_out_until_one_answers_again() {
    let (stop, address) = (CancellationToken::new(), silent().await);
    let _guard = stop.clone().drop_guard();
    let egress = watch(&[silent().await, address], &stop);
    egress.lost().await;
    speaking(address).await;
    egress.found().await;
}

#[tokio::test]
async fn only_what_failed_for_want_of_a_network_is_excused() {
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    let egress = watch(&[silent().await], &stop);
    let (failed, inconclusive) = (Outcome::Failed, Outcome::Inconclusive);
    let excuse = egress.excuse(ended(failed, ReasonCode::Connect)).await;
    let reason = excuse.reason.unwrap();
    assert_eq!(
        (excuse.outcome, reason.code, reason.step.as_deref()),
        (inconclusive, ReasonCode::NoEgress, Some("pay"))
    );
    assert_eq!(reason.message, "it was so; the worker reaches none of its beacons either");
    for (outcome, code) in [
        (failed, ReasonCode::BadStatus),
        (failed, ReasonCode::AssertionFailed),
        (Outcome::Cancelled, ReasonCode::Cancelled),
        (inconclusive, ReasonCode::WorkerLost),
    ] {
        assert_eq!(excused(&egress, outcome, code).await, (outcome, code));
    }
}

#[tokio::test]
async fn one_beacon_that_answers_is_enough_and_leaves_the_blame_where_it_is() {
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    let egress = watch(&[silent().await, speaking("127.0.0.1:0".parse().unwrap()).await], &stop);
    let failed = (Outcome::Failed, ReasonCode::Connect);
    assert_eq!(excused(&egress, failed.0, failed.1).await, failed);
    egress.found().await;
}

#[tokio::test]
async fn without_beacons_nobody_looks_and_nothing_is_excused() {
    let egress = watch(&[], &CancellationToken::new());
    egress.found().await;
    let failed = (Outcome::Failed, ReasonCode::Dns);
    assert_eq!(excused(&egress, failed.0, failed.1).await, failed);
}
