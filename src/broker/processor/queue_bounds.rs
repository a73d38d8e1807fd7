//! Where a queue begins and ends, and which offset belongs to a time (29, 30, 31, 32).

use std::sync::Arc;

use skylark_protocol::request::{
    GetEarliestMsgStoretime, GetEarliestMsgStoretimeReply, GetMaxOffset, GetMaxOffsetReply, GetMinOffset,
    GetMinOffsetReply, SearchOffsetByTimestamp, SearchOffsetByTimestampReply,
};

use crate::broker::Broker;
use crate::remoting::{Incoming, Refusal, Reply};

/// One past the last message of the queue; 0 for an unknown one.
pub(crate) async fn get_max_offset(
    broker: Arc<Broker>,
    request: Incoming<GetMaxOffset>,
) -> Result<Reply<GetMaxOffset>, Refusal> {
    let GetMaxOffset { topic, queue_id, .. } = &request.header;
    let offset = if exists(&broker, topic) { broker.store.queue_bounds(topic, *queue_id)?.max } else { 0 };
    Ok(Reply::ok(GetMaxOffsetReply { offset }))
}

/// The first message of the queue; 0 for an unknown one.
pub(crate) async fn get_min_offset(
    broker: Arc<Broker>,
    request: Incoming<GetMinOffset>,
) -> Result<Reply<GetMinOffset>, Refusal> {
    let GetMinOffset { topic, queue_id, .. } = &request.header;
    let offset = if exists(&broker, topic) { broker.store.queue_bounds(topic, *queue_id)?.min } else { 0 };
    Ok(Reply::ok(GetMinOffsetReply { offset }))
}

/// The message stored nearest to a time.
pub(crate) async fn search_offset_by_timestamp(
    broker: Arc<Broker>,
    request: Incoming<SearchOffsetByTimestamp>,
) -> Result<Reply<SearchOffsetByTimestamp>, Refusal> {
    let SearchOffsetByTimestamp { topic, queue_id, timestamp, .. } = &request.header;
    let offset = if exists(&broker, topic) { broker.store.offset_by_time(topic, *queue_id, *timestamp)? } else { 0 };
    Ok(Reply::ok(SearchOffsetByTimestampReply { offset }))
}

/// When the first message of the queue was stored; -1 if there is none.
pub(crate) async fn get_earliest_msg_storetime(
    broker: Arc<Broker>,
    request: Incoming<GetEarliestMsgStoretime>,
) -> Result<Reply<GetEarliestMsgStoretime>, Refusal> {
    let GetEarliestMsgStoretime { topic, queue_id, .. } = &request.header;
    let earliest = if exists(&broker, topic) { broker.store.earliest_store_time(topic, *queue_id)? } else { None };
    Ok(Reply::ok(GetEarliestMsgStoretimeReply { timestamp: earliest.unwrap_or(-1) }))
}

/// The store makes a queue of whatever it is asked for: it is not asked for topics that do not exist.
fn exists(broker: &Broker, topic: &str) -> bool {
    broker.topics.get(topic).is_some()
}
