//! From a collection as written to a [`Plan`]: every text is parsed once, every problem is collected.

mod auth;
mod request;

use std::time::Duration;

use serde_json::Value;

use crate::{
    assertion::{Assertion, Condition},
    capture::Capture,
    document::{
        self, Backoff, Check, Collection, Defaults, OnRedelivery, RetryClass, RetryWhen, Slug, Step, Use,
        files,
    },
    problem::{Problem, pointer_token},
    reference::{Reference, SyntaxError, Template},
};

use super::{DEFAULT_TIMEOUT, Plan, PlannedStep, PollPlan, RequestPlan, RetryPlan, order, rows};

const DEFAULT_STEP_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_RETRY_WHEN: [RetryWhen; 6] = [
    RetryWhen::Class(RetryClass::Network),
    RetryWhen::Class(RetryClass::Timeout),
    RetryWhen::Status(429),
    RetryWhen::Status(502),
    RetryWhen::Status(503),
    RetryWhen::Status(504),
];

pub(super) fn collection(collection: &Collection) -> Result<Plan, Vec<Problem>> {
    let ids: Vec<&str> = collection.steps.iter().map(|step| step.id.as_str()).collect();
    let names = order::Names { ids: &ids, uses: &collection.uses };
    let each = collection.each.as_ref();
    let mut problems: Vec<_> = each.and_then(files::unread_rows).into_iter().collect();
    let rows: Option<Vec<_>> = each.map(|each| each.rows().iter().cloned().map(Value::Object).collect());
    let mut references = Vec::new();
    let mut steps: Vec<PlannedStep> = Vec::new();
    for (index, step) in collection.steps.iter().enumerate() {
        let mut compiler = Compiler { uses: &collection.uses, problems: Vec::new(), references: Vec::new() };
        let planned = compiler.step(&format!("/steps/{index}"), step, &collection.defaults);
        for (pointer, reference) in &compiler.references {
            let problem = order::problem(pointer, reference, index, &names, &steps)
                .or_else(|| rows::problem(pointer, reference, rows.as_deref()));
            compiler
                .problems
                .extend(problem.map(|found| Problem { offset: Some(reference.span().start), ..found }));
        }
        for (_, reference) in &compiler.references {
            if let Some(target) = order::target(reference, &ids).and_then(|target| steps.get_mut(target)) {
                target.referenced = true;
                target.cleaned_up_after |= step.always;
            }
        }
        // What is wrong with the defaults is found again at every step.
        let fresh = compiler.problems.into_iter().filter(|problem| !problems.contains(problem));
        let fresh: Vec<_> = fresh.collect();
        problems.extend(fresh);
        references.append(&mut compiler.references);
        steps.push(planned);
    }
    if problems.iter().any(Problem::is_error) {
        return Err(problems);
    }
    Ok(Plan {
        name: collection.name.clone().unwrap_or_else(|| collection.id.to_string()),
        vars: collection.vars.clone(),
        timeout: collection.timeout.map_or(DEFAULT_TIMEOUT, |span| span.0),
        uses: collection.uses.clone(),
        rows: rows.unwrap_or_default(),
        steps,
        references,
    })
}

/// Collects while it compiles. Where a text has a problem an empty template stands in for it: the plan is thrown
/// away then.
struct Compiler<'c> {
    uses: &'c [Use],
    problems: Vec<Problem>,
    references: Vec<(String, Reference)>,
}

impl Compiler<'_> {
    fn step(&mut self, at: &str, step: &Step, defaults: &Defaults) -> PlannedStep {
        let request = self.request(&format!("{at}/request"), &step.request, defaults);
        // Nothing but the request has been compiled so far.
        let request = RequestPlan { set_ups: self.set_ups(), ..request };
        let repeatable = match step.on_redelivery {
            OnRedelivery::Rerun => true,
            OnRedelivery::Stop => false,
            OnRedelivery::Auto => is_repeatable(&request),
        };
        PlannedStep {
            id: step.id.clone(),
            name: step.name.clone().unwrap_or_else(|| step.id.clone()),
            request,
            assertions: self.assertions(&format!("{at}/assert"), &step.assert),
            captures: self.captures(&format!("{at}/capture"), step),
            retry: retry(step.retry.as_ref().or(defaults.retry.as_ref())),
            poll: step.poll.as_ref().map(|poll| PollPlan {
                every: poll.every.map_or(Duration::from_secs(1), |span| span.0),
                timeout: poll.timeout.map_or(Duration::from_secs(30), |span| span.0),
                until: self.assertions(&format!("{at}/poll/until"), &poll.until),
            }),
            when: self.conditions(&format!("{at}/when"), &step.when),
            continue_on_failure: step.continue_on_failure,
            always: step.always,
            delay: step.delay.map_or(Duration::ZERO, |span| span.0),
            repeatable,
            referenced: false,
            cleaned_up_after: false,
        }
    }

    /// The shared set-ups that the references so far name.
    fn set_ups(&self) -> Vec<Slug> {
        let all = self.uses.iter().map(|used| &used.collection);
        all.filter(|set_up| self.references.iter().any(|(_, found)| found.names(set_up.as_str())))
            .cloned()
            .collect()
    }

    fn template(&mut self, pointer: &str, text: &str) -> Template {
        match Template::parse(text) {
            Ok(template) => {
                self.references
                    .extend(template.references().map(|found| (pointer.to_owned(), found.clone())));
                template
            }
            Err(error) => {
                self.problems.push(syntax(pointer, error));
                Template::literal("")
            }
        }
    }

    fn assertions(&mut self, at: &str, checks: &[Check]) -> Vec<Assertion> {
        self.checks(at, checks, Assertion::compile, |assertion| {
            assertion.references().map(|(inner, found)| (inner, found.clone())).collect()
        })
    }

    fn conditions(&mut self, at: &str, checks: &[Check]) -> Vec<Condition> {
        self.checks(at, checks, Condition::compile, |condition| {
            condition.references().map(|(inner, found)| (inner, found.clone())).collect()
        })
    }

    fn checks<T>(
        &mut self,
        at: &str,
        checks: &[Check],
        compile: impl Fn(&Check) -> Result<T, Vec<Problem>>,
        references: impl Fn(&T) -> Vec<(String, Reference)>,
    ) -> Vec<T> {
        let mut compiled = Vec::with_capacity(checks.len());
        for (index, check) in checks.iter().enumerate() {
            let at = format!("{at}/{index}");
            match compile(check) {
                Ok(done) => {
                    let found =
                        references(&done).into_iter().map(|(inner, found)| (format!("{at}{inner}"), found));
                    self.references.extend(found);
                    compiled.push(done);
                }
                Err(problems) => self.problems.extend(problems.into_iter().map(|problem| problem.under(&at))),
            }
        }
        compiled
    }

    fn captures(&mut self, at: &str, step: &Step) -> Vec<Capture> {
        let mut captures = Vec::with_capacity(step.capture.len());
        for (name, capture) in &step.capture {
            match Capture::compile(name, capture) {
                Ok(capture) => captures.push(capture),
                Err(problems) => {
                    let at = format!("{at}/{}", pointer_token(name));
                    self.problems.extend(problems.into_iter().map(|problem| problem.under(&at)));
                }
            }
        }
        captures
    }
}

/// Safe methods (RFC 9110, section 9.2.1) and requests that the target can tell apart by their key.
fn is_repeatable(request: &RequestPlan) -> bool {
    let keyed = || {
        request.headers.iter().any(|(name, _)| {
            name.as_literal().is_some_and(|name| name.eq_ignore_ascii_case("idempotency-key"))
        })
    };
    matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS") || keyed()
}

fn retry(retry: Option<&document::Retry>) -> RetryPlan {
    RetryPlan {
        attempts: retry.map_or(0, |retry| retry.attempts),
        backoff: retry.map_or(Backoff::Exponential, |retry| retry.backoff),
        initial: retry.and_then(|retry| retry.initial).map_or(Duration::from_millis(500), |span| span.0),
        max: retry.and_then(|retry| retry.max).map_or(Duration::from_secs(5), |span| span.0),
        when: retry.and_then(|retry| retry.when.clone()).unwrap_or_else(|| DEFAULT_RETRY_WHEN.to_vec()),
    }
}

fn syntax(pointer: &str, error: SyntaxError) -> Problem {
    Problem { help: error.help, offset: Some(error.offset), ..Problem::error(pointer, error.message) }
}
