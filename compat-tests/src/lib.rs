//! Starts servers, holds conversations, kills processes: what the tests in `tests/` share.
//!
//! | module | what it gives |
//! | --- | --- |
//! | [`cluster`] | a NameServer and a broker on free ports with a store in a temp folder: Skylark, or Java with `COMPAT_TARGET=java` |
//! | [`server`] | one of their processes: start, wait until ready, stop, kill -9, its log |
//! | [`java`] | the published jars through Maven: the reference servers and the scenarios of `java-harness/` |
//! | [`frame`] | requests and answers as bytes |
//! | [`script`] | a conversation that reads like a packet trace: send this, expect that |
//! | [`record`] | messages as they lie in the log and travel in pull answers |
//! | [`client`] | sends, pulls and queries as a client would, one blocking call each |
//! | [`crash`] | load from several connections, kill -9, and the checker of what was acknowledged |
//!
//! **Invariant:** nothing here uses the product's own code: what checks it must not share its mistakes.
//! **Invariant:** only processes started here are killed, by their own handle, also when a test fails.
//! **Invariant:** a state is waited for until a generous deadline; nothing sleeps a fixed time for one, nothing asserts speed.

pub mod cluster;
pub mod server;
pub mod java;
pub mod frame;
pub mod script;
pub mod record;
pub mod client;
pub mod crash;
mod wait;

pub use wait::{DEADLINE, wait_for};
