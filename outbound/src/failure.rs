//! From the errors of hyper, h2 and rustls to a stable code and a sentence for people, stage by stage. Nothing of their
//! wording gets out: it names internals.

use std::{error::Error, io, iter::successors};

use domain::{exchange::Connection, outcome::ReasonCode};
use url::Url;

use crate::{
    proxy,
    resolver::ResolveError,
    tls::{self, Witness},
    trace::Trace,
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

/// A name that leads nowhere, or nowhere where we may go.
pub(crate) fn unresolved(why: ResolveError) -> Problem {
    let code = match why {
        ResolveError::Unknown { .. } | ResolveError::Family { .. } => ReasonCode::Dns,
        ResolveError::Denied { .. } => ReasonCode::AddressDenied,
    };
    Problem::new(code, why.to_string())
}

/// A TLS handshake that came to nothing.
pub(crate) fn in_handshake(error: &io::Error, witness: &Witness) -> Problem {
    let message = match find::<rustls::Error>(error) {
        Some(cause) => tls::explain(cause, witness.seen().as_ref()),
        None => "the connection was closed during the TLS handshake".to_owned(),
    };
    Problem::new(ReasonCode::Tls, message)
}

/// An error on an established connection, before the response headers were complete.
pub(crate) fn on_exchange(error: &hyper::Error) -> Problem {
    // A client certificate that TLS 1.3 refuses is refused after the handshake.
    if let Some(cause) = find::<rustls::Error>(error) {
        return Problem::new(ReasonCode::Tls, tls::explain(cause, None));
    }
    on_connection(error, "the connection was closed before the response headers were complete")
        .unwrap_or_else(|| {
            tracing::error!(?error, "a request failed in a way that has no name yet");
            Problem::new(ReasonCode::Internal, "the request could not be sent")
        })
}

/// An error while the body was read. What is not the connection's fault is the decoder's.
pub(crate) fn in_body(error: &(dyn Error + 'static)) -> Problem {
    on_connection(error, "the connection was closed before the body was complete").unwrap_or_else(|| {
        Problem::new(ReasonCode::BadEncoding, "the body is not what its `Content-Encoding` says")
    })
}

/// TCP led nowhere.
pub(crate) fn not_connected(
    error: &(dyn Error + 'static),
    url: &Url,
    trace: &Trace,
    connection: &Connection,
) -> Problem {
    let target = target(url, trace, connection);
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
pub(crate) fn target(url: &Url, trace: &Trace, connection: &Connection) -> String {
    if let Some(proxy) = &connection.proxy {
        return proxy::name(proxy);
    }
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    match trace.addresses() {
        [] => format!("{host}:{port}"),
        [address] => format!("{host}:{port} ({address})"),
        several => format!("{host}:{port} ({} addresses)", several.len()),
    }
}

/// Errors of an established connection; `None` when it is none of them.
fn on_connection(error: &(dyn Error + 'static), closed: &str) -> Option<Problem> {
    if let Some(cause) = find::<h2::Error>(error) {
        return Some(on_http2(cause, closed));
    }
    let cause = find::<hyper::Error>(error).filter(|cause| !cause.is_user())?;
    if cause.is_parse_too_large() {
        let message = "the response has more than 100 headers, or they are too large";
        return Some(Problem::new(ReasonCode::HeadersTooLarge, message));
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
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
        None => error.source(),
    })
}
