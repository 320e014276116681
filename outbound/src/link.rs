//! One connection that speaks HTTP, and one request on it at a time. HTTP/1.1 is driven by whoever waits for the answer,
//! in the same task: no other task has to be woken, and a connection ends with its run. HTTP/2 has a task of its own, for
//! it has to answer the server's pings.

use std::{
    future::poll_fn,
    net::IpAddr,
    pin::{Pin, pin},
    time::Duration,
};

use bytes::Bytes;
use domain::{
    exchange::{Connection, TlsPeer},
    outcome::ReasonCode,
};
use futures_util::FutureExt as _;
use http::{
    HeaderValue, Request, Response, Uri,
    header::{HOST, PROXY_AUTHORIZATION},
    uri::PathAndQuery,
};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::time::Instant;
use url::{Position, Url};

use crate::{
    connect::BoxStream,
    failure::{self, Problem},
    trace::Trace,
};

pub(crate) const USER_AGENT: &str = concat!("skopos/", env!("CARGO_PKG_VERSION"));

/// Node closes idle connections after five seconds: a request on one that is just being closed would fail for no fault
/// of the target's.
const IDLE: Duration = Duration::from_secs(4);
const MAX_HEADER_BYTES_HTTP2: u32 = 256 * 1024;

type Body = Full<Bytes>;
type Driver = Pin<Box<http1::Connection<TokioIo<BoxStream>, Body>>>;

/// How a request names its target.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// By path and query, for whoever answers is the origin.
    Origin,
    /// By the whole URL, for a proxy that does not make a tunnel.
    Absolute {
        /// Who asks.
        authorization: Option<HeaderValue>,
    },
}

enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

/// What one connection is for: requests that agree on it share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Purpose {
    pub(crate) connection: Connection,
    /// Scheme, host and port.
    pub(crate) origin: String,
}

/// A connection to one origin. On the heap, for it goes from hand to hand: whoever reads an answer has it meanwhile.
pub(crate) struct Link {
    purpose: Purpose,
    sender: Sender,
    /// Of HTTP/1.1, until the connection has ended.
    driver: Option<Driver>,
    form: Form,
    peer: Option<IpAddr>,
    /// What its handshake showed.
    certificate: Option<TlsPeer>,
    used: Instant,
}

/// Why a request has no answer.
pub(crate) enum Unanswered {
    /// It never left: on another connection it may be sent as it is.
    Unsent(Box<Request<Body>>, Problem),
    Failed(Problem),
}

impl Link {
    /// Begins HTTP on a fresh connection.
    pub(crate) async fn open(
        purpose: Purpose,
        stream: BoxStream,
        http2: bool,
        form: Form,
        trace: &Trace,
    ) -> Result<Box<Self>, Problem> {
        let io = TokioIo::new(stream);
        let (sender, driver) = if http2 {
            let mut http = http2::Builder::new(TokioExecutor::new());
            http.max_header_list_size(MAX_HEADER_BYTES_HTTP2);
            let (sender, connection) =
                http.handshake(io).await.map_err(|error| failure::on_exchange(&error))?;
            tokio::spawn(connection);
            (Sender::Http2(sender), None)
        } else {
            let (sender, connection) =
                http1::handshake(io).await.map_err(|error| failure::on_exchange(&error))?;
            (Sender::Http1(sender), Some(Box::pin(connection)))
        };
        let (peer, certificate) = (trace.peer(), trace.certificate());
        Ok(Box::new(Self { purpose, sender, driver, form, peer, certificate, used: Instant::now() }))
    }

    /// Whether it is for requests of that kind.
    pub(crate) fn serves(&self, connection: &Connection, origin: &str) -> bool {
        self.purpose.origin == origin && self.purpose.connection == *connection
    }

    /// Notes in the trace that this connection is used again; false when it no longer can be.
    pub(crate) async fn resume(&mut self, trace: &mut Trace) -> bool {
        if self.used.elapsed() > IDLE {
            return false;
        }
        let driver = &mut self.driver;
        let ready = match &mut self.sender {
            Sender::Http1(sender) => drive(driver, sender.ready()).await.is_ok() && driver.is_some(),
            Sender::Http2(sender) => sender.ready().await.is_ok(),
        };
        if ready {
            trace.reused(self.peer, self.certificate.clone());
        }
        ready
    }

    /// Sends it, up to the headers of the answer.
    pub(crate) async fn send(
        &mut self,
        url: &Url,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, Unanswered> {
        self.address(url, &mut request).map_err(Unanswered::Failed)?;
        let answer = match &mut self.sender {
            Sender::Http1(sender) => drive(&mut self.driver, sender.try_send_request(request)).await,
            Sender::Http2(sender) => sender.try_send_request(request).await,
        };
        answer.map_err(|mut error: TrySendError<Request<Body>>| {
            let problem = failure::on_exchange(error.error());
            match error.take_message() {
                Some(request) => Unanswered::Unsent(Box::new(request), problem),
                None => Unanswered::Failed(problem),
            }
        })
    }

    /// Whether a request that failed leaves the others alone: HTTP/2 ends its stream only.
    pub(crate) fn survives(&self) -> bool {
        matches!(&self.sender, Sender::Http2(sender) if sender.is_ready())
    }

    /// Waits for something of the answer.
    pub(crate) async fn wait<T>(&mut self, part: impl Future<Output = T>) -> T {
        let mut part = pin!(part);
        // Most bodies came with their headers.
        if let Some(there) = part.as_mut().now_or_never() {
            return there;
        }
        drive(&mut self.driver, part).await
    }

    /// The answer has come to its end.
    pub(crate) fn rest(&mut self) {
        self.used = Instant::now();
    }

    fn address(&self, url: &Url, request: &mut Request<Body>) -> Result<(), Problem> {
        let unusable = || Problem::new(ReasonCode::BadUrl, "the URL cannot be sent as it is");
        let whole = || url[..Position::AfterQuery].parse::<Uri>().map_err(|_| unusable());
        let path = || url[Position::BeforePath..Position::AfterQuery].parse::<PathAndQuery>();
        *request.uri_mut() = match (&self.sender, &self.form) {
            (Sender::Http1(_), Form::Origin) => path().map_err(|_| unusable())?.into(),
            (Sender::Http1(_), Form::Absolute { .. }) | (Sender::Http2(_), _) => whole()?,
        };
        if matches!(self.sender, Sender::Http1(_)) && !request.headers().contains_key(HOST) {
            let host = HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort]);
            request.headers_mut().insert(HOST, host.map_err(|_| unusable())?);
        }
        if let Form::Absolute { authorization: Some(authorization) } = &self.form {
            request.headers_mut().entry(PROXY_AUTHORIZATION).or_insert_with(|| authorization.clone());
        }
        Ok(())
    }
}

/// Waits for something of a connection and keeps the connection going meanwhile. It ends when it has to; whoever waits
/// is told why by what it waits for.
async fn drive<T>(driver: &mut Option<Driver>, awaited: impl Future<Output = T>) -> T {
    let mut awaited = pin!(awaited);
    poll_fn(|context| {
        if let Some(connection) = driver
            && connection.as_mut().poll(context).is_ready()
        {
            *driver = None;
        }
        awaited.as_mut().poll(context)
    })
    .await
}
