//! A TCP proxy between one process and one server, so that the process can lose that server while the others keep it.
//! It also knows which of the server's connections are that process's, which tells the checker who wrote a row.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::AbortHandle,
};

use crate::clock::{self, Millis};

/// What becomes of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They pass.
    Pass,
    /// They wait; nobody is told.
    Stall,
    /// There is no connection.
    Refuse,
}

#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    /// Connections of an earlier generation are cut.
    generation: u64,
}

/// One proxy.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) port: u16,
    state: watch::Sender<State>,
    used: Arc<Mutex<Vec<Used>>>,
    listening: AbortHandle,
}

/// A connection to the server came from this port since then. Ports are used again by others.
#[derive(Debug, Clone, Copy)]
struct Used {
    port: u16,
    since: Millis,
}

impl Proxy {
    /// Listens, and connects whoever comes to the server.
    pub(crate) async fn start(port: u16, server: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let state = watch::Sender::new(State { mode: Mode::Pass, generation: 0 });
        let used = Arc::<Mutex<Vec<Used>>>::default();
        let listening = tokio::spawn(listen(listener, server, state.clone(), used.clone())).abort_handle();
        Ok(Self { port, state, used, listening })
    }

    /// From now on.
    pub(crate) fn set(&self, mode: Mode) {
        self.state.send_modify(|state| state.mode = mode);
        if mode == Mode::Refuse {
            self.cut();
        }
    }

    /// Ends every connection that there is.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.generation += 1);
    }

    /// When the latest connection from this port began that was there at an instant, if it was through this proxy.
    pub(crate) fn had(&self, port: u16, at: Millis) -> Option<Millis> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.iter().rev().find(|used| used.port == port && used.since <= at).map(|used| used.since)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.cut();
    }
}

async fn listen(
    listener: TcpListener,
    server: u16,
    state: watch::Sender<State>,
    used: Arc<Mutex<Vec<Used>>>,
) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let at = *state.borrow();
        if at.mode == Mode::Refuse {
            continue;
        }
        let (state, used) = (state.subscribe(), used.clone());
        tokio::spawn(async move {
            let Ok(upstream) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
            if let Ok(port) = upstream.local_addr().as_ref().map(SocketAddr::port) {
                let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
                used.push(Used { port, since: clock::now() });
            }
            let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
            connect(client, upstream, state, at.generation).await;
        });
    }
}

/// Until one side ends or the connection is cut; then both are closed.
async fn connect(client: TcpStream, upstream: TcpStream, state: watch::Receiver<State>, generation: u64) {
    let (from_client, to_client) = client.into_split();
    let (from_upstream, to_upstream) = upstream.into_split();
    let mut cut = state.clone();
    tokio::select! {
        _ = cut.wait_for(|state| state.generation != generation) => {}
        () = pump(from_client, to_upstream, state.clone()) => {}
        () = pump(from_upstream, to_client, state) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<State>) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = match from.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        if state.wait_for(|state| state.mode != Mode::Stall).await.is_err() {
            return;
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

/// How long a stall may last without being an outage that everybody sees.
pub(crate) const SHORT: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Ports;

    async fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        port
    }

    async fn through() -> (Proxy, TcpStream) {
        let proxy = Proxy::start(Ports::new().free().unwrap(), echo().await).await.unwrap();
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).await.unwrap();
        (proxy, stream)
    }

    async fn say(stream: &mut TcpStream, word: &[u8; 2]) -> [u8; 2] {
        stream.write_all(word).await.unwrap();
        let mut heard = [0; 2];
        stream.read_exact(&mut heard).await.unwrap();
        heard
    }

    #[tokio::test]
    async fn bytes_pass_both_ways() {
        let (_proxy, mut stream) = through().await;
        assert_eq!(say(&mut stream, b"hi").await, *b"hi");
    }

    #[tokio::test]
    async fn what_was_stalled_arrives_later() {
        let (proxy, mut stream) = through().await;
        assert_eq!(say(&mut stream, b"hi").await, *b"hi");
        proxy.set(Mode::Stall);
        stream.write_all(b"ho").await.unwrap();
        let mut heard = [0; 2];
        let silence = tokio::time::timeout(Duration::from_millis(50), stream.read_exact(&mut heard)).await;
        assert!(silence.is_err());
        proxy.set(Mode::Pass);
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, *b"ho");
    }

    #[tokio::test]
    async fn a_refusal_cuts_what_there_is_and_what_comes() {
        let (proxy, mut stream) = through().await;
        assert_eq!(say(&mut stream, b"hi").await, *b"hi");
        proxy.set(Mode::Refuse);
        assert!(matches!(stream.read(&mut [0; 2]).await, Ok(0) | Err(_)));
        let mut other = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).await.unwrap();
        assert!(matches!(other.read(&mut [0; 2]).await, Ok(0) | Err(_)));
    }
}
