//! The HTML half of a mail. Tables and inline styles, because mail clients know little else; no image, no script and no
//! style sheet. Everything is escaped.

use std::fmt::Write as _;

use super::Letter;
use crate::{
    limits::{self, Limit},
    words,
};

const FONT: &str = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const MONO: &str = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px";
/// For words that are longer than a line: some clients know the one, some the other.
const WRAP: &str = "overflow-wrap:anywhere;word-break:break-word";

pub(super) fn html(letter: &Letter<'_>) -> String {
    let notice = letter.notice;
    let title = limits::MAIL_TITLE.fit_escaped(&words::title(notice), limits::html);
    let summary = limits::MAIL_SUMMARY.fit_escaped(&words::summary(notice), limits::html);
    let (colour, status) = (words::colour(notice), words::status(notice));
    let (link, link_text) = (escaped(&words::link(letter.public_url, notice)), words::link_text(notice));
    let (rows, incident, channel) = (rows(letter), notice.incident, letter.channel);
    format!(
        "<!doctype html>\n\
         <html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light\"><title>{title}</title></head>\n\
         <body style=\"margin:0;padding:16px;background:#f4f5f7\">\n\
         <table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" width=\"100%\" style=\"table-layout:fixed;\
         max-width:600px;margin:0 auto;\
         background:#ffffff;border:1px solid #dfe3e8;border-top:4px solid {colour};{FONT};color:#1b1f24\">\n\
         <tr><td style=\"padding:20px 24px 0\">\n\
         <div style=\"font-size:12px;font-weight:600;letter-spacing:.04em;text-transform:uppercase;color:{colour}\">{status}</div>\n\
         <h1 style=\"margin:4px 0 8px;font-size:20px;line-height:1.3;{WRAP}\">{title}</h1>\n\
         <p style=\"margin:0 0 16px;font-size:15px;line-height:1.5;{WRAP}\">{summary}</p>\n\
         </td></tr>\n\
         <tr><td style=\"padding:0 24px\">\n\
         <table cellpadding=\"0\" cellspacing=\"0\" width=\"100%\" style=\"table-layout:fixed;font-size:14px;line-height:1.5;border-collapse:collapse\">\n\
         {rows}</table>\n\
         </td></tr>\n\
         <tr><td style=\"padding:20px 24px\"><a href=\"{link}\" style=\"display:inline-block;padding:9px 16px;background:{colour};\
         color:#ffffff;font-size:14px;font-weight:600;text-decoration:none;border-radius:4px\">{link_text}</a></td></tr>\n\
         <tr><td style=\"padding:12px 24px;border-top:1px solid #dfe3e8;font-size:12px;color:#5f6b7a\">\
         Skopos · channel {channel} · incident {incident}</td></tr>\n\
         </table>\n</body></html>\n"
    )
}

fn rows(letter: &Letter<'_>) -> String {
    let mut rows = String::new();
    for fact in words::facts(letter.notice) {
        let (value, style) = match &fact.value {
            words::Value::Words(value) => (limits::MAIL_VALUE.fit_escaped(value, limits::html), ""),
            words::Value::Code(value) => (limits::MAIL_VALUE.fit_escaped(value, limits::html), MONO),
            words::Value::Instant(at) => (at.format("%Y-%m-%d %H:%M:%S UTC").to_string(), ""),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            rows,
            "<tr><td width=\"130\" style=\"padding:5px 16px 5px 0;color:#5f6b7a;vertical-align:top\">{}</td>\
             <td style=\"padding:5px 0;vertical-align:top;{WRAP};{style}\">{value}</td></tr>",
            fact.label
        );
    }
    rows
}

fn escaped(text: &str) -> String {
    Limit(usize::MAX).fit_escaped(text, limits::html)
}
