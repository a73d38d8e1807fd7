//! Who shares the queues of a group (38).

use std::sync::Arc;

use skylark_protocol::body::{self, GetConsumerListByGroupBody};
use skylark_protocol::request::GetConsumerListByGroup;

use crate::broker::Broker;
use crate::remoting::{Incoming, Refusal, Reply};

/// The client ids of the group's members.
pub(crate) async fn get_consumer_list_by_group(
    broker: Arc<Broker>,
    request: Incoming<GetConsumerListByGroup>,
) -> Result<Reply<GetConsumerListByGroup>, Refusal> {
    let group = &request.header.consumer_group;
    let consumer_id_list = broker.consumers.client_ids(group);
    if consumer_id_list.is_empty() {
        return Err(Refusal::system_error(format!("no consumer for this group, {group}")));
    }
    let list = body::encode(&GetConsumerListByGroupBody { consumer_id_list });
    Ok(Reply::body(Default::default(), list))
}
