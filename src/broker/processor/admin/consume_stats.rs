//! How far groups are behind (208, 317, 303, 308, 300, 314).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skylark_protocol::body::{
    self, ConsumeStats, ConsumeStatsList, GroupList, MessageQueue, OffsetWrapper, QueryConsumeTimeSpanBody,
    QueryCorrectionOffsetBody, QueueTimeSpan, TopicConfig,
};
use skylark_protocol::request::{
    CloneGroupOffset, GetBrokerConsumeStats, GetConsumeStats, QueryConsumeTimeSpan, QueryCorrectionOffset,
    QueryTopicConsumeByWho,
};
use skylark_protocol::response_code::TOPIC_NOT_EXIST;

use crate::broker::Broker;
use crate::broker::refusal::blocking;
use crate::broker::topic_names::is_blank;
use crate::clock::now_ms;
use crate::remoting::{Incoming, Refusal, Reply};
use crate::store::StoreError;

/// How far a group is in one topic, or in all that it ever consumed.
pub(crate) async fn get_consume_stats(
    broker: Arc<Broker>,
    request: Incoming<GetConsumeStats>,
) -> Result<Reply<GetConsumeStats>, Refusal> {
    let GetConsumeStats { consumer_group: group, topic, .. } = request.header;
    let stats = blocking(move || {
        let mut stats = ConsumeStats::default();
        for topic in topics_asked(&broker, &group, topic.as_deref()) {
            if let Some(topic) = consumed_topic(&broker, &group, &topic) {
                add_topic(&broker, &group, &topic, topic.read_queue_nums, &mut stats)?;
            }
        }
        Ok(stats)
    });
    Ok(Reply::body(Default::default(), body::encode(&stats.await?)))
}

/// How far every group is in every topic.
pub(crate) async fn get_broker_consume_stats(
    broker: Arc<Broker>,
    request: Incoming<GetBrokerConsumeStats>,
) -> Result<Reply<GetBrokerConsumeStats>, Refusal> {
    let only_ordered = request.header.is_order;
    let list = blocking(move || {
        let mut list = ConsumeStatsList { broker_addr: broker.store_host.to_string(), ..ConsumeStatsList::default() };
        for group in broker.groups.all() {
            let group = &group.group_name;
            let mut of_group = Vec::new();
            for topic in broker.offsets.topics_of(group) {
                let Some(topic) = consumed_topic(&broker, group, &topic) else { continue };
                if only_ordered && !topic.order {
                    continue;
                }
                let mut stats = ConsumeStats::default();
                add_topic(&broker, group, &topic, topic.write_queue_nums, &mut stats)?;
                let behind = stats.offset_table.values().map(|queue| queue.broker_offset - queue.consumer_offset);
                list.total_diff += behind.sum::<i64>();
                of_group.push(stats);
            }
            list.consume_stats_list.push(BTreeMap::from([(group.clone(), of_group)]));
        }
        Ok(list)
    });
    Ok(Reply::body(Default::default(), body::encode(&list.await?)))
}

/// When the messages were stored that a group is at, queue by queue.
pub(crate) async fn query_consume_time_span(
    broker: Arc<Broker>,
    request: Incoming<QueryConsumeTimeSpan>,
) -> Result<Reply<QueryConsumeTimeSpan>, Refusal> {
    let QueryConsumeTimeSpan { topic: name, group, .. } = request.header;
    let Some(topic) = broker.topics.get(&name) else {
        return Err(Refusal::new(TOPIC_NOT_EXIST, format!("topic[{name}] not exist")));
    };
    let spans = blocking(move || {
        let queues = 0..topic.write_queue_nums;
        let spans = queues.map(|queue_id| time_span(&broker, &group, &topic.topic_name, queue_id));
        Ok(QueryConsumeTimeSpanBody { consume_time_span_set: spans.collect::<Result<_, _>>()? })
    });
    Ok(Reply::body(Default::default(), body::encode(&spans.await?)))
}

/// The offsets from which no group misses a message; those of the compared group that are behind are unbounded.
pub(crate) async fn query_correction_offset(
    broker: Arc<Broker>,
    request: Incoming<QueryCorrectionOffset>,
) -> Result<Reply<QueryCorrectionOffset>, Refusal> {
    let QueryCorrectionOffset { filter_groups, compare_group, topic, .. } = request.header;
    let left_out: BTreeSet<String> = filter_groups.unwrap_or_default().split(',').map(str::to_owned).collect();
    let mut corrected = BTreeMap::new();
    for group in broker.offsets.groups_of(&topic).difference(&left_out) {
        for (queue_id, offset) in broker.offsets.of_topic(group, &topic) {
            if offset >= broker.store.queue_bounds(&topic, queue_id)?.min {
                corrected.entry(queue_id).and_modify(|least: &mut i64| *least = offset.min(*least)).or_insert(offset);
            }
        }
    }
    for (queue_id, offset) in broker.offsets.of_topic(&compare_group, &topic) {
        if let Some(least) = corrected.get_mut(&queue_id)
            && *least > offset
        {
            *least = i64::MAX;
        }
    }
    let body = QueryCorrectionOffsetBody { correction_offsets: corrected };
    Ok(Reply::body(Default::default(), body::encode(&body)))
}

/// The groups that subscribe to a topic now, or ever committed an offset in it.
pub(crate) async fn query_topic_consume_by_who(
    broker: Arc<Broker>,
    request: Incoming<QueryTopicConsumeByWho>,
) -> Result<Reply<QueryTopicConsumeByWho>, Refusal> {
    let topic = &request.header.topic;
    let mut groups = broker.offsets.groups_of(topic);
    groups.extend(broker.consumers.groups_of_topic(topic));
    let list = GroupList { group_list: groups.into_iter().collect() };
    Ok(Reply::body(Default::default(), body::encode(&list)))
}

/// Gives one group the offsets of another.
pub(crate) async fn clone_group_offset(
    broker: Arc<Broker>,
    request: Incoming<CloneGroupOffset>,
) -> Result<Reply<CloneGroupOffset>, Refusal> {
    let CloneGroupOffset { src_group, dest_group, topic, offline, .. } = request.header;
    for topic in topics_asked(&broker, &src_group, topic.as_deref()) {
        let is_consumed = consumed_topic(&broker, &src_group, &topic).is_some();
        if is_consumed || offline && broker.topics.get(&topic).is_some() {
            broker.offsets.copy(&src_group, &dest_group, &topic);
        }
    }
    Ok(Reply::empty())
}

/// The topic that is asked for; none or blank asks for all in which the group committed.
fn topics_asked(broker: &Broker, group: &str, topic: Option<&str>) -> Vec<String> {
    match topic {
        Some(topic) if !is_blank(topic) => vec![topic.to_owned()],
        _ => broker.offsets.topics_of(group),
    }
}

/// The topic if it exists and the group, as far as it is online, still subscribes to it.
fn consumed_topic(broker: &Broker, group: &str, topic: &str) -> Option<Arc<TopicConfig>> {
    let found = broker.topics.get(topic)?;
    let is_dropped =
        broker.consumers.subscription_count(group) > 0 && broker.consumers.subscription(group, topic).is_none();
    (!is_dropped).then_some(found)
}

fn add_topic(
    broker: &Broker,
    group: &str,
    topic: &TopicConfig,
    queues: i32,
    stats: &mut ConsumeStats,
) -> Result<(), StoreError> {
    let name = &topic.topic_name;
    let consumed = broker.offsets.of_topic(group, name);
    for queue_id in 0..queues {
        let consumer_offset = consumed.get(&queue_id).copied().unwrap_or(0);
        let last = match consumer_offset {
            1.. => broker.store.store_time_at(name, queue_id, consumer_offset - 1)?,
            _ => None,
        };
        let offsets = OffsetWrapper {
            broker_offset: broker.store.queue_bounds(name, queue_id)?.max,
            consumer_offset,
            last_timestamp: last.unwrap_or(0),
        };
        stats.offset_table.insert(message_queue(broker, name, queue_id), offsets);
    }
    stats.consume_tps += broker.stats.group_rate(name, group);
    Ok(())
}

fn time_span(broker: &Broker, group: &str, topic: &str, queue_id: i32) -> Result<QueueTimeSpan, StoreError> {
    const NONE: i64 = -1;
    let store = &broker.store;
    let bounds = store.queue_bounds(topic, queue_id)?;
    let time_at = |offset| Ok::<i64, StoreError>(store.store_time_at(topic, queue_id, offset)?.unwrap_or(NONE));
    let consumed = broker.offsets.get(group, topic, queue_id).unwrap_or(NONE);
    let (min_time_stamp, max_time_stamp) = (time_at(bounds.min)?, time_at(bounds.max - 1)?);
    let consume_time_stamp = if consumed > 0 { time_at(consumed - 1)? } else { min_time_stamp };
    Ok(QueueTimeSpan {
        message_queue: message_queue(broker, topic, queue_id),
        min_time_stamp,
        min_time_stamp_str: Some(readable_time(min_time_stamp)),
        max_time_stamp,
        max_time_stamp_str: Some(readable_time(max_time_stamp)),
        consume_time_stamp,
        consume_time_stamp_str: Some(readable_time(consume_time_stamp)),
        delay_time: if consumed < bounds.max { now_ms() - time_at(consumed)? } else { 0 },
    })
}

/// Local time. Java: UtilAll.YYYY_MM_DD_HH_MM_SS_SSS
fn readable_time(ms: i64) -> String {
    let local = chrono::DateTime::from_timestamp_millis(ms).map(|time| time.with_timezone(&chrono::Local));
    local.map(|time| time.format("%Y-%m-%d#%H:%M:%S:%3f").to_string()).unwrap_or_default()
}

fn message_queue(broker: &Broker, topic: &str, queue_id: i32) -> MessageQueue {
    MessageQueue { broker_name: broker.config().broker_name.clone(), queue_id, topic: topic.to_owned() }
}
