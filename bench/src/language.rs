//! What the language itself costs, without a socket: reading a document, compiling it, and one run of its steps with
//! answers that are there already (render, judge, capture, keep). Beside it stands what cannot be saved: reading the
//! same document, and the same answers, as plain JSON.

use std::{hint::black_box, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use bytes::Bytes;
use chrono::DateTime;
use domain::{
    document::{Collection, Document, read_text},
    exchange::{Response, Timing},
    id::RunId,
    outcome::Outcome,
    plan::Plan,
    result::RunResult,
    run::{
        inputs::{Inputs, RunFacts, Secrets},
        machine::{Command, Event, Machine},
    },
};
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use serde_json::Value;
use tokio::time::Instant;

use crate::{documents, numbers};

const ROUNDS: usize = 15;
const TIMES: u32 = 200;
/// What every step is answered.
const ANSWER: &str = r#"{"token":"t0k3n","id":"c-17","total":19.5,"state":"open"}"#;

/// What is measured, and microseconds per time of each round.
struct Part<'a> {
    name: &'static str,
    once: Box<dyn FnMut() -> anyhow::Result<()> + 'a>,
    rounds: Vec<f64>,
}

fn part<'a>(name: &'static str, once: impl FnMut() -> anyhow::Result<()> + 'a) -> Part<'a> {
    Part { name, once: Box::new(once), rounds: Vec::new() }
}

pub(crate) fn measure() -> anyhow::Result<String> {
    let json = documents::collection(8080);
    // JSON is YAML too, so both readers get the same bytes.
    let text = yaml(&json)?;
    let plain = json.to_string();
    let collection = read(&text)?;
    let plan = compile(&collection)?;
    let mut parts = [
        part("serde_json: the document as JSON", || parse(&plain).map(drop)),
        part("read: YAML to a document", || read(&text).map(drop)),
        part("compile: a document to a plan", || compile(&collection).map(drop)),
        part("serde_json: the answers of a run", || (0..3).try_for_each(|_| parse(ANSWER).map(drop))),
        part("run: three steps, seven assertions", || run(&plan).map(drop)),
    ];
    for _ in 0..ROUNDS {
        for part in &mut parts {
            let began = Instant::now();
            for _ in 0..TIMES {
                (part.once)()?;
            }
            part.rounds.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES));
        }
    }
    let mut report = format!("the language, medians of {ROUNDS} rounds of {TIMES}\n");
    for Part { name, rounds, .. } in parts {
        report += &format!("{name:<36} {:>8.1} us\n", numbers::median(rounds));
    }
    Ok(report)
}

fn yaml(collection: &Value) -> anyhow::Result<String> {
    let members = collection.as_object().context("a collection is an object")?;
    Ok(members.iter().map(|(key, value)| format!("{key}: {value}\n")).collect())
}

fn parse(text: &str) -> anyhow::Result<Value> {
    Ok(black_box(serde_json::from_str(black_box(text))?))
}

fn read(text: &str) -> anyhow::Result<Collection> {
    let reading = read_text(black_box(text)).into_iter().next().context("there is a document")?;
    match reading.document {
        Some(Document::Collection(collection)) => Ok(collection),
        _ => bail!("{:?}", reading.problems),
    }
}

fn compile(collection: &Collection) -> anyhow::Result<Arc<Plan>> {
    match Plan::compile(black_box(collection)) {
        Ok(plan) => Ok(Arc::new(plan)),
        Err(problems) => bail!("{problems:?}"),
    }
}

fn run(plan: &Arc<Plan>) -> anyhow::Result<RunResult> {
    let started_at = DateTime::from_timestamp(1_700_000_000, 0).context("there was such a second")?;
    let facts = RunFacts {
        id: RunId::new(started_at, [1; 10]),
        started_at,
        attempt: 1,
        location: "default".parse()?,
    };
    let inputs = Inputs { facts, vars: Vec::new(), secrets: Secrets::default(), seed: 7 };
    let mut machine = Machine::new(plan.clone(), inputs);
    let mut event = Event::Started;
    loop {
        event = match machine.on(event, Duration::from_millis(1)) {
            Command::Send { request, .. } => {
                Event::Responded(Box::new(answer(request.url.as_str().to_owned())))
            }
            Command::Finish(result) if result.outcome == Outcome::Passed => return Ok(*result),
            other => bail!("{other:?}"),
        };
    }
}

fn answer(url: String) -> Response {
    Response {
        status: 200,
        http_version: "HTTP/1.1",
        url,
        headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
        body: Bytes::from_static(ANSWER.as_bytes()),
        timing: Timing { total: Duration::from_millis(1), ..Timing::default() },
        peer: None,
        redirects: 0,
        tls: None,
    }
}
