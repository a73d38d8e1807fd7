//! What one process and one connection may take, and what happens beyond.

use std::time::Duration;

/// Limits of the remoting layer. The defaults are those of a production server.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections served at once; beyond it a new one is closed and the old ones are left alone.
    pub connections_max: usize,
    /// A connection without a byte in either direction for so long is closed.
    pub idle_max: Duration,
    /// Answers not yet taken by the other side, in bytes; beyond it the socket is not read.
    pub unsent_bytes_max: usize,
    /// Bytes that all connections together may hold of frames half read and answers not taken; beyond it large frames are
    /// not read on, and handlers learn of it by [`super::Peer::server_is_full`].
    pub buffer_bytes_max: usize,
    /// A connection whose unsent answers do not move for so long is closed.
    pub write_stall_max: Duration,
    /// A frame that began to arrive is given so long before its pace matters.
    pub frame_patience: Duration,
    /// The pace, in bytes a second, that a half-sent frame must keep after [`Limits::frame_patience`].
    pub frame_pace_min: usize,
    /// Requests of one connection that handlers may hold back on purpose (long polls); see [`super::Peer::may_hold`].
    pub held_requests_max: usize,
    /// Requests of one connection that wait for anything; beyond it the socket is not read.
    pub in_flight_max: usize,
    /// How long requests in flight may still be answered after the stop signal.
    pub drain_max: Duration,
    /// How long a connection of [`super::Client`] may take to open.
    pub connect_max: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections_max: 15_000,
            idle_max: Duration::from_secs(120),
            unsent_bytes_max: 8 * 1024 * 1024,
            buffer_bytes_max: usize::MAX,
            write_stall_max: Duration::from_secs(60),
            frame_patience: Duration::from_secs(10),
            frame_pace_min: 16 * 1024,
            held_requests_max: 1024,
            in_flight_max: 4096,
            drain_max: Duration::from_secs(1),
            connect_max: Duration::from_secs(3),
        }
    }
}
