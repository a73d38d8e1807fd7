//! Connections that this process opens: one for each address, opened on demand and again after it ended.
//!
//! Owns them. They are served by the same loop as those that came in; a request from the other side is answered as one
//! with an unknown code.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use skylark_protocol::request::Request;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::{Shared, serve};
use super::dispatcher::Routes;
use super::{Answer, CallError, Limits, ListenerId, Peer, UnknownCode};

/// Calls to other servers by their address, `host:port`.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    stop: CancellationToken,
    connections: Mutex<HashMap<String, Arc<Connection>>>,
}

/// The connection to one address. The lock is held while it opens, so all who wait share one.
type Connection = tokio::sync::Mutex<Option<Peer>>;

impl Client {
    /// No connections yet; all end with `stop`.
    pub fn new(limits: Limits, stop: CancellationToken) -> Client {
        let routes = Routes::none(UnknownCode::Refuse);
        let shared = Arc::new(Shared::new(routes, limits, Box::new(|_| {})));
        Client { inner: Arc::new(Inner { shared, stop, connections: Mutex::new(HashMap::new()) }) }
    }

    /// Sends a request and waits for its answer; `timeout` includes the opening of the connection.
    pub async fn call<R: Request>(
        &self,
        address: &str,
        header: &R,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Answer<R>, CallError> {
        let deadline = Instant::now() + timeout;
        let opened = tokio::time::timeout_at(deadline, self.peer(address)).await;
        let peer = opened.map_err(|_| CallError::Timeout)??;
        peer.call(header, body, deadline.saturating_duration_since(Instant::now())).await
    }

    /// The open connection to this address.
    pub async fn peer(&self, address: &str) -> Result<Peer, CallError> {
        let connection = self.connection(address);
        let mut open = connection.lock().await;
        if let Some(peer) = open.as_ref().filter(|peer| !peer.is_closed()) {
            return Ok(peer.clone());
        }
        let peer = self.connect(address).await?;
        *open = Some(peer.clone());
        Ok(peer)
    }

    /// Ends the connection to this address and forgets it.
    pub fn disconnect(&self, address: &str) {
        let forgotten = self.connections().remove(address);
        if let Some(connection) = forgotten
            && let Ok(open) = connection.try_lock()
            && let Some(peer) = open.as_ref()
        {
            peer.close();
        }
    }

    async fn connect(&self, address: &str) -> Result<Peer, CallError> {
        let limits = &self.inner.shared.limits;
        let opened = tokio::time::timeout(limits.connect_max, TcpStream::connect(address)).await;
        let stream = opened.map_err(|_| CallError::Timeout)?.map_err(CallError::Connect)?;
        stream.set_nodelay(true).map_err(CallError::Connect)?;
        let remote = stream.peer_addr().map_err(CallError::Connect)?;
        let peer = Peer::new(remote, ListenerId::MAIN, limits, self.inner.shared.buffers.clone());
        tokio::spawn(serve(stream, peer.clone(), self.inner.shared.clone(), self.inner.stop.clone()));
        Ok(peer)
    }

    fn connection(&self, address: &str) -> Arc<Connection> {
        let mut connections = self.connections();
        if let Some(connection) = connections.get(address) {
            return connection.clone();
        }
        connections.entry(address.to_owned()).or_default().clone()
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Connection>>> {
        self.inner.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
