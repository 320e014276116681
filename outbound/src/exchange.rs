//! One request on its way: hop after hop until an answer is final, then its body. Keeps what was measured where a
//! time-out still finds it.

use std::net::IpAddr;

use bytes::BytesMut;
use domain::{
    exchange::{Connection, Failure, HttpVersion, Proxy, Request, Response, Timing, TlsPeer},
    outcome::ReasonCode,
};
use http::{
    HeaderValue, StatusCode, Version,
    header::{AUTHORIZATION, COOKIE, HeaderMap, SET_COOKIE},
};
use reqwest::cookie::CookieStore as _;
use tokio::time::Instant;
use url::{Position, Url};

use crate::{
    digest::{Challenge, Message},
    failure::{self, Problem},
    hop::Hop,
    probe::{Phase, Probe},
    redirect::is_redirect,
    session::Session,
};

/// Bytes of an answer that only asks who we are.
const DRAINED: usize = 64 * 1024;

/// A request and what has been seen of its answer.
pub(crate) struct Exchange<'a> {
    session: &'a mut Session,
    request: &'a Request,
    began: Instant,
    redirects: u16,
    body: BytesMut,
    hop: Seen,
}

/// The present hop.
struct Seen {
    url: Option<Url>,
    began: Instant,
    probe: Probe,
    headers: Option<Instant>,
    peer: Option<IpAddr>,
    tls: Option<TlsPeer>,
}

impl Seen {
    fn new(url: Option<Url>, peer: Option<IpAddr>) -> Self {
        Self { url, began: Instant::now(), probe: Probe::default(), headers: None, peer, tls: None }
    }
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(session: &'a mut Session, request: &'a Request) -> Self {
        let hop = Seen::new(None, None);
        Self { session, request, began: hop.began, redirects: 0, body: BytesMut::new(), hop }
    }

    /// To the end of the final answer. Bound in time by the caller.
    pub(crate) async fn run(&mut self) -> Result<Response, Problem> {
        let mut hop = Hop::first(self.request)?;
        let origin = hop.url.origin();
        let mut asked = false;
        loop {
            let answer = self.ask(&hop).await?;
            let may_answer = !asked && hop.url.origin() == origin;
            if may_answer && let Some(authorization) = self.answer_challenge(&hop, &answer) {
                hop.headers.insert(AUTHORIZATION, authorization);
                drain(answer).await;
                asked = true;
                continue;
            }
            if !(self.request.follow_redirects && is_redirect(answer.status())) {
                return self.finish(hop, answer).await;
            }
            if self.redirects == self.request.max_redirects {
                let message = format!("redirected once more after {} redirects", self.redirects);
                return Err(Problem::new(ReasonCode::TooManyRedirects, message));
            }
            self.redirects += 1;
            if std::mem::take(&mut asked) {
                hop.headers.remove(AUTHORIZATION); // it was for this URL only
            }
            hop = hop.redirected(answer.status(), answer.headers(), &self.request.secret_headers)?;
        }
    }

    /// One hop, up to its response headers.
    async fn ask(&mut self, hop: &Hop) -> Result<reqwest::Response, Problem> {
        self.hop = Seen::new(Some(hop.url.clone()), None);
        let connection = &self.request.connection;
        hop.check_literal(&self.session.outbound.shared.resolver.policy, connection)?;
        check_version(hop, connection)?;
        self.hop.peer = hop.literal().filter(|_| connection.proxy.is_none());
        let request = self.render(hop);
        let client = self.session.client(connection)?.http.clone();
        let answer = self.hop.probe.watch(client.execute(request)).await;
        self.settle_certificate();
        let answer =
            answer.map_err(|error| failure::before_headers(&error, &hop.url, &self.hop.probe, connection))?;
        self.hop.headers = Some(Instant::now());
        self.hop.peer = answer.remote_addr().map(|address| address.ip());
        if self.request.cookies {
            self.session.cookies.set_cookies(&mut answer.headers().get_all(SET_COOKIE).iter(), &hop.url);
        }
        Ok(answer)
    }

    /// What a 401 wants to hear, if it asks in a way that the request can answer.
    fn answer_challenge(&mut self, hop: &Hop, answer: &reqwest::Response) -> Option<HeaderValue> {
        let credentials = self.request.digest.as_ref()?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return None;
        }
        let challenge = Challenge::choose(answer.headers())?;
        let count = self.session.nonces.entry(challenge.nonce.clone()).or_default();
        *count += 1;
        let target = &hop.url[Position::BeforePath..Position::AfterQuery];
        let message = Message { method: hop.method.as_str(), target, body: &hop.body };
        challenge.answer(credentials, &message, *count)
    }

    fn render(&self, hop: &Hop) -> reqwest::Request {
        let mut request = reqwest::Request::new(hop.method.clone(), hop.url.clone());
        *request.headers_mut() = hop.headers.clone();
        if !hop.body.is_empty() {
            *request.body_mut() = Some(hop.body.clone().into());
        }
        if self.request.cookies
            && let Some(jar) = self.session.cookies.cookies(&hop.url)
        {
            let cookies = join_cookies(hop.headers.get(COOKIE), jar);
            request.headers_mut().insert(COOKIE, cookies);
        }
        request
    }

    /// The certificate of this hop's handshake, or on a reused connection that of the handshake which made it. Without
    /// TLS there is none, whatever a proxy showed.
    fn settle_certificate(&mut self) {
        let Some(url) = self.hop.url.as_ref().filter(|url| url.scheme() == "https") else { return };
        let Ok(client) = self.session.client(&self.request.connection) else { return };
        let (origin, shown) = (url.origin(), self.hop.probe.certificate());
        if let Some(shown) = &shown {
            client.certificates.insert(origin.clone(), shown.clone());
        }
        let reused = || client.certificates.get(&origin).filter(|_| self.hop.probe.reused()).cloned();
        self.hop.tls = shown.or_else(reused);
    }

    async fn finish(&mut self, hop: Hop, mut answer: reqwest::Response) -> Result<Response, Problem> {
        self.read(&mut answer).await?;
        Ok(Response {
            status: answer.status().as_u16(),
            http_version: version(answer.version()),
            url: hop.url.into(),
            headers: text_headers(answer.headers()),
            body: std::mem::take(&mut self.body).freeze(),
            timing: self.timing(),
            peer: self.hop.peer,
            redirects: self.redirects,
            tls: self.hop.tls.take(),
        })
    }

    /// Never holds more than the cap and one chunk.
    async fn read(&mut self, answer: &mut reqwest::Response) -> Result<(), Problem> {
        let cap = self.request.max_body;
        let too_large =
            || Problem::new(ReasonCode::BodyTooLarge, format!("the body is larger than {cap} bytes"));
        if answer.content_length().is_some_and(|announced| announced > cap) {
            return Err(too_large());
        }
        while let Some(chunk) = answer.chunk().await.map_err(|error| failure::in_body(&error))? {
            if (self.body.len() + chunk.len()) as u64 > cap {
                return Err(too_large());
            }
            self.body.extend_from_slice(&chunk);
        }
        Ok(())
    }

    fn timing(&self) -> Timing {
        let now = Instant::now();
        let hop = self.hop.probe.timing(self.hop.began, self.hop.headers, now);
        Timing { total: now - self.began, ..hop }
    }

    pub(crate) fn failed(self, problem: Problem) -> Failure {
        let peer = self.hop.peer.or_else(|| match self.hop.probe.addresses().as_slice() {
            [only] => Some(*only),
            _ => None, // of several, hyper does not tell which it tried last
        });
        let timing = self.timing();
        Failure { code: problem.code, message: problem.message, timing, peer, tls: self.hop.tls }
    }

    pub(crate) fn timed_out(mut self) -> Failure {
        self.settle_certificate();
        let message = format!("no complete answer within {:?}: {}", self.request.timeout, self.whereabouts());
        self.failed(Problem::new(ReasonCode::Timeout, message))
    }

    fn whereabouts(&self) -> String {
        let Some(url) = &self.hop.url else { return "nothing was sent".to_owned() };
        let probe = &self.hop.probe;
        match probe.phase() {
            Phase::Resolving => format!("`{}` was not resolved", url.host_str().unwrap_or_default()),
            Phase::Connecting => {
                format!("{} was not connected", failure::target(url, probe, &self.request.connection))
            }
            Phase::Handshake => "the TLS handshake was not complete".to_owned(),
            Phase::Ready if self.hop.headers.is_none() => "the response headers were not complete".to_owned(),
            Phase::Ready => format!("the body was not complete after {} bytes", self.body.len()),
        }
    }
}

/// HTTP/2 without TLS has no words for an HTTP proxy.
fn check_version(hop: &Hop, connection: &Connection) -> Result<(), Problem> {
    let through_http = connection.proxy.as_ref().is_some_and(Proxy::resolves);
    if connection.http_version == HttpVersion::Http2 && through_http && hop.url.scheme() == "http" {
        let message = "HTTP/2 without TLS cannot go through an HTTP proxy";
        return Err(Problem::new(ReasonCode::Proxy, message));
    }
    Ok(())
}

/// Reads what is left of an answer, so that its connection can be used again; what is long is not worth it.
async fn drain(mut answer: reqwest::Response) {
    let mut left = DRAINED;
    while let Ok(Some(chunk)) = answer.chunk().await
        && chunk.len() < left
    {
        left -= chunk.len();
    }
}

/// What the step says comes first; the jar's cookies follow.
fn join_cookies(own: Option<&HeaderValue>, jar: HeaderValue) -> HeaderValue {
    let Some(own) = own else { return jar };
    let joined = [own.as_bytes(), b"; ", jar.as_bytes()].concat();
    HeaderValue::from_bytes(&joined).expect("two header values and a separator are one")
}

fn text_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}
