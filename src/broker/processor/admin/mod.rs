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

use skylark_protocol::response_code::SYSTEM_ERROR;

use crate::broker::Broker;
use crate::config::BrokerRole;
use crate::remoting::Refusal;

/// Topics and groups are changed at a master; its slaves copy them. Java: AdminBrokerProcessor.validateSlave
fn check_master(broker: &Broker) -> Result<(), Refusal> {
    if broker.config().broker_role == BrokerRole::Slave {
        let remark =
            "Can't modify topic or subscription group from slave broker, please execute it from master broker.";
        return Err(Refusal::new(SYSTEM_ERROR, remark));
    }
    Ok(())
}

/// Java leaves this remark on some answers of success; tools ignore it.
const REMARK_NOT_SET: &str = "not set any response code";
