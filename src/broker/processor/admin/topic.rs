//! Topics as operators see them (17, 215, 21, 351, 202, 305).

use std::collections::BTreeMap;
use std::sync::Arc;

use skylark_protocol::body::{
    self, MessageQueue, Named, TopicConfig, TopicFilterType, TopicList, TopicOffset, TopicStatsTable,
};
use skylark_protocol::request::{
    DeleteTopicInBroker, GetAllTopicConfig, GetSystemTopicListFromBroker, GetTopicConfig, GetTopicStatsInfo,
    UpdateAndCreateTopic,
};
use skylark_protocol::response_code::TOPIC_NOT_EXIST;

use super::REMARK_NOT_SET;
use crate::broker::Broker;
use crate::broker::refusal::blocking;
use crate::broker::registration::ADMIN_WAIT_MAX;
use crate::broker::topic_names;
use crate::remoting::{Incoming, Refusal, Reply};

/// Begins the remark about a field that Java's header class refuses.
const BAD_FIELD: &str = "org.apache.rocketmq.remoting.exception.RemotingCommandException";

/// Creates a topic or changes its settings; NameServers know of it when this is answered.
pub(crate) async fn update_and_create_topic(
    broker: Arc<Broker>,
    request: Incoming<UpdateAndCreateTopic>,
) -> Result<Reply<UpdateAndCreateTopic>, Refusal> {
    let wanted = request.header;
    check_changeable(&broker, &wanted.topic)?;
    // Java stores negative numbers; a topic made so can only fail.
    if wanted.read_queue_nums < 0 || wanted.write_queue_nums < 0 {
        return Err(Refusal::system_error("the number of queues is negative"));
    }
    let Some(topic_filter_type) = TopicFilterType::from_name(&wanted.topic_filter_type) else {
        let remark = format!("{BAD_FIELD}: topicFilterType = [{}] value invalid", wanted.topic_filter_type);
        return Err(Refusal::system_error(remark));
    };
    let topic = TopicConfig {
        order: false,
        perm: wanted.perm,
        read_queue_nums: wanted.read_queue_nums,
        topic_filter_type,
        topic_name: wanted.topic,
        topic_sys_flag: wanted.topic_sys_flag.unwrap_or(0),
        write_queue_nums: wanted.write_queue_nums,
    };
    tracing::info!(topic = topic.topic_name, peer = %request.peer.remote(), "update or create topic");
    let (topics, name) = (broker.topics.clone(), topic.topic_name.clone());
    blocking(move || topics.put(topic)).await?;
    broker.registration.request_topic(&name).wait(ADMIN_WAIT_MAX).await;
    let mut reply = Reply::empty();
    reply.remark = Some(REMARK_NOT_SET.to_owned());
    Ok(reply)
}

/// Deletes a topic, its messages and how far it was consumed.
pub(crate) async fn delete_topic_in_broker(
    broker: Arc<Broker>,
    request: Incoming<DeleteTopicInBroker>,
) -> Result<Reply<DeleteTopicInBroker>, Refusal> {
    let topic = request.header.topic;
    check_changeable(&broker, &topic)?;
    tracing::info!(topic, peer = %request.peer.remote(), "delete topic");
    let (owner, name) = (broker.clone(), topic.clone());
    let existed = blocking(move || {
        let existed = owner.topics.remove(&name)?;
        owner.offsets.remove_topic(&name)?;
        Ok(existed)
    });
    if existed.await? {
        broker.store.delete_topic(&topic).await?;
        // A registration under way may still name the topic: the tool deletes it from the NameServer next.
        broker.registration.request_rest().wait(ADMIN_WAIT_MAX).await;
    }
    Ok(Reply::empty())
}

fn check_changeable(broker: &Broker, topic: &str) -> Result<(), Refusal> {
    super::check_master(broker)?;
    topic_names::check_topic_name(topic)?;
    if broker.topics.is_system(topic) {
        return Err(Refusal::system_error(format!("The topic[{topic}] is conflict with system topic.")));
    }
    Ok(())
}

/// All topics with their data version.
pub(crate) async fn get_all_topic_config(
    broker: Arc<Broker>,
    _request: Incoming<GetAllTopicConfig>,
) -> Result<Reply<GetAllTopicConfig>, Refusal> {
    Ok(Reply::body(Default::default(), body::encode(&broker.topics.snapshot())))
}

/// One topic. No 4.x broker serves this; consoles of 5.x cannot show a topic without it.
pub(crate) async fn get_topic_config(
    broker: Arc<Broker>,
    request: Incoming<GetTopicConfig>,
) -> Result<Reply<GetTopicConfig>, Refusal> {
    let name = request.header.topic;
    match broker.topics.get(&name) {
        Some(topic) => Ok(Reply::body(Default::default(), body::encode(&*topic))),
        None => Err(Refusal::new(TOPIC_NOT_EXIST, format!("No topic in this broker. topic: {name}"))),
    }
}

/// Bounds and time of the last message, queue by queue.
pub(crate) async fn get_topic_stats_info(
    broker: Arc<Broker>,
    request: Incoming<GetTopicStatsInfo>,
) -> Result<Reply<GetTopicStatsInfo>, Refusal> {
    let name = request.header.topic;
    let Some(topic) = broker.topics.get(&name) else {
        return Err(Refusal::new(TOPIC_NOT_EXIST, format!("topic[{name}] not exist")));
    };
    let owner = broker.clone();
    let table = blocking(move || {
        let mut offset_table = BTreeMap::new();
        for queue_id in 0..topic.write_queue_nums {
            let bounds = owner.store.queue_bounds(&name, queue_id)?;
            let last = owner.store.store_time_at(&name, queue_id, bounds.max - 1)?;
            let queue = MessageQueue { broker_name: owner.config().broker_name.clone(), queue_id, topic: name.clone() };
            let offsets = TopicOffset {
                last_update_timestamp: last.unwrap_or(0),
                max_offset: bounds.max,
                min_offset: bounds.min,
            };
            offset_table.insert(queue, offsets);
        }
        Ok(TopicStatsTable { offset_table })
    });
    Ok(Reply::body(Default::default(), body::encode(&table.await?)))
}

/// The topics that belong to the broker itself.
pub(crate) async fn get_system_topic_list_from_broker(
    broker: Arc<Broker>,
    _request: Incoming<GetSystemTopicListFromBroker>,
) -> Result<Reply<GetSystemTopicListFromBroker>, Refusal> {
    let list = TopicList { broker_addr: None, topic_list: broker.topics.system_names() };
    Ok(Reply::body(Default::default(), body::encode(&list)))
}
