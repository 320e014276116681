//! What goes out and what comes back: the vocabulary between the run machine, which decides, and whoever opens the
//! socket. No I/O here.

mod address;

use std::{borrow::Cow, fmt, net::IpAddr, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;
use url::Url;

pub use self::address::Address;
pub use crate::document::{HttpVersion, IpFamily};
use crate::outcome::ReasonCode;

/// Decompressed response bytes that are read when a step does not say otherwise: 10 MiB.
pub const DEFAULT_MAX_BODY: u64 = 10 * 1024 * 1024;

/// One fully rendered request. Retries and polls send the same one again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// An RFC 9110 method token.
    pub method: String,
    /// Where it goes.
    pub url: Address,
    /// In order; names as the user wrote them; no CR, LF or NUL in values.
    pub headers: Vec<(String, String)>,
    /// Names of headers (lower case) whose value came from a secret: dropped when a redirect changes the origin.
    pub secret_headers: Vec<String>,
    /// Empty for none.
    pub body: Bytes,
    /// For headers and body together, redirects included.
    pub timeout: Duration,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// How many of them at the most.
    pub max_redirects: u16,
    /// Cap on decompressed body bytes.
    pub max_body: u64,
    /// Whether the run's cookie jar is sent and filled.
    pub cookies: bool,
    /// How the connection is made.
    pub connection: Connection,
    /// Answers the origin's question who is asking.
    pub digest: Option<Digest>,
}

impl Request {
    /// All headers.
    pub fn header_texts(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.into()))
    }
}

/// What a connection depends on besides its origin: only requests that agree on it share one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Connection {
    /// Whether a certificate that does not verify is accepted.
    pub accept_invalid_certificates: bool,
    /// Authorities that are trusted instead of the operating system's, as PEM text.
    pub ca: Option<String>,
    /// Who we are.
    pub identity: Option<Identity>,
    /// Which version of HTTP is spoken.
    pub http_version: HttpVersion,
    /// Over which version of IP.
    pub ip_family: IpFamily,
    /// Through which proxy.
    pub proxy: Option<Proxy>,
    /// Addresses of names, instead of what the resolver says.
    pub resolve: Vec<(String, IpAddr)>,
}

/// A certificate of ours and its key, as PEM text. Does not print.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Ours, then those between it and an authority.
    pub certificates: String,
    /// Of the first of them.
    pub key: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// A user and a password for HTTP Digest (RFC 7616). Does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Digest {
    /// As the server knows it.
    pub username: String,
    /// Never sent.
    pub password: String,
    /// A text that nobody can foresee: the client's share of every answer.
    pub nonce: String,
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digest").finish_non_exhaustive()
    }
}

/// The URL of a proxy: `http`, `https` or `socks5`, perhaps with user information, which does not print.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy(Url);

impl Proxy {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, as half a sentence that shows none of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("the proxy is not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https" | "socks5") {
            return Err("a proxy's URL begins with `http://`, `https://` or `socks5://`".to_owned());
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err("the proxy's URL names no host".to_owned());
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err("a proxy's URL ends after host and port".to_owned());
        }
        Ok(Self(url))
    }

    /// The whole of it, user information included.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The password in it, decoded; empty without one.
    #[must_use]
    pub fn password(&self) -> String {
        percent_decode_str(self.0.password().unwrap_or_default()).decode_utf8_lossy().into_owned()
    }

    /// Whether it finds out where names lead; a SOCKS proxy is told the address.
    #[must_use]
    pub fn resolves(&self) -> bool {
        self.0.scheme() != "socks5"
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port) = (self.0.host_str().unwrap_or_default(), self.0.port());
        write!(f, "Proxy({}://{host}:{port:?})", self.0.scheme())
    }
}

/// How long each phase of the last hop took; `None` for a phase that did not happen (a reused connection has no
/// `dns`, `connect` or `tls`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// Name resolution.
    pub dns: Option<Duration>,
    /// TCP connect.
    pub connect: Option<Duration>,
    /// TLS handshake.
    pub tls: Option<Duration>,
    /// Connection ready to response headers.
    pub first_byte: Option<Duration>,
    /// Response headers to the last byte of the body.
    pub download: Option<Duration>,
    /// First DNS query to the last byte, redirects included: the step's latency.
    pub total: Duration,
}

/// The server's leaf certificate and what the handshake agreed on. Known even when verification failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsPeer {
    /// `TLSv1.2` or `TLSv1.3`, when the handshake came that far.
    pub version: Option<String>,
    /// Distinguished name.
    pub subject: String,
    /// Distinguished name.
    pub issuer: String,
    /// `notAfter`.
    pub expires_at: DateTime<Utc>,
    /// Why verification failed, if it did.
    pub verify_error: Option<String>,
}

/// One answer, body complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// `HTTP/1.1`, `HTTP/2`.
    pub http_version: &'static str,
    /// The final URL, after redirects.
    pub url: String,
    /// As they came.
    pub headers: HeaderMap,
    /// Decompressed.
    pub body: Bytes,
    /// Phases and latency.
    pub timing: Timing,
    /// Whom we talked to, on the last hop.
    pub peer: Option<IpAddr>,
    /// How many redirects were followed.
    pub redirects: u16,
    /// For `https`, when this connection's handshake was seen in this run.
    pub tls: Option<TlsPeer>,
}

impl Response {
    /// The first header of that name, whatever its case. Bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers.get(name).map(text)
    }

    /// All headers, those of one name together; names in lower case. Bytes that are not UTF-8 are replaced.
    pub fn header_texts(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), text(value)))
    }
}

/// The value of a header. Bytes that are not UTF-8 are replaced.
pub(crate) fn text(value: &HeaderValue) -> Cow<'_, str> {
    value.to_str().map_or_else(|_| String::from_utf8_lossy(value.as_bytes()), Cow::Borrowed)
}

/// No usable answer. A value, not an `Err`: a target that does not answer is a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Stable code; [`ReasonCode::is_ours`] tells whose fault it is.
    pub code: ReasonCode,
    /// One sentence for people, no secret in it.
    pub message: String,
    /// What was measured until then.
    pub timing: Timing,
    /// Whom we talked to, when it came that far.
    pub peer: Option<IpAddr>,
    /// The certificate, when it came that far.
    pub tls: Option<TlsPeer>,
}
