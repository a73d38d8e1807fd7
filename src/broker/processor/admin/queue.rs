//! A queue's entries and what tidies queues and the log (321, 306, 316, 329).

use std::sync::Arc;

use skylark_protocol::body::{self, ConsumeQueueData, QueryConsumeQueueResponseBody};
use skylark_protocol::message::record::RecordView;
use skylark_protocol::request::{
    CleanExpiredConsumequeue, CleanUnusedTopic, DeleteExpiredCommitlog, QueryConsumeQueue,
};

use crate::broker::Broker;
use crate::broker::refusal::blocking;
use crate::remoting::{Incoming, Refusal, Reply};
use crate::store::{GetLimits, GetStatus, StoreError};

/// Entries answered, at most.
const ENTRIES_MAX: usize = 1024;

/// Some entries of a queue: where each message lies, how long it is, and its tags code.
pub(crate) async fn query_consume_queue(
    broker: Arc<Broker>,
    request: Incoming<QueryConsumeQueue>,
) -> Result<Reply<QueryConsumeQueue>, Refusal> {
    let asked = request.header;
    let topic = asked.topic.unwrap_or_default();
    let is_known = broker
        .topics
        .get(&topic)
        .is_some_and(|config| (0..config.read_queue_nums.max(config.write_queue_nums)).contains(&asked.queue_id));
    if !is_known {
        return Err(Refusal::system_error(format!("{}@{topic} is not exist!", asked.queue_id)));
    }
    let bounds = broker.store.queue_bounds(&topic, asked.queue_id)?;
    let mut answer = QueryConsumeQueueResponseBody {
        max_queue_index: bounds.max,
        min_queue_index: bounds.min,
        ..QueryConsumeQueueResponseBody::default()
    };
    if let Some(group) = &asked.consumer_group {
        match broker.consumers.subscription(group, &topic) {
            Some(subscription) => {
                answer.subscription_data = Some(subscription.data.clone());
                // Java prints the property filter, which no group has.
                answer.filter_data = Some("null".to_owned());
            }
            None => answer.filter_data = Some(format!("{group}@{topic} is not online!")),
        }
    }
    if !(bounds.min..bounds.max).contains(&asked.index) {
        let mut reply = Reply::empty();
        reply.remark = Some(format!("Index {} of {}@{topic} is not exist!", asked.index, asked.queue_id));
        return Ok(reply);
    }
    let count = usize::try_from(asked.count).unwrap_or(0).min(ENTRIES_MAX);
    answer.queue_data = blocking(move || entries(&broker, &topic, asked.queue_id, asked.index, count)).await?;
    let mut reply = Reply::body(Default::default(), body::encode(&answer));
    reply.remark = Some(super::REMARK_NOT_SET.to_owned());
    Ok(reply)
}

/// Here queues go with their part of the log, so there is nothing to clean.
pub(crate) async fn clean_expired_consume_queue(
    _broker: Arc<Broker>,
    _request: Incoming<CleanExpiredConsumequeue>,
) -> Result<Reply<CleanExpiredConsumequeue>, Refusal> {
    Ok(Reply::empty())
}

/// Here queues go with their topic, so there is nothing to clean.
pub(crate) async fn clean_unused_topic(
    _broker: Arc<Broker>,
    _request: Incoming<CleanUnusedTopic>,
) -> Result<Reply<CleanUnusedTopic>, Refusal> {
    Ok(Reply::empty())
}

/// Deletes expired files of the log now, whatever the hour.
pub(crate) async fn delete_expired_commitlog(
    broker: Arc<Broker>,
    request: Incoming<DeleteExpiredCommitlog>,
) -> Result<Reply<DeleteExpiredCommitlog>, Refusal> {
    tracing::info!(peer = %request.peer.remote(), "delete expired segments of the log");
    broker.retention.delete_by_hand();
    Ok(Reply::empty())
}

fn entries(
    broker: &Broker,
    topic: &str,
    queue_id: i32,
    from: i64,
    count: usize,
) -> Result<Vec<ConsumeQueueData>, StoreError> {
    let mut entries = Vec::with_capacity(count);
    let mut next = from;
    while entries.len() < count {
        let left = count - entries.len();
        let limits = GetLimits {
            count_in_memory: left,
            count_on_disk: left,
            bytes_in_memory: 1 << 20,
            bytes_on_disk: 1 << 20,
            memory_reach_bytes: broker.memory_reach_bytes,
            scan_entries: left,
        };
        let mut codes = Vec::new();
        let got = broker.store.get(topic, queue_id, next, &limits, &mut |tags_code| {
            codes.push(tags_code);
            true
        })?;
        if got.status != GetStatus::Found {
            break;
        }
        let mut rest = &got.body[..];
        for tags_code in codes {
            let Some((physic_offset, size)) = first_record(rest) else { break };
            entries.push(ConsumeQueueData {
                physic_offset,
                physic_size: size,
                tags_code,
                ..ConsumeQueueData::default()
            });
            rest = &rest[usize::try_from(size).unwrap_or(rest.len())..];
        }
        next = got.next_offset;
    }
    Ok(entries)
}

fn first_record(bytes: &[u8]) -> Option<(i64, i32)> {
    let size: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    let size = i32::from_be_bytes(size);
    let record = RecordView::parse(bytes.get(..usize::try_from(size).ok()?)?).ok()?;
    Some((record.physical_offset(), size))
}
