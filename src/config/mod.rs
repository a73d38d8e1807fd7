//! Settings of the two servers: where they come from, what they mean, what is wrong with them.
//!
//! Owns the tables of honoured keys ([`BrokerConfig`], [`NamesrvConfig`]): key, field, default and range stand there
//! once, and parsing, warnings, the example files in `conf/` and the answers to "get config" follow from them. Keys
//! keep Java's spelling.
//!
//! A value is taken from, later ones winning: the default, the file of `-c`, the environment, the command line. An
//! environment variable is `ROCKETMQ_` and the key; case and further underscores do not matter, so
//! `ROCKETMQ_brokerName` and `ROCKETMQ_BROKER_NAME` both set `brokerName`. On the command line it is `--brokerName=a`.
//!
//! **Invariant:** a malformed value stops the start; it is never replaced by a default.
//!
//! Must not know what the settings are used for.

mod settings;
mod value;
mod properties;
mod sources;
mod broker;
mod namesrv;
mod java_keys;
mod file;
mod changes;
mod live;
#[cfg(test)]
mod tests;

pub use broker::BrokerConfig;
pub use changes::ChangeError;
pub use file::replace_file;
pub use live::Live;
pub use namesrv::NamesrvConfig;
pub use properties::{Properties, PropertiesError, Property};
pub use settings::{JavaKey, Setting, Settings};
pub use sources::{Assignment, ConfigError, Loaded, Place, Sources, Warning};
pub use value::{BrokerRole, DelayLevels, FlushDiskType, Hours, Value};
