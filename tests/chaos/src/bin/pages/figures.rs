//! What a scenario came to: figures for people, and what must not be.

use std::fmt;

/// Of one scenario.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    lines: Vec<String>,
    pub(crate) violations: Vec<String>,
}

impl Figures {
    pub(crate) fn say(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Says a number that has to be that one.
    pub(crate) fn exactly(&mut self, what: &str, found: usize, expected: usize) {
        self.lines.push(format!("{what}: {found}"));
        if found != expected {
            self.violations.push(format!("{what}: {found}, not {expected}"));
        }
    }

    /// Says a number that may not be larger.
    pub(crate) fn at_most(&mut self, what: &str, found: usize, most: usize) {
        self.lines.push(format!("{what}: {found} (at most {most})"));
        if found > most {
            self.violations.push(format!("{what}: {found}, more than {most}"));
        }
    }

    /// Says nothing when there is nothing.
    pub(crate) fn none(&mut self, what: &str, found: &[String]) {
        if let Some(first) = found.first() {
            self.violations.push(format!("{what}: {} times, such as: {first}", found.len()));
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "  {line}")?;
        }
        for violation in &self.violations {
            writeln!(f, "  VIOLATED {violation}")?;
        }
        let verdict = if self.violations.is_empty() { "ok" } else { "FAILED" };
        writeln!(f, "  {verdict}")
    }
}

/// The value below which that share of sorted ones lies.
pub(crate) fn percentile(sorted: &[i64], share: f64) -> i64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_be_is_named_and_fails() {
        let mut figures = Figures::default();
        figures.exactly("alerts", 3, 3);
        figures.at_most("twice", 0, 1);
        figures.none("refused", &[]);
        assert!(figures.to_string().ends_with("  ok\n"));
        figures.exactly("open", 1, 0);
        figures.at_most("twice", 2, 1);
        figures.none("refused", &["no_text".to_owned()]);
        assert_eq!(figures.violations.len(), 3);
        assert!(figures.to_string().contains("  VIOLATED open: 1, not 0\n"));
    }
}
