//! One request as it goes to one origin: what a [`Request`] becomes at first and after each redirect. Pure.

use std::net::IpAddr;

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use bytes::Bytes;
use domain::{
    exchange::{Connection, Request},
    outcome::ReasonCode,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use url::{Host, Position, Url};

use crate::{
    failure::Problem,
    policy::AddressPolicy,
    redirect::{belongs_to_origin, describes_body},
    resolver::{belongs, family_name},
};

/// Headers that a hop has besides the request's own, at most: the usual ones, `Cookie`, `Host`, who is asking, and two for a
/// proxy and a body.
const OTHER_HEADERS: usize = 8;

/// Method, address and body of one hop, and what of the request's headers goes with it. The URL has no user information.
#[derive(Debug, Clone)]
pub(crate) struct Hop<'r> {
    request: &'r Request,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Bytes,
    /// Whether the request's own headers say who is asking.
    own_authorization: bool,
    /// Who is asking, if something else says so.
    pub(crate) authorization: Option<HeaderValue>,
    /// Whether a redirect has taken the body away.
    pub(crate) without_body: bool,
    /// Whether a redirect has led to another origin.
    pub(crate) abroad: bool,
}

impl<'r> Hop<'r> {
    /// The first hop. `last` is where the run's last request went.
    pub(crate) fn first(request: &'r Request, last: Option<&Url>) -> Result<Self, Problem> {
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| {
            Problem::new(ReasonCode::ReferenceInvalid, format!("`{}` is not an HTTP method", request.method))
        })?;
        let read = request.url.read().cloned().map_or_else(|| parse(&request.url, last), Ok);
        let mut url =
            read.map_err(|error| Problem::new(ReasonCode::BadUrl, format!("the URL is not valid: {error}")))?;
        if !is_http(&url) {
            return Err(Problem::new(ReasonCode::BadUrl, "the URL is neither http nor https"));
        }
        let basic = take_user_information(&mut url);
        let own = request.headers.iter().any(|(name, _)| AUTHORIZATION == name.as_str());
        Ok(Self {
            request,
            method,
            url,
            body: request.body.clone(),
            own_authorization: own,
            authorization: basic.filter(|_| !own),
            without_body: false,
            abroad: false,
        })
    }

    /// What of the request's headers goes with it, and room for a few more.
    pub(crate) fn headers(&self) -> Result<HeaderMap, Problem> {
        let own = &self.request.headers;
        let mut headers = HeaderMap::with_capacity(own.len() + OTHER_HEADERS);
        for (name, value) in own {
            let header =
                HeaderName::try_from(name.as_str()).ok().zip(HeaderValue::try_from(value.as_str()).ok());
            let Some((name, mut value)) = header else {
                let message = format!("the header `{}` cannot be sent as it is", name.escape_default());
                return Err(Problem::new(ReasonCode::ReferenceInvalid, message));
            };
            // Keeps it out of `Debug` and out of HTTP/2's compression tables.
            value.set_sensitive(self.is_secret(&name));
            if self.takes(&name) {
                headers.append(name, value);
            }
        }
        if let Some(authorization) = &self.authorization {
            headers.append(AUTHORIZATION, authorization.clone());
        }
        Ok(headers)
    }

    fn takes(&self, name: &HeaderName) -> bool {
        match *name {
            // hyper frames the message; a second opinion would break the connection.
            CONTENT_LENGTH | TRANSFER_ENCODING => false,
            AUTHORIZATION if !self.own_authorization => false,
            _ if self.without_body && describes_body(name) => false,
            _ => !(self.abroad && (belongs_to_origin(name) || self.is_secret(name))),
        }
    }

    fn is_secret(&self, name: &HeaderName) -> bool {
        self.request.secret_headers.iter().any(|secret| secret == name.as_str())
    }

    /// Literals never reach the resolver, in whatever spelling (`0x7f.1`, `2130706433`): the URL parser has made
    /// addresses of them. A proxy is told of no denied address either.
    pub(crate) fn check_literal(
        &self,
        policy: &AddressPolicy,
        connection: &Connection,
    ) -> Result<(), Problem> {
        self.literal().map_or(Ok(()), |address| check_address(address, policy, connection))
    }

    /// Says who is asking, or no longer.
    pub(crate) fn authorize(&mut self, authorization: Option<HeaderValue>) {
        self.own_authorization = false;
        self.authorization = authorization;
    }

    /// The host, when it is an address.
    pub(crate) fn literal(&self) -> Option<IpAddr> {
        match self.url.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }
}

/// The steps of a run mostly go where the one before went: host and port are not made out again.
fn parse(text: &str, last: Option<&Url>) -> Result<Url, url::ParseError> {
    let same = last.and_then(|last| Some((last, text.strip_prefix(&last[..Position::BeforePath])?)));
    match same {
        Some((last, rest)) if is_path(rest) => last.join(rest),
        _ => Url::parse(text),
    }
}

/// Whether a text is a path by itself. Behind two slashes there would be a host, and control characters may vanish.
fn is_path(text: &str) -> bool {
    text.strip_prefix('/').is_some_and(|rest| !rest.starts_with(['/', '\\']))
        && !text.contains(|c: char| c.is_ascii_control())
}

/// Whether a connection to an address that stands in a URL may be made.
pub(crate) fn check_address(
    address: IpAddr,
    policy: &AddressPolicy,
    connection: &Connection,
) -> Result<(), Problem> {
    if !policy.permits(address) {
        return Err(Problem::new(ReasonCode::AddressDenied, format!("the address policy denies {address}")));
    }
    if !belongs(address, connection.ip_family) {
        let message = format!("{address} is not an {} address", family_name(connection.ip_family));
        return Err(Problem::new(ReasonCode::BadUrl, message));
    }
    Ok(())
}

pub(crate) fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Removes `user:password@` and returns it as basic authentication (RFC 7617).
pub(crate) fn take_user_information(url: &mut Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decode = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
    let mut credentials = decode(url.username());
    credentials.push(b':');
    credentials.extend(decode(url.password().unwrap_or_default()));
    url.set_username("").and_then(|()| url.set_password(None)).expect("an http URL has a host");
    let mut value =
        HeaderValue::try_from(format!("Basic {}", BASE64.encode(credentials))).expect("base64 is ASCII");
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every text of up to so many characters.
    fn texts(alphabet: &[char], length: usize) -> Vec<String> {
        let mut texts = vec![String::new()];
        let mut longest = texts.clone();
        for _ in 0..length {
            longest =
                longest.iter().flat_map(|text| alphabet.iter().map(move |c| format!("{text}{c}"))).collect();
            texts.extend(longest.clone());
        }
        texts
    }

    #[test]
    fn what_the_last_url_is_makes_no_difference() {
        let alphabet = ['/', '\\', '.', '?', '#', '@', ':', ' ', '\t', '\n', '%', 'a', 'é'];
        for origin in ["http://a.test", "https://[::1]:8080"] {
            let last = Url::parse(&format!("{origin}/some/where?else#now")).unwrap();
            for rest in texts(&alphabet, 3) {
                for text in [format!("{origin}{rest}"), format!("{origin}/{rest}"), rest] {
                    assert_eq!(parse(&text, Some(&last)), Url::parse(&text), "{text:?}");
                }
            }
        }
    }
}
