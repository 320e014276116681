//! Where a run's references find their values.

use std::{borrow::Cow, cell::RefCell, time::Duration};

use chrono::SecondsFormat;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    plan::Plan,
    reference::{Function, NoValue, Path, Root, Scope, Segment},
};

use super::{
    inputs::{Inputs, RunFacts},
    machine::Shared,
};

/// The run's source of random values: the same seed gives the same values.
pub(super) struct Dice(RefCell<StdRng>);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(RefCell::new(StdRng::seed_from_u64(seed)))
    }
}

/// What a run knows at one instant.
pub(super) struct RunScope<'m> {
    pub(super) plan: &'m Plan,
    pub(super) inputs: &'m Inputs,
    /// What `run.…` names.
    pub(super) facts: &'m RunFacts,
    pub(super) answers: &'m [Option<Answer>],
    /// What `row` names, if the collection has `each`.
    pub(super) row: Option<&'m Value>,
    /// In the order of the plan's.
    pub(super) set_ups: &'m [Shared],
    pub(super) dice: &'m Dice,
    /// Since the run's start.
    pub(super) at: Duration,
}

impl Scope for RunScope<'_> {
    fn value(&self, root: &Root, path: &Path) -> Result<Cow<'_, Value>, NoValue> {
        match root {
            Root::Step(id) => {
                let index = self.plan.steps.iter().position(|step| step.id == *id);
                if let (None, Some(shared)) = (index, self.shared(id)) {
                    return captured(id, shared, path);
                }
                self.answer(index, id, path)
            }
            Root::StepNumber(number) => {
                let index = usize::try_from(*number).ok().and_then(|number| number.checked_sub(1));
                self.answer(index, &format!("step{number}"), path)
            }
            Root::Vars => self.var(path),
            Root::Secrets => self.secret(path),
            Root::Run => self.fact(path),
            // Only for a `default` is it missing: without one, no such reference is saved.
            Root::Row => {
                let row = self.row.ok_or_else(|| NoValue::gone("the run has no rows"))?;
                Ok(Cow::Borrowed(path.find(row)?))
            }
            Root::Call(function) => Ok(Cow::Owned(self.call(function))),
        }
    }

    fn call(&self, function: &Function) -> Value {
        let now = self.inputs.facts.started_at + self.at;
        function.evaluate(now, &mut *self.dice.0.borrow_mut())
    }
}

impl<'m> RunScope<'m> {
    fn shared(&self, id: &str) -> Option<&'m Shared> {
        let index = self.plan.uses.iter().position(|used| used.collection.as_str() == id)?;
        self.set_ups.get(index)
    }

    fn answer(&self, index: Option<usize>, step: &str, path: &Path) -> Result<Cow<'_, Value>, NoValue> {
        let answer = index.and_then(|index| self.answers.get(index)?.as_ref());
        Ok(answer.ok_or_else(|| NoValue::never_ran(step))?.find(path)?)
    }

    fn var(&self, path: &Path) -> Result<Cow<'_, Value>, NoValue> {
        let name = path.first().unwrap_or_default();
        let mut layers = self.inputs.vars.iter().chain([&self.plan.vars]);
        let value = layers.find_map(|layer| layer.get(name));
        let value = value.ok_or_else(|| NoValue::gone(format!("there is no variable `{name}`")))?;
        path.find_after(1, value).map(Cow::Borrowed).map_err(NoValue::gone)
    }

    fn secret(&self, path: &Path) -> Result<Cow<'_, Value>, NoValue> {
        let name = path.first().unwrap_or_default();
        let value = self.inputs.secrets.get(name);
        let value = value.ok_or_else(|| NoValue::gone(format!("there is no secret `{name}`")))?;
        Ok(Cow::Owned(Value::String(value.to_owned())))
    }

    fn fact(&self, path: &Path) -> Result<Cow<'_, Value>, NoValue> {
        let facts = self.facts;
        let value = match path.segments() {
            [Segment::Name(name)] => match name.as_str() {
                "id" => json!(facts.id.to_string()),
                "started_at" => json!(facts.started_at.to_rfc3339_opts(SecondsFormat::Millis, true)),
                "attempt" => json!(facts.attempt),
                "location" => json!(facts.location.as_str()),
                _ => return Err(NoValue::gone(format!("a run has no `{name}`"))),
            },
            _ => return Err(NoValue::gone("a run has `id`, `started_at`, `attempt` and `location`")),
        };
        Ok(Cow::Owned(value))
    }
}

/// What a shared set-up captured under `captures.…`. A name that it does not have is no answer of a target that lacks
/// something: the collection has changed, or the step that captures it was skipped.
fn captured<'m>(id: &str, shared: &'m Shared, path: &Path) -> Result<Cow<'m, Value>, NoValue> {
    let Some(ready) = &shared.ready else { return Err(NoValue::never_ran(id)) };
    let name = path.segments().get(1).and_then(Segment::name).unwrap_or_default();
    let value = ready.captures.get(name);
    let value = value.ok_or_else(|| NoValue::gone(format!("the shared set-up captured no `{name}`")))?;
    path.find_after(2, value).map(Cow::Borrowed).map_err(NoValue::missing)
}
