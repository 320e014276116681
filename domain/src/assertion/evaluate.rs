//! From a compiled assertion and an answer to results: one per comparison, each with what was expected and what was
//! there.

use std::{borrow::Cow, slice};

use serde_json::Value;

use super::{Assertion, Comparison, Comparisons, Form, kept::kept, rule::Rule};
use crate::{
    answer::Answer,
    reference::{Scope, Unresolved},
    result::{AssertionOutcome, AssertionResult},
};

impl Assertion {
    /// What came of it: one result per comparison, in the order in which they were written.
    ///
    /// # Errors
    /// The reference in what is expected that has no value.
    pub fn evaluate(&self, answer: &Answer, scope: &dyn Scope) -> Result<Vec<AssertionResult>, Unresolved> {
        Self::evaluate_all(slice::from_ref(self), answer, scope)
    }

    /// The same for several, one after the other.
    ///
    /// # Errors
    /// The first reference in what is expected that has no value.
    pub fn evaluate_all(
        assertions: &[Self],
        answer: &Answer,
        scope: &dyn Scope,
    ) -> Result<Vec<AssertionResult>, Unresolved> {
        let mut results = Vec::with_capacity(assertions.len());
        for assertion in assertions {
            match &assertion.0 {
                Form::Comparisons(comparisons) => comparisons.evaluate(answer, scope, &mut results)?,
                Form::Original(original) => results.push(original.evaluate(answer, scope)?),
            }
        }
        Ok(results)
    }
}

impl Comparisons {
    fn evaluate(
        &self,
        answer: &Answer,
        scope: &dyn Scope,
        results: &mut Vec<AssertionResult>,
    ) -> Result<(), Unresolved> {
        let reading = self.source.read(answer);
        for rule in &self.rules {
            results.push(self.result(rule, &reading, answer, scope)?);
        }
        Ok(())
    }

    fn result(
        &self,
        rule: &Rule,
        reading: &Result<Cow<'_, Value>, String>,
        answer: &Answer,
        scope: &dyn Scope,
    ) -> Result<AssertionResult, Unresolved> {
        let resolved = rule.resolve(scope)?;
        let about_text = self.source.is_body() && resolved.is_about_text();
        // One node gives a text where several give a list: what is asked of each item holds for it too.
        let alone = match reading {
            Ok(one) if self.source.is_nodes() && rule.comparison.is_about_items() && !one.is_array() => {
                Some(Value::Array(vec![one.as_ref().clone()]))
            }
            _ => None,
        };
        let actual = match reading {
            Ok(_) if let Some(list) = &alone => Ok(list),
            // A JSON body is a text as well; only what is inside its quotes, if it is nothing but a text.
            Ok(body) if about_text && !body.is_string() => Ok(answer.text_value()),
            Ok(value) => Ok(value.as_ref()),
            Err(missing) => Err(missing.as_str()),
        };
        let message = resolved.holds(actual).err();
        Ok(AssertionResult {
            source: self.label.clone(),
            comparison: rule.comparison.as_str().into(),
            expected: resolved.expected.into_owned(),
            actual: actual.ok().map(kept),
            outcome: match &message {
                None => AssertionOutcome::Passed,
                Some(_) if self.warning || rule.comparison == Comparison::Degraded => {
                    AssertionOutcome::Degraded
                }
                Some(_) => AssertionOutcome::Failed,
            },
            message,
        })
    }
}
