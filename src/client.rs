//! A client of our own API, for commands that talk to a server. Its address is the operator's own, so nothing is
//! denied to it; it still goes through `outbound`, which is the one door to the network.

use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use domain::exchange::{Connection, DEFAULT_MAX_BODY, Request};
use outbound::{Outbound, Session};
use serde_json::Value;

/// How long the server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Talks to one server.
#[derive(Debug)]
pub(crate) struct Client {
    server: String,
    session: Session,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Null when it is not JSON.
    pub(crate) body: Value,
}

impl Client {
    /// A client of the server at a base URL.
    ///
    /// # Errors
    ///
    /// When the URL is not one, or this system has no root certificates.
    pub(crate) fn new(server: &str) -> anyhow::Result<Self> {
        let server = server.trim_end_matches('/').to_owned();
        ensure!(
            server.starts_with("http://") || server.starts_with("https://"),
            "`{server}` is not the URL of a server: it begins with http:// or https://"
        );
        let everywhere = ["0.0.0.0/0", "::/0"].map(|block| block.parse().expect("these are CIDR blocks"));
        let outbound = Outbound::new(outbound::Config { allow: everywhere.to_vec() });
        Ok(Self { server, session: outbound.session() })
    }

    /// Asks for what is at a path.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.send("GET", path, Bytes::new()).await
    }

    /// Sends a JSON body.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub(crate) async fn put(&mut self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send("PUT", path, Bytes::from(body.to_string())).await
    }

    /// Asks for something to be done.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub(crate) async fn post(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.send("POST", path, Bytes::new()).await
    }

    async fn send(&mut self, method: &str, path: &str, body: Bytes) -> anyhow::Result<Answer> {
        let content_type = ("Content-Type".to_owned(), "application/json".to_owned());
        let request = Request {
            method: method.to_owned(),
            url: format!("{}{path}", self.server).into(),
            headers: if body.is_empty() { Vec::new() } else { vec![content_type] },
            secret_headers: Vec::new(),
            body,
            timeout: TIMEOUT,
            follow_redirects: false,
            max_redirects: 0,
            max_body: DEFAULT_MAX_BODY,
            cookies: false,
            connection: Connection::default(),
            digest: None,
        };
        let response = self.session.send(&request).await.map_err(|failure| anyhow::anyhow!(failure.message));
        let response = response.with_context(|| format!("no answer from the server at {}", self.server))?;
        let body = serde_json::from_slice(&response.body).unwrap_or_default();
        Ok(Answer { status: response.status, body })
    }
}
