//! Documents in one style: two spaces, double quotes, lines of 120 characters, comments where they were. The order of
//! keys is the writer's. What a text means is never changed: the result is read again and compared.

use domain::{document::read_text, problem::Problem};
use pretty_yaml::{
    config::{FormatOptions, LanguageOptions, LayoutOptions},
    format_text,
};
use serde_json::Value;

/// A style that has not settled after so many rounds never will.
const ROUNDS: usize = 5;

/// Why a text was left as it is.
#[derive(Debug, PartialEq)]
pub(crate) enum Refusal {
    /// It cannot be read, and why.
    Unreadable(Vec<Problem>),
    /// It can be read, and cannot be written in another way without a change of its meaning.
    Unsafe(&'static str),
}

/// The text in the one style. Formatting that again changes nothing.
///
/// # Errors
///
/// When it cannot be read or not be written safely.
pub(crate) fn format(text: &str) -> Result<String, Refusal> {
    let meant = values(text)?;
    let mut written = round(text, &meant)?;
    for _ in 0..ROUNDS {
        let again = round(&written, &meant)?;
        if again == written {
            return Ok(written);
        }
        written = again;
    }
    Err(Refusal::Unsafe("its style does not settle"))
}

fn round(text: &str, meant: &[Value]) -> Result<String, Refusal> {
    let written = write(text, meant)?;
    let same = values(&written).is_ok_and(|again| again == meant);
    let comments = |text: &str| text.matches('#').count();
    match same && comments(text) == comments(&written) {
        true => Ok(written),
        false => Err(Refusal::Unsafe("another style would change what it means")),
    }
}

fn write(text: &str, meant: &[Value]) -> Result<String, Refusal> {
    // JSON stays JSON.
    if let ([value], Ok(_)) = (meant, serde_json::from_str::<serde::de::IgnoredAny>(text)) {
        return Ok(format!("{value:#}\n"));
    }
    let layout = LayoutOptions { print_width: 120, ..LayoutOptions::default() };
    let language = LanguageOptions {
        trailing_comma: false,
        format_comments: true,
        ignore_comment_directive: "skopos-fmt-ignore".to_owned(),
        ..LanguageOptions::default()
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    format_text(text, &FormatOptions { layout, language })
        .map_err(|_| Refusal::Unsafe("it uses a form of YAML that cannot be formatted"))
}

/// What a text means: every document as JSON.
fn values(text: &str) -> Result<Vec<Value>, Refusal> {
    let readings = read_text(text);
    let problems = readings.iter().filter(|reading| reading.is_unreadable());
    let problems: Vec<_> = problems.flat_map(|reading| reading.problems.clone()).collect();
    if problems.is_empty() {
        Ok(readings.iter().map(|reading| reading.value().clone()).collect())
    } else {
        Err(Refusal::Unreadable(problems))
    }
}

#[cfg(test)]
#[path = "formatting_tests.rs"]
mod tests;
