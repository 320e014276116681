//! Through an HTTP proxy, with and without TLS of its own, and through SOCKS5.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use domain::{
    exchange::{Connection, HttpVersion, Proxy, Request},
    outcome::ReasonCode,
};
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
        copy_bidirectional,
    },
    net::{TcpListener, TcpStream},
};

use super::{AUTHORITY, authority::Certificate, get, outbound, server::Server, test_names, with};

/// A proxy on loopback that remembers what it was asked for.
struct Middle {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Middle {
    async fn http() -> Self {
        Self::start(|mut socket, asked| async move { http(&mut socket, &asked).await.unwrap_or_default() })
            .await
    }

    async fn https(name: &'static str) -> Self {
        let tls = AUTHORITY.acceptor(&Certificate::For(name), &[], false);
        Self::start(move |socket, asked| {
            let tls = tls.clone();
            async move {
                if let Ok(mut socket) = tls.accept(socket).await {
                    http(&mut socket, &asked).await.unwrap_or_default();
                }
            }
        })
        .await
    }

    async fn socks() -> Self {
        Self::start(|socket, asked| async move { socks(socket, &asked).await.unwrap_or_default() }).await
    }

    async fn start<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> F + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let seen = asked.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, seen.clone()));
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// `scheme://user:pass@host:port`, with the user and the password that it wants.
    fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://user:p%40ss@{host}:{}", self.address.port())
    }
}

/// Where a target is, which is on loopback whatever it is called.
async fn connect(port: &str) -> Option<TcpStream> {
    TcpStream::connect(("127.0.0.1", port.parse().ok()?)).await.ok()
}

async fn http<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut S, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut socket = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (socket.read_line(&mut head).await.ok()? > 0).then_some(())?;
    }
    asked.lock().unwrap().push(head.clone());
    let authorization = "proxy-authorization: Basic dXNlcjpwQHNz\r\n";
    if !head.to_ascii_lowercase().contains(&authorization.to_ascii_lowercase()) {
        socket.write_all(b"HTTP/1.1 407 Who?\r\ncontent-length: 0\r\n\r\n").await.ok()?;
        return None;
    }
    let target = head.split(' ').nth(1)?;
    if !head.starts_with("CONNECT ") {
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nthrough").await.ok()?;
        return None;
    }
    let port = target.rsplit(':').next()?;
    let Some(mut there) = connect(port).await else {
        socket.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await.ok()?;
        return None;
    };
    socket.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.ok()?;
    copy_bidirectional(&mut socket, &mut there).await.ok().map(|_| ())
}

/// RFC 1928 with RFC 1929.
async fn socks(mut socket: TcpStream, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut greeting = vec![0; 2];
    socket.read_exact(&mut greeting).await.ok()?;
    let mut methods = vec![0; greeting[1].into()];
    socket.read_exact(&mut methods).await.ok()?;
    if !methods.contains(&2) {
        socket.write_all(&[5, 0xff]).await.ok()?;
        return None;
    }
    socket.write_all(&[5, 2]).await.ok()?;
    let mut expected = b"\x01\x04user\x04p@ss".to_vec();
    let mut given = vec![0; expected.len()];
    socket.read_exact(&mut given).await.ok()?;
    if given != std::mem::take(&mut expected) {
        socket.write_all(&[1, 1]).await.ok()?;
        return None;
    }
    socket.write_all(&[1, 0]).await.ok()?;
    let mut request = [0; 10]; // version, CONNECT, 0, IPv4, four bytes, port
    socket.read_exact(&mut request).await.ok()?;
    let [.., kind, a, b, c, d, high, low] = request;
    let port = u16::from_be_bytes([high, low]);
    asked.lock().unwrap().push(format!("{kind} {a}.{b}.{c}.{d}:{port}"));
    let Some(mut there) = connect(&port.to_string()).await else {
        socket.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
        return None;
    };
    socket.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await.ok()?;
    copy_bidirectional(&mut socket, &mut there).await.ok().map(|_| ())
}

fn through(proxy: &str, url: String) -> Request {
    let proxy = Some(Proxy::parse(proxy).unwrap());
    Request { connection: Connection { proxy, ..Connection::default() }, ..get(url) }
}

#[tokio::test]
async fn an_http_proxy_is_asked_for_the_whole_url_and_for_a_tunnel() {
    let (proxy, server) = (Middle::http().await, Server::tls(Certificate::For("a.test")).await);
    let mut session = outbound().session();
    let url = proxy.url("http", "127.0.0.1");
    let response = session.send(&through(&url, "http://nobody.knows/ok?x=1".to_owned())).await.unwrap();
    assert_eq!((response.status, &*response.body), (200, b"through".as_slice()));
    assert!(
        proxy.asked()[0].starts_with("GET http://nobody.knows/ok?x=1 HTTP/1.1\r\n"),
        "{:?}",
        proxy.asked()
    );

    let target = server.named("https", "a.test", "/ok");
    let response = session.send(&through(&url, target)).await.unwrap();
    assert_eq!((response.status, &*response.body), (200, b"ok".as_slice()));
    assert_eq!(response.tls.unwrap().subject, "CN=a.test");
    assert!(response.timing.tls.is_some() && response.timing.connect.is_some(), "{:?}", response.timing);
    let tunnel = format!("CONNECT a.test:{} HTTP/1.1\r\n", server.address.port());
    assert!(proxy.asked()[1].starts_with(&tunnel), "{:?}", proxy.asked());
    assert!(!server.last().to_ascii_lowercase().contains("proxy-authorization"), "{}", server.last());
}

#[tokio::test]
async fn a_proxy_with_tls_of_its_own_is_verified_too() {
    let (proxy, server) = (Middle::https("proxy.test").await, Server::tls(Certificate::For("a.test")).await);
    let mut session = outbound().session();
    let target = server.named("https", "a.test", "/ok");
    let response = session.send(&through(&proxy.url("https", "proxy.test"), target.clone())).await.unwrap();
    assert_eq!(response.tls.unwrap().subject, "CN=a.test");
    let plain =
        session.send(&through(&proxy.url("https", "proxy.test"), "http://x.test/".to_owned())).await.unwrap();
    assert_eq!((plain.status, plain.tls), (200, None));

    let port = proxy.address.port();
    for target in [target, "http://x.test/".to_owned()] {
        let failure = session.send(&through(&proxy.url("https", "other.test"), target)).await.unwrap_err();
        assert_eq!(failure.code, ReasonCode::Tls);
        let expected = format!("the proxy other.test:{port}: the certificate is not for `other.test`");
        assert_eq!(failure.message, expected);
    }
}

#[tokio::test]
async fn a_socks_proxy_is_told_the_address_that_the_policy_has_seen() {
    let (proxy, server) = (Middle::socks().await, Server::tls(Certificate::For("a.test")).await);
    let mut session = outbound().session();
    let url = proxy.url("socks5", "proxy.test");
    let response = session.send(&through(&url, server.named("https", "a.test", "/ok"))).await.unwrap();
    assert_eq!((response.status, &*response.body), (200, b"ok".as_slice()));
    assert_eq!(proxy.asked(), [format!("1 127.0.0.1:{}", server.address.port())]);

    let plain = Server::plain().await;
    let given = Request {
        connection: Connection {
            resolve: vec![("inside.example".to_owned(), [127, 0, 0, 1].into())],
            ..through(&url, String::new()).connection
        },
        ..get(plain.named("http", "inside.example", "/ok"))
    };
    assert_eq!(session.send(&given).await.unwrap().status, 200);

    let unknown = session.send(&through(&url, "http://nobody.knows/".to_owned())).await.unwrap_err();
    assert_eq!(unknown.code, ReasonCode::Dns, "{}", unknown.message);
}

#[tokio::test]
async fn a_proxy_that_does_not_let_us_through_is_named() {
    let (http, socks) = (Middle::http().await, Middle::socks().await);
    let mut gone = Server::plain().await;
    gone.refuse().await;
    let target = gone.named("https", "a.test", "/");
    let bare = |middle: &Middle, scheme: &str| format!("{scheme}://127.0.0.1:{}", middle.address.port());
    let wrong =
        |middle: &Middle, scheme: &str| format!("{scheme}://user:oops@127.0.0.1:{}", middle.address.port());
    for (proxy, code, expected) in [
        (bare(&http, "http"), ReasonCode::Proxy, "wants a user and a password, or others"),
        (wrong(&http, "http"), ReasonCode::Proxy, "wants a user and a password, or others"),
        (http.url("http", "127.0.0.1"), ReasonCode::Proxy, "refused to connect to the target"),
        (bare(&socks, "socks5"), ReasonCode::Proxy, "wants another kind of authentication"),
        (wrong(&socks, "socks5"), ReasonCode::Proxy, "does not accept the user and the password"),
        (
            socks.url("socks5", "127.0.0.1"),
            ReasonCode::Proxy,
            "did not connect to the target: connection refused",
        ),
        (gone.named("http", "127.0.0.1", ""), ReasonCode::Connect, ""),
    ] {
        let failure = outbound().session().send(&through(&proxy, target.clone())).await.unwrap_err();
        assert_eq!(failure.code, code, "{proxy}: {}", failure.message);
        assert!(failure.message.contains("the proxy 127.0.0.1:"), "{}", failure.message);
        assert!(failure.message.ends_with(expected) || expected.is_empty(), "{}", failure.message);
        assert!(!failure.message.contains("oops"), "{}", failure.message);
    }
}

#[tokio::test]
async fn the_address_policy_judges_proxies_and_what_is_behind_them_as_far_as_it_sees() {
    let proxy = Middle::http().await;
    let mut strict = with(&[], test_names()).session();
    for host in ["127.0.0.1", "proxy.test", "[::1]", "0x7f.1"] {
        for scheme in ["http", "socks5"] {
            let request = through(&proxy.url(scheme, host), "https://203.0.114.1/".to_owned());
            let denied = strict.send(&request).await.unwrap_err();
            let unresolved = host == "0x7f.1" && scheme == "socks5";
            let expected = if unresolved { ReasonCode::Dns } else { ReasonCode::AddressDenied };
            assert_eq!(denied.code, expected, "{scheme}://{host}: {}", denied.message);
        }
    }
    let mut lax = outbound().session();
    let url = proxy.url("http", "127.0.0.1");
    for target in ["http://10.0.0.1/", "https://169.254.169.254/", "http://[::1]/"] {
        let denied = lax.send(&through(&url, target.to_owned())).await.unwrap_err();
        assert_eq!(denied.code, ReasonCode::AddressDenied, "{target}");
    }
    assert!(proxy.asked().is_empty());
    let socks = Middle::socks().await;
    let inside = with(&["127.0.0.0/8"], super::names(|_| vec![[10, 0, 0, 1].into()]));
    let denied =
        inside.session().send(&through(&socks.url("socks5", "127.0.0.1"), "http://x.test/".into())).await;
    assert_eq!(denied.unwrap_err().code, ReasonCode::AddressDenied);
}

#[tokio::test]
async fn http2_goes_through_a_tunnel_and_not_through_a_plain_proxy() {
    let (proxy, server) = (Middle::http().await, Server::http2("a.test").await);
    let mut session = outbound().session();
    let with_http2 = |url: String| {
        let mut request = through(&proxy.url("http", "127.0.0.1"), url);
        request.connection.http_version = HttpVersion::Http2;
        request
    };
    let response = session.send(&with_http2(server.named("https", "a.test", "/"))).await.unwrap();
    assert_eq!(response.http_version, "HTTP/2");
    let failure = session.send(&with_http2("http://a.test/".to_owned())).await.unwrap_err();
    assert_eq!(failure.message, "HTTP/2 without TLS cannot go through an HTTP proxy");
}
