//! Accounts (50 to 53): there are none yet, so a broker answers as Java's does with aclEnable=false.

use std::sync::Arc;

use skylark_protocol::request::{
    DeleteAclConfig, GetBrokerClusterAclInfo, UpdateAndCreateAclConfig, UpdateGlobalWhiteAddrsConfig,
};
use skylark_protocol::response_code::{
    DELETE_ACL_CONFIG_FAILED, UPDATE_AND_CREATE_ACL_CONFIG_FAILED, UPDATE_GLOBAL_WHITE_ADDRS_CONFIG_FAILED,
};

use crate::broker::Broker;
use crate::remoting::{Incoming, Refusal, Reply};

/// Java tells of a null pointer here, or on an old JVM nothing.
const NO_ACCESS_CONTROL: &str = "access control is not enabled on this broker (aclEnable=false)";

/// There is no list of accounts to add to.
pub(crate) async fn update_and_create_acl_config(
    _broker: Arc<Broker>,
    _request: Incoming<UpdateAndCreateAclConfig>,
) -> Result<Reply<UpdateAndCreateAclConfig>, Refusal> {
    Err(Refusal::new(UPDATE_AND_CREATE_ACL_CONFIG_FAILED, NO_ACCESS_CONTROL))
}

/// There is no account to delete.
pub(crate) async fn delete_acl_config(
    _broker: Arc<Broker>,
    _request: Incoming<DeleteAclConfig>,
) -> Result<Reply<DeleteAclConfig>, Refusal> {
    Err(Refusal::new(DELETE_ACL_CONFIG_FAILED, NO_ACCESS_CONTROL))
}

/// There is no list of addresses to change.
pub(crate) async fn update_global_white_addrs_config(
    _broker: Arc<Broker>,
    _request: Incoming<UpdateGlobalWhiteAddrsConfig>,
) -> Result<Reply<UpdateGlobalWhiteAddrsConfig>, Refusal> {
    Err(Refusal::new(UPDATE_GLOBAL_WHITE_ADDRS_CONFIG_FAILED, NO_ACCESS_CONTROL))
}

/// Java: AdminBrokerProcessor.getBrokerAclConfigVersion logs the failure and answers nothing.
pub(crate) async fn get_broker_cluster_acl_info(
    _broker: Arc<Broker>,
    _request: Incoming<GetBrokerClusterAclInfo>,
) -> Result<Reply<GetBrokerClusterAclInfo>, Refusal> {
    Ok(Reply::none())
}
