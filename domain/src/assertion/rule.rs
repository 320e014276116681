//! One comparison of an assertion or a condition as it was written: ready at once when its operand holds no
//! reference, else built from the rendered operand each time.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    build::{all_under, build, members},
    comparison::Comparison,
    predicate::Predicate,
    unit::Unit,
};
use crate::{
    problem::Problem,
    reference::{JsonTemplate, Reference, Scope, Unresolved},
};

/// A comparison and its operand.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) comparison: Comparison,
    /// Of the operand, relative to the check.
    pointer: String,
    unit: Unit,
    operand: Operand,
}

#[derive(Debug, Clone)]
enum Operand {
    /// Without a reference in it: what is expected, and how it is asked.
    Ready(Value, Predicate),
    /// With references.
    Template(JsonTemplate),
}

/// A rule whose references have become values.
pub(super) struct Resolved<'r> {
    pub(super) expected: Cow<'r, Value>,
    /// Or why the rendered operand is none.
    pub(super) predicate: Result<Cow<'r, Predicate>, String>,
}

impl Rule {
    /// Compiles one comparison.
    pub(super) fn compile(
        comparison: Comparison,
        pointer: &str,
        operand: &Value,
        unit: Unit,
    ) -> Result<Self, Vec<Problem>> {
        let up = |problems| all_under(pointer, problems);
        let template = template(operand).map_err(up)?;
        let operand = match template.as_literal() {
            Some(expected) => {
                let predicate = build(comparison, expected, unit).map_err(up)?;
                Operand::Ready(expected.clone(), predicate)
            }
            None => {
                if comparison.is_nested() {
                    compile_all(operand, unit).map_err(up)?;
                }
                Operand::Template(template)
            }
        };
        Ok(Self { comparison, pointer: pointer.to_owned(), unit, operand })
    }

    /// Every reference, with the pointer of the text it stands in.
    pub(super) fn references(&self) -> impl Iterator<Item = (String, &Reference)> {
        let template = match &self.operand {
            Operand::Ready(..) => None,
            Operand::Template(template) => Some(template),
        };
        let references = template.map(JsonTemplate::references).into_iter().flatten();
        references.map(|(pointer, reference)| (format!("{}{pointer}", self.pointer), reference))
    }

    /// What is expected now.
    pub(super) fn resolve(&self, scope: &dyn Scope) -> Result<Resolved<'_>, Unresolved> {
        let template = match &self.operand {
            Operand::Ready(expected, predicate) => {
                let (expected, predicate) = (Cow::Borrowed(expected), Ok(Cow::Borrowed(predicate)));
                return Ok(Resolved { expected, predicate });
            }
            Operand::Template(template) => template,
        };
        let expected = template.render(scope)?;
        let predicate = build(self.comparison, &expected, self.unit).map(Cow::Owned);
        let predicate = predicate.map_err(|problems| sentence(&problems));
        Ok(Resolved { expected: Cow::Owned(expected), predicate })
    }
}

/// Compiles a set of comparisons, or a scalar that is meant to be equal; finds every problem in it.
pub(super) fn compile_all(written: &Value, unit: Unit) -> Result<Vec<Rule>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut rules = Vec::new();
    for (comparison, pointer, operand) in members(written, unit)? {
        match Rule::compile(comparison, &pointer, operand, unit) {
            Ok(rule) => rules.push(rule),
            Err(inner) => problems.extend(inner),
        }
    }
    if problems.is_empty() { Ok(rules) } else { Err(problems) }
}

/// What is wrong with a rendered operand. There is at least one problem; the first says enough.
fn sentence(problems: &[Problem]) -> String {
    problems.first().map_or_else(String::new, |problem| problem.message.clone())
}

/// Any JSON with references in its texts.
pub(super) fn template(written: &Value) -> Result<JsonTemplate, Vec<Problem>> {
    JsonTemplate::parse(written).map_err(|errors| {
        let problem = |(pointer, error): (String, _)| super::syntax_problem(&error).under(&pointer);
        errors.into_iter().map(problem).collect()
    })
}

impl Resolved<'_> {
    /// Whether it asks about the characters of a text.
    pub(super) fn is_about_text(&self) -> bool {
        self.predicate.as_ref().is_ok_and(|predicate| predicate.is_about_text())
    }

    /// Whether it holds, and if not, why.
    pub(super) fn holds(&self, actual: Result<&Value, &str>) -> Result<(), String> {
        self.predicate.as_ref().map_err(Clone::clone)?.holds(actual)
    }
}
