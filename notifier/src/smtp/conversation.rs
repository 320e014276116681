//! One mail: connect, TLS, AUTH, MAIL, RCPT, DATA. Our own steps over lettre's commands, because lettre gives a mail up
//! when one of its recipients is refused, and then nobody gets it.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lettre::transport::smtp::{
    Error,
    authentication::DEFAULT_MECHANISMS,
    client::AsyncSmtpConnection,
    commands::{Data, Mail as From, Rcpt},
    extension::{Extension, MailParameter},
    response::Response,
};
use store::notifications::Delivery;

use super::{Encryption, Smtp, TIMEOUT};
use crate::{
    channels::email::Mail,
    gate::{self, Place},
    retry::Outcome,
};

/// How long a server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// What came of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) outcome: Outcome,
    /// The server's, if it answered.
    pub(crate) status: Option<u16>,
    /// Its words, or ours when it did not.
    pub(crate) text: String,
}

impl Smtp {
    /// Sends one mail to everybody who is accepted. It is handed over when its turn comes at the gate.
    pub(crate) async fn deliver(&self, mail: &Mail, place: &mut Option<Place>) -> Delivered {
        let handed_over = AtomicBool::new(false);
        let unknown =
            || if handed_over.load(Ordering::Relaxed) { Delivery::Unknown } else { Delivery::Refused };
        match tokio::time::timeout(TIMEOUT, self.converse(mail, &handed_over, place)).await {
            Ok(Ok(delivered)) => delivered,
            Ok(Err(error)) => failed(&error, unknown()),
            Err(_) => Delivered {
                outcome: Outcome::Later { delivery: unknown(), not_before: None },
                status: None,
                text: format!("the mail server did not answer within {} seconds", TIMEOUT.as_secs()),
            },
        }
    }

    async fn converse(
        &self,
        mail: &Mail,
        handed_over: &AtomicBool,
        place: &mut Option<Place>,
    ) -> Result<Delivered, Error> {
        let mut server = self.connect().await?;
        let mut addresses = mail.envelope.to().iter().chain(mail.envelope.from());
        let beyond_ascii =
            addresses.any(|address| !address.domain().is_ascii() || !address.user().is_ascii());
        let utf8 = beyond_ascii && server.server_info().supports_feature(Extension::SmtpUtfEight);
        let parameters = if utf8 { vec![MailParameter::SmtpUtfEight] } else { Vec::new() };
        server.command(From::new(mail.envelope.from().cloned(), parameters)).await?;
        let mut refused = Vec::new();
        for to in mail.envelope.to() {
            match server.command(Rcpt::new(to.clone(), Vec::new())).await {
                Ok(_) => {}
                Err(error) if error.status().is_some() => refused.push((to, error)),
                Err(error) => return Err(error),
            }
        }
        if refused.len() == mail.envelope.to().len() {
            // One that passes is worth another try.
            let passing = refused.iter().position(|(_, error)| error.is_transient()).unwrap_or(0);
            server.abort().await;
            return Err(refused.swap_remove(passing).1);
        }
        server.command(Data).await?;
        let message = async {
            handed_over.store(true, Ordering::Relaxed);
            server.message(&mail.bytes).await
        };
        let taken = gate::hand_over(place, message).await?;
        // It has the mail, whatever it says to this and when.
        tokio::spawn(async move { tokio::time::timeout(GOODBYE, server.quit()).await });
        let mut text = words(&taken);
        for (to, error) in &refused {
            text += &format!("; refused for {to}: {}", explained(error));
        }
        Ok(Delivered { outcome: Outcome::Taken, status: Some(code(taken.code())), text })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let implicit = (self.encryption == Encryption::Implicit).then(|| self.tls.clone());
        let place = (self.host.as_str(), self.port);
        let mut server =
            AsyncSmtpConnection::connect_tokio1(place, Some(TIMEOUT), &self.hello, implicit, None).await?;
        let starttls = match self.encryption {
            Encryption::Required => true,
            Encryption::Offered => server.can_starttls(),
            Encryption::Implicit | Encryption::Never => false,
        };
        if starttls {
            server.starttls(self.tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            server.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(server)
    }
}

/// A server's refusal says whether it passes; that it is not there may pass; what it cannot do does not.
fn failed(error: &Error, delivery: Delivery) -> Delivered {
    let later = |delivery| Outcome::Later { delivery, not_before: None };
    let outcome = match error.status() {
        Some(_) if error.is_permanent() => Outcome::Never,
        Some(_) => later(Delivery::Refused),
        None if error.is_client() => Outcome::Never,
        None => later(delivery),
    };
    Delivered { outcome, status: error.status().map(code), text: explained(error) }
}

/// The server's own words, or the innermost cause.
fn explained(error: &Error) -> String {
    let (mut cause, mut text): (&dyn std::error::Error, _) = (error, error.to_string());
    while let Some(inner) = cause.source() {
        cause = inner;
        text = cause.to_string();
    }
    match error.status() {
        Some(_) => text,
        None if error.is_tls() => format!("TLS with the mail server failed: {text}"),
        None => format!("the mail server: {text}"),
    }
}

fn words(response: &Response) -> String {
    response.message().collect::<Vec<_>>().join(" ")
}

fn code(code: lettre::transport::smtp::response::Code) -> u16 {
    code.to_string().parse().unwrap_or_default()
}
