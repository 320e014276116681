//! One request as it goes to one origin: what a [`Request`] becomes at first and after each redirect. Pure.

use std::net::IpAddr;

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use bytes::Bytes;
use domain::{
    exchange::{Connection, Request},
    outcome::ReasonCode,
};
use http::{
    HeaderName, HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use url::{Host, Url};

use crate::{
    failure::Problem,
    policy::AddressPolicy,
    resolver::{belongs, family_name},
};

/// Method, address, headers and body of one hop. The URL has no user information.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

impl Hop {
    /// The first hop.
    pub(crate) fn first(request: &Request) -> Result<Self, Problem> {
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| {
            Problem::new(ReasonCode::ReferenceInvalid, format!("`{}` is not an HTTP method", request.method))
        })?;
        let mut url = Url::parse(&request.url)
            .map_err(|error| Problem::new(ReasonCode::BadUrl, format!("the URL is not valid: {error}")))?;
        if !is_http(&url) {
            return Err(Problem::new(ReasonCode::BadUrl, "the URL is neither http nor https"));
        }
        let mut headers = headers(request)?;
        if let Some(basic) = take_user_information(&mut url)
            && !headers.iter().any(|(name, _)| *name == AUTHORIZATION)
        {
            headers.push((AUTHORIZATION, basic));
        }
        Ok(Self { method, url, headers, body: request.body.clone() })
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
        self.headers.retain(|(name, _)| *name != AUTHORIZATION);
        self.headers.extend(authorization.map(|authorization| (AUTHORIZATION, authorization)));
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

fn headers(request: &Request) -> Result<Vec<(HeaderName, HeaderValue)>, Problem> {
    let mut headers = Vec::with_capacity(request.headers.len());
    for (name, value) in &request.headers {
        let header = HeaderName::try_from(name.as_str()).ok().zip(HeaderValue::try_from(value.as_str()).ok());
        let Some((name, mut value)) = header else {
            let message = format!("the header `{}` cannot be sent as it is", name.escape_default());
            return Err(Problem::new(ReasonCode::ReferenceInvalid, message));
        };
        // Keeps it out of `Debug` and out of HTTP/2's compression tables.
        value.set_sensitive(request.secret_headers.iter().any(|secret| secret == name.as_str()));
        // hyper frames the message; a second opinion would break the connection.
        if name != CONTENT_LENGTH && name != TRANSFER_ENCODING {
            headers.push((name, value));
        }
    }
    Ok(headers)
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
