//! Sockets on one side, typed requests and answers on the other.
//!
//! Owns every connection of the process but the replication stream: it listens, frames, decodes, finds the handler of a
//! request code, and carries the answer back. The same connection serves both directions: a client that connected may
//! be asked through its [`Peer`], and a connection that [`Client`] opened may be asked by the server.
//!
//! Always holds:
//! - **Invariant:** a one-way request (flag bit 1) is never answered, whatever becomes of it.
//! - **Invariant:** an answer travels in the header codec of its request and carries its opaque.
//! - **Invariant:** a panic in one request answers that request and touches no other.
//! - **Invariant:** what all connections hold in memory together is counted and bounded.
//! - **Invariant:** no number that a stranger announces sizes an allocation; buffers grow with what arrived.
//!
//! Must not know: topics, groups, routes, the store. What a request means is its handler's business.

mod limits;
mod buffers;
mod exchange;
mod peer;
mod dispatcher;
mod burst;
mod inbound;
mod connection;
mod server;
mod tls;
mod client;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use client::Client;
pub use dispatcher::{Dispatcher, UnknownCode};
pub use exchange::{Answer, CallError, Incoming, ListenerId, Refusal, Reply};
pub use limits::Limits;
pub use peer::{Peer, ServerFull};
pub use server::{Server, bind};
