//! A target on loopback that remembers what it was asked.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore},
};

/// `/cart` answers a total, `/visit` a cookie, `/switch` the status that was set, `/held` waits for [`Target::release`],
/// `/login` the token that is good now, with the status that was set; `/orders` wants it, as a bearer token. All else 200.
#[derive(Clone)]
pub(crate) struct Target {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    news: Arc<Notify>,
    gate: Arc<Semaphore>,
    status: Arc<AtomicU16>,
    token: Arc<AtomicU16>,
}

struct Seen {
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Target {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let target = Self {
            port: listener.local_addr().unwrap().port(),
            seen: Arc::default(),
            news: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
            status: Arc::new(AtomicU16::new(200)),
            token: Arc::new(AtomicU16::new(1)),
        };
        let server = target.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let target = server.clone();
                tokio::spawn(async move { target.serve(stream).await });
            }
        });
        target
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Only the next token is good from now on.
    pub(crate) fn revoke(&self) {
        self.token.fetch_add(1, Ordering::SeqCst);
    }

    fn token(&self) -> String {
        format!("tok-{:05}", self.token.load(Ordering::SeqCst))
    }

    /// What `/switch` and `/login` answer from now on.
    pub(crate) fn switch(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// Lets one held request go.
    pub(crate) fn release(&self) {
        self.gate.add_permits(1);
    }

    /// Waits until a request for this path is there.
    pub(crate) async fn arrived(&self, path: &str) {
        loop {
            let news = self.news.notified();
            if self.requests(path) > 0 {
                return;
            }
            news.await;
        }
    }

    pub(crate) fn requests(&self, path: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| seen.path == path).count()
    }

    pub(crate) fn bodies(&self, path: &str) -> Vec<String> {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .filter(|seen| seen.path == path)
            .map(|seen| seen.body.clone())
            .collect()
    }

    pub(crate) fn headers(&self, path: &str, name: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let headers = seen.iter().filter(|seen| seen.path == path).flat_map(|seen| &seen.headers);
        headers.filter(|(have, _)| have == name).map(|(_, value)| value.clone()).collect()
    }

    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let (path, authorization) = self.read(&mut stream).await?;
            let (set, nothing) = (self.status.load(Ordering::SeqCst), "{}".to_owned());
            let (status, body) = match path.as_str() {
                "/cart" => (200, r#"{"total":19.5}"#.to_owned()),
                "/switch" => (set, nothing),
                "/held" => {
                    self.gate.acquire().await.ok()?.forget();
                    (200, nothing)
                }
                "/login" => (set, format!(r#"{{"token":"{}"}}"#, self.token())),
                "/orders" if authorization != Some(format!("Bearer {}", self.token())) => (401, nothing),
                _ => (200, nothing),
            };
            let cookie = if path == "/visit" { "set-cookie: session=s\r\n" } else { "" };
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{cookie}content-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(body.as_bytes()).await.ok()?;
        }
    }

    /// The path, and who is asking.
    async fn read(&self, stream: &mut BufReader<TcpStream>) -> Option<(String, Option<String>)> {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let length = headers
            .iter()
            .find(|(name, _)| name == "content-length")
            .and_then(|(_, value)| value.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).await.ok()?;
        let body = String::from_utf8_lossy(&body).into_owned();
        let authorization = headers.iter().find(|(name, _)| name == "authorization");
        let authorization = authorization.map(|(_, value)| value.clone());
        self.seen.lock().unwrap().push(Seen { path: path.clone(), headers, body });
        self.news.notify_waiters();
        Some((path, authorization))
    }
}
