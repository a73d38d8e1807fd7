//! Clients say that they are there, what they consume and produce, and that they go (34, 35, 46).

use std::sync::Arc;
use std::time::Instant;

use skylark_protocol::body::{self, CheckClientRequestBody, ConsumerData, HeartbeatData};
use skylark_protocol::request::{CheckClientConfig, HeartBeat, UnregisterClient};
use skylark_protocol::response_code::SUBSCRIPTION_PARSE_FAILED;

use super::subscription::check_filter_type;
use super::tell_members;
use crate::broker::Broker;
use crate::broker::consumers::Member;
use crate::broker::topic_names::retry_topic;
use crate::broker::topics::topic_sys_flag;
use crate::clock::now_ms;
use crate::filter::{Filter, is_tag_expression};
use crate::remoting::{Incoming, Peer, Refusal, Reply};

/// Bytes of a heartbeat, at most.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Groups of one client, at most.
const GROUPS_MAX: usize = 1000;
/// Subscriptions of one client, at most.
const SUBSCRIPTIONS_MAX: usize = 5000;
/// Bytes of one subscription's text, at most.
const SUB_STRING_BYTES_MAX: usize = 32 << 10;

/// Takes in who the client is. Members of a group that changed are told before the client gets its answer.
pub(crate) async fn heart_beat(broker: Arc<Broker>, request: Incoming<HeartBeat>) -> Result<Reply<HeartBeat>, Refusal> {
    let data: HeartbeatData = decode(&request)?;
    check_size(&data)?;
    let member = Member {
        peer: request.peer,
        client_id: data.client_id,
        language: request.language,
        version: request.version,
        seen: Instant::now(),
        seen_ms: now_ms(),
    };
    for consumer in data.consumer_data_set {
        join_group(&broker, &member, consumer).await?;
    }
    for producer in data.producer_data_set {
        broker.producers.join(&producer.group_name, member.clone());
    }
    if member.peer.is_closed() {
        // The connection ended while this ran, after its end was noted: nobody else would take it out again.
        forget_peer(&broker, &member.peer);
    }
    Ok(Reply::empty())
}

/// Takes the client out of the groups that it names.
pub(crate) async fn unregister_client(
    broker: Arc<Broker>,
    request: Incoming<UnregisterClient>,
) -> Result<Reply<UnregisterClient>, Refusal> {
    if let Some(group) = &request.header.producer_group {
        broker.producers.leave(group, &request.peer);
    }
    if let Some(group) = &request.header.consumer_group {
        let notifies = broker.find_group(group).await?.is_none_or(|group| group.notify_consumer_ids_changed_enable);
        if let Some(changed) = broker.consumers.leave(group, &request.peer)
            && notifies
        {
            tell_members(&broker, &changed);
        }
    }
    Ok(Reply::empty())
}

/// Tells a client before it starts whether its subscription can be served.
pub(crate) async fn check_client_config(
    broker: Arc<Broker>,
    request: Incoming<CheckClientConfig>,
) -> Result<Reply<CheckClientConfig>, Refusal> {
    let data: CheckClientRequestBody = body::decode(&request.body)?;
    let expression_type = &data.subscription_data.expression_type;
    if is_tag_expression(Some(expression_type)) {
        return Ok(Reply::empty());
    }
    check_filter_type(&broker, expression_type)?;
    match Filter::parse(Some(expression_type), Some(&data.subscription_data.sub_string)) {
        Ok(_) => Ok(Reply::empty()),
        Err(error) => Err(Refusal::new(SUBSCRIPTION_PARSE_FAILED, error.to_string())),
    }
}

fn decode(request: &Incoming<HeartBeat>) -> Result<HeartbeatData, Refusal> {
    if request.body.len() > BODY_BYTES_MAX {
        return Err(Refusal::system_error(format!("a heartbeat has at most {BODY_BYTES_MAX} bytes")));
    }
    Ok(body::decode(&request.body)?)
}

fn check_size(data: &HeartbeatData) -> Result<(), Refusal> {
    let groups = data.consumer_data_set.len() + data.producer_data_set.len();
    let subscriptions = || data.consumer_data_set.iter().flat_map(|consumer| &consumer.subscription_data_set);
    if groups > GROUPS_MAX
        || subscriptions().count() > SUBSCRIPTIONS_MAX
        || subscriptions().any(|subscription| subscription.sub_string.len() > SUB_STRING_BYTES_MAX)
    {
        return Err(Refusal::system_error(format!(
            "a heartbeat has at most {GROUPS_MAX} groups, {SUBSCRIPTIONS_MAX} subscriptions, \
             {SUB_STRING_BYTES_MAX} bytes a subscription"
        )));
    }
    Ok(())
}

async fn join_group(broker: &Arc<Broker>, member: &Member, consumer: ConsumerData) -> Result<(), Refusal> {
    let mut notifies = true;
    if let Some(group) = broker.find_group(&consumer.group_name).await? {
        notifies = group.notify_consumer_ids_changed_enable;
        let sys_flag = if consumer.unit_mode { topic_sys_flag::UNIT_SUB } else { 0 };
        let topic = retry_topic(&consumer.group_name);
        broker.find_or_create_topic(&topic, group.retry_queue_nums, sys_flag).await?;
    }
    if let Some(changed) = broker.consumers.join(member.clone(), consumer) {
        tracing::info!(group = changed.group, client = member.client_id, peer = %member.peer.remote(), "group changed");
        if notifies {
            tell_members(broker, &changed);
        }
    }
    Ok(())
}

/// Takes a connection that is gone out of all tables, and tells those who share queues with it.
pub(in crate::broker) fn forget_peer(broker: &Broker, peer: &Peer) {
    broker.producers.closed(peer);
    for changed in broker.consumers.closed(peer) {
        tracing::info!(group = changed.group, peer = %peer.remote(), "consumer is gone");
        tell_members(broker, &changed);
    }
}
