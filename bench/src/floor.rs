//! The floor: the three requests of `documents`, chained, in plain hyper with one connection per run. It judges nothing
//! but the status, keeps nothing and writes nothing; what Skopos costs above it is the price of everything else.

use std::net::Ipv4Addr;

use anyhow::ensure;
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, task::JoinSet};

/// Runs so many, so many at a time.
pub(crate) async fn run(port: u16, runs: u64, jobs: u64) -> anyhow::Result<()> {
    let mut lanes = JoinSet::new();
    for lane in 0..jobs {
        let mine = runs / jobs + u64::from(lane < runs % jobs);
        lanes.spawn(async move {
            for _ in 0..mine {
                once(port).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = lanes.join_next().await {
        ended??;
    }
    Ok(())
}

async fn once(port: u16) -> anyhow::Result<()> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let login = ask(&mut sender, port, Method::POST, "/login", None, r#"{"user":"ada"}"#).await?;
    let token = format!("Bearer {}", text(&login, "token"));
    let cart = ask(&mut sender, port, Method::POST, "/cart", Some(&token), r#"{"sku":"A"}"#).await?;
    let order = format!("/orders/{}", text(&cart, "id"));
    ask(&mut sender, port, Method::GET, &order, Some(&token), "").await?;
    drop(sender);
    connection.await??;
    Ok(())
}

async fn ask(
    sender: &mut SendRequest<Full<Bytes>>,
    port: u16,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: &'static str,
) -> anyhow::Result<Value> {
    let mut request =
        Request::builder().method(method).uri(path).header(header::HOST, format!("127.0.0.1:{port}"));
    if !body.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, token);
    }
    let response = sender.send_request(request.body(Full::new(Bytes::from_static(body.as_bytes())))?).await?;
    ensure!(response.status() == 200, "{path} answered {}", response.status());
    let body = response.into_body().collect().await?.to_bytes();
    Ok(serde_json::from_slice(&body)?)
}

fn text<'v>(answer: &'v Value, key: &str) -> &'v str {
    answer[key].as_str().unwrap_or_default()
}
