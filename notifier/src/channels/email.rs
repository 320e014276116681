//! E-mail: text and HTML that say the same, one thread per incident.
//!
//! Sources: RFC 5322 (messages; section 3.6.4 for threads), RFC 2047 (headers), RFC 3834 (`Auto-Submitted`). A thread holds
//! together by `References` and `In-Reply-To`, and at Gmail by the subject, which therefore is the same for all messages
//! about one incident. A message's id is made from its notification's, so that a mail that goes out twice is one mail.

mod page;

use std::{fmt::Write as _, time::SystemTime};

use domain::notification::NotificationKind;
use lettre::{
    Message,
    address::Envelope,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};

use super::Letter;
use crate::{limits, words};

/// People at the other end of an SMTP server.
pub(crate) struct Email {
    pub(crate) from: Mailbox,
    pub(crate) to: Vec<Mailbox>,
}

/// A mail as it goes over the wire.
pub(crate) struct Mail {
    pub(crate) envelope: Envelope,
    /// ASCII, lines end in CR LF.
    pub(crate) bytes: Vec<u8>,
}

impl Email {
    /// The mail for a notice.
    pub(crate) fn render(&self, letter: &Letter<'_>) -> Result<Mail, String> {
        let (own, first) = self.ids(letter);
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(subject(letter))
            .date(SystemTime::from(letter.sent_at))
            .message_id(Some(own.clone()))
            // Nobody's holiday answers this.
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"));
        for to in &self.to {
            message = message.to(to.clone());
        }
        if own != first {
            message = message.in_reply_to(first.clone()).references(first);
        }
        // Made from the id, so that a mail is the same in every try.
        let parts = MultiPart::alternative().boundary(format!("skopos-{}", letter.id));
        let parts = parts
            .singlepart(SinglePart::plain(text(letter)))
            .singlepart(SinglePart::html(page::html(letter)));
        let message =
            message.multipart(parts).map_err(|error| format!("the mail cannot be written: {error}"))?;
        Ok(Mail { envelope: message.envelope().clone(), bytes: message.formatted() })
    }

    /// The message's own id, and that of the first one of its thread.
    fn ids(&self, letter: &Letter<'_>) -> (String, String) {
        let domain = self.from.email.domain();
        let first = format!("<{}.{}@{domain}>", letter.notice.incident, letter.channel);
        if letter.notice.kind == NotificationKind::Opened {
            return (first.clone(), first);
        }
        (format!("<{}@{domain}>", letter.id), first)
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// On one line, so that nothing in it can begin another header.
fn subject(letter: &Letter<'_>) -> String {
    let notice = letter.notice;
    let reply = if notice.kind == NotificationKind::Opened { "" } else { "Re: " };
    let subject = format!("{reply}[{}] {}", words::severity(notice), words::title(notice));
    limits::MAIL_SUBJECT.fit(&words::one_line(&subject))
}

fn text(letter: &Letter<'_>) -> String {
    let notice = letter.notice;
    let mut text = format!("{}\n\n", limits::MAIL_SUMMARY.fit(&words::summary(notice)));
    for fact in words::facts(notice) {
        let value = match &fact.value {
            words::Value::Words(value) | words::Value::Code(value) => limits::MAIL_VALUE.fit(value),
            words::Value::Instant(at) => at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        };
        let _ = writeln!(text, "{:<20}{value}", format!("{}:", fact.label)); // writing to a String cannot fail
    }
    let _ = write!(text, "\n{}: {}\n", words::link_text(notice), words::link(letter.public_url, notice));
    let _ = write!(text, "\n-- \nSkopos, channel {}, incident {}\n", letter.channel, notice.incident);
    text
}
