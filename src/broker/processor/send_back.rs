//! A consumer gives a message back that it could not consume: to be retried later, or as a dead letter (36).

use std::sync::Arc;

use bytes::Bytes;
use skylark_protocol::body::SubscriptionGroupConfig;
use skylark_protocol::message::message_id::OffsetMessageId;
use skylark_protocol::message::properties::{self, Properties, names};
use skylark_protocol::message::record::RecordView;
use skylark_protocol::message::sys_flag::{TRANSACTION_NOT, with_transaction_type};
use skylark_protocol::request::ConsumerSendMsgBack;
use skylark_protocol::response_code::{NO_PERMISSION, SUBSCRIPTION_GROUP_NOT_EXIST, SYSTEM_ERROR};

use super::send_message::{
    DLQ_QUEUES, MAX_RECONSUME_TIMES_SINCE, make_own_topic, record_bytes, refuse_if_full, refuse_put,
};
use crate::broker::Broker;
use crate::broker::refusal::blocking;
use crate::broker::topic_names::{FAQ_LINE, dlq_topic, is_blank, is_hidden, retry_topic};
use crate::broker::topics::{perm, topic_sys_flag};
use crate::clock::now_ms;
use crate::delay::{self, Delay};
use crate::remoting::{Incoming, Refusal, Reply};
use crate::store::{DUE_PROPERTY, Durability, MOVED_PROPERTY, NewMessage};

/// What is added to the times of consumption to get the delay level. Java: SendMessageProcessor
const FIRST_LEVEL: i32 = 3;

/// Stores the message once more for its group. The answer waits as long as that of a send does. Java: SendMessageProcessor
pub(crate) async fn consumer_send_msg_back(
    broker: Arc<Broker>,
    request: Incoming<ConsumerSendMsgBack>,
) -> Result<Reply<ConsumerSendMsgBack>, Refusal> {
    refuse_if_full(&broker, &request.peer)?;
    let asked = request.header;
    let group = find_group(&broker, &asked.group).await?;
    if group.retry_queue_nums <= 0 {
        return Ok(Reply::empty());
    }
    let queue_id = fastrand::i32(0..group.retry_queue_nums);
    let topic = find_retry_topic(&broker, &asked, &group).await?;
    let bytes = find_message(&broker, asked.offset).await?;
    let record = RecordView::parse(&bytes)?;
    let times_max = match asked.max_reconsume_times {
        Some(times) if request.version >= MAX_RECONSUME_TIMES_SINCE => times,
        _ => group.retry_max_times,
    };
    let is_dead = record.reconsume_times() >= times_max || asked.delay_level < 0;
    let message = if is_dead {
        let topic = make_own_topic(&broker, &dlq_topic(&asked.group), DLQ_QUEUES, 0).await?;
        again(&record, &bytes, &topic.topic_name, fastrand::i32(0..DLQ_QUEUES), 0)
    } else {
        let level = if asked.delay_level == 0 { FIRST_LEVEL + record.reconsume_times() } else { asked.delay_level };
        let retry = again(&record, &bytes, &topic, queue_id, level);
        delay::divert(retry, Delay::Level(level), &broker.delays, now_ms())
    };
    put(&broker, message).await?;
    let original = properties::get(record.properties(), names::RETRY_TOPIC).unwrap_or(record.topic());
    broker.stats.sent_back(original, &asked.group);
    Ok(Reply::empty())
}

async fn find_group(broker: &Arc<Broker>, name: &str) -> Result<Arc<SubscriptionGroupConfig>, Refusal> {
    let Some(group) = broker.find_group(name).await? else {
        let remark = format!("subscription group not exist, {name} {FAQ_LINE}");
        return Err(Refusal::new(SUBSCRIPTION_GROUP_NOT_EXIST, remark));
    };
    if broker.config().broker_permission & perm::WRITE == 0 {
        let remark = format!("the broker[{}] sending message is forbidden", broker.config().broker_ip1);
        return Err(Refusal::new(NO_PERMISSION, remark));
    }
    Ok(group)
}

async fn find_retry_topic(
    broker: &Arc<Broker>,
    asked: &ConsumerSendMsgBack,
    group: &SubscriptionGroupConfig,
) -> Result<String, Refusal> {
    let name = retry_topic(&asked.group);
    let sys_flag = if asked.unit_mode { topic_sys_flag::UNIT_SUB } else { 0 };
    let topic = make_own_topic(broker, &name, group.retry_queue_nums, sys_flag).await?;
    if topic.perm & perm::WRITE == 0 {
        return Err(Refusal::new(NO_PERMISSION, format!("the topic[{name}] sending message is forbidden")));
    }
    Ok(name)
}

async fn find_message(broker: &Arc<Broker>, offset: i64) -> Result<Bytes, Refusal> {
    let owner = broker.clone();
    let found = blocking(move || owner.store.message_at(offset)).await?;
    // What no consumer can have been given none can give back.
    let is_given = |record: RecordView<'_>| !is_hidden(record.topic()) && record.check_body_crc();
    let found = found.filter(|bytes| RecordView::parse(bytes).is_ok_and(is_given));
    found.ok_or_else(|| Refusal::new(SYSTEM_ERROR, format!("look message by offset failed, {offset}")))
}

/// The record's message, to be stored in another topic with one more time of consumption.
fn again(record: &RecordView<'_>, bytes: &Bytes, topic: &str, queue_id: i32, level: i32) -> NewMessage {
    let mut properties = Properties::parse(record.properties());
    properties.remove(DUE_PROPERTY);
    properties.remove(MOVED_PROPERTY);
    if properties.get(names::RETRY_TOPIC).is_none() {
        properties.set(names::RETRY_TOPIC, record.topic());
    }
    if properties.get(names::ORIGIN_MESSAGE_ID).is_none_or(is_blank) {
        let id = OffsetMessageId { host: record.store_host(), physical_offset: record.physical_offset() };
        properties.set(names::ORIGIN_MESSAGE_ID, id.to_string());
    }
    properties.set(names::DELAY, level.to_string());
    // Java: it did not wait for the disk; here it does, and says so only because consumers see it.
    properties.set(names::WAIT, "false");
    NewMessage {
        topic: topic.to_owned(),
        queue_id,
        flag: record.flag(),
        // A commit is the record of one message only: this one decides nothing.
        sys_flag: with_transaction_type(record.sys_flag(), TRANSACTION_NOT),
        born_timestamp: record.born_timestamp(),
        born_host: record.born_host(),
        reconsume_times: record.reconsume_times().saturating_add(1),
        prepared_transaction_offset: 0,
        body: bytes.slice_ref(record.body()),
        properties: properties.encode(),
        wait: true,
    }
}

async fn put(broker: &Broker, message: NewMessage) -> Result<(), Refusal> {
    let (topic, bytes) = (message.topic.clone(), record_bytes(&message));
    for put in broker.store.put_again(&[message]).await? {
        let put = put.map_err(|error| refuse_put(broker, error))?;
        broker.stats.stored(&topic, bytes);
        if put.durability == Durability::FlushTimedOut {
            return Err(Refusal::new(SYSTEM_ERROR, "FLUSH_DISK_TIMEOUT"));
        }
    }
    Ok(())
}
