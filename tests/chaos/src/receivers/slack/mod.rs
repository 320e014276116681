//! A stand-in for Slack: incoming webhooks, and the two methods of a bot.
//!
//! Sources: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>,
//! <https://docs.slack.dev/reference/methods/chat.postMessage>, <https://docs.slack.dev/reference/methods/chat.update>,
//! <https://docs.slack.dev/apis/web-api/rate-limits>: a message a second and channel, short bursts are put up with; an update is
//! of tier 3, 50 in a minute. A refusal of a method is a 200 with `"ok": false`.

mod message;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;
use serde_json::{Value, json};

pub use self::message::check;
use super::rate::Rate;
use crate::{
    clock::{self, Millis},
    web::{Answer, Asked, Handler},
};

/// Messages of a channel: one a second, and a burst of two.
const MESSAGES: (usize, Millis) = (6, 4_000);
/// Updates by a token.
const UPDATES: (usize, Millis) = (50, 60_000);

/// A message as it was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// When.
    pub at: Millis,
    /// The address of a webhook, or a bot's channel.
    pub place: String,
    /// By which Slack knows it.
    pub ts: String,
    /// Of the message whose thread it is in.
    pub thread: Option<String>,
    /// All that it says.
    pub body: String,
}

/// The server's state.
#[derive(Debug, Default)]
pub struct Slack {
    inside: Mutex<Inside>,
    /// How long it takes from taking a message to its answer.
    answers_after: Duration,
}

#[derive(Debug)]
struct Inside {
    posts: Vec<Post>,
    /// What a message says since it was brought up to date, by its time stamp.
    updated: BTreeMap<String, String>,
    messages: Rate,
    updates: Rate,
    throttled: usize,
    refused: Vec<String>,
}

impl Default for Inside {
    fn default() -> Self {
        Self {
            posts: Vec::new(),
            updated: BTreeMap::new(),
            messages: Rate::new(MESSAGES.0, MESSAGES.1),
            updates: Rate::new(UPDATES.0, UPDATES.1),
            throttled: 0,
            refused: Vec::new(),
        }
    }
}

/// Why a message is not taken.
enum No {
    /// Too fast: seconds to wait.
    Later(u32),
    Never(String),
}

impl From<String> for No {
    fn from(why: String) -> Self {
        Self::Never(why)
    }
}

impl Slack {
    /// One that answers so long after it has taken a message.
    pub fn slow(answers_after: Duration) -> Self {
        Self { inside: Mutex::default(), answers_after }
    }

    /// Every message, in that order.
    pub fn posts(&self) -> Vec<Post> {
        self.lock().posts.clone()
    }

    /// How many messages came too fast.
    pub fn throttled(&self) -> usize {
        self.lock().throttled
    }

    /// What was wrong with messages.
    pub fn refused(&self) -> Vec<String> {
        self.lock().refused.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn post(&mut self, place: &str, message: &Value, thread: Option<String>) -> Result<String, No> {
        check(message)?;
        if let Some(thread) = &thread
            && !self.posts.iter().any(|post| post.place == place && post.ts == *thread)
        {
            return Err(No::Never("thread_not_found".to_owned()));
        }
        let at = clock::now();
        self.messages.take(place, at).map_err(No::Later)?;
        let ts = format!("{}.{:06}", at / 1000, self.posts.len());
        let body = message.to_string();
        self.posts.push(Post { at, place: place.to_owned(), ts: ts.clone(), thread, body });
        Ok(ts)
    }

    fn update(&mut self, token: &str, place: &str, message: &Value) -> Result<String, No> {
        check(message)?;
        let ts = message["ts"].as_str().unwrap_or_default().to_owned();
        if !self.posts.iter().any(|post| post.place == place && post.ts == ts) {
            return Err(No::Never("message_not_found".to_owned()));
        }
        self.updates.take(token, clock::now()).map_err(No::Later)?;
        self.updated.insert(ts.clone(), message.to_string());
        Ok(ts)
    }

    /// A method of a bot.
    fn call(&mut self, asked: &Asked, method: &str) -> Result<Value, No> {
        let token = asked.header("authorization").and_then(|text| text.strip_prefix("Bearer xoxb-"));
        let token = token.ok_or_else(|| No::Never("not_authed".to_owned()))?;
        let message = read(asked)?;
        let channel = message["channel"].as_str().ok_or_else(|| No::Never("channel_not_found".to_owned()))?;
        // A name the first time, afterwards what was answered then.
        let place = format!("C-{}", channel.trim_start_matches("C-").trim_start_matches('#'));
        let thread = message["thread_ts"].as_str().map(str::to_owned);
        let ts = match method {
            "chat.postMessage" => self.post(&place, &message, thread)?,
            "chat.update" => self.update(token, &place, &message)?,
            other => return Err(No::Never(format!("unknown_method: {other}"))),
        };
        Ok(json!({ "ok": true, "channel": place, "ts": ts }))
    }

    fn webhook(&mut self, asked: &Asked) -> Result<Value, No> {
        let message = read(asked)?;
        self.post(&asked.path, &message, None).map(|_| json!("ok"))
    }

    /// Remembers a refusal.
    fn no(&mut self, no: No) -> (Option<u32>, String) {
        match no {
            No::Later(seconds) => {
                self.throttled += 1;
                (Some(seconds), "ratelimited".to_owned())
            }
            No::Never(why) => {
                self.refused.push(why.clone());
                (None, why)
            }
        }
    }
}

fn read(asked: &Asked) -> Result<Value, No> {
    let typed = asked.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if !typed {
        return Err(No::Never("invalid_payload: no JSON by its type".to_owned()));
    }
    serde_json::from_slice(&asked.body).map_err(|error| No::Never(format!("invalid_payload: {error}")))
}

impl Handler for Slack {
    async fn answer(self: Arc<Self>, asked: Asked) -> Option<Answer> {
        let answer = self.take(&asked);
        tokio::time::sleep(self.answers_after).await;
        Some(answer)
    }
}

impl Slack {
    fn take(&self, asked: &Asked) -> Answer {
        let mut inside = self.lock();
        let method = asked.path.strip_prefix("/api/");
        let answered = match method {
            Some(method) => inside.call(asked, method),
            None => inside.webhook(asked),
        };
        let no = match answered {
            Ok(body) => return Answer::of(StatusCode::OK, body),
            Err(no) => inside.no(no),
        };
        let (retry_after, error) = no;
        let (status, body) = match (retry_after, method) {
            (Some(_), Some(_)) => (StatusCode::TOO_MANY_REQUESTS, json!({ "ok": false, "error": error })),
            (Some(_), None) => (StatusCode::TOO_MANY_REQUESTS, json!("rate_limited")),
            (None, Some(_)) => (StatusCode::OK, json!({ "ok": false, "error": error })),
            (None, None) => (StatusCode::BAD_REQUEST, json!(error)),
        };
        Answer { retry_after, ..Answer::of(status, body) }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method};

    use super::*;

    async fn ask(slack: &Arc<Slack>, path: &str, body: Value) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("authorization", HeaderValue::from_static("Bearer xoxb-1"));
        let body = bytes::Bytes::from(body.to_string());
        let asked = Asked { method: Method::POST, path: path.to_owned(), headers, body };
        slack.clone().answer(asked).await.expect("it answers")
    }

    #[tokio::test]
    async fn an_answer_is_in_the_thread_of_a_message_that_is_there() {
        let slack = Arc::<Slack>::default();
        let first = ask(&slack, "/api/chat.postMessage", json!({ "channel": "#a", "text": "down" })).await;
        let (place, ts) = (&first.body["channel"], &first.body["ts"]);
        let answer = json!({ "channel": place, "text": "up", "thread_ts": ts });
        assert_eq!(ask(&slack, "/api/chat.postMessage", answer).await.body["ok"], true);
        let update = json!({ "channel": place, "text": "was down", "ts": ts });
        assert_eq!(ask(&slack, "/api/chat.update", update).await.body["ok"], true);
        let lost = json!({ "channel": place, "text": "up", "ts": "1.2" });
        assert_eq!(ask(&slack, "/api/chat.update", lost).await.body["error"], "message_not_found");
        assert_eq!(slack.posts()[1].thread.as_deref(), ts.as_str());
    }

    #[tokio::test]
    async fn too_many_messages_in_one_place_are_told_to_wait() {
        let slack = Arc::<Slack>::default();
        for number in 0..MESSAGES.0 {
            let body = json!({ "text": number.to_string() });
            assert_eq!(ask(&slack, "/services/a", body).await.status, StatusCode::OK);
        }
        let refused = ask(&slack, "/services/a", json!({ "text": "x" })).await;
        assert_eq!((refused.status, slack.throttled()), (StatusCode::TOO_MANY_REQUESTS, 1));
        assert!(refused.retry_after.is_some());
        assert_eq!(ask(&slack, "/services/b", json!({ "text": "x" })).await.status, StatusCode::OK);
    }
}
