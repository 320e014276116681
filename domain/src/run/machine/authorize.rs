//! What has to happen to a request before it is sent: it is signed, or gets an access token, which another request
//! fetches first. Such a request changes nothing, so it may be sent again after a crash and needs no marker. Its time
//! is not the step's latency.

use std::sync::Arc;

use crate::{
    authorization::{Authorization, Grant},
    exchange::{Failure, Request, Response},
    outcome::{Reason, ReasonCode},
    plan::{Rendered, RetryPlan},
};

use super::{super::judge, Command, Machine, State, StepInHand};

/// Characters of what an authorization server says that are shown.
const SHOWN: usize = 300;

/// A rendered request, one step further.
pub(super) enum Ready {
    /// It can be sent.
    Send(Arc<Request>),
    /// This one is to be sent first, for a token.
    Ask(Arc<Request>),
}

impl Machine {
    pub(super) fn authorize(&self, rendered: &Rendered) -> Ready {
        let mut request = Arc::clone(&rendered.request);
        match &rendered.authorization {
            None => {}
            Some(Authorization::Signature(key)) => {
                key.sign(Arc::make_mut(&mut request), self.inputs.facts.started_at + self.at);
            }
            Some(Authorization::Token(grant)) => match self.tokens.get(grant, self.at) {
                Some(token) => bear(Arc::make_mut(&mut request), &token.value),
                None => return Ready::Ask(Arc::new(grant.request(&request))),
            },
        }
        Ready::Send(request)
    }

    pub(super) fn ask(&mut self, mut step: StepInHand, request: Arc<Request>) -> Command {
        if let Some(reason) = self.count_request() {
            return self.failed(step, reason);
        }
        step.sent_at = self.at;
        step.sent = Some(Arc::clone(&request));
        self.state = State::Authorizing(step);
        Command::Send { request, repeatable: true }
    }

    /// The authorization server has answered.
    pub(super) fn authorized(&mut self, step: StepInHand, response: Response) -> Command {
        let rendered = step.rendered.clone().expect("a request was rendered before it needed a token");
        let Some(Authorization::Token(grant)) = rendered.authorization else {
            return self.request(step, rendered.request);
        };
        match grant.read(&response) {
            Ok(token) => {
                self.masker.add(&token.value);
                let mut request = rendered.request;
                bear(Arc::make_mut(&mut request), &token.value);
                self.tokens.keep(grant, token, self.at);
                self.request(step, request)
            }
            Err(why) => {
                let message = no_token(&grant, &self.shortened(&why));
                let status = Some(response.status);
                let Response { timing, peer, tls, .. } = response;
                self.give_up_token(
                    step,
                    Failure { code: ReasonCode::NoToken, message, timing, peer, tls },
                    status,
                )
            }
        }
    }

    /// The authorization server has not answered.
    pub(super) fn no_token(&mut self, step: StepInHand, failure: Failure) -> Command {
        let message = match step.rendered.as_ref().and_then(|rendered| rendered.authorization.as_ref()) {
            Some(Authorization::Token(grant)) => no_token(grant, &failure.message),
            _ => failure.message,
        };
        self.give_up_token(step, Failure { message, ..failure }, None)
    }

    fn give_up_token(&mut self, step: StepInHand, failure: Failure, status: Option<u16>) -> Command {
        let retry = &self.plan.clone().steps[step.index].retry;
        if let Some(request) = &step.sent {
            self.records.unanswered(step.sent_at, request, &failure);
        }
        if step.tries <= retry.attempts && worth_another_try(retry, &failure, status) {
            let wait = retry.wait(step.tries);
            self.state = State::Waiting(step);
            return Command::Wait(wait);
        }
        self.failed(step, Reason::new(failure.code, failure.message))
    }

    /// A target that answers 401 may have stopped taking the token: the next try gets another.
    pub(super) fn forget_refused_token(&mut self, step: &StepInHand, status: u16) {
        let authorization = step.rendered.as_ref().and_then(|rendered| rendered.authorization.as_ref());
        if let (401, Some(Authorization::Token(grant))) = (status, authorization) {
            self.tokens.forget(grant);
        }
    }

    /// Masked before it is cut: half a secret is not recognised.
    fn shortened(&self, text: &str) -> String {
        self.masker.text(text).chars().take(SHOWN).collect()
    }
}

fn bear(request: &mut Request, token: &str) {
    request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
    request.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
}

fn no_token(grant: &Grant, why: &str) -> String {
    format!("no access token from `{}`: {why}", grant.token_url)
}

fn worth_another_try(retry: &RetryPlan, failure: &Failure, status: Option<u16>) -> bool {
    match status {
        Some(status) => retry.covers_status(status),
        None => judge::retry_class(failure.code).is_some_and(|class| retry.covers(class)),
    }
}
