//! What was seen of one hop before its answer: when each phase began and ended, where it went, and who was there.
//! Written as things happen, so that a time-out finds it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use domain::exchange::{Timing, TlsPeer};
use tokio::time::Instant;

use crate::tls::Witness;

/// One hop's measurements.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    began: Option<Instant>,
    dns_began: Option<Instant>,
    dns_ended: Option<Instant>,
    tls_began: Option<Instant>,
    connected: Option<Instant>,
    addresses: Vec<IpAddr>,
    peer: Option<IpAddr>,
    shown: Shown,
}

/// The target's certificate.
#[derive(Debug, Default)]
enum Shown {
    /// None has been shown, or without TLS none is.
    #[default]
    Nothing,
    /// In the handshake of this hop's own connection.
    Here(Arc<Witness>),
    /// When the connection was made that is used again.
    Before(TlsPeer),
}

/// Where a hop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Resolving,
    Connecting,
    Handshake,
    /// Connected, or on a connection that was there before.
    Ready,
}

impl Trace {
    /// A connection is about to be made.
    pub(crate) fn connecting(&mut self) {
        *self = Self { began: Some(Instant::now()), ..Self::default() };
    }

    /// A name is asked for; of several, the first begins the phase and the last ends it.
    pub(crate) fn resolving(&mut self) {
        self.dns_began.get_or_insert_with(Instant::now);
    }

    /// What the name leads to, after the policy.
    pub(crate) fn resolved(&mut self, addresses: &[IpAddr]) {
        self.dns_ended = Some(Instant::now());
        self.addresses = addresses.to_vec();
    }

    /// TCP is connected to this address.
    pub(crate) fn reached(&mut self, peer: IpAddr) {
        self.peer = Some(peer);
    }

    /// The handshake with the target begins; the witness will see its certificate.
    pub(crate) fn handshaking(&mut self, witness: Arc<Witness>) {
        self.tls_began = Some(Instant::now());
        self.shown = Shown::Here(witness);
    }

    /// A request can go out.
    pub(crate) fn connected(&mut self) {
        self.connected = Some(Instant::now());
    }

    /// A connection that was there before is used again.
    pub(crate) fn reused(&mut self, peer: Option<IpAddr>, certificate: Option<TlsPeer>) {
        self.peer = peer;
        self.shown = certificate.map_or(Shown::Nothing, Shown::Before);
    }

    /// Whether this hop needed no connection of its own.
    pub(crate) fn is_reused(&self) -> bool {
        self.began.is_none()
    }

    /// The target's certificate, as far as one was shown.
    pub(crate) fn certificate(&self) -> Option<TlsPeer> {
        match &self.shown {
            Shown::Nothing => None,
            Shown::Here(witness) => witness.seen(),
            Shown::Before(certificate) => Some(certificate.clone()),
        }
    }

    /// Whom TCP was connected to.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// What the name resolved to, after the policy.
    pub(crate) fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    pub(crate) fn phase(&self) -> Phase {
        match *self {
            Self { connected: Some(_), .. } | Self { began: None, .. } => Phase::Ready,
            Self { tls_began: Some(_), .. } => Phase::Handshake,
            Self { dns_began: Some(_), dns_ended: None, .. } => Phase::Resolving,
            _ => Phase::Connecting,
        }
    }

    /// The hop's phases. One that has begun and not ended counts until `now`.
    pub(crate) fn timing(&self, hop_began: Instant, headers: Option<Instant>, now: Instant) -> Timing {
        let resolved = self.dns_began.is_none() || self.dns_ended.is_some();
        let tcp_began = self.began.filter(|_| resolved).map(|began| self.dns_ended.unwrap_or(began));
        let ready = if self.is_reused() { Some(hop_began) } else { self.connected };
        let until = |end: Option<Instant>| move |began: Instant| -> Duration { end.unwrap_or(now) - began };
        Timing {
            dns: self.dns_began.map(until(self.dns_ended)),
            connect: tcp_began.map(until(self.tls_began.or(self.connected))),
            tls: self.tls_began.map(until(self.connected)),
            first_byte: ready.map(until(headers)),
            download: headers.map(until(None)),
            total: Duration::ZERO,
        }
    }
}
