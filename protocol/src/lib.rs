//! What the bytes of RocketMQ 4.x mean: no sockets, files, clock or runtime.
//!
//! A stream is cut into frames ([`frame`]), a frame is a command ([`command`]), its ext fields become a typed
//! request ([`mod@request`]) and its body a JSON object ([`body`]) or messages ([`message`]). Each goes both ways.
//!
//! **Invariant:** decoding takes any bytes: it does not panic, and reserves by what arrived, never by what it claims.

pub mod error;
pub mod frame;
pub mod command;
pub mod language;
pub mod fields;
pub mod request;
pub mod response_code;
pub mod body;
pub mod message;

mod header_json;
mod header_binary;
mod json;
mod reader;
