//! OAuth 2.0 client credentials (RFC 6749, section 4.4): what a token is asked for with, what the answer means, and how
//! long a run keeps it.

use std::{collections::HashMap, fmt, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde_json::Value;
use url::form_urlencoded;

use crate::{
    document::{ClientAuth, HttpVersion},
    exchange::{Connection, Request, Response},
};

/// A token this close to its end is not used any more: it might not arrive in time.
const LEEWAY: Duration = Duration::from_secs(10);
/// Decompressed bytes of a token answer.
const MAX_BODY: u64 = 1024 * 1024;

/// Everything that a token depends on. Does not print.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The token endpoint.
    pub token_url: String,
    /// As the authorization server knows it.
    pub client_id: String,
    /// Never shown.
    pub client_secret: String,
    /// Separated by spaces.
    pub scope: Option<String>,
    /// For whom the token is.
    pub audience: Option<String>,
    /// Where client and secret go.
    pub client_auth: ClientAuth,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("token_url", &self.token_url).finish_non_exhaustive()
    }
}

/// An access token. Does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    pub(crate) value: String,
    pub(crate) expires_in: Option<Duration>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl Grant {
    /// The request for a token, over a connection like that of the request which needs it.
    #[must_use]
    pub fn request(&self, needed_by: &Request) -> Request {
        let mut headers = vec![
            ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ("Accept".to_owned(), "application/json".to_owned()),
        ];
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        for (name, value) in [("scope", &self.scope), ("audience", &self.audience)] {
            if let Some(value) = value {
                form.append_pair(name, value);
            }
        }
        match self.client_auth {
            ClientAuth::Header => headers.push(("Authorization".to_owned(), self.basic())),
            ClientAuth::Body => {
                form.append_pair("client_id", &self.client_id);
                form.append_pair("client_secret", &self.client_secret);
            }
        }
        Request {
            method: "POST".to_owned(),
            url: self.token_url.clone().into(),
            headers,
            secret_headers: vec!["authorization".to_owned()],
            body: Bytes::from(form.finish()),
            timeout: needed_by.timeout,
            follow_redirects: false,
            max_redirects: 0,
            max_body: MAX_BODY,
            cookies: false,
            connection: Connection { http_version: HttpVersion::Auto, ..needed_by.connection.clone() },
            digest: None,
        }
    }

    /// Both are form-encoded first (section 2.3.1).
    fn basic(&self) -> String {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encode(&self.client_id), encode(&self.client_secret));
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }

    /// The token in an answer (sections 5.1 and 5.2).
    ///
    /// # Errors
    /// Why there is none, as half a sentence. It holds what the server wrote: mask it.
    pub fn read(&self, response: &Response) -> Result<Token, String> {
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        if response.status != 200 {
            return Err(refusal(response.status, &body));
        }
        let Some(value) = body.get("access_token").and_then(Value::as_str) else {
            return Err("it answered 200 without an `access_token` in a JSON object".to_owned());
        };
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("its `access_token` has characters that no header can hold".to_owned());
        }
        match body.get("token_type").and_then(Value::as_str) {
            Some(other) if !other.to_ascii_lowercase().starts_with("bearer") => {
                return Err(format!("it gave a token of the type `{other}`, and only `Bearer` is known"));
            }
            _ => {}
        }
        Ok(Token { value: value.to_owned(), expires_in: body.get("expires_in").and_then(seconds) })
    }
}

/// Some servers write the number as a text.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

fn refusal(status: u16, body: &Value) -> String {
    let text = |key| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    match (text("error"), text("error_description")) {
        (Some(error), Some(description)) => format!("it answered {status} `{error}`: {description}"),
        (Some(error), None) => format!("it answered {status} `{error}`"),
        (None, _) => format!("it answered {status}"),
    }
}

/// The tokens of one run. Times are those since its start.
#[derive(Debug, Default)]
pub(crate) struct Tokens(HashMap<Grant, (Token, Option<Duration>)>);

impl Tokens {
    pub(crate) fn keep(&mut self, grant: Grant, token: Token, at: Duration) {
        let until = token.expires_in.map(|expires_in| at + expires_in.saturating_sub(LEEWAY));
        self.0.insert(grant, (token, until));
    }

    /// The token, if it is good at that time.
    pub(crate) fn get(&self, grant: &Grant, at: Duration) -> Option<&Token> {
        let (token, until) = self.0.get(grant)?;
        until.is_none_or(|until| at < until).then_some(token)
    }

    /// The target does not take it any more.
    pub(crate) fn forget(&mut self, grant: &Grant) {
        self.0.remove(grant);
    }
}
