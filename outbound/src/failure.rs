//! From the errors of reqwest, hyper, h2 and rustls to a stable code and a sentence for people. Nothing of their wording
//! gets out: it names internals, and reqwest's has the whole URL in it.

use std::{error::Error, io, iter::successors};

use domain::{exchange::Connection, outcome::ReasonCode};
use url::Url;

use crate::{
    probe::{Phase, Probe},
    proxy,
    resolver::ResolveError,
    tls,
};

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: ReasonCode,
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(code: ReasonCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// An error before the response headers were complete.
pub(crate) fn before_headers(
    error: &reqwest::Error,
    url: &Url,
    probe: &Probe,
    connection: &Connection,
) -> Problem {
    if let Some(cause) = probe.resolve_error() {
        let code = match cause {
            ResolveError::Unknown { .. } | ResolveError::Family { .. } => ReasonCode::Dns,
            ResolveError::Denied { .. } => ReasonCode::AddressDenied,
        };
        return Problem::new(code, cause.to_string());
    }
    if let Some(refusal) = connection.proxy.as_ref().and_then(|proxy| proxy::refusal(error, proxy)) {
        return refusal;
    }
    if let Some(cause) = find::<rustls::Error>(error) {
        let why = tls::explain(cause, probe.certificate().as_ref());
        return match connection.proxy.as_ref().filter(|_| proxy::is_nearer(error, url)) {
            Some(proxy) => Problem::new(ReasonCode::Tls, format!("{}: {why}", proxy::name(proxy))),
            None => Problem::new(ReasonCode::Tls, why),
        };
    }
    if error.is_connect() {
        return not_connected(error, url, probe, connection);
    }
    on_connection(error, "the connection was closed before the response headers were complete")
        .unwrap_or_else(|| {
            tracing::error!(error = ?error.source(), "a request failed in a way that has no name yet");
            Problem::new(ReasonCode::Internal, "the request could not be sent")
        })
}

/// An error while the body was read. What is not the connection's fault is the decoder's.
pub(crate) fn in_body(error: &reqwest::Error) -> Problem {
    on_connection(error, "the connection was closed before the body was complete").unwrap_or_else(|| {
        Problem::new(ReasonCode::BadEncoding, "the body is not what its `Content-Encoding` says")
    })
}

fn not_connected(error: &reqwest::Error, url: &Url, probe: &Probe, connection: &Connection) -> Problem {
    if probe.phase() == Phase::Handshake {
        return Problem::new(ReasonCode::Tls, "the connection was closed during the TLS handshake");
    }
    let target = target(url, probe, connection);
    let message = match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => format!("connection refused by {target}"),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted) => {
            format!("connection reset by {target}")
        }
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
            format!("no route to {target}")
        }
        Some(io::ErrorKind::TimedOut) => format!("{target} did not answer the connection attempt"),
        Some(kind) => format!("no connection to {target}: {kind}"),
        None => format!("no connection to {target}"),
    };
    Problem::new(ReasonCode::Connect, message)
}

/// `host:port`, and the address behind a name when there is only one; with a proxy, that.
pub(crate) fn target(url: &Url, probe: &Probe, connection: &Connection) -> String {
    if let Some(proxy) = &connection.proxy {
        return proxy::name(proxy);
    }
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    match probe.addresses().as_slice() {
        [] => format!("{host}:{port}"),
        [address] => format!("{host}:{port} ({address})"),
        several => format!("{host}:{port} ({} addresses)", several.len()),
    }
}

/// Errors of an established connection; `None` when it is none of them.
fn on_connection(error: &reqwest::Error, closed: &str) -> Option<Problem> {
    if let Some(cause) = find::<h2::Error>(error) {
        return Some(on_http2(cause, closed));
    }
    let cause = find::<hyper::Error>(error).filter(|cause| !cause.is_user())?;
    if cause.is_parse_too_large() {
        return Some(Problem::new(ReasonCode::HeadersTooLarge, "the response headers are too large"));
    }
    // hyper reports bad framing of a chunked body as an I/O error about its input.
    let framing = find::<io::Error>(cause).map(io::Error::kind);
    if cause.is_parse() || matches!(framing, Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)) {
        return Some(Problem::new(ReasonCode::Protocol, "what the server answered is not valid HTTP"));
    }
    Some(Problem::new(ReasonCode::ConnectionLost, closed))
}

fn on_http2(cause: &h2::Error, closed: &str) -> Problem {
    match cause.reason() {
        Some(reason) if cause.is_remote() => {
            let message = format!("the server ended the HTTP/2 exchange: {}", reason.description());
            Problem::new(ReasonCode::ConnectionLost, message)
        }
        // h2 does not tell bad framing from headers beyond the cap.
        Some(_) => {
            Problem::new(ReasonCode::Protocol, "the HTTP/2 answer is not valid, or its headers are too large")
        }
        None => Problem::new(ReasonCode::ConnectionLost, closed),
    }
}

/// The first error of that type in the chain.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|error| error.downcast_ref::<T>())
}

/// An error and those below it. Unlike `source()`, it looks into `io::Error`s that wrap another one.
pub(crate) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
        None => error.source(),
    })
}
