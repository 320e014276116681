//! Problems as a compiler shows them: where, what, the line itself, and what to do.

use std::fmt::Write;

use domain::problem::Problem;

use super::Style;

/// A problem in the text of `path`.
pub(crate) fn render(path: &str, text: &str, problem: &Problem, style: Style) -> String {
    let severity = if problem.is_error() { style.red("error") } else { style.yellow("warning") };
    let place = match (problem.line, problem.column) {
        (Some(line), Some(column)) => format!("{path}:{line}:{column}"),
        (Some(line), None) => format!("{path}:{line}"),
        _ if problem.pointer.is_empty() => path.to_owned(),
        _ => format!("{path} at {}", problem.pointer),
    };
    let mut shown = format!("{}: {severity}: {}\n", style.bold(place), style.bold(&problem.message));
    let margin = excerpt(&mut shown, text, problem, style);
    if let Some(help) = &problem.help {
        let _ = writeln!(shown, "{:margin$} {} help: {help}", "", style.dim("="));
    }
    shown
}

/// Adds the offending line and its underline; returns the width of the line number.
fn excerpt(shown: &mut String, text: &str, problem: &Problem, style: Style) -> usize {
    let line = problem.line.and_then(|line| Some((line, text.lines().nth(line as usize - 1)?)));
    let Some((number, line)) = line else { return 1 };
    // One column per character, so that the underline stands where it should.
    let line = line.replace('\t', " ");
    let (margin, bar) = (number.to_string().len(), style.dim("|"));
    let _ = writeln!(shown, "{:margin$} {bar}\n{} {bar} {line}", "", style.dim(number));
    if let Some(column) = problem.column {
        let before = column as usize - 1;
        let marks = "^".repeat(word_length(&line, before));
        let _ = writeln!(shown, "{:margin$} {bar} {:before$}{}", "", "", style.red(marks));
    }
    margin
}

/// How many characters from `start` belong to what stands there: a reference, a quoted text, a word, or one character.
fn word_length(line: &str, start: usize) -> usize {
    let rest: String = line.chars().skip(start).collect();
    if let Some((reference, _)) = rest.split_once("}}").filter(|_| rest.starts_with("@{{")) {
        return reference.chars().count() + 2;
    }
    match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            rest.chars().skip(1).position(|c| c == quote).map_or(1, |length| length + 2)
        }
        _ => {
            let word = rest.split(|c: char| c.is_whitespace() || ",[]{}()|\"'".contains(c)).next();
            // The colon after a key is not part of it; the one in a URL is.
            word.unwrap_or_default().trim_end_matches(':').chars().count().max(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "kind: collection\n\ttiemout: 60s\nurl: \"@{{vars.bse}}\"\n";

    fn at(line: u32, column: u32, problem: Problem) -> String {
        let problem = Problem { line: Some(line), column: Some(column), ..problem };
        render("a.yaml", TEXT, &problem, Style::Plain)
    }

    #[test]
    fn the_word_is_underlined_and_help_follows() {
        let problem = Problem::error("/tiemout", "unknown key `tiemout`").help("did you mean `timeout`?");
        insta::assert_snapshot!(at(2, 2, problem), @r"
        a.yaml:2:2: error: unknown key `tiemout`
          |
        2 |  tiemout: 60s
          |  ^^^^^^^
          = help: did you mean `timeout`?
        ");
    }

    #[test]
    fn a_quoted_text_is_underlined_whole() {
        insta::assert_snapshot!(at(3, 6, Problem::warning("/url", "odd")), @r#"
        a.yaml:3:6: warning: odd
          |
        3 | url: "@{{vars.bse}}"
          |      ^^^^^^^^^^^^^^^
        "#);
    }

    #[test]
    fn a_word_is_underlined_without_what_surrounds_it() {
        for (line, start, length) in [
            ("url: https://shop.test }", 5, 17),
            ("@{{a.b | nope}}", 9, 4),
            ("x/@{{a.b | é}}/y", 2, 12),
            ("@{{a.b", 0, 1),
            ("timeout: 60s", 0, 7),
            ("[]", 0, 1),
        ] {
            assert_eq!(word_length(line, start), length, "{line}");
        }
    }

    #[test]
    fn a_place_beyond_the_text_is_no_reason_to_fail() {
        assert_eq!(at(9, 9, Problem::error("", "gone")), "a.yaml:9:9: error: gone\n");
        assert!(at(1, 99, Problem::error("", "beyond")).ends_with("^\n"));
    }

    #[test]
    fn a_problem_without_a_line_names_its_pointer() {
        let problem = Problem::error("/steps/0", "refused");
        assert_eq!(render("a.yaml", TEXT, &problem, Style::Plain), "a.yaml at /steps/0: error: refused\n");
    }
}
