//! The conditions of `when`: a value that is written, usually a reference, and what must hold of it.

use serde_json::Value;

use super::{
    build::all_under,
    rule::{Rule, compile_all, template},
    unit::Unit,
};
use crate::{
    document::Check,
    problem::Problem,
    reference::{JsonTemplate, Reference, Scope, Unresolved, UnresolvedCause},
};

/// One condition, compiled.
#[derive(Debug, Clone)]
pub struct Condition {
    value: JsonTemplate,
    /// All must hold; never empty.
    rules: Vec<Rule>,
}

impl Condition {
    /// Compiles `{ value: "@{{login.body.plan}}", equals: pro }`.
    ///
    /// # Errors
    /// Everything that is wrong with it; pointers are relative to the check.
    pub fn compile(check: &Check) -> Result<Self, Vec<Problem>> {
        let mut rest = check.0.clone();
        let Some(value) = rest.shift_remove("value") else {
            return Err(vec![Problem::error("", "a condition needs a `value`").help(
                "as in `{ value: \"@{{login.body.plan}}\", equals: pro }`: there is no answer yet to look at",
            )]);
        };
        let value = template(&value).map_err(|problems| all_under("/value", problems));
        match (value, compile_all(&Value::Object(rest), Unit::None)) {
            (Ok(value), Ok(rules)) => Ok(Self { value, rules }),
            (Err(mut problems), rules) => {
                problems.extend(rules.err().unwrap_or_default());
                Err(problems)
            }
            (Ok(_), Err(problems)) => Err(problems),
        }
    }

    /// Every reference, with the JSON pointer of the text it stands in, relative to the check.
    pub fn references(&self) -> impl Iterator<Item = (String, &Reference)> {
        let value = self
            .value
            .references()
            .into_iter()
            .map(|(pointer, reference)| (format!("/value{pointer}"), reference));
        value.chain(self.rules.iter().flat_map(Rule::references))
    }

    /// Whether it holds now.
    ///
    /// # Errors
    /// The reference that has no value. A value that an earlier answer lacks is none where the condition asks
    /// whether there is one (`exists`, `is_null`).
    pub fn holds(&self, scope: &dyn Scope) -> Result<bool, Unresolved> {
        let value = self.value.render(scope);
        let actual = match &value {
            Ok(value) => Ok(value),
            Err(unresolved)
                if unresolved.cause == UnresolvedCause::MissingValue && self.asks_for_presence() =>
            {
                Err(unresolved.message.as_str())
            }
            Err(unresolved) => return Err(unresolved.clone()),
        };
        for rule in &self.rules {
            if rule.resolve(scope)?.holds(actual).is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn asks_for_presence(&self) -> bool {
        self.rules.iter().any(|rule| rule.comparison.is_about_presence())
    }
}
