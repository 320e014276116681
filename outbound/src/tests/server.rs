//! A server that misbehaves: one path per behaviour.

use std::{
    io::Write as _,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

/// A certificate authority that the tests' verifier trusts.
pub(super) struct Authority {
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

pub(super) enum Certificate {
    For(&'static str),
    Expired(&'static str),
    SelfSigned(&'static str),
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Test Authority");
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        Self { root, issuer: Issuer::new(params, key) }
    }

    pub(super) fn verifier(&self) -> Arc<dyn ServerCertVerifier> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        WebPkiServerVerifier::builder_with_provider(roots.into(), crate::tls::provider()).build().unwrap()
    }

    fn acceptor(&self, certificate: &Certificate, protocol: &[u8]) -> TlsAcceptor {
        let (Certificate::For(name) | Certificate::Expired(name) | Certificate::SelfSigned(name)) =
            *certificate;
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = rcgen::date_time_ymd(2100, 1, 15);
        if matches!(certificate, Certificate::Expired(_)) {
            params.not_after = rcgen::date_time_ymd(2024, 1, 15);
        }
        let key = KeyPair::generate().unwrap();
        let leaf = match certificate {
            Certificate::SelfSigned(_) => params.self_signed(&key),
            _ => params.signed_by(&key, &self.issuer),
        };
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(crate::tls::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.unwrap().der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![protocol.to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

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
}

impl Server {
    pub(super) async fn plain() -> Self {
        Self::start(None).await
    }

    pub(super) async fn tls(certificate: Certificate) -> Self {
        Self::start(Some(super::AUTHORITY.acceptor(&certificate, b"http/1.1"))).await
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
        let tls = super::AUTHORITY.acceptor(&Certificate::For(name), b"h2");
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
        "/many-headers" => send(socket, answer(&vec!["x-many: 1"; 5000], b"")).await,
        "/long-header" => send(socket, answer(&[&format!("x-long: {}", "x".repeat(2 << 20))], b"")).await,
        "/redirect" => redirect(socket, query).await,
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
