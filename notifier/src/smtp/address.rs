//! What an SMTP URL says.

use lettre::{Address, message::Mailbox};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{Encryption, SmtpError};

/// `None` when it is not UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned())
}

/// `?tls=required | offered | never` overrides what is assumed: a password is not sent in clear, but on this machine.
pub(super) fn encryption(url: &Url, with_password: bool, host: &str) -> Result<Encryption, String> {
    let mut asked = None;
    for (key, value) in url.query_pairs() {
        asked =
            Some(match (&*key, &*value) {
                ("tls", "required") => Encryption::Required,
                ("tls", "offered") => Encryption::Offered,
                ("tls", "never") => Encryption::Never,
                _ => return Err(
                    "has an option that is not known: there is `?tls=` with `required`, `offered` or `never`"
                        .into(),
                ),
            });
    }
    let here =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match (url.scheme(), asked) {
        ("smtps", None) => Ok(Encryption::Implicit),
        ("smtps", Some(_)) => {
            Err("begins with smtps://, which is TLS from the beginning: leave `?tls=` out".into())
        }
        ("smtp", Some(asked)) => Ok(asked),
        ("smtp", None) if with_password && !here => Ok(Encryption::Required),
        ("smtp", None) => Ok(Encryption::Offered),
        _ => Err("has to begin with smtp:// or smtps://".into()),
    }
}

/// Whose name mails carry: what is configured, or the user if that is an address, or `skopos` at the server.
pub(super) fn from(configured: Option<&str>, user: Option<&str>, host: &str) -> Result<Mailbox, SmtpError> {
    if let Some(text) = configured {
        return text.parse().map_err(|error| SmtpError {
            setting: "from",
            problem: format!("is not an e-mail address (`Skopos <skopos@example.com>`): {error}"),
        });
    }
    if let Some(address) = user.and_then(|user| user.parse::<Address>().ok()) {
        return Ok(Mailbox::new(Some("Skopos".to_owned()), address));
    }
    let domain = if host.parse::<std::net::IpAddr>().is_ok() { "localhost" } else { host };
    Address::new("skopos", domain).map(|address| Mailbox::new(Some("Skopos".to_owned()), address)).map_err(
        |_| SmtpError {
            setting: "from",
            problem: "has to be set: the server's name makes no e-mail address".to_owned(),
        },
    )
}
