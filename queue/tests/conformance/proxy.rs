//! A wire between the adapter and the broker that a test can cut, block, and let no one in. It can speak, too.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Mutex, broadcast, watch},
};

/// What becomes of bytes and connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Passing,
    /// Connections stand, and nothing moves on them.
    Stalled,
    /// New connections are closed at once.
    Refusing,
}

/// What happens to the connections that there are.
#[derive(Debug, Clone, Copy)]
enum Act {
    Cut,
    /// Bytes for the client of one connection, between two frames: nothing else may be on its way.
    Say(usize, &'static [u8]),
}

/// Ends with the test's runtime.
pub(crate) struct Proxy {
    address: SocketAddr,
    wire: watch::Sender<Wire>,
    acts: broadcast::Sender<Act>,
}

impl Proxy {
    pub(crate) async fn to(broker: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (wire, acts) = (watch::Sender::new(Wire::Passing), broadcast::Sender::new(16));
        tokio::spawn({
            let (wire, acts) = (wire.clone(), acts.clone());
            async move {
                for number in 1.. {
                    let (client, _) = listener.accept().await.unwrap();
                    if *wire.borrow() != Wire::Refusing {
                        let (wire, acts) = (wire.subscribe(), acts.subscribe());
                        tokio::spawn(carry(number, client, broker.clone(), wire, acts));
                    }
                }
            }
        });
        Self { address, wire, acts }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn is(&self, wire: Wire) {
        self.wire.send_replace(wire);
    }

    /// Ends every connection that there is. Answers how many there were.
    pub(crate) fn cut(&self) -> usize {
        self.acts.send(Act::Cut).unwrap_or(0)
    }

    /// How many connections there are.
    pub(crate) fn connections(&self) -> usize {
        self.acts.receiver_count()
    }

    /// Speaks on a connection, the first being 1, in the broker's stead.
    pub(crate) fn say(&self, number: usize, bytes: &'static [u8]) {
        self.acts.send(Act::Say(number, bytes)).unwrap();
    }
}

type Writer = Arc<Mutex<OwnedWriteHalf>>;

async fn carry(
    number: usize,
    client: TcpStream,
    broker: String,
    wire: watch::Receiver<Wire>,
    mut acts: broadcast::Receiver<Act>,
) {
    let broker = TcpStream::connect(broker).await.unwrap();
    let ((from_client, to_client), (from_broker, to_broker)) = (client.into_split(), broker.into_split());
    let (to_client, to_broker) = (Arc::new(Mutex::new(to_client)), Arc::new(Mutex::new(to_broker)));
    let down = pump(from_broker, to_client.clone(), wire.clone());
    let up = pump(from_client, to_broker, wire);
    let told = async {
        while let Ok(Act::Say(to, bytes)) = acts.recv().await {
            if to == number {
                to_client.lock().await.write_all(bytes).await.unwrap();
            }
        }
    };
    tokio::select! { () = down => {}, () = up => {}, () = told => {} }
}

async fn pump(mut from: OwnedReadHalf, to: Writer, mut wire: watch::Receiver<Wire>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        let moves = wire.wait_for(|wire| *wire != Wire::Stalled).await.is_ok();
        if !moves || read == 0 || to.lock().await.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// Frames of a broker that is short of memory, and of one that has enough again: AMQP's `connection.blocked` and
/// `connection.unblocked` (<https://www.rabbitmq.com/docs/connection-blocked>), on channel 0.
pub(crate) const BLOCKED: &[u8] = b"\x01\0\0\0\0\0\x08\0\x0a\0\x3c\x03low\xce";
pub(crate) const UNBLOCKED: &[u8] = b"\x01\0\0\0\0\0\x04\0\x0a\0\x3d\xce";
