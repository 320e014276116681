//! What a proxy says when it does not let us through. hyper-util's errors for it have no names outside of it, so they are
//! told by their words: a rewording there costs a nicer sentence here, never correctness.

use std::error::Error;

use crate::failure::Problem;
use domain::{exchange::Proxy, outcome::ReasonCode};

const TUNNEL: &str = "tunnel error: ";
const SOCKS: &str = "SOCKS error: ";

/// The proxy, for people.
pub(crate) fn name(proxy: &Proxy) -> String {
    format!("the proxy {}:{}", proxy.url().host_str().unwrap_or_default(), port(proxy))
}

/// Where it listens.
pub(crate) fn port(proxy: &Proxy) -> u16 {
    let url = proxy.url();
    let usual = if url.scheme() == "socks5" { 1080 } else { 80 };
    url.port_or_known_default().unwrap_or(usual)
}

/// The problem, when the proxy was reached and does not go on.
pub(crate) fn refusal(error: &dyn Error, proxy: &Proxy) -> Problem {
    let (said, proxy) = (error.to_string(), name(proxy));
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
    Problem::new(ReasonCode::Proxy, message)
}
