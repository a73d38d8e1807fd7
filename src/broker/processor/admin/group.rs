//! Subscription groups as operators see them (200, 201, 207).

use std::sync::Arc;

use skylark_protocol::body::{self, SubscriptionGroupConfig};
use skylark_protocol::request::{
    DeleteSubscriptiongroup, GetAllSubscriptiongroupConfig, UpdateAndCreateSubscriptiongroup,
};

use crate::broker::Broker;
use crate::broker::refusal::blocking;
use crate::broker::topic_names::is_group_name;
use crate::remoting::{Incoming, Refusal, Reply};

/// Creates a group or changes its settings.
pub(crate) async fn update_and_create_subscription_group(
    broker: Arc<Broker>,
    request: Incoming<UpdateAndCreateSubscriptiongroup>,
) -> Result<Reply<UpdateAndCreateSubscriptiongroup>, Refusal> {
    super::check_master(&broker)?;
    let group: SubscriptionGroupConfig = body::decode(&request.body)?;
    if !is_group_name(&group.group_name) {
        return Err(Refusal::system_error("the group's name is blank, longer than 255 or has illegal characters"));
    }
    tracing::info!(group = group.group_name, peer = %request.peer.remote(), "update or create group");
    blocking(move || broker.groups.put(group)).await?;
    Ok(Reply::empty())
}

/// All groups with their data version.
pub(crate) async fn get_all_subscription_group_config(
    broker: Arc<Broker>,
    _request: Incoming<GetAllSubscriptiongroupConfig>,
) -> Result<Reply<GetAllSubscriptiongroupConfig>, Refusal> {
    Ok(Reply::body(Default::default(), body::encode(&broker.groups.snapshot())))
}

/// Deletes a group and, if asked, how far it consumed.
pub(crate) async fn delete_subscription_group(
    broker: Arc<Broker>,
    request: Incoming<DeleteSubscriptiongroup>,
) -> Result<Reply<DeleteSubscriptiongroup>, Refusal> {
    super::check_master(&broker)?;
    let DeleteSubscriptiongroup { group_name, remove_offset, .. } = request.header;
    tracing::info!(group = group_name, remove_offset, peer = %request.peer.remote(), "delete group");
    blocking(move || {
        broker.groups.remove(&group_name)?;
        if remove_offset { broker.offsets.remove_group(&group_name) } else { Ok(()) }
    })
    .await?;
    Ok(Reply::empty())
}
