//! The NameServer: which brokers live and which topics they serve.
//!
//! Owns the routing tables ([`routes`]), the KV configuration ([`kv_config`]) and its own changeable settings
//! ([`live_config`]). Brokers register with every NameServer; NameServers do not know each other.
//!
//! Always holds:
//! - **Invariant:** a broker whose connection ended, or that was silent for [`BROKER_SILENCE_MAX`], is in no answer.
//! - **Invariant:** a KV entry that was acknowledged is in the file; one that was refused is nowhere.
//!
//! Must not know: the broker of this program, nor any store of messages.

mod routes;
mod topics;
mod brokers;
mod kv_config;
mod live_config;
mod limits;
mod processor;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{Live, Loaded, NamesrvConfig};
use crate::remoting::{self, ListenerId, Server};

use kv_config::KvConfig;
use routes::Routes;

/// A broker that sent nothing for so long is forgotten and its connection closed. Java: RouteInfoManager.
pub const BROKER_SILENCE_MAX: Duration = Duration::from_secs(120);
/// How often silent brokers are looked for. Java looks every 10 s only after the first 5 s; the result is the same.
const SILENCE_SCAN_PERIOD: Duration = Duration::from_secs(5);

/// The state that the processors share.
struct Namesrv {
    routes: RwLock<Routes>,
    kv_config: KvConfig,
    config: Live<NamesrvConfig>,
}

impl Namesrv {
    fn routes(&self) -> RwLockReadGuard<'_, Routes> {
        self.routes.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn routes_mut(&self) -> RwLockWriteGuard<'_, Routes> {
        self.routes.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a NameServer did not start.
#[derive(Debug)]
pub enum StartError {
    /// The port cannot be had.
    Bind(SocketAddr, std::io::Error),
    /// The KV configuration cannot be read.
    KvConfig(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Bind(address, error) => write!(out, "listen on {address}: {error}"),
            StartError::KvConfig(reason) => write!(out, "read the KV configuration: {reason}"),
        }
    }
}

impl std::error::Error for StartError {}

/// A NameServer that serves until its stop signal.
pub struct RunningNamesrv {
    /// Where it listens.
    pub address: SocketAddr,
    server: Server,
}

impl RunningNamesrv {
    /// Binds the port and serves it.
    pub fn start(loaded: Loaded<NamesrvConfig>, stop: CancellationToken) -> Result<RunningNamesrv, StartError> {
        let address = SocketAddr::new(loaded.config.bind_address, loaded.config.listen_port);
        let listener = remoting::bind(address).map_err(|error| StartError::Bind(address, error))?;
        RunningNamesrv::serve(loaded, listener, stop)
    }

    /// Serves a port that is already bound.
    pub fn serve(
        loaded: Loaded<NamesrvConfig>,
        listener: TcpListener,
        stop: CancellationToken,
    ) -> Result<RunningNamesrv, StartError> {
        let address = listener.local_addr().map_err(|error| StartError::Bind(([0, 0, 0, 0], 0).into(), error))?;
        let kv_config = KvConfig::load(&loaded.config.kv_config_path).map_err(StartError::KvConfig)?;
        let limits = limits::of_connections(&loaded.config);
        let config = Live::new(loaded);
        let namesrv = Arc::new(Namesrv { routes: RwLock::default(), kv_config, config });
        let on_close = {
            let namesrv = namesrv.clone();
            move |peer: &remoting::Peer| namesrv.routes_mut().connection_ended(peer)
        };
        tokio::spawn(forget_silent_brokers(namesrv.clone(), stop.clone()));
        let dispatcher = processor::dispatcher(namesrv);
        let server = Server::start(dispatcher, vec![(ListenerId::MAIN, listener)], limits, on_close, stop);
        Ok(RunningNamesrv { address, server })
    }

    /// Returns when all connections ended after the stop signal.
    pub async fn stopped(&self) {
        self.server.stopped().await;
    }
}

async fn forget_silent_brokers(namesrv: Arc<Namesrv>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(SILENCE_SCAN_PERIOD);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        namesrv.routes_mut().forget_silent(Instant::now());
    }
}
