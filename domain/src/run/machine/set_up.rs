//! Shared set-ups: asked for before the first step, and once more when a target refuses what one of them gave. A request
//! that is answered 401 was not carried out (RFC 9110, section 15.5.2), so it is sent again whatever it does.

use std::{collections::VecDeque, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    document::Slug,
    outcome::{Outcome, Reason},
    plan::{Plan, PlannedStep},
    result::{SetUpResult, StepOutcome},
    run::inputs::Inputs,
    set_up::{Ask, Failed, Fetch, Ready},
};

use super::{super::mask, Command, Machine, State, StepInHand};

/// What a run has of one set-up.
#[derive(Default)]
pub(in crate::run) struct Shared {
    pub(in crate::run) ready: Option<Ready>,
    /// Whether newer ones were asked for: once in a run.
    renewed: bool,
}

/// Set-ups that are asked for, one after the other.
pub(super) struct Asking {
    /// Indexes into the plan's; the first is the one that is waited for.
    wanted: VecDeque<usize>,
    /// The step that waits for them; without one they are what the run begins with.
    pub(super) step: Option<StepInHand>,
}

impl Machine {
    /// A run of a set-up for others. Everything that it captures is a secret, and can be taken out at its end.
    #[must_use]
    pub fn sharing(plan: Arc<Plan>, inputs: Inputs) -> Self {
        Self { captured: Some(Map::new()), ..Self::new(plan, inputs) }
    }

    /// What a set-up has captured, of each name the latest, in clear. Empty after a run that is none.
    #[must_use]
    pub fn into_captures(self) -> Map<String, Value> {
        self.captured.unwrap_or_default()
    }

    pub(super) fn begin_run(&mut self) -> Command {
        self.ask_for(Asking { wanted: (0..self.plan.uses.len()).collect(), step: None })
    }

    fn ask_for(&mut self, asking: Asking) -> Command {
        let Some(index) = asking.wanted.front().copied() else {
            return match asking.step {
                None => self.advance(0),
                Some(step) => self.send(step),
            };
        };
        let used = &self.plan.uses[index];
        let shared = &self.set_ups[index];
        let newer_than = shared.ready.as_ref().filter(|_| shared.renewed).map(|ready| ready.generation);
        let ask = Ask { set_up: used.collection.clone(), ttl: used.ttl(), newer_than };
        self.state = State::SettingUp(asking);
        Command::SetUp(ask)
    }

    /// The step once more, rendered anew, with newer ones of these set-ups.
    pub(super) fn renew(&mut self, mut step: StepInHand, wanted: VecDeque<usize>) -> Command {
        for index in &wanted {
            self.set_ups[*index].renewed = true;
        }
        step.rendered = None;
        // What was refused for the set-up's sake is no try of the step's own.
        step.tries = step.tries.saturating_sub(1);
        self.ask_for(Asking { wanted, step: Some(step) })
    }

    /// The set-ups that a step's target may have refused, and that were not asked for anew before.
    pub(super) fn refused(&self, step: &PlannedStep, status: u16) -> VecDeque<usize> {
        if status != 401 {
            return VecDeque::new();
        }
        let uses = self.plan.uses.iter().zip(&self.set_ups).enumerate();
        uses.filter(|(_, (used, shared))| {
            step.request.set_ups.contains(&used.collection) && shared.ready.is_some() && !shared.renewed
        })
        .map(|(index, _)| index)
        .collect()
    }

    pub(super) fn set_up_ready(&mut self, mut asking: Asking, ready: Ready) -> Command {
        let Some(index) = asking.wanted.pop_front() else { return self.ask_for(asking) };
        ready.captures.values().for_each(|value| mask::learn(&mut self.masker, value));
        self.note_set_up(index, Outcome::Passed, None, Some(ready.fetch.clone()));
        self.set_ups[index].ready = Some(ready);
        self.ask_for(asking)
    }

    /// Without what it needs a run does nothing at all, in none of its rows, so there is nothing to clean up after either. A clean-up goes on:
    /// what it cannot do without the set-up is skipped.
    pub(super) fn set_up_failed(&mut self, mut asking: Asking, failed: Failed) -> Command {
        let Some(index) = asking.wanted.pop_front() else { return self.ask_for(asking) };
        let reason = failed.reason_for_users(&self.plan.uses[index].collection);
        let outcome = failed.outcome;
        self.note_set_up(index, outcome, Some(failed.reason), failed.fetch.map(|fetch| *fetch));
        match asking.step {
            Some(step) => {
                let ended = match outcome {
                    Outcome::Failed => StepOutcome::Failed,
                    _ => StepOutcome::Inconclusive,
                };
                self.stopped_as(step.index, ended, outcome, reason)
            }
            None if self.resumed => self.ask_for(asking),
            None => {
                self.begin_no_more(&reason);
                self.blame(outcome, reason);
                self.finish()
            }
        }
    }

    fn note_set_up(&mut self, index: usize, outcome: Outcome, reason: Option<Reason>, fetch: Option<Fetch>) {
        let (by, at, steps) =
            fetch.map_or((None, None, Vec::new()), |fetch| (Some(fetch.by), Some(fetch.at), fetch.steps));
        self.set_up_results.push(SetUpResult {
            collection: self.plan.uses[index].collection.clone(),
            outcome,
            reason,
            fetched_by: by,
            fetched_at: at,
            steps,
        });
    }

    /// The set-up that the run waits for.
    pub(super) fn awaited(&self, asking: &Asking) -> Option<&Slug> {
        asking.wanted.front().map(|index| &self.plan.uses[*index].collection)
    }
}
