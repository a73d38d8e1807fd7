//! Where a group goes on in a queue (14, 15, 43).

use std::sync::Arc;

use skylark_protocol::body::{self, ConsumerOffsetSerializeWrapper};
use skylark_protocol::request::{
    GetAllConsumerOffset, QueryConsumerOffset, QueryConsumerOffsetReply, UpdateConsumerOffset,
};
use skylark_protocol::response_code::QUERY_NOT_FOUND;

use crate::broker::Broker;
use crate::remoting::{Incoming, Refusal, Reply};
use crate::store::GetLimits;

/// The offset that the group committed. A group that never did starts at 0 if all the queue is still in memory.
pub(crate) async fn query_consumer_offset(
    broker: Arc<Broker>,
    request: Incoming<QueryConsumerOffset>,
) -> Result<Reply<QueryConsumerOffset>, Refusal> {
    let QueryConsumerOffset { consumer_group, topic, queue_id, .. } = &request.header;
    if let Some(offset) = broker.offsets.get(consumer_group, topic, *queue_id) {
        return Ok(Reply::ok(QueryConsumerOffsetReply { offset }));
    }
    if starts_in_memory(&broker, topic, *queue_id)? {
        return Ok(Reply::ok(QueryConsumerOffsetReply { offset: 0 }));
    }
    Err(Refusal::new(QUERY_NOT_FOUND, "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first"))
}

/// Notes where the group goes on.
pub(crate) async fn update_consumer_offset(
    broker: Arc<Broker>,
    request: Incoming<UpdateConsumerOffset>,
) -> Result<Reply<UpdateConsumerOffset>, Refusal> {
    let UpdateConsumerOffset { consumer_group, topic, queue_id, commit_offset, .. } = &request.header;
    broker.offsets.commit(consumer_group, topic, *queue_id, *commit_offset).map_err(Refusal::system_error)?;
    Ok(Reply::empty())
}

/// All offsets of all groups, as slaves copy them.
pub(crate) async fn get_all_consumer_offset(
    broker: Arc<Broker>,
    _request: Incoming<GetAllConsumerOffset>,
) -> Result<Reply<GetAllConsumerOffset>, Refusal> {
    let table = ConsumerOffsetSerializeWrapper { offset_table: broker.offsets.snapshot() };
    Ok(Reply::body(Default::default(), body::encode(&table)))
}

/// Java: ConsumerManageProcessor.queryConsumerOffset
fn starts_in_memory(broker: &Broker, topic: &str, queue_id: i32) -> Result<bool, Refusal> {
    if broker.topics.get(topic).is_none() {
        return Ok(true);
    }
    if broker.store.queue_bounds(topic, queue_id)?.min > 0 {
        return Ok(false);
    }
    let one = GetLimits {
        count_in_memory: 1,
        count_on_disk: 1,
        bytes_in_memory: 0,
        bytes_on_disk: 0,
        memory_reach_bytes: broker.memory_reach_bytes,
        scan_entries: 1,
    };
    // Looked at, but not wanted: only its place in the log matters.
    let first = broker.store.get(topic, queue_id, 0, &one, &mut |_| false)?;
    Ok(first.behind_bytes <= broker.memory_reach_bytes)
}
