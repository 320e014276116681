//! From a collection as written to a [`Plan`]: every text is parsed once, every problem is collected.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{
    assertion::{Assertion, Condition},
    capture::Capture,
    document::{self, Auth, Backoff, Check, Collection, Defaults, OnRedelivery, RetryClass, RetryWhen, Step},
    exchange::DEFAULT_MAX_BODY,
    problem::{Problem, pointer_token},
    reference::{JsonTemplate, Reference, SyntaxError, Template},
};

use super::{
    AuthPlan, BodyPlan, DEFAULT_TIMEOUT, Plan, PlannedStep, PollPlan, RequestPlan, RetryPlan, order,
};

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
    let mut problems = Vec::new();
    let mut references = Vec::new();
    let mut steps: Vec<PlannedStep> = Vec::new();
    for (index, step) in collection.steps.iter().enumerate() {
        let mut compiler = Compiler { problems: Vec::new(), references: Vec::new() };
        let planned = compiler.step(&format!("/steps/{index}"), step, &collection.defaults);
        for (pointer, reference) in &compiler.references {
            let problem = order::problem(pointer, reference, index, &ids, &steps);
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
        problems.append(&mut compiler.problems);
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
        steps,
        references,
    })
}

/// Collects while it compiles. Where a text has a problem an empty template stands in for it: the plan is thrown
/// away then.
struct Compiler {
    problems: Vec<Problem>,
    references: Vec<(String, Reference)>,
}

impl Compiler {
    fn step(&mut self, at: &str, step: &Step, defaults: &Defaults) -> PlannedStep {
        let request = self.request(&format!("{at}/request"), &step.request, defaults);
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

    fn request(&mut self, at: &str, request: &document::Request, defaults: &Defaults) -> RequestPlan {
        let headers = merged(&defaults.headers, &request.headers, |a, b| a.eq_ignore_ascii_case(b));
        let query = merged(&defaults.query, &request.query, |a, b| a == b);
        let redirects = request.redirects.or(defaults.redirects);
        RequestPlan {
            method: request
                .method
                .clone()
                .or_else(|| defaults.method.clone())
                .unwrap_or_else(|| "GET".into()),
            url: self.template(&format!("{at}/url"), &request.url),
            query: query.iter().flat_map(|field| self.field(at, "query", field)).collect(),
            headers: headers.iter().flat_map(|field| self.field(at, "headers", field)).collect(),
            auth: match (&request.auth, &defaults.auth) {
                (Some(auth), _) => Some(self.auth(&format!("{at}/auth"), auth)),
                (None, Some(auth)) => Some(self.auth("/defaults/auth", auth)),
                (None, None) => None,
            },
            body: self.body(at, request),
            timeout: request.timeout.or(defaults.timeout).map_or(DEFAULT_STEP_TIMEOUT, |span| span.0),
            follow_redirects: redirects.is_none_or(|redirects| redirects.follow),
            max_redirects: redirects.map_or(10, |redirects| redirects.max),
            max_body: request.max_body.or(defaults.max_body).map_or(DEFAULT_MAX_BODY, |size| size.0),
            accept_invalid_certificates: request.tls.or(defaults.tls).is_some_and(|tls| !tls.verify),
            cookies: request.cookies.or(defaults.cookies).unwrap_or(true),
        }
    }

    fn body(&mut self, at: &str, request: &document::Request) -> BodyPlan {
        if let Some(json) = &request.json {
            BodyPlan::Json(self.json(&format!("{at}/json"), json))
        } else if let Some(text) = &request.text {
            BodyPlan::Text(self.template(&format!("{at}/text"), text))
        } else if let Some(form) = &request.form {
            let fields: Vec<_> =
                form.iter().map(|(name, value)| Field { name, value, inherited: false }).collect();
            BodyPlan::Form(fields.iter().flat_map(|field| self.field(at, "form", field)).collect())
        } else {
            BodyPlan::None
        }
    }

    fn auth(&mut self, at: &str, auth: &Auth) -> AuthPlan {
        match auth {
            Auth::Basic(basic) => AuthPlan::Basic {
                username: self.template(&format!("{at}/basic/username"), &basic.username),
                password: self.template(&format!("{at}/basic/password"), &basic.password),
            },
            Auth::Bearer(token) => AuthPlan::Bearer(self.template(&format!("{at}/bearer"), token)),
            Auth::ApiKey(key) => AuthPlan::ApiKey {
                name: self.template(&format!("{at}/api_key/name"), &key.name),
                value: self.template(&format!("{at}/api_key/value"), &key.value),
                place: key.place,
            },
        }
    }

    /// A named value of `headers`, `query` or `form`; a list repeats its name.
    fn field(&mut self, at: &str, group: &str, field: &Field<'_>) -> Vec<(Template, Template)> {
        let group = if field.inherited { format!("/defaults/{group}") } else { format!("{at}/{group}") };
        let pointer = format!("{group}/{}", pointer_token(field.name));
        let values = match field.value {
            Value::Array(items) => {
                items.iter().enumerate().map(|(i, item)| (format!("{pointer}/{i}"), item)).collect()
            }
            single => vec![(pointer.clone(), single)],
        };
        let mut fields = Vec::with_capacity(values.len());
        for (place, value) in values {
            match scalar(value) {
                Some(text) => {
                    fields.push((self.template(&pointer, field.name), self.template(&place, &text)))
                }
                None => self.problems.push(
                    Problem::error(place, "expected a text, a number or a boolean")
                        .help("to send JSON text, write it in quotes or use `| json`"),
                ),
            }
        }
        fields
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

    fn json(&mut self, pointer: &str, value: &Value) -> JsonTemplate {
        match JsonTemplate::parse(value) {
            Ok(template) => {
                let found = template.references().into_iter();
                self.references
                    .extend(found.map(|(inner, found)| (format!("{pointer}{inner}"), found.clone())));
                template
            }
            Err(errors) => {
                let problems =
                    errors.into_iter().map(|(inner, error)| syntax(&format!("{pointer}{inner}"), error));
                self.problems.extend(problems);
                JsonTemplate::parse(&Value::Null).expect("null holds no reference")
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

/// One entry of a map, and whether it comes from `defaults`.
struct Field<'c> {
    name: &'c String,
    value: &'c Value,
    inherited: bool,
}

/// The defaults that the step does not name itself, then the step's own.
fn merged<'c>(
    defaults: &'c Map<String, Value>,
    own: &'c Map<String, Value>,
    same: impl Fn(&str, &str) -> bool,
) -> Vec<Field<'c>> {
    let inherited = defaults.iter().filter(|(name, _)| !own.keys().any(|mine| same(mine, name)));
    inherited
        .map(|(name, value)| Field { name, value, inherited: true })
        .chain(own.iter().map(|(name, value)| Field { name, value, inherited: false }))
        .collect()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
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
