//! What a proxy says when it does not let us through. hyper-util's errors for it have no names outside of it, so they are
//! told by their words: a rewording there costs a nicer sentence here, never correctness.

use std::error::Error;

use domain::{exchange::Proxy, outcome::ReasonCode};
use url::Url;

use crate::failure::{Problem, chain};

const TUNNEL: &str = "tunnel error: ";
const SOCKS: &str = "SOCKS error: ";
/// The proxy was not reached: the error below says why.
const BELOW: &str = "failed to create underlying connection";

/// The proxy, for people.
pub(crate) fn name(proxy: &Proxy) -> String {
    let url = proxy.url();
    let usual = if url.scheme() == "socks5" { 1080 } else { 80 };
    let port = url.port_or_known_default().unwrap_or(usual);
    format!("the proxy {}:{port}", url.host_str().unwrap_or_default())
}

/// The problem, when the proxy was reached and does not go on.
pub(crate) fn refusal(error: &(dyn Error + 'static), proxy: &Proxy) -> Option<Problem> {
    let said = words(error).find(|said| !said.ends_with(BELOW))?;
    let proxy = name(proxy);
    let said = said.trim_start_matches(TUNNEL).trim_start_matches(SOCKS);
    let message = match said {
        "proxy authorization required" => format!("{proxy} wants a user and a password, or others"),
        "credentials not accepted" => format!("{proxy} does not accept the user and the password"),
        "server does not support user/pass authentication" => {
            format!("{proxy} wants another kind of authentication")
        }
        "unsuccessful" => format!("{proxy} refused to connect to the target"),
        "unexpected end of file" | "io error establishing tunnel" | "io error during SOCKS handshake" => {
            format!("{proxy} closed the connection")
        }
        "failed parsing server response" => format!("{proxy} does not speak SOCKS5"),
        said => format!("{proxy} did not connect to the target: {said}"),
    };
    Some(Problem::new(ReasonCode::Proxy, message))
}

/// Whether an error of TLS is the proxy's, and not that of the target behind it.
pub(crate) fn is_nearer(error: &(dyn Error + 'static), url: &Url) -> bool {
    url.scheme() == "http" || words(error).any(|said| said.ends_with(BELOW))
}

fn words(error: &(dyn Error + 'static)) -> impl Iterator<Item = String> {
    chain(error).map(ToString::to_string).filter(|said| said.starts_with(TUNNEL) || said.starts_with(SOCKS))
}
