//! Whether this worker has a way out. Without one every target looks down: so the operator may name beacons, addresses
//! that always answer, and a worker that reaches none of them blames itself. It stops consuming until one answers again,
//! and what failed for want of a network meanwhile is inconclusive. Only that: a run whose targets answered, perhaps in
//! the worker's own network, has found out what it is for.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{
    exchange::{Connection, Request},
    outcome::ReasonCode,
    result::RunResult,
};
use outbound::Outbound;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{
    batch::Batcher,
    config::Beacon,
    excuse::{blame_us, may_be_ours, wants_network},
};

/// Probes in a row that reach nothing before the worker stops consuming: one may be the beacons' own trouble.
const LOST: u32 = 2;
/// For one beacon to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Runs that wait for the same probe, at most.
const ASKING: usize = 256;

/// A worker's way out, as far as its beacons tell; without beacons it always has one.
#[derive(Clone)]
pub(crate) struct Egress {
    /// Each asks for a probe that begins after it was asked for.
    probes: Option<Batcher<(), bool>>,
    there: watch::Receiver<bool>,
}

impl Egress {
    /// Looks every so often until `stop`.
    pub(crate) fn watch(
        outbound: Outbound,
        beacons: &[Beacon],
        every: Duration,
        stop: CancellationToken,
    ) -> Self {
        let (news, there) = watch::channel(true);
        if beacons.is_empty() {
            return Self { probes: None, there };
        }
        let beacons: Arc<[Beacon]> = beacons.into();
        let probes = Batcher::spawn(ASKING, move |askers: Vec<()>| {
            let (outbound, beacons) = (outbound.clone(), beacons.clone());
            async move {
                let reached = any_answers(&outbound, &beacons).await;
                askers.iter().map(|()| reached).collect()
            }
        });
        tokio::spawn(keep_looking(probes.clone(), news, every, stop));
        Self { probes: Some(probes), there }
    }

    /// Waits until there is a way out.
    pub(crate) async fn found(&self) {
        self.wait_for(true).await;
    }

    /// Waits until there is none.
    pub(crate) async fn lost(&self) {
        self.wait_for(false).await;
    }

    async fn wait_for(&self, wanted: bool) {
        let mut there = self.there.clone();
        if there.wait_for(|there| *there == wanted).await.is_err() {
            // Nobody looks any more, so it stays as it is.
            std::future::pending().await
        }
    }

    /// The result, inconclusive when it failed for want of a network and a probe after that reaches no beacon.
    pub(crate) async fn excuse(&self, result: RunResult) -> RunResult {
        let Some(probes) = &self.probes else { return result };
        if !may_be_ours(&result) || probes.submit(()).await != Some(false) {
            return result;
        }
        blame_us(result, ReasonCode::NoEgress, "the worker reaches none of its beacons either")
    }
}

async fn keep_looking(
    probes: Batcher<(), bool>,
    there: watch::Sender<bool>,
    every: Duration,
    stop: CancellationToken,
) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failed = 0_u32;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        // A probe that broke, a defect of ours, says nothing.
        let reached = probes.submit(()).await.unwrap_or(true);
        failed = if reached { 0 } else { failed.saturating_add(1) };
        let now = failed < LOST;
        if there.send_replace(now) == now {
            continue;
        }
        if now {
            tracing::info!("a beacon answers again: the worker takes runs again");
        } else {
            tracing::error!("the worker reaches none of its beacons: it takes no runs until one answers");
        }
    }
}

/// Whether any of them answers, whatever it says.
async fn any_answers(outbound: &Outbound, beacons: &[Beacon]) -> bool {
    let mut asked = JoinSet::new();
    for beacon in beacons {
        let (mut session, request) = (outbound.session(), request(beacon));
        asked.spawn(async move {
            let Err(failure) = session.send(&request).await else { return true };
            tracing::debug!(code = %failure.code, failure.message, "a beacon gives no usable answer");
            !wants_network(failure.code) && !failure.code.is_ours()
        });
    }
    while let Some(answered) = asked.join_next().await {
        if answered.unwrap_or(false) {
            return true;
        }
    }
    false
}

fn request(beacon: &Beacon) -> Request {
    Request {
        method: "HEAD".into(),
        url: beacon.as_str().into(),
        headers: Vec::new(),
        secret_headers: Vec::new(),
        body: Bytes::new(),
        timeout: PATIENCE,
        follow_redirects: false,
        max_redirects: 0,
        max_body: 0,
        cookies: false,
        connection: Connection::default(),
        digest: None,
    }
}

#[cfg(test)]
impl Egress {
    /// One that is told whether there is a way out.
    pub(crate) fn told(there: watch::Receiver<bool>) -> Self {
        Self { probes: None, there }
    }
}

#[cfg(test)]
mod tests;
