//! Just enough HTTP: servers whose handlers may cut the connection instead of answering, and a client for Skopos's API.

use std::{convert::Infallible, io, net::Ipv4Addr, sync::Arc, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// What came in, all of it.
#[derive(Debug)]
pub struct Asked {
    /// Its method.
    pub method: Method,
    /// Its path, without the query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

impl Asked {
    /// A header's text, or none.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body, as JSON.
    pub body: Value,
    /// Seconds, for the header of that name.
    pub retry_after: Option<u32>,
}

impl Answer {
    /// Without more ado.
    pub fn of(status: StatusCode, body: Value) -> Self {
        Self { status, body, retry_after: None }
    }

    fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::builder().status(self.status).header("content-type", "application/json");
        if let Some(seconds) = self.retry_after {
            response = response.header("retry-after", seconds);
        }
        let body = Full::new(Bytes::from(self.body.to_string()));
        response.body(body).expect("these are header values")
    }
}

/// Something that answers, or cuts the connection.
pub trait Handler: Send + Sync + 'static {
    /// `None`: the connection ends without an answer.
    fn answer(self: Arc<Self>, asked: Asked) -> impl Future<Output = Option<Answer>> + Send;
}

/// Serves until the harness ends.
pub async fn serve<H: Handler>(port: u16, handler: Arc<H>) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let handler = handler.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| respond(handler.clone(), request));
                // A connection that ends with an error is one that its client, or a fault, has cut.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Ok(())
}

async fn respond<H: Handler>(
    handler: Arc<H>,
    request: Request<Incoming>,
) -> io::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let path = parts.uri.path().to_owned();
    let asked = Asked { method: parts.method, path, headers: parts.headers, body };
    let answer = handler.answer(asked).await;
    answer.map(Answer::into_response).ok_or_else(|| io::Error::other("the connection is cut"))
}

/// Sends one request to a port of this machine.
///
/// # Errors
///
/// When there is no answer within the patience: then nobody knows what the server did.
pub async fn ask(
    port: u16,
    method: Method,
    path: &str,
    body: Option<&Value>,
    patience: Duration,
) -> anyhow::Result<(StatusCode, Value)> {
    let exchange = async {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let text = body.map(Value::to_string).unwrap_or_default();
        let mut request =
            Request::builder().method(method).uri(path).header("host", format!("127.0.0.1:{port}"));
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request
            .body(Full::<Bytes>::new(Bytes::from(text)).map_err(|never: Infallible| match never {}))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    };
    timeout(patience, exchange).await.context("no answer in time")?
}
