//! What the YAML parser complains about, in words that say what to do.

use saphyr_parser::ScanError;

use crate::problem::Problem;

use super::places::Mark;

const QUOTE: &str = "put the whole value in quotes";

/// The problem that a parse error is. `lines` are those of the text that was parsed.
pub(super) fn problem(error: &ScanError, lines: &[&str], mark: Mark) -> Problem {
    let line = error.marker().line().checked_sub(1).and_then(|line| lines.get(line)).copied().unwrap_or("");
    let rest: String = line.chars().skip(error.marker().col()).collect();
    let (message, help) = words(error.info(), &rest, line);
    let problem = Problem::error("", message);
    let mut problem = match help {
        Some(help) => problem.help(help),
        None => problem,
    };
    (problem.line, problem.column) = (Some(mark.line), Some(mark.column));
    problem
}

/// Message and help. The parser's own words are matched by their telling part, so that a rewording there costs a
/// nicer message here, never correctness.
fn words(info: &str, rest: &str, line: &str) -> (String, Option<String>) {
    let has = |part: &str| info.contains(part);
    let owned = |message: &str, help: &str| (message.to_owned(), Some(help.to_owned()));
    if has("unexpected character") {
        return reserved(rest, line);
    }
    if has("unexpected end of stream") || has("unexpected document indicator") || has("in quoted scalar") {
        return owned(
            "the quote that opens here is not closed",
            "close it; where a quoted text goes on in the next line, that line is indented",
        );
    }
    if has("unprintable") {
        return control(rest);
    }
    if has("tab") {
        return owned("a tab is used for indentation", "YAML is indented with spaces");
    }
    if line.contains("@{{") && (has("flow mapping") || has("flow sequence") || has("mapping values")) {
        return owned("this is not valid YAML", "a text that holds `@{{…}}` goes in quotes: \"…@{{…}}…\"");
    }
    if has("mapping values are not allowed") && !before(rest, line).contains(": ") {
        return owned(
            "this line is indented like a part of the value above it",
            "align it with the keys around it",
        );
    }
    if has("mapping values are not allowed") {
        return owned("a second `: ` in one line", QUOTE);
    }
    if has("simple key expect") || has("simple key expected") {
        return owned("a key without `:`", "write `key: value`");
    }
    if has("flow mapping") {
        return owned("`,` or `}` is missing before this", "close every `{` with a `}`");
    }
    if has("flow sequence") {
        return owned("`,` or `]` is missing before this", "close every `[` with a `]`");
    }
    if has("trailing content after double-quoted") {
        return owned(
            "something follows the closing quote",
            "put the whole value in quotes, or a `,` between two values",
        );
    }
    if has("unknown anchor") {
        return owned(
            "this alias names nothing",
            "define it earlier with `&name`; a text that starts with `*` goes in quotes",
        );
    }
    if has("escape character") {
        return owned(
            "an unknown escape after `\\`",
            "write `\\\\`, or use single quotes, where `\\` is itself",
        );
    }
    if has("did not find expected key") || has("'-' indicator") || has("invalid indentation") {
        return owned("this line does not fit the indentation around it", "align it with its neighbours");
    }
    (format!("not valid YAML: {}", info.rsplit_once(", ").map_or(info, |(_, telling)| telling)), None)
}

/// No character that people see.
fn control(rest: &str) -> (String, Option<String>) {
    let character = u32::from(rest.chars().next().unwrap_or_default());
    (
        format!("a control character (U+{character:04X}) stands here"),
        Some(format!("take it out; a text that needs it goes in double quotes, as `\\x{character:02x}`")),
    )
}

/// A plain text cannot start with `@`, a backquote or `%`.
fn reserved(rest: &str, line: &str) -> (String, Option<String>) {
    let first = rest.chars().next().unwrap_or('@');
    let value = rest.split(" #").next().unwrap_or(rest).trim_end();
    let before = before(rest, line);
    let simple = !value.contains(['"', '\\']) && !before.contains(['{', '[']);
    let help = if simple { format!("{QUOTE}: {}\"{value}\"", before.trim_start()) } else { QUOTE.to_owned() };
    (format!("a value cannot start with `{first}` in YAML"), Some(help))
}

/// What stands before `rest`, which ends the line.
fn before<'l>(rest: &str, line: &'l str) -> &'l str {
    line.strip_suffix(rest).unwrap_or("")
}
