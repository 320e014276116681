//! What must hold of an answer: sources, comparisons, and the original Skopos's assertion object.
//!
//! A check is compiled once, with the document (`compile`, `original`, `condition`), and evaluated against answers
//! (`evaluate`). A check that does not hold is a value, not an error. What it means for the step is not decided here.

mod build;
mod comparison;
mod compile;
mod condition;
mod evaluate;
mod json_type;
mod jsonpath;
mod kept;
mod original;
pub(crate) mod pattern;
mod predicate;
mod rule;
mod schema;
pub(crate) mod source;
#[cfg(test)]
mod tests;
mod unit;
mod value;
mod xpath;
mod xpath_words;

pub use comparison::Comparison;
pub use condition::Condition;
pub use json_type::JsonType;
pub(crate) use kept::CUT;
pub use original::OriginalComparison;

use original::Original;
use rule::Rule;
use source::Source;

use crate::{
    problem::Problem,
    reference::{Reference, SyntaxError},
};

/// One assertion, compiled.
#[derive(Debug, Clone)]
pub struct Assertion(Form);

#[derive(Debug, Clone)]
enum Form {
    /// A source and what must hold of it.
    Comparisons(Comparisons),
    /// The original Skopos's object.
    Original(Original),
}

#[derive(Debug, Clone)]
struct Comparisons {
    /// Of what is written under the source, relative to the check.
    pointer: String,
    /// The source as written, for people.
    label: String,
    source: Source,
    /// All must hold; never empty.
    rules: Vec<Rule>,
    /// `severity: warning`: what does not hold degrades the run, it does not fail it.
    warning: bool,
}

impl Assertion {
    /// Every reference in what is expected, with the JSON pointer of the text it stands in, relative to the check.
    pub fn references(&self) -> impl Iterator<Item = (String, &Reference)> {
        let (comparisons, original) = match &self.0 {
            Form::Comparisons(comparisons) => (Some(comparisons), None),
            Form::Original(original) => (None, Some(original)),
        };
        let comparisons = comparisons.into_iter().flat_map(Comparisons::references);
        comparisons.chain(original.into_iter().flat_map(Original::references))
    }
}

impl Comparisons {
    fn references(&self) -> impl Iterator<Item = (String, &Reference)> {
        let references = self.rules.iter().flat_map(Rule::references);
        references.map(|(pointer, reference)| (format!("{}{pointer}", self.pointer), reference))
    }
}

/// What is not of the reference language, as a problem inside the text where it was written.
fn syntax_problem(error: &SyntaxError) -> Problem {
    let problem = Problem::error("", error.message.clone());
    Problem { offset: Some(error.offset), help: error.help.clone(), ..problem }
}
