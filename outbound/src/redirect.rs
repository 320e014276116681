//! RFC 9110, section 15.4: what the next hop is. Pure; `exchange` counts hops and asks the address policy.

use domain::outcome::ReasonCode;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{AUTHORIZATION, COOKIE, HOST, LAST_MODIFIED, LOCATION, PROXY_AUTHORIZATION},
};
use url::Url;

use crate::{
    failure::Problem,
    hop::{Hop, is_http, take_user_information},
};

/// Whether that status asks for another request. 300 and 304 do not: no user agent could choose for the user.
pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

impl Hop<'_> {
    /// The request that the answer asks for.
    pub(crate) fn redirected(mut self, status: StatusCode, answer: &HeaderMap) -> Result<Self, Problem> {
        let next = target(&self.url, answer.get(LOCATION))?;
        if becomes_get(status, &self.method) {
            self.method = Method::GET;
            self.body.clear();
            self.without_body = true;
        }
        if next.origin() != self.url.origin() {
            self.abroad = true;
            self.authorization = None;
        }
        self.url = next;
        Ok(self)
    }
}

fn target(from: &Url, location: Option<&HeaderValue>) -> Result<Url, Problem> {
    let bad = |message: &str| Problem::new(ReasonCode::BadRedirect, message);
    let location = location.ok_or_else(|| bad("the redirect has no `Location`"))?;
    let location = std::str::from_utf8(location.as_bytes())
        .map_err(|_| bad("the redirect's `Location` is not UTF-8"))?;
    let mut next = from
        .join(location)
        .map_err(|error| bad(&format!("the redirect's `Location` is not valid: {error}")))?;
    if !is_http(&next) {
        return Err(bad(&format!("the redirect leads to a `{}` address", next.scheme())));
    }
    // A target does not get to choose who we say we are.
    take_user_information(&mut next);
    if next.fragment().is_none() {
        next.set_fragment(from.fragment()); // section 10.2.2
    }
    Ok(next)
}

/// 303 asks for GET; 301 and 302 turn POST into GET by custom; 307 and 308 change nothing.
fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status {
        StatusCode::SEE_OTHER => *method != Method::GET && *method != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        _ => false,
    }
}

/// Whether it says something about a body.
pub(crate) fn describes_body(name: &HeaderName) -> bool {
    name.as_str().starts_with("content-") || *name == LAST_MODIFIED || name.as_str() == "digest"
}

/// Whether it is for the origin that it was written for.
pub(crate) fn belongs_to_origin(name: &HeaderName) -> bool {
    [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, HOST].contains(name)
}
