//! `skopos channel test`: has a server send a test message and its end, and shows what came of them.

use std::{
    borrow::Cow,
    io::{self, Write},
    time::Duration,
};

use anyhow::{Context, bail};
use domain::document::{Slug, Span};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::Exit;
use crate::{
    client::Client,
    config::Config,
    logging,
    terminal::{Style, printable},
};

/// Between two looks at a message.
const LOOK: Duration = Duration::from_millis(200);

/// The commands of `skopos channel`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Send a test message and that it is over, and show what the receiver said.
    Test(Test),
}

/// The arguments of `skopos channel test`.
#[derive(Debug, clap::Args)]
pub(super) struct Test {
    /// The channel.
    id: Slug,
    /// How long to wait for what comes of it.
    #[arg(long, default_value = "60s", value_name = "TIME")]
    wait: Span,
    /// Where the server is. Default: where `skopos serve` with the same configuration listens.
    #[arg(long, env = "SKOPOS_SERVER", value_name = "URL")]
    server: Option<String>,
}

impl Command {
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<Exit> {
        let Self::Test(test) = self;
        logging::init(&config.log, logging::Detail::Warn)?;
        test.run(config).await
    }
}

impl Test {
    async fn run(&self, config: &Config) -> anyhow::Result<Exit> {
        let server = self.server.clone().unwrap_or_else(|| format!("http://{}", config.api.listen));
        let mut client = Client::new(&server)?;
        let answer = client.post(&format!("/v1/channels/{}/test", self.id)).await?;
        if answer.status != 202 {
            let why = answer.body["detail"].as_str().unwrap_or("the server gave no reason");
            bail!("the server answered {}: {why}", answer.status);
        }
        let (until, mut states) = (Instant::now() + self.wait.0, Vec::new());
        for message in answer.body["data"].as_array().into_iter().flatten() {
            let id = message["id"].as_str().context("the server answered without an id")?;
            let ended = self.ended(&mut client, id, until).await?;
            show(&ended)?;
            states.push(text(&ended["state"]).into_owned());
        }
        writeln!(io::stdout(), "{}: {}", self.id, verdict(&states))?;
        Ok(if states.iter().all(|state| state == "sent") { Exit::Success } else { Exit::Failed })
    }

    /// The message when it has ended, or as it is when we have waited long enough.
    async fn ended(&self, client: &mut Client, id: &str, until: Instant) -> anyhow::Result<Value> {
        loop {
            let message = client.get(&format!("/v1/notifications/{id}")).await?.body;
            let goes_on = matches!(message["state"].as_str(), Some("pending" | "sending"));
            if !goes_on || Instant::now() >= until {
                return Ok(message);
            }
            sleep(LOOK).await;
        }
    }
}

/// One line for the message and one for each try.
fn show(message: &Value) -> anyhow::Result<()> {
    let (style, mut out) = (Style::of(&io::stdout()), io::stdout().lock());
    let state = text(&message["state"]);
    let shown = match &*state {
        "sent" => style.green(&state),
        "dead" => style.red(&state),
        _ => style.yellow(&state),
    };
    writeln!(out, "{:<9} {shown}  {}", text(&message["kind"]), style.dim(text(&message["id"])))?;
    for attempt in message["attempts"].as_array().into_iter().flatten() {
        let answer = match &attempt["answer"] {
            Value::Null => "no answer was recorded".into(),
            answer => text(answer),
        };
        writeln!(out, "  try {}  {answer}", attempt["attempt"])?;
    }
    match (&*state, message["attempts"].as_array().is_some_and(Vec::is_empty)) {
        ("pending", true) => writeln!(out, "  not tried yet")?,
        ("pending", false) => writeln!(out, "  the next try is at {}", text(&message["next_attempt_at"]))?,
        _ => {}
    }
    Ok(())
}

fn text(value: &Value) -> Cow<'_, str> {
    printable(value.as_str().unwrap_or_default())
}

/// What the messages came to, and what to do.
fn verdict(states: &[String]) -> &'static str {
    let is = |wanted: &str| states.iter().any(|state| state == wanted);
    match (is("dead"), is("pending") || is("sending")) {
        (true, _) => "the receiver refuses it; change the channel's document or its secrets, and try again",
        (false, true) => "nobody answers yet; the server goes on trying for 24 hours",
        (false, false) => "it works",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_what_to_do() {
        let verdict = |states: [&str; 2]| verdict(&states.map(str::to_owned));
        assert_eq!(verdict(["sent", "sent"]), "it works");
        assert!(verdict(["dead", "dead"]).starts_with("the receiver refuses it; change "));
        assert!(verdict(["sent", "dead"]).starts_with("the receiver refuses it"));
        assert!(verdict(["pending", "pending"]).starts_with("nobody answers yet"));
    }
}
