//! A server that misbehaves: one path per behaviour.

use std::{
    collections::HashMap,
    io::Write as _,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

use super::authority::{Authority, Certificate};

/// Listens on a port of its own; stops with the test's runtime.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    seen: Arc<Seen>,
    accepting: Option<tokio::task::JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    /// Head and body of each request.
    requests: Mutex<Vec<String>>,
    connections: AtomicU64,
    sent: AtomicU64,
    closed: Notify,
    /// How often Digest clients used theirs.
    nonces: Mutex<HashMap<String, u64>>,
}

impl Server {
    pub(super) async fn plain() -> Self {
        Self::start(None).await
    }

    pub(super) async fn tls(certificate: Certificate) -> Self {
        Self::tls_by(&super::AUTHORITY, certificate, &[b"http/1.1"]).await
    }

    /// With a certificate of that authority, choosing among these protocols; it speaks HTTP/1.1 whatever it chooses.
    pub(super) async fn tls_by(authority: &Authority, certificate: Certificate, protocols: &[&[u8]]) -> Self {
        Self::start(Some(authority.acceptor(&certificate, protocols, false))).await
    }

    /// Serves only clients with a certificate of the tests' authority.
    pub(super) async fn mutual_tls(name: &'static str) -> Self {
        let certificate = Certificate::For(name);
        Self::start(Some(super::AUTHORITY.acceptor(&certificate, &[b"http/1.1"], true))).await
    }

    async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Seen>::default();
        let accepted = seen.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (seen, tls) = (accepted.clone(), tls.clone());
                seen.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    match tls {
                        None => converse(socket, &seen).await,
                        Some(tls) => match tls.accept(socket).await {
                            Ok(socket) => converse(socket, &seen).await,
                            Err(_) => return,
                        },
                    };
                    seen.closed.notify_one();
                });
            }
        });
        Self { address, seen, accepting: Some(accepting) }
    }

    /// From now on, connections are refused.
    pub(super) async fn refuse(&mut self) {
        let accepting = self.accepting.take().expect("it accepts until now");
        accepting.abort();
        accepting.await.unwrap_err();
    }

    /// Speaks HTTP/2: resets the stream of `/reset`, answers `/large` with more headers than anybody takes and
    /// everything else with `h2`.
    pub(super) async fn http2(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = super::AUTHORITY.acceptor(&Certificate::For(name), &[b"h2"], false);
        tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(tls.accept(socket).await.unwrap()).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let mut head = http::Response::new(());
                match request.uri().path() {
                    "/reset" => {
                        respond.send_reset(h2::Reason::INTERNAL_ERROR);
                        continue;
                    }
                    "/large" => {
                        let value = http::HeaderValue::try_from("x".repeat(4096)).unwrap();
                        (0..200).for_each(|_| _ = head.headers_mut().append("x-large", value.clone()));
                    }
                    _ => {}
                }
                let mut body = respond.send_response(head, false).unwrap();
                body.send_data("h2".into(), true).unwrap();
            }
        });
        Self { address, seen: Arc::default(), accepting: None }
    }

    /// Speaks HTTP/2 without TLS, from the first byte on.
    pub(super) async fn h2c() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let Ok(mut connection) = h2::server::handshake(socket).await else { continue };
                tokio::spawn(async move {
                    while let Some(Ok((_, mut respond))) = connection.accept().await {
                        let mut body = respond.send_response(http::Response::new(()), false).unwrap();
                        body.send_data("h2c".into(), true).unwrap();
                    }
                });
            }
        });
        Self { address, seen: Arc::default(), accepting: None }
    }

    /// Accepts connections and closes them.
    pub(super) async fn abrupt() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { while listener.accept().await.is_ok() {} });
        Self { address, seen: Arc::default(), accepting: None }
    }

    /// Accepts connections and never says a word.
    pub(super) async fn mute() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut held = vec![];
            while let Ok((socket, _)) = listener.accept().await {
                held.push(socket);
            }
        });
        Self { address, seen: Arc::default(), accepting: None }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn named(&self, scheme: &str, name: &str, path: &str) -> String {
        format!("{scheme}://{name}:{}{path}", self.address.port())
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    pub(super) fn last(&self) -> String {
        self.requests().pop().expect("a request has come")
    }

    pub(super) fn connections(&self) -> u64 {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub(super) fn sent(&self) -> u64 {
        self.seen.sent.load(Ordering::SeqCst)
    }

    /// Resolves when a connection has ended.
    pub(super) async fn closed(&self) {
        self.seen.closed.notified().await;
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(socket: S, seen: &Seen) -> Option<()> {
    let mut socket = BufReader::new(socket);
    loop {
        let request = read_request(&mut socket).await?;
        let path = request.split(' ').nth(1)?.to_owned();
        seen.requests.lock().unwrap().push(request.clone());
        misbehave(&path, &request, &mut socket, seen).await?;
    }
}

async fn read_request<S: AsyncRead + Unpin>(socket: &mut BufReader<S>) -> Option<String> {
    let (mut text, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        text.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    text.push_str(&String::from_utf8_lossy(&body));
    Some(text)
}

/// `None` ends the connection.
async fn misbehave<S: AsyncWrite + Unpin>(
    path: &str,
    request: &str,
    socket: &mut S,
    seen: &Seen,
) -> Option<()> {
    let (route, query) = path.split_once('?').unwrap_or((path, ""));
    let tick = Duration::from_millis(60);
    match route {
        "/ok" => send(socket, answer(&[], b"ok")).await,
        "/echo" => send(socket, answer(&[], request.as_bytes())).await,
        "/slow" => {
            tokio::time::sleep(tick).await;
            send(socket, b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nsl").await?;
            tokio::time::sleep(tick).await;
            send(socket, b"ow").await
        }
        "/cookie" => send(socket, answer(&["set-cookie: session=s1", "set-cookie: other=o"], b"")).await,
        "/silent" => std::future::pending().await,
        "/drip" => {
            send(socket, b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await?;
            loop {
                send(socket, b"x").await?;
                tokio::time::sleep(tick).await;
            }
        }
        "/drip-redirects" => {
            tokio::time::sleep(tick).await;
            send(socket, b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\nlocation: /drip-redirects\r\n\r\n")
                .await
        }
        "/hang-up" => None,
        "/cut" => {
            send(socket, b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789").await?;
            None
        }
        "/garbage" => send(socket, b"SSH-2.0-OpenSSH_9.6\r\n\r\n").await,
        "/bad-chunk" => send(socket, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n").await,
        "/endless" => endless(socket, seen).await,
        "/announced" => send(socket, b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n").await,
        "/gzip" => send(socket, answer(&["content-encoding: gzip"], &gzip(b"hello", 1))).await,
        "/bomb" => send(socket, answer(&["content-encoding: gzip"], &gzip(&[0; 64 * 1024], 256))).await,
        "/bad-gzip" => send(socket, answer(&["content-encoding: gzip"], b"this is not gzip")).await,
        "/short-gzip" => send(socket, answer(&["content-encoding: gzip"], &gzip(b"hello", 1)[..15])).await,
        "/empty-gzip" => send(socket, answer(&["content-encoding: gzip"], b"")).await,
        "/head-gzip" => {
            send(socket, b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\n").await
        }
        "/many-headers" => {
            let others = query.parse::<usize>().unwrap() - 1; // it has one more, its length
            send(socket, answer(&vec!["x-many: 1"; others], b"")).await
        }
        "/long-header" => send(socket, answer(&[&format!("x-long: {}", "x".repeat(2 << 20))], b"")).await,
        "/redirect" => redirect(socket, query).await,
        "/digest" => {
            if query.ends_with("&slow") {
                tokio::time::sleep(tick).await;
            }
            let said = super::digest::serve(request, query, &mut seen.nonces.lock().unwrap());
            send(socket, status(said)).await
        }
        "/no-location" => send(socket, b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n").await,
        _ => send(socket, b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await,
    }
}

/// `/redirect?307&http://…`: status and `Location`.
async fn redirect<S: AsyncWrite + Unpin>(socket: &mut S, query: &str) -> Option<()> {
    let (status, location) = query.split_once('&')?;
    let head = format!(
        "HTTP/1.1 {status} Redirect\r\ncontent-length: 0\r\nset-cookie: hop={status}\r\nlocation: {location}\r\n\r\n"
    );
    send(socket, head).await
}

async fn endless<S: AsyncWrite + Unpin>(socket: &mut S, seen: &Seen) -> Option<()> {
    send(socket, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
    let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
    loop {
        send(socket, &chunk).await?;
        seen.sent.fetch_add(chunk.len() as u64, Ordering::SeqCst);
    }
}

fn status((status, headers, body): (u16, Vec<String>, String)) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("HTTP/1.1 {status} Said\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into()
}

fn answer(headers: &[&str], body: &[u8]) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn send<S: AsyncWrite + Unpin>(socket: &mut S, bytes: impl AsRef<[u8]>) -> Option<()> {
    socket.write_all(bytes.as_ref()).await.ok()?;
    socket.flush().await.ok()
}

fn gzip(part: &[u8], times: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::best());
    for _ in 0..times {
        encoder.write_all(part).unwrap();
    }
    encoder.finish().unwrap()
}
