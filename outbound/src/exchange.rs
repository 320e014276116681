//! One request on its way: hop after hop until an answer is final, then its body. Keeps what was measured where a
//! time-out still finds it.

use std::net::IpAddr;

use bytes::{Bytes, BytesMut};
use cookie_store::{CookieStore, RawCookie};
use domain::{
    exchange::{Connection, Failure, HttpVersion, Proxy, Request, Response, Timing},
    outcome::ReasonCode,
};
use http::{
    HeaderName, HeaderValue, StatusCode, Version,
    header::{ACCEPT, ACCEPT_ENCODING, COOKIE, HeaderMap, SET_COOKIE, USER_AGENT},
};
use http_body_util::Full;
use tokio::time::Instant;
use url::{Position, Url};

use crate::{
    answer::{Answer, ENCODINGS},
    digest::{Challenge, Message},
    failure::{self, Problem},
    hop::Hop,
    link,
    redirect::is_redirect,
    session::Session,
    trace::{Phase, Trace},
};

/// Bytes of an answer that only asks who we are.
const DRAINED: usize = 64 * 1024;

/// What goes out unless the request says otherwise.
static USUAL_HEADERS: [(HeaderName, HeaderValue); 3] = [
    (ACCEPT, HeaderValue::from_static("*/*")),
    (ACCEPT_ENCODING, HeaderValue::from_static(ENCODINGS)),
    (USER_AGENT, HeaderValue::from_static(link::USER_AGENT)),
];

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
    trace: Trace,
    headers: Option<Instant>,
    /// Where an address stands in the URL, the only one that there can be.
    literal: Option<IpAddr>,
}

impl Seen {
    fn new(url: Option<Url>) -> Self {
        Self { url, began: Instant::now(), trace: Trace::default(), headers: None, literal: None }
    }
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(session: &'a mut Session, request: &'a Request) -> Self {
        let hop = Seen::new(None);
        Self { session, request, began: hop.began, redirects: 0, body: BytesMut::new(), hop }
    }

    /// To the end of the final answer. Bound in time by the caller.
    pub(crate) async fn run(&mut self) -> Result<Box<Response>, Problem> {
        let mut hop = Hop::first(self.request, self.session.last.as_ref())?;
        let origin = self.request.digest.as_ref().map(|_| hop.url.origin());
        let mut asked = false;
        loop {
            let mut answer = self.ask(&hop).await?;
            let may_answer = !asked && origin.as_ref().is_some_and(|origin| hop.url.origin() == *origin);
            if may_answer && let Some(authorization) = self.answer_challenge(&hop, &answer) {
                hop.authorize(Some(authorization));
                drain(&mut answer).await;
                self.session.connections.keep(answer);
                asked = true;
                continue;
            }
            if !(self.request.follow_redirects && is_redirect(answer.status)) {
                return self.finish(hop, answer).await;
            }
            if self.redirects == self.request.max_redirects {
                let message = format!("redirected once more after {} redirects", self.redirects);
                return Err(Problem::new(ReasonCode::TooManyRedirects, message));
            }
            self.redirects += 1;
            if std::mem::take(&mut asked) {
                hop.authorize(None); // it was for this URL only
            }
            hop = hop.redirected(answer.status, &answer.headers)?;
            self.session.connections.keep(answer);
        }
    }

    /// One hop, up to its response headers.
    async fn ask(&mut self, hop: &Hop<'_>) -> Result<Answer, Problem> {
        self.hop = Seen::new(Some(hop.url.clone()));
        let connection = &self.request.connection;
        let shared = self.session.outbound.shared.clone();
        hop.check_literal(&shared.resolver.policy, connection)?;
        check_version(hop, connection)?;
        self.hop.literal = hop.literal().filter(|_| connection.proxy.is_none());
        let (request, trace) = (self.render(hop)?, &mut self.hop.trace);
        let answer = self.session.connections.send(&shared, connection, &hop.url, request, trace).await?;
        self.hop.headers = Some(Instant::now());
        if self.request.cookies {
            set_cookies(&mut self.session.cookies, &hop.url, &answer.headers);
        }
        Ok(answer)
    }

    /// What a 401 wants to hear, if it asks in a way that the request can answer.
    fn answer_challenge(&mut self, hop: &Hop<'_>, answer: &Answer) -> Option<HeaderValue> {
        let credentials = self.request.digest.as_ref()?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return None;
        }
        let challenge = Challenge::choose(&answer.headers)?;
        let count = self.session.nonces.entry(challenge.nonce.clone()).or_default();
        *count += 1;
        let target = &hop.url[Position::BeforePath..Position::AfterQuery];
        let message = Message { method: hop.method.as_str(), target, body: &hop.body };
        challenge.answer(credentials, &message, *count)
    }

    fn render(&self, hop: &Hop<'_>) -> Result<http::Request<Full<Bytes>>, Problem> {
        let mut headers = hop.headers()?;
        for (name, usual) in &USUAL_HEADERS {
            headers.entry(name).or_insert_with(|| usual.clone());
        }
        if self.request.cookies
            && let Some(jar) = cookies(&self.session.cookies, &hop.url)
        {
            let cookies = join_cookies(headers.get(COOKIE), jar);
            headers.insert(COOKIE, cookies);
        }
        let mut request = http::Request::new(Full::new(hop.body.clone()));
        *request.method_mut() = hop.method.clone();
        *request.headers_mut() = headers;
        Ok(request)
    }

    async fn finish(&mut self, hop: Hop<'_>, mut answer: Answer) -> Result<Box<Response>, Problem> {
        self.read(&mut answer).await?;
        let response = Box::new(Response {
            status: answer.status.as_u16(),
            http_version: version(answer.version),
            url: hop.url.into(),
            headers: std::mem::take(&mut answer.headers),
            body: std::mem::take(&mut self.body).freeze(),
            timing: self.timing(),
            peer: self.hop.trace.peer(),
            redirects: self.redirects,
            tls: self.hop.trace.certificate(),
        });
        self.session.connections.keep(answer);
        self.session.last = self.hop.url.take();
        Ok(response)
    }

    /// Never holds more than the cap and one chunk.
    async fn read(&mut self, answer: &mut Answer) -> Result<(), Problem> {
        let cap = self.request.max_body;
        let too_large =
            || Problem::new(ReasonCode::BodyTooLarge, format!("the body is larger than {cap} bytes"));
        if answer.announced().is_some_and(|announced| announced > cap) {
            return Err(too_large());
        }
        while let Some(chunk) = answer.chunk().await? {
            if (self.body.len() + chunk.len()) as u64 > cap {
                return Err(too_large());
            }
            self.body.extend_from_slice(&chunk);
        }
        Ok(())
    }

    fn timing(&self) -> Timing {
        let now = Instant::now();
        let hop = self.hop.trace.timing(self.hop.began, self.hop.headers, now);
        Timing { total: now - self.began, ..hop }
    }

    pub(crate) fn failed(self, problem: Problem) -> Failure {
        let trace = &self.hop.trace;
        let peer = trace.peer().or(self.hop.literal).or(match trace.addresses() {
            [only] => Some(*only),
            _ => None, // of several, hyper does not tell which it tried last
        });
        let (timing, tls) = (self.timing(), trace.certificate());
        Failure { code: problem.code, message: problem.message, timing, peer, tls }
    }

    pub(crate) fn timed_out(self) -> Failure {
        let message = format!("no complete answer within {:?}: {}", self.request.timeout, self.whereabouts());
        self.failed(Problem::new(ReasonCode::Timeout, message))
    }

    fn whereabouts(&self) -> String {
        let Some(url) = &self.hop.url else { return "nothing was sent".to_owned() };
        let trace = &self.hop.trace;
        match trace.phase() {
            Phase::Resolving => format!("`{}` was not resolved", url.host_str().unwrap_or_default()),
            Phase::Connecting => {
                format!("{} was not connected", failure::target(url, trace, &self.request.connection))
            }
            Phase::Handshake => "the TLS handshake was not complete".to_owned(),
            Phase::Ready if self.hop.headers.is_none() => "the response headers were not complete".to_owned(),
            Phase::Ready => format!("the body was not complete after {} bytes", self.body.len()),
        }
    }
}

/// HTTP/2 without TLS has no words for an HTTP proxy.
fn check_version(hop: &Hop<'_>, connection: &Connection) -> Result<(), Problem> {
    let through_http = connection.proxy.as_ref().is_some_and(Proxy::resolves);
    if connection.http_version == HttpVersion::Http2 && through_http && hop.url.scheme() == "http" {
        let message = "HTTP/2 without TLS cannot go through an HTTP proxy";
        return Err(Problem::new(ReasonCode::Proxy, message));
    }
    Ok(())
}

/// Reads what is left of an answer, so that its connection can be used again; what is long is not worth it.
async fn drain(answer: &mut Answer) {
    let mut left = DRAINED;
    while let Ok(Some(chunk)) = answer.chunk().await
        && chunk.len() < left
    {
        left -= chunk.len();
    }
}

fn set_cookies(jar: &mut CookieStore, url: &Url, headers: &HeaderMap) {
    let texts = headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies = texts.filter_map(|text| RawCookie::parse(text.to_owned()).ok());
    jar.store_response_cookies(cookies, url);
}

fn cookies(jar: &CookieStore, url: &Url) -> Option<HeaderValue> {
    let pairs: Vec<_> = jar.get_request_values(url).map(|(name, value)| format!("{name}={value}")).collect();
    HeaderValue::try_from(pairs.join("; ")).ok().filter(|value| !value.is_empty())
}

/// What the step says comes first; the jar's cookies follow.
fn join_cookies(own: Option<&HeaderValue>, jar: HeaderValue) -> HeaderValue {
    let Some(own) = own else { return jar };
    let joined = [own.as_bytes(), b"; ", jar.as_bytes()].concat();
    HeaderValue::from_bytes(&joined).expect("two header values and a separator are one")
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}
