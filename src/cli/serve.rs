//! Starting the servers, waiting for the signal, and ending them.
//!
//! Owns the order: ports before anything else, so a start that cannot have them leaves no trace; the NameServer before
//! the broker that registers with it; the end the other way round.

use std::error::Error;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::settings::Roles;
use crate::broker::lifecycle::{EXIT_STORE_FAILED, Listeners, RunningBroker};
use crate::config::{BrokerConfig, Loaded, NamesrvConfig};
use crate::namesrv::RunningNamesrv;
use crate::remoting;
use crate::store::disk::RealDisk;

type Failure = Box<dyn Error + Send + Sync>;
type BoundNamesrv = (Loaded<NamesrvConfig>, TcpListener);
type BoundBroker = (Loaded<BrokerConfig>, Listeners);

const PORT_WAIT_MAX: Duration = Duration::from_secs(2);
const PORT_WAIT_STEP: Duration = Duration::from_millis(20);

/// Runs the servers until a signal, or until the store fails.
pub(super) fn serve(roles: Roles, started: Instant) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("skylark").build() {
        Ok(runtime) => runtime,
        Err(error) => return cannot_start(&error.into()),
    };
    let code = runtime.block_on(run(roles, started)).unwrap_or_else(|error| cannot_start(&error));
    // A disk that does not answer must not keep a process that is over; after a clean end nothing is left to wait for.
    runtime.shutdown_background();
    code
}

fn cannot_start(error: &Failure) -> ExitCode {
    tracing::error!("cannot start: {error}");
    ExitCode::FAILURE
}

async fn run(roles: Roles, started: Instant) -> Result<ExitCode, Failure> {
    let mut signals = Signals::listen()?;
    tracing::info!("skylark {} starts, speaking RocketMQ 4.9", env!("CARGO_PKG_VERSION"));
    let servers = tokio::select! {
        servers = Servers::start(roles) => servers?,
        // What recovery had done by now is done again next time.
        name = signals.received() => return Ok(interrupted(name)),
    };
    tracing::info!("ready in {} ms", started.elapsed().as_millis());
    tokio::select! {
        name = signals.received() => tracing::info!("{name}: stop"),
        reason = servers.store_failed() => {
            tracing::error!("the store failed and takes no more messages: {reason}");
            return Ok(ExitCode::from(EXIT_STORE_FAILED));
        }
    }
    tokio::select! {
        ended = servers.end() => Ok(ended),
        name = signals.received() => Ok(interrupted(name)),
    }
}

fn interrupted(name: &str) -> ExitCode {
    tracing::warn!("{name}: end without finishing");
    ExitCode::FAILURE
}

/// What runs.
struct Servers {
    namesrv: Option<RunningNamesrv>,
    broker: Option<RunningBroker>,
    stop: CancellationToken,
}

impl Servers {
    async fn start(roles: Roles) -> Result<Servers, Failure> {
        let namesrv = match roles.namesrv {
            Some(loaded) => Some(bind_namesrv(loaded).await?),
            None => None,
        };
        let beside = namesrv.as_ref().map(|(_, listener)| listener.local_addr()).transpose()?;
        let broker = match roles.broker {
            Some(loaded) => Some(bind_broker(loaded, beside).await?),
            None => None,
        };
        let stop = CancellationToken::new();
        let namesrv = namesrv.map(|bound| start_namesrv(bound, &stop)).transpose()?;
        let broker = match broker {
            Some(bound) => Some(start_broker(bound).await?),
            None => None,
        };
        Ok(Servers { namesrv, broker, stop })
    }

    async fn store_failed(&self) -> String {
        match &self.broker {
            Some(broker) => broker.failed().await,
            None => std::future::pending().await,
        }
    }

    async fn end(self) -> ExitCode {
        let closed = match self.broker {
            Some(broker) => broker.stop().await,
            None => Ok(()),
        };
        self.stop.cancel();
        if let Some(namesrv) = self.namesrv {
            namesrv.stopped().await;
        }
        match closed {
            Ok(()) => {
                tracing::info!("stopped");
                ExitCode::SUCCESS
            }
            Err(error) => {
                tracing::error!("close the store: {error}");
                ExitCode::FAILURE
            }
        }
    }
}

async fn bind_namesrv(loaded: Loaded<NamesrvConfig>) -> Result<BoundNamesrv, Failure> {
    let listener = bind(loaded.config.bind_address, loaded.config.listen_port).await?;
    Ok((loaded, listener))
}

fn start_namesrv((loaded, listener): BoundNamesrv, stop: &CancellationToken) -> Result<RunningNamesrv, Failure> {
    let kv_config = loaded.config.kv_config_path.display().to_string();
    let namesrv = RunningNamesrv::serve(loaded, listener, stop.clone())?;
    tracing::info!("The Name Server boot success: {}, KV configuration in {kv_config}", namesrv.address);
    Ok(namesrv)
}

/// `beside` is the NameServer of this process, which the broker registers with unless it is told others.
async fn bind_broker(mut loaded: Loaded<BrokerConfig>, beside: Option<SocketAddr>) -> Result<BoundBroker, Failure> {
    let config = &mut loaded.config;
    match beside {
        Some(beside) if config.namesrv_addresses().is_empty() => config.namesrv_addr = reachable(beside).to_string(),
        None if config.namesrv_addresses().is_empty() => {
            tracing::warn!("namesrvAddr is not set: no client will find this broker");
        }
        _ => {}
    }
    let main = bind(config.bind_address, config.listen_port).await?;
    let vip = bind(config.bind_address, config.listen_port - 2).await?;
    Ok((loaded, Listeners { main, vip }))
}

async fn start_broker((loaded, listeners): BoundBroker) -> Result<RunningBroker, Failure> {
    let (vip, store) = (listeners.vip.local_addr()?, loaded.config.store_path_root_dir.display().to_string());
    let BrokerConfig { broker_name, broker_ip1, listen_port, namesrv_addr, flush_disk_type, .. } =
        loaded.config.clone();
    let broker = RunningBroker::start(loaded, listeners, Arc::new(RealDisk)).await?;
    let recovery = broker.recovery();
    tracing::info!(
        "store {store}, {flush_disk_type}: log {}..{}, {} topics, {} messages folded, {} torn bytes cut, in {} ms",
        recovery.log_start,
        recovery.log_end,
        broker.topic_count(),
        recovery.messages_folded,
        recovery.torn_bytes,
        recovery.took.as_millis(),
    );
    tracing::info!(
        "The broker[{broker_name}, {broker_ip1}:{listen_port}] boot success: {} and {vip}, NameServers {namesrv_addr}",
        broker.local_addr(),
    );
    Ok(broker)
}

/// Waits a little for a port: a predecessor that was killed holds its ports until the kernel is done with it.
async fn bind(address: IpAddr, port: u16) -> Result<TcpListener, Failure> {
    let address = SocketAddr::new(address, port);
    let latest = Instant::now() + PORT_WAIT_MAX;
    loop {
        match remoting::bind(address) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < latest => {
                tokio::time::sleep(PORT_WAIT_STEP).await;
            }
            Err(error) => return Err(format!("listen on {address}: {error}").into()),
        }
    }
}

/// Where this process reaches a port of its own.
fn reachable(bound: SocketAddr) -> SocketAddr {
    match bound.ip() {
        ip if !ip.is_unspecified() => bound,
        IpAddr::V4(_) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), bound.port()),
        IpAddr::V6(_) => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), bound.port()),
    }
}

/// The signals that end the process.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Signals> {
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The name of the next one.
    async fn received(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
