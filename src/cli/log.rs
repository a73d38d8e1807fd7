//! The log: lines on standard error, their level by environment.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Looked at in this order; the value is a level such as `debug`, or levels of modules as `info,skylark::namesrv=debug`.
const LEVEL_VARIABLES: [&str; 2] = ["SKYLARK_LOG", "RUST_LOG"];
const DEFAULT_LEVEL: &str = "info";

/// Starts the log of the process.
pub(super) fn start() {
    let level = LEVEL_VARIABLES.iter().find_map(|name| std::env::var(name).ok());
    let filter = EnvFilter::builder().parse_lossy(level.as_deref().unwrap_or(DEFAULT_LEVEL));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
