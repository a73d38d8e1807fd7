//! JSON bodies: Java's objects under Java's names, decoded and encoded in fastjson's dialect.
//!
//! Fields stand in alphabetical order, as fastjson writes them. When reading, an absent field has its type's default,
//! which is Java's; unknown fields are passed over.

pub mod fastjson;
mod names;
mod message_queue;
mod topic;
mod group;
mod route;
mod client;
mod progress;
mod running_info;
mod stats;
mod register_broker;

pub use client::*;
pub use fastjson::{decode, encode, encode_standard};
pub use group::*;
pub use message_queue::*;
pub use names::*;
pub use progress::*;
pub use register_broker::*;
pub use route::*;
pub use running_info::*;
pub use stats::*;
pub use topic::*;

/// Declares bodies: structs that read leniently and write all their fields.
macro_rules! bodies {
    ($($(#[$meta:meta])* $name:ident { $($fields:tt)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub struct $name { $($fields)* }
    )*};
}

use bodies;
