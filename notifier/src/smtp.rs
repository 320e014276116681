//! The way to an SMTP server, and what its answers mean. The server's address is the operator's own, from the
//! configuration, so no address policy stands before it; whoever may write to whom is its decision.
//!
//! Source: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 8314 (TLS from the beginning).

mod address;
mod conversation;
#[cfg(test)]
mod tests;

use std::time::Duration;

use lettre::{
    message::Mailbox,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, TlsParameters, TlsParametersBuilder},
        extension::ClientId,
    },
};
use secrecy::SecretString;
use url::Url;

pub(crate) use conversation::Delivered;

/// For a whole mail, from connecting to its answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why no mail can be sent: a sentence that names the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`smtp.{setting}` {problem}")]
pub struct SmtpError {
    setting: &'static str,
    problem: String,
}

/// An SMTP server that takes our mail.
pub struct Smtp {
    host: String,
    port: u16,
    encryption: Encryption,
    tls: TlsParameters,
    credentials: Option<Credentials>,
    /// So that it shows nowhere, should the server repeat it.
    password: Option<SecretString>,
    hello: ClientId,
    pub(crate) from: Mailbox,
}

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    /// With the connection.
    Implicit,
    /// By STARTTLS, or nothing is sent.
    Required,
    /// By STARTTLS, if the server offers it.
    Offered,
    /// Never.
    Never,
}

impl Smtp {
    /// `url` is `smtps://user:password@host:port` or `smtp://…`; `from` whose name mails carry; `ca` a PEM text of roots
    /// that are trusted besides the system's.
    ///
    /// # Errors
    ///
    /// What is wrong with which setting.
    pub fn new(url: &str, from: Option<&str>, ca: Option<&[u8]>) -> Result<Self, SmtpError> {
        let wrong = |problem: &str| SmtpError { setting: "url", problem: problem.to_owned() };
        // Never with the text: it may hold a password.
        let url = Url::parse(url).map_err(|error| wrong(&format!("is no URL: {error}")))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("names no server"))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let user = address::decoded(url.username()).filter(|user| !user.is_empty());
        let password = url.password().and_then(address::decoded);
        if user.is_some() != password.is_some() {
            return Err(wrong("has a user without a password, or the other way round"));
        }
        let encryption = address::encryption(&url, user.is_some(), &host).map_err(|why| wrong(&why))?;
        let port = url.port().unwrap_or(match encryption {
            Encryption::Implicit => 465,
            _ if user.is_some() => 587,
            _ => 25,
        });
        let from = address::from(from, user.as_deref(), &host)?;
        let credentials = user.zip(password.clone()).map(|(user, password)| Credentials::new(user, password));
        let hello = ClientId::Domain(from.email.domain().to_owned());
        let (tls, password) = (tls(&host, ca)?, password.map(SecretString::from));
        Ok(Self { host, port, encryption, tls, credentials, password, hello, from })
    }

    pub(crate) fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }
}

fn tls(host: &str, ca: Option<&[u8]>) -> Result<TlsParameters, SmtpError> {
    let wrong = |error: &dyn std::fmt::Display| SmtpError {
        setting: "ca",
        problem: format!("cannot be used: {error}"),
    };
    let mut tls = TlsParametersBuilder::new(host.to_owned());
    if let Some(pem) = ca {
        tls = tls.add_root_certificate(Certificate::from_pem(pem).map_err(|error| wrong(&error))?);
    }
    tls.build().map_err(|error| wrong(&error))
}
