//! Listening sockets: who may come in, and the end of all.
//!
//! Owns the accept loops and counts the connections. Ports are bound by the caller, so a start that cannot have its
//! port fails before anything else began, and tests ask for port 0.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Shared, serve};
use super::{Dispatcher, Limits, ListenerId, Peer, tls};

const LISTEN_BACKLOG: u32 = 1024;
/// Pause after an accept that failed for want of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Binds a port that a predecessor may have left a moment ago.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(LISTEN_BACKLOG)
}

/// A running server. It ends with its stop signal.
pub struct Server {
    tasks: TaskTracker,
}

impl Server {
    /// Serves these ports until `stop`; `on_close` runs once for every connection, when it ended.
    pub fn start<S: Clone + Send + Sync + 'static>(
        dispatcher: Dispatcher<S>,
        listeners: Vec<(ListenerId, TcpListener)>,
        limits: Limits,
        on_close: impl Fn(&Peer) + Send + Sync + 'static,
        stop: CancellationToken,
    ) -> Server {
        let tasks = TaskTracker::new();
        let gate = Arc::new(Gate {
            places: Arc::new(Semaphore::new(limits.connections_max)),
            turned_away: AtomicU64::new(0),
            shared: Arc::new(Shared::new(dispatcher.into_routes(), limits, Box::new(on_close))),
            tasks: tasks.clone(),
            stop,
        });
        for (id, listener) in listeners {
            let gate = gate.clone();
            tasks.spawn(async move { gate.accept_all(id, listener).await });
        }
        tasks.close();
        Server { tasks }
    }

    /// Returns when the last connection ended after the stop signal.
    pub async fn stopped(&self) {
        self.tasks.wait().await;
    }
}

struct Gate {
    places: Arc<Semaphore>,
    turned_away: AtomicU64,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Gate {
    async fn accept_all(&self, id: ListenerId, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.stop.cancelled() => return,
            };
            match accepted {
                Ok((stream, remote)) => self.admit(id, stream, remote),
                Err(error) => {
                    tracing::warn!(%error, "accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn admit(&self, id: ListenerId, stream: TcpStream, remote: SocketAddr) {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            // The first of every thousand: a flood must not fill the log.
            if self.turned_away.fetch_add(1, Ordering::Relaxed).is_multiple_of(1000) {
                let limit = self.shared.limits.connections_max;
                tracing::warn!(%remote, limit, "close a new connection: too many");
            }
            return;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%remote, %error, "close a new connection: set TCP_NODELAY");
            return;
        }
        let peer = Peer::new(remote, id, &self.shared.limits, self.shared.buffers.clone());
        self.tasks.spawn(attend(stream, peer, self.shared.clone(), self.stop.clone(), place));
    }
}

async fn attend(
    stream: TcpStream,
    peer: Peer,
    shared: Arc<Shared>,
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
) {
    let opening = tokio::time::timeout(shared.limits.idle_max, tls::is_handshake(&stream));
    let speaks_tls = match stop.run_until_cancelled(opening).await {
        Some(Ok(Ok(speaks_tls))) => speaks_tls,
        // Stopped, silent, or gone before its first byte.
        None | Some(Err(_) | Ok(Err(_))) => return,
    };
    if !speaks_tls {
        return serve(stream, peer, shared, stop).await;
    }
    match tls::accept(stream).await {
        Ok(stream) => serve(stream, peer, shared, stop).await,
        Err(error) => tracing::info!(peer = %peer.remote(), %error, "close: the TLS handshake failed"),
    }
}
