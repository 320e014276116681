//! From an address that a user typed to a connection that speaks HTTP: name, TCP, proxy, TLS, one after the other, each
//! noted in the hop's trace and each with a problem of its own.

use std::{
    convert::Infallible,
    error::Error,
    future::ready,
    io,
    net::{IpAddr, SocketAddr},
};

use domain::{
    exchange::{Connection, HttpVersion, Proxy},
    outcome::ReasonCode,
};
use http::{HeaderValue, Uri};
use hyper_util::{
    client::legacy::connect::{
        HttpConnector,
        dns::Name,
        proxy::{SocksV5, Tunnel},
    },
    rt::TokioIo,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tower::{Service, ServiceExt as _};
use url::{Position, Url};

use crate::{
    Shared,
    failure::{self, Problem},
    hop::{check_address, take_user_information},
    link::{Form, Link, Purpose},
    proxy,
    resolver::Resolver,
    tls::{self, Tls},
    trace::Trace,
};

/// Bytes to and from the target, whatever lies between.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}
pub(crate) type BoxStream = Box<dyn Stream>;

/// A connection to the origin of that URL, as the step wants it.
pub(crate) async fn connect(
    shared: &Shared,
    connection: &Connection,
    url: &Url,
    trace: &mut Trace,
) -> Result<Box<Link>, Problem> {
    trace.connecting();
    let connector = Connector { shared, resolver: shared.resolver.of(connection), connection, url };
    let tls = (url.scheme() == "https").then(|| Tls::of(shared, connection)).transpose()?;
    let purpose = Purpose { connection: connection.clone(), origin: url[..Position::BeforePath].to_owned() };
    let (stream, form) = match &connection.proxy {
        None => (connector.straight(trace).await?, Form::Origin),
        Some(proxy) if !proxy.resolves() => {
            (Box::pin(connector.through_socks(proxy, trace)).await?, Form::Origin)
        }
        Some(proxy) => Box::pin(connector.through_http(proxy, tls.is_some(), trace)).await?,
    };
    let Some(tls) = tls else {
        trace.connected();
        let http2 = connection.http_version == HttpVersion::Http2;
        return Link::open(purpose, stream, http2, form, trace).await;
    };
    let witness = tls.witness();
    trace.handshaking(witness.clone());
    let protocols = tls::protocols(connection.http_version);
    let stream = Box::pin(tls.handshake(&witness, protocols, host(url), stream)).await;
    let stream = stream.map_err(|error| failure::in_handshake(&error, &witness))?;
    trace.connected();
    let http2 = stream.get_ref().1.alpn_protocol() == Some(tls::HTTP2);
    Link::open(purpose, Box::new(stream), http2, form, trace).await
}

struct Connector<'a> {
    shared: &'a Shared,
    resolver: Resolver,
    connection: &'a Connection,
    /// The target.
    url: &'a Url,
}

impl Connector<'_> {
    async fn straight(&self, trace: &mut Trace) -> Result<BoxStream, Problem> {
        let addresses = self.addresses(host(self.url), trace).await?;
        Ok(Box::new(self.tcp(addresses, self.url.port_or_known_default(), trace).await?))
    }

    /// The proxy is told the address that the policy has seen, not the name.
    async fn through_socks(&self, proxy: &Proxy, trace: &mut Trace) -> Result<BoxStream, Problem> {
        let target = self.addresses(host(self.url), trace).await?[0];
        let port = self.url.port_or_known_default().unwrap_or_default();
        let stream: BoxStream = Box::new(self.reach(proxy, trace).await?);
        let mut socks = SocksV5::new(uri(proxy.url())?, once(stream));
        let url = proxy.url();
        if !url.username().is_empty() || url.password().is_some() {
            let user = percent_encoding::percent_decode_str(url.username()).decode_utf8_lossy();
            socks = socks.with_auth(user.into_owned(), proxy.password());
        }
        let target = format!("socks://{}", SocketAddr::new(target, port));
        let target = target.parse().map_err(|_| unusable())?;
        let through = socks.oneshot(target).await.map_err(|error| proxy::refusal(&error, proxy))?;
        Ok(through.into_inner())
    }

    /// `https` goes through a tunnel; for `http` the proxy is told the whole URL.
    async fn through_http(
        &self,
        proxy: &Proxy,
        tunnelled: bool,
        trace: &mut Trace,
    ) -> Result<(BoxStream, Form), Problem> {
        let mut stream: BoxStream = Box::new(self.reach(proxy, trace).await?);
        if proxy.url().scheme() == "https" {
            let tls = Tls::of(self.shared, self.connection)?;
            let witness = tls.witness();
            let secured = tls.handshake(&witness, &[], host(proxy.url()), stream).await;
            let secured = secured.map_err(|error| {
                let problem = failure::in_handshake(&error, &witness);
                Problem { message: format!("{}: {}", proxy::name(proxy), problem.message), ..problem }
            })?;
            stream = Box::new(secured);
        }
        let mut url = proxy.url().clone();
        let authorization = take_user_information(&mut url);
        if !tunnelled {
            return Ok((stream, Form::Absolute { authorization }));
        }
        let mut tunnel = Tunnel::new(uri(&url)?, once(stream));
        if let Some(authorization) = authorization {
            tunnel = tunnel.with_auth(authorization);
        }
        let agent = (http::header::USER_AGENT, HeaderValue::from_static(crate::link::USER_AGENT));
        let tunnel = tunnel.with_headers([agent].into_iter().collect());
        let through = tunnel.oneshot(uri(self.url)?).await;
        let through = through.map_err(|error| proxy::refusal(&error, proxy))?;
        Ok((through.into_inner(), Form::Origin))
    }

    /// A connection to the proxy itself. If its URL has an address, the policy judges that here, and if it has a name,
    /// where it is looked up.
    async fn reach(&self, proxy: &Proxy, trace: &mut Trace) -> Result<TcpStream, Problem> {
        let url = proxy.url();
        if let Ok(address) = host(url).parse() {
            check_address(address, &self.resolver.policy, self.connection).map_err(|problem| Problem {
                message: format!("the proxy: {}", problem.message),
                ..problem
            })?;
        }
        let addresses = self.addresses(host(url), trace).await?;
        self.tcp(addresses, Some(proxy::port(proxy)), trace).await
    }

    /// Where a name leads, as far as the policy permits. Addresses were judged where they stand.
    async fn addresses(&self, host: &str, trace: &mut Trace) -> Result<Vec<IpAddr>, Problem> {
        if let Ok(literal) = host.parse() {
            return Ok(vec![literal]);
        }
        trace.resolving();
        let addresses = self.resolver.permitted(host).await.map_err(failure::unresolved)?;
        trace.resolved(&addresses);
        Ok(addresses)
    }

    async fn tcp(
        &self,
        addresses: Vec<IpAddr>,
        port: Option<u16>,
        trace: &mut Trace,
    ) -> Result<TcpStream, Problem> {
        let port = port.unwrap_or_default();
        let reached = match addresses[..] {
            [only] => reach_one(SocketAddr::new(only, port)).await.map_err(Into::into),
            _ => reach_any(addresses, port).await,
        };
        let (stream, peer) = reached
            .map_err(|error| failure::not_connected(error.as_ref(), self.url, trace, self.connection))?;
        trace.reached(peer);
        Ok(stream)
    }
}

async fn reach_one(address: SocketAddr) -> io::Result<(TcpStream, IpAddr)> {
    let stream = TcpStream::connect(address).await?;
    let _ = stream.set_nodelay(true); // without it, it is only slower
    Ok((stream, address.ip()))
}

/// hyper's connector tries the addresses as RFC 8305 has it.
async fn reach_any(
    addresses: Vec<IpAddr>,
    port: u16,
) -> Result<(TcpStream, IpAddr), Box<dyn Error + Send + Sync>> {
    let found = tower::service_fn(move |_: Name| {
        let addresses: Vec<_> = addresses.iter().map(|ip| SocketAddr::new(*ip, 0)).collect();
        ready(Ok::<_, Infallible>(addresses.into_iter()))
    });
    let mut connector = HttpConnector::new_with_resolver(found);
    connector.set_nodelay(true);
    let stream = connector.oneshot(format!("http://several:{port}").parse()?).await?.into_inner();
    let peer = stream.peer_addr()?.ip();
    Ok((stream, peer))
}

/// Without the brackets of IPv6.
fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_matches(['[', ']'])
}

/// A connector whose connection is there already, for what wraps connectors.
fn once(
    stream: BoxStream,
) -> impl Service<Uri, Response = TokioIo<BoxStream>, Error = io::Error, Future: Send + 'static> {
    let mut stream = Some(TokioIo::new(stream));
    tower::service_fn(move |_: Uri| {
        ready(stream.take().ok_or_else(|| io::Error::other("the connection is in use")))
    })
}

fn uri(url: &Url) -> Result<Uri, Problem> {
    url[..Position::AfterPort].parse().map_err(|_| unusable())
}

fn unusable() -> Problem {
    Problem::new(ReasonCode::ReferenceInvalid, "the URL or that of the proxy cannot be used as it is")
}
