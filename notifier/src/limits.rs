//! How much receivers take, and how texts are cut to fit: the one place for both.
//!
//! Sources: PagerDuty, Events API v2 (a summary of 1024 characters, an event of 512 KB); Slack, Block Kit reference (header
//! 150, section 3000, field 2000, at most 10 fields, link of a button 3000) and "Truncating content" (text 4000 and up).
//! What is escaped is cut after that, never within an escape.

/// A number of UTF-16 units, so that it holds however a receiver counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) usize);

pub(crate) const PAGERDUTY_SUMMARY: Limit = Limit(1024);
/// Ours, for every text that is as long as a target or a user makes it: all of them, escaped at the worst, stay far below
/// the 512 KB of an event.
pub(crate) const PAGERDUTY_TEXT: Limit = Limit(2048);
pub(crate) const SLACK_HEADER: Limit = Limit(150);
pub(crate) const SLACK_SECTION: Limit = Limit(3000);
pub(crate) const SLACK_FIELD: Limit = Limit(2000);
/// What notifications on telephones show.
pub(crate) const SLACK_TEXT: Limit = Limit(4000);
pub(crate) const SLACK_URL: Limit = Limit(3000);
pub(crate) const SLACK_FIELDS: usize = 10;
/// Ours: a subject that is longer is cut by every client, and folded by every server.
pub(crate) const MAIL_SUBJECT: Limit = Limit(200);
/// Ours: what is longer is no title.
pub(crate) const MAIL_TITLE: Limit = Limit(200);
/// Ours: all of it stands below, value by value.
pub(crate) const MAIL_SUMMARY: Limit = Limit(1024);
/// Ours, for a value of the target in a mail.
pub(crate) const MAIL_VALUE: Limit = Limit(4096);
/// Ours, for the JSON text of a value; a longer one is sent as the beginning of that text.
pub(crate) const WEBHOOK_VALUE: Limit = Limit(4096);
/// Of a receiver's answer, what is kept.
pub(crate) const ANSWER: Limit = Limit(500);

/// How one character is written.
pub(crate) type Escape = fn(char, &mut String);

impl Limit {
    /// The text as it is, or its beginning and `…`.
    pub(crate) fn fit(self, text: &str) -> String {
        self.fit_escaped(text, |c, out| out.push(c))
    }

    /// The same of a text that is escaped.
    pub(crate) fn fit_escaped(self, text: &str, escape: Escape) -> String {
        let (mut fitted, mut units) = (String::new(), 0);
        // Where it would have to end if there is more than fits.
        let mut end = 0;
        for c in text.chars() {
            let before = fitted.len();
            escape(c, &mut fitted);
            units += fitted[before..].encode_utf16().count();
            if units > self.0 {
                fitted.truncate(end);
                fitted.push('…');
                return fitted;
            }
            if units < self.0 {
                end = fitted.len();
            }
        }
        fitted
    }
}

/// Slack's control characters, and mentions of whole channels, which need no brackets everywhere.
/// Source: <https://docs.slack.dev/messaging/formatting-message-text/#escaping>.
pub(crate) fn mrkdwn(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        // A word joiner: nobody sees it, and `@here` is none any more. The others begin and end formatting.
        '@' | '*' | '_' | '~' | '`' | '#' => out.extend([c, '\u{2060}']),
        _ => out.push(c),
    }
}

/// The same between backticks, where nothing is formatted and only the backtick ends it.
pub(crate) fn mrkdwn_code(c: char, out: &mut String) {
    match c {
        '`' => out.push('\u{2cb}'), // looks like one
        '@' => out.extend([c, '\u{2060}']),
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        _ => out.push(c),
    }
}

/// Text between tags, and in attributes between quotes.
pub(crate) fn html(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        _ => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn units(text: &str) -> usize {
        text.encode_utf16().count()
    }

    #[test]
    fn what_fits_exactly_is_not_cut() {
        assert_eq!(Limit(3).fit("äöü"), "äöü");
        assert_eq!(Limit(3).fit("äöüß"), "äö…");
        assert_eq!(Limit(1).fit("ab"), "…");
        assert_eq!(Limit(4).fit("😀😀"), "😀😀");
        assert_eq!(Limit(3).fit("😀😀"), "😀…");
    }

    #[test]
    fn an_escape_is_whole_or_not_there() {
        assert_eq!(Limit(5).fit_escaped("<<", html), "&lt;…");
        assert_eq!(Limit(4).fit_escaped("<<", html), "…");
        assert_eq!(Limit(8).fit_escaped("<<", html), "&lt;&lt;");
    }

    #[test]
    fn nothing_in_a_text_is_a_mention_or_markup_for_slack() {
        let evil = "<!channel> @here <@U1> <https://x|y> *b* `c` &amp;";
        let shown = SLACK_SECTION.fit_escaped(evil, mrkdwn);
        assert!(!shown.contains(['<', '>']) && !shown.contains("@here") && !shown.contains("*b*"), "{shown}");
        let code = SLACK_SECTION.fit_escaped("a`b``` <!here>", mrkdwn_code);
        assert!(!code.contains(['`', '<', '>']), "{code}");
    }

    proptest! {
        #[test]
        fn no_text_is_longer_than_its_limit(text in any::<String>(), most in 1..50_usize) {
            for escape in [html as Escape, mrkdwn, mrkdwn_code, |c, out| out.push(c)] {
                let fitted = Limit(most).fit_escaped(&text, escape);
                prop_assert!(units(&fitted) <= most, "{fitted}");
            }
            prop_assert_eq!(Limit(most).fit(&text) == text, units(&text) <= most);
        }
    }
}
