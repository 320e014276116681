//! What happened below reqwest while one hop was under way: when each phase began and ended, and which certificate was
//! shown. The hooks (resolver, connector layer, TLS session store, verifier) are shared by all clients and find the
//! hop's probe in a task-local, so a connection that goes on in the background after its request was answered or
//! abandoned cannot write into the measurements of another one.

use std::{
    future::Future,
    net::IpAddr,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use domain::exchange::{Timing, TlsPeer};
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::time::Instant;

use crate::resolver::ResolveError;

tokio::task_local! {
    static CURRENT: Probe;
}

/// One hop's measurements.
#[derive(Debug, Clone, Default)]
pub(crate) struct Probe(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    dns_began: Option<Instant>,
    dns_ended: Option<Instant>,
    addresses: Vec<IpAddr>,
    unresolved: Option<ResolveError>,
    connector_began: Option<Instant>,
    tls_began: Option<Instant>,
    connected: Option<Instant>,
    certificate: Option<TlsPeer>,
}

/// Where a hop stands, as far as hooks can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Resolving,
    Connecting,
    Handshake,
    /// Connected, or on a connection that was there before.
    Ready,
}

impl Probe {
    /// Runs one hop with this probe as the one that hooks write to.
    pub(crate) async fn watch<F: Future>(&self, hop: F) -> F::Output {
        CURRENT.scope(self.clone(), hop).await
    }

    /// For hooks; does nothing outside a hop.
    fn record(write: impl FnOnce(&mut Seen)) {
        // An error means that hyper finishes a connection that nobody waits for any more.
        let _ = CURRENT.try_with(|probe| write(&mut probe.lock()));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().expect("no hook panics while it writes")
    }

    pub(crate) fn dns_began() {
        let now = Instant::now();
        // A SOCKS proxy's name is looked up after the target's.
        Self::record(|seen| {
            seen.dns_began.get_or_insert(now);
        });
    }

    pub(crate) fn dns_ended(addresses: &[IpAddr]) {
        let now = Instant::now();
        Self::record(|seen| {
            seen.dns_ended = Some(now);
            seen.addresses = addresses.to_vec();
        });
    }

    /// Kept here because a SOCKS proxy's connector tells nobody.
    pub(crate) fn unresolved(why: &ResolveError) {
        Self::record(|seen| seen.unresolved = Some(why.clone()));
    }

    pub(crate) fn tls_began() {
        let now = Instant::now();
        Self::record(|seen| {
            seen.tls_began.get_or_insert(now);
        });
    }

    pub(crate) fn certificate_shown(peer: TlsPeer) {
        Self::record(|seen| seen.certificate = Some(peer));
    }

    pub(crate) fn tls_version(version: &str) {
        Self::record(|seen| {
            if let Some(peer) = &mut seen.certificate {
                peer.version = Some(version.to_owned());
            }
        });
    }

    /// The certificate of this hop's handshake, if it made one.
    pub(crate) fn certificate(&self) -> Option<TlsPeer> {
        self.lock().certificate.clone()
    }

    /// Why a name led nowhere, if one did.
    pub(crate) fn resolve_error(&self) -> Option<ResolveError> {
        self.lock().unresolved.clone()
    }

    /// What the name resolved to, after the policy.
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        self.lock().addresses.clone()
    }

    /// Whether this hop, once it was sent, needed no connection of its own.
    pub(crate) fn reused(&self) -> bool {
        self.lock().connector_began.is_none()
    }

    pub(crate) fn phase(&self) -> Phase {
        let seen = self.lock();
        match *seen {
            Seen { connected: Some(_), .. } | Seen { connector_began: None, .. } => Phase::Ready,
            Seen { tls_began: Some(_), .. } => Phase::Handshake,
            Seen { dns_began: Some(_), dns_ended: None, .. } => Phase::Resolving,
            _ => Phase::Connecting,
        }
    }

    /// The hop's phases. One that has begun and not ended counts until `now`.
    pub(crate) fn timing(&self, hop_began: Instant, headers: Option<Instant>, now: Instant) -> Timing {
        let seen = self.lock();
        let resolved = seen.dns_began.is_none() || seen.dns_ended.is_some();
        let tcp_began =
            seen.connector_began.filter(|_| resolved).map(|began| seen.dns_ended.unwrap_or(began));
        let ready = if seen.connector_began.is_some() { seen.connected } else { Some(hop_began) };
        let until = |end: Option<Instant>| move |began: Instant| -> Duration { end.unwrap_or(now) - began };
        Timing {
            dns: seen.dns_began.map(until(seen.dns_ended)),
            connect: tcp_began.map(until(seen.tls_began.or(seen.connected))),
            tls: seen.tls_began.map(until(seen.connected)),
            first_byte: ready.map(until(headers)),
            download: headers.map(until(None)),
            total: Duration::ZERO,
        }
    }
}

/// Wraps reqwest's connector: name, TCP and TLS in one call.
#[derive(Debug, Clone)]
pub(crate) struct Connector<S>(pub(crate) S);

impl<R, S> tower::Service<R> for Connector<S>
where
    S: tower::Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let began = Instant::now();
        let connecting = self.0.call(request);
        async move {
            Probe::record(|seen| seen.connector_began = Some(began));
            let connection = connecting.await?;
            let now = Instant::now();
            Probe::record(|seen| seen.connected = Some(now));
            Ok(connection)
        }
        .boxed()
    }
}
