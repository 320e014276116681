//! One connection to the broker, whose end is certain: dropping it shuts its socket, so that neither a peer that has
//! stopped answering nor a handshake that nobody waits for keeps a thread. It never repairs itself; whoever needs a
//! connection opens the next one.

use std::{
    io,
    net::{Shutdown, TcpStream},
    os::fd::AsFd,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use lapin::{
    Channel, Connection, ConnectionProperties,
    runtime::default_runtime,
    tcp::{AsyncTcpStream, TLSConfig},
    uri::AMQPScheme,
};
use tokio::{net::lookup_host, time::timeout};

use super::{
    address::Address,
    refusal::{of_connecting, unreachable},
    topology::Topology,
};
use crate::{Error, amqp::refusal::of_channel};

/// How long anything that waits for the broker waits. A broker that does not answer counts as one that is away.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// The same for what is done once per connection, in a dozen round trips, some of them to all nodes of a cluster.
pub(super) const OPENING: Duration = Duration::from_secs(10);

/// An open connection.
pub(super) struct Link {
    connection: Connection,
    /// Dropped last: what the connection has to say is said by then.
    _socket: Socket,
}

impl Link {
    /// Connects and declares the topology.
    ///
    /// # Errors
    /// [`Error::Unreachable`] or [`Error::Refused`].
    pub(super) async fn open(address: &Address, topology: &Topology, purpose: &str) -> Result<Self, Error> {
        let opening = async {
            let link =
                Self::connect(address, purpose).await.map_err(|error| of_connecting(error, address))?;
            let declared = async {
                let channel = link.connection.create_channel().await?;
                topology.declare(&channel).await?;
                channel.close(200, "declared".into()).await
            };
            declared.await.map_err(|error| of_channel(&error, address, topology.prefix()))?;
            Ok(link)
        };
        timeout(OPENING, opening).await.unwrap_or_else(|_| Err(silent(address, OPENING)))
    }

    async fn connect(address: &Address, purpose: &str) -> lapin::Result<Self> {
        let socket = Socket::default();
        let shared = socket.0.clone();
        let name = format!("skopos {purpose}");
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connection = Connection::connector(
            address.uri.clone(),
            default_runtime()?,
            async move |uri, runtime| {
                let (host, port) = (uri.authority.host.clone(), uri.authority.port);
                let connect = async {
                    let addresses: Vec<_> = lookup_host((host.as_str(), port)).await?.collect();
                    let stream = AsyncTcpStream::connect(&runtime, addresses).await?;
                    if let AsyncTcpStream::Plain(plain) = &stream {
                        plain.get_ref().set_nodelay(true)?;
                        Socket::opened(&shared, plain.get_ref())?;
                    }
                    match uri.scheme {
                        AMQPScheme::AMQP => Ok(stream),
                        AMQPScheme::AMQPS => stream.into_tls(&host, TLSConfig::default()).await,
                    }
                };
                // Whoever asked may have left; the thread that waits here must end all the same.
                let connected = timeout(PATIENCE, connect).await;
                Ok(connected.unwrap_or_else(|late| Err(io::Error::new(io::ErrorKind::TimedOut, late)))?)
            },
            properties,
        )
        .await?;
        Ok(Self { connection, _socket: socket })
    }

    pub(super) fn is_open(&self) -> bool {
        self.connection.status().connected()
    }

    /// The broker takes no messages for now: it is short of memory or disk.
    pub(super) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    pub(super) async fn channel(&self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }

    /// Ends it in order: what was sent before has arrived.
    pub(super) async fn close(&self) {
        // A broker that does not answer a farewell is left without one.
        let _ = timeout(PATIENCE, self.connection.close(200, "bye".into())).await;
    }
}

/// Waits for the broker's answer, and no longer than that.
pub(super) async fn answered<T>(
    address: &Address,
    topology: &Topology,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, Error> {
    match timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(|error| of_channel(&error, address, topology.prefix())),
        Err(_) => Err(silent(address, PATIENCE)),
    }
}

pub(super) fn silent(address: &Address, waited: Duration) -> Error {
    unreachable(format!("{address} has not answered for {} s", waited.as_secs()))
}

/// A second handle of the connection's socket, to shut it.
#[derive(Default)]
struct Socket(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    #[default]
    Opening,
    Open(TcpStream),
    Shut,
}

impl Socket {
    fn opened(shared: &Mutex<State>, stream: &impl AsFd) -> io::Result<()> {
        let mut state = locked(shared);
        if matches!(*state, State::Shut) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        *state = State::Open(stream.as_fd().try_clone_to_owned()?.into());
        Ok(())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let State::Open(stream) = std::mem::replace(&mut *locked(&self.0), State::Shut) {
            // It fails when the peer was faster.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn locked(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().expect("no holder of this lock panics")
}
