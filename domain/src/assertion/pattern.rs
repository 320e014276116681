//! Regular expressions that users write: linear time always, bounded memory.

use regex::{Regex, RegexBuilder};

/// What one compiled expression may take, in bytes.
const SIZE_LIMIT: usize = 1024 * 1024;

/// Compiles an expression, or says in one sentence why it is none.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the regular expression is too large once compiled".to_owned(),
        other => format!("not a regular expression: {}", last_line(&other.to_string())),
    })
}

/// The parser's message draws the place over several lines; its last one says what is wrong.
fn last_line(message: &str) -> &str {
    let line = message.lines().last().unwrap_or(message);
    line.strip_prefix("error: ").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_expression_is_explained_in_one_line() {
        assert_eq!(compile("(a").unwrap_err(), "not a regular expression: unclosed group");
        assert!(compile(r"(\w{1000}){1000}").unwrap_err().contains("too large"));
        assert!(compile(&"(".repeat(100_000)).is_err());
    }
}
