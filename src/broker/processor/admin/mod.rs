//! What operators and their tools ask.

pub(crate) mod topic;
pub(crate) mod group;
pub(crate) mod broker;
pub(crate) mod config;
pub(crate) mod clients;
pub(crate) mod consume_stats;
pub(crate) mod queue;
pub(crate) mod stats_data;
pub(crate) mod client_calls;
pub(crate) mod slave_sync;
pub(crate) mod acl;

/// Java leaves this remark on some answers of success; tools ignore it.
const REMARK_NOT_SET: &str = "not set any response code";
