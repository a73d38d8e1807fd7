//! Who is connected (203, 204, 328).

use std::collections::BTreeMap;
use std::sync::Arc;

use skylark_protocol::body::{
    self, Connection, ConsumerConnection, ProducerConnection, ProducerInfo, ProducerTableInfo,
};
use skylark_protocol::request::{GetAllProducerInfo, GetConsumerConnectionList, GetProducerConnectionList};
use skylark_protocol::response_code::CONSUMER_NOT_ONLINE;

use crate::broker::Broker;
use crate::broker::consumers::Member;
use crate::remoting::{Incoming, Refusal, Reply};

/// The members of a consumer group, how it consumes and what.
pub(crate) async fn get_consumer_connection_list(
    broker: Arc<Broker>,
    request: Incoming<GetConsumerConnectionList>,
) -> Result<Reply<GetConsumerConnectionList>, Refusal> {
    let name = &request.header.consumer_group;
    let Some(group) = broker.consumers.group(name) else {
        return Err(Refusal::new(CONSUMER_NOT_ONLINE, format!("the consumer group[{name}] not online")));
    };
    let subscriptions = group.subscriptions.into_iter();
    let connection = ConsumerConnection {
        connection_set: group.members.iter().map(connection).collect(),
        consume_from_where: group.style.consume_from_where,
        consume_type: group.style.consume_type,
        message_model: group.style.message_model,
        subscription_table: subscriptions.map(|(topic, subscription)| (topic, subscription.data.clone())).collect(),
    };
    Ok(Reply::body(Default::default(), body::encode(&connection)))
}

/// The members of a producer group.
pub(crate) async fn get_producer_connection_list(
    broker: Arc<Broker>,
    request: Incoming<GetProducerConnectionList>,
) -> Result<Reply<GetProducerConnectionList>, Refusal> {
    let name = &request.header.producer_group;
    let Some(members) = broker.producers.group(name) else {
        return Err(Refusal::system_error(format!("the producer group[{name}] not exist")));
    };
    let connections = ProducerConnection { connection_set: members.iter().map(connection).collect() };
    Ok(Reply::body(Default::default(), body::encode(&connections)))
}

/// The members of every producer group.
pub(crate) async fn get_all_producer_info(
    broker: Arc<Broker>,
    _request: Incoming<GetAllProducerInfo>,
) -> Result<Reply<GetAllProducerInfo>, Refusal> {
    let groups = broker.producers.all().into_iter();
    let data: BTreeMap<_, Vec<_>> =
        groups.map(|(group, members)| (group, members.iter().map(producer).collect())).collect();
    Ok(Reply::body(Default::default(), body::encode(&ProducerTableInfo { data })))
}

fn connection(member: &Member) -> Connection {
    Connection {
        client_addr: member.peer.remote().to_string(),
        client_id: member.client_id.clone(),
        language: member.language,
        version: member.version,
    }
}

fn producer(member: &Member) -> ProducerInfo {
    ProducerInfo {
        client_id: member.client_id.clone(),
        language: member.language,
        last_update_timestamp: member.seen_ms,
        // Java: a socket address prints itself with a leading slash.
        remote_ip: format!("/{}", member.peer.remote()),
        version: member.version,
    }
}
