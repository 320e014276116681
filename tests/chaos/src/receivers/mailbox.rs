//! An SMTP server: `mailin` speaks the protocol and keeps its state, TLS is rustls; only the socket is ours. TLS is on,
//! and without a login nothing is taken, nor a mail that RFC 5321 (4.5.3.1.6) and RFC 5322 (2.1.1, 3.6) do not know: lines of
//! more than 998 characters, characters beyond ASCII, no date, sender or id.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;
use mailin::{Action, AuthMechanism, Handler, Response, Session, SessionBuilder, response};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

use crate::clock::{self, Millis};

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Greeting {
    /// After STARTTLS.
    Plain,
    /// Before the first word.
    Tls,
}

/// Where the server is, and what it has.
#[derive(Debug)]
pub struct Mailbox {
    port: u16,
    /// The certificate of who signed its own, as PEM.
    pub ca: String,
    greeting: Greeting,
    shared: Arc<Mutex<Shared>>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    mails: Vec<Received>,
    /// Why mails were not taken for what they are.
    malformed: Vec<String>,
    /// Instead of what it would say to a recipient or to the end of a mail.
    recipients: Vec<(String, u16)>,
    end: Option<u16>,
    /// Whether it takes a mail and then is gone without a word.
    vanishes: bool,
    /// How long it takes from having a mail to its answer.
    answers_after: Duration,
    /// Whether it never answers a goodbye.
    ignores_quit: bool,
}

/// One mail.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// When.
    pub at: Millis,
    /// Of the envelope.
    pub from: String,
    /// Of the envelope.
    pub to: Vec<String>,
    /// Head and body.
    pub text: String,
}

impl Received {
    /// By which clients know it for the same when it comes again.
    pub fn id(&self) -> Option<&str> {
        header(&self.text, "Message-ID")
    }
}

/// Whether a mail is one.
///
/// # Errors
///
/// What is wrong with it.
pub fn check(mail: &[u8]) -> Result<(), String> {
    let Ok(text) = std::str::from_utf8(mail) else { return Err("a mail that is no text".to_owned()) };
    if let Some(strange) = text.chars().find(|c| !c.is_ascii() || *c == '\0') {
        return Err(format!("{strange:?} in a mail"));
    }
    let mut lines = text.split("\r\n");
    if let Some(line) = lines.find(|line| line.len() > 998 || line.contains(['\r', '\n'])) {
        return Err(format!("a line of {} characters, or broken at half", line.len()));
    }
    for name in ["Date", "From", "Message-ID", "Subject", "To"] {
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let count = head.split("\r\n").filter(|line| value(line, name).is_some()).count();
        if count != 1 {
            return Err(format!("{count} times {name}"));
        }
    }
    Ok(())
}

fn header<'m>(mail: &'m str, name: &str) -> Option<&'m str> {
    mail.lines().take_while(|line| !line.is_empty()).find_map(|line| value(line, name))
}

fn value<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    line.strip_prefix(name)?.strip_prefix(':').map(str::trim)
}

impl Mailbox {
    /// Listens on a port of loopback.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn start(greeting: Greeting) -> anyhow::Result<Self> {
        let (tls, ca) = certificates()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::<Mutex<Shared>>::default();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let for_all = shared.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, shared) = (acceptor.clone(), for_all.clone());
                tokio::spawn(async move { serve(stream, greeting, acceptor, shared).await });
            }
        });
        Ok(Self { port, ca, greeting, shared, serving })
    }

    /// With that password.
    pub fn url(&self, password: &str) -> String {
        let scheme = if self.greeting == Greeting::Tls { "smtps" } else { "smtp" };
        let tls = if self.greeting == Greeting::Tls { "" } else { "?tls=required" };
        format!("{scheme}://alerts%40shop.test:{password}@127.0.0.1:{}{tls}", self.port)
    }

    /// Every mail, in that order.
    pub fn got(&self) -> Vec<Received> {
        lock(&self.shared).mails.clone()
    }

    /// What was wrong with mails.
    pub fn malformed(&self) -> Vec<String> {
        lock(&self.shared).malformed.clone()
    }

    /// Answers that to a recipient.
    pub fn refuses(&self, recipient: &str, code: u16) {
        lock(&self.shared).recipients.push((recipient.to_owned(), code));
    }

    /// Answers that to every mail, or takes it.
    pub fn ends_with(&self, code: Option<u16>) {
        lock(&self.shared).end = code;
    }

    /// Answers so long after it has a mail.
    pub fn answers_after(&self, pause: Duration) {
        lock(&self.shared).answers_after = pause;
    }

    /// Answers no goodbye from now on, and keeps the connection.
    pub fn ignores_quit(&self) {
        lock(&self.shared).ignores_quit = true;
    }

    /// Takes mails from now on, and goes without a word.
    pub fn vanishes(&self) {
        lock(&self.shared).vanishes = true;
    }

    /// Nobody listens any more.
    pub async fn stop(&mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn certificates() -> anyhow::Result<(ServerConfig, String)> {
    let mut root = CertificateParams::new(Vec::new())?;
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let (root_key, key) = (KeyPair::generate()?, KeyPair::generate()?);
    let ca = root.self_signed(&root_key)?;
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
    let leaf = leaf.signed_by(&key, &Issuer::from_params(&root, &root_key))?;
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("ring has ciphers for them")?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
    Ok((tls, ca.pem()))
}

/// What the server decides.
struct Desk {
    shared: Arc<Mutex<Shared>>,
    mail: Received,
    bytes: Vec<u8>,
    known: bool,
}

impl Handler for Desk {
    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        self.known = user == "alerts@shop.test" && password == "open-sesame";
        if self.known { response::AUTH_OK } else { Response::custom(535, format!("not with {password}")) }
    }

    fn mail(&mut self, _: IpAddr, _: &str, from: &str) -> Response {
        from.clone_into(&mut self.mail.from);
        if self.known { response::OK } else { response::AUTHENTICATION_REQUIRED }
    }

    fn rcpt(&mut self, to: &str) -> Response {
        let refused = lock(&self.shared).recipients.iter().find(|(one, _)| one == to).map(|one| one.1);
        match refused {
            Some(code) => Response::custom(code, format!("no mail for {to}")),
            None => response::OK,
        }
    }

    fn data_start(&mut self, _: &str, _: &str, _: bool, to: &[String]) -> Response {
        self.mail.to = to.to_vec();
        response::START_DATA
    }

    fn data(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let mut shared = lock(&self.shared);
        if let Some(code) = shared.end {
            return Response::custom(code, "not now".to_owned());
        }
        let bytes = std::mem::take(&mut self.bytes);
        if let Err(why) = check(&bytes) {
            shared.malformed.push(why.clone());
            return Response::custom(554, why);
        }
        self.mail.at = clock::now();
        self.mail.text = String::from_utf8_lossy(&bytes).into_owned();
        shared.mails.push(self.mail.clone());
        if shared.vanishes {
            // 421 closes, and `serve` says nothing then.
            return Response::custom(421, String::new());
        }
        response::OK
    }
}

async fn serve(stream: TcpStream, greeting: Greeting, acceptor: TlsAcceptor, shared: Arc<Mutex<Shared>>) {
    let mut builder = SessionBuilder::new("mail.test");
    builder.enable_auth(AuthMechanism::Plain);
    if greeting == Greeting::Plain {
        builder.enable_start_tls();
    }
    let desk = Desk { shared: shared.clone(), mail: Received::default(), bytes: Vec::new(), known: false };
    let mut session = builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), desk);
    match greeting {
        Greeting::Tls => {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            session.tls_active();
            talk(stream, &mut session, &shared, true).await;
        }
        Greeting::Plain => {
            let Some(stream) = talk(stream, &mut session, &shared, true).await else { return };
            let Ok(stream) = acceptor.accept(stream).await else { return };
            session.tls_active();
            talk(stream, &mut session, &shared, false).await;
        }
    }
}

/// Until the client goes, or wants TLS: then its stream.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    session: &mut Session<Desk>,
    shared: &Mutex<Shared>,
    greet: bool,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    if greet {
        say(&mut stream, &session.greeting()).await?;
    }
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        if lock(shared).ignores_quit && line.eq_ignore_ascii_case(b"QUIT\r\n") {
            continue;
        }
        let answer = session.process(&line);
        if line == *b".\r\n" {
            let pause = lock(shared).answers_after;
            tokio::time::sleep(pause).await;
        }
        if answer.code == 421 {
            return None;
        }
        if answer.action != Action::NoReply {
            say(&mut stream, &answer).await?;
        }
        match answer.action {
            Action::Close => return None,
            Action::UpgradeTls => return Some(stream.into_inner()),
            Action::NoReply | Action::Reply => {}
        }
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, answer: &Response) -> Option<()> {
    let mut text = Vec::new();
    answer.write_to(&mut text).ok()?;
    stream.write_all(&text).await.ok()?;
    stream.flush().await.ok()
}
