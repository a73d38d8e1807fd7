//! Sending: one message or a batch into one queue (10, 310, 320).

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use skylark_protocol::body::{TopicConfig, TopicFilterType};
use skylark_protocol::message::message_id::OffsetMessageId;
use skylark_protocol::message::record::RECORD_LENGTH_MIN;
use skylark_protocol::message::{batch, sys_flag};
use skylark_protocol::request::{Request, SendMessageFields, SendMessageReply};
use skylark_protocol::response_code::{
    FLUSH_DISK_TIMEOUT, MESSAGE_ILLEGAL, NO_PERMISSION, SERVICE_NOT_AVAILABLE, SUBSCRIPTION_GROUP_NOT_EXIST,
    SYSTEM_BUSY, SYSTEM_ERROR, TOPIC_NOT_EXIST,
};

use crate::broker::Broker;
use crate::broker::message_properties;
use crate::broker::refusal::{blocking, message_illegal};
use crate::broker::registration::ROUTE_WAIT_MAX;
use crate::broker::topic_names::{self, FAQ_LINE};
use crate::broker::topics::{describe, perm, topic_sys_flag};
use crate::remoting::{Incoming, Peer, Refusal, Reply};
use crate::store::{CANCELLED_TOPIC, Durability, NewMessage, Put, StoreError};

use super::hide;

/// Senders from this version on may say how often a message is retried. Java: MQVersion V3_4_9
pub(super) const MAX_RECONSUME_TIMES_SINCE: i32 = 121;
/// Queues of a dead-letter topic.
pub(super) const DLQ_QUEUES: i32 = 1;

/// A request that sends, in any of its three forms.
pub(crate) trait Send: Request<Reply = SendMessageReply> + Into<SendMessageFields> {}
impl<R: Request<Reply = SendMessageReply> + Into<SendMessageFields>> Send for R {}

/// Stores what was sent and tells where. A refusal, too, tells the region and whether traces are wanted.
pub(crate) async fn send_message<R: Send>(broker: Arc<Broker>, request: Incoming<R>) -> Result<Reply<R>, Refusal> {
    let sent = store_message(&broker, request).await;
    sent.map_err(|refusal| Refusal { extra: broker.send_fields(), ..refusal })
}

async fn store_message<R: Send>(broker: &Arc<Broker>, request: Incoming<R>) -> Result<Reply<R>, Refusal> {
    let Incoming { header, body, version, oneway, peer, received, .. } = request;
    refuse_if_full(broker, &peer)?;
    let sender = Sender { version, oneway, remote: peer.remote() };
    let fields: SendMessageFields = header.into();
    let topic = check(broker, &fields, &sender).await?;
    let queue_id = pick_queue(&fields, &topic)?;
    if fields.batch {
        let messages = messages_of_batch(broker, fields, &topic, queue_id, body, &sender)?;
        let bytes = messages.iter().map(record_bytes).sum();
        let puts = broker.store.put_batch(messages).await.map_err(|error| refuse_put(broker, error))?;
        broker.stats.sent(&topic.topic_name, puts.len() as u64, bytes, received);
        return Ok(answer(broker, queue_id, &puts));
    }
    let Single { message, counted_in, cancels } =
        single_message(broker, fields, topic, queue_id, body, &sender).await?;
    let bytes = record_bytes(&message);
    let put = match cancels {
        None => broker.store.put(message).await.map_err(|error| refuse_put(broker, error))?,
        Some(key) => Box::pin(hide::cancel(broker, &message, &key)).await?,
    };
    broker.stats.sent(counted_in.name(), 1, bytes, received);
    Ok(answer(broker, queue_id, &[put]))
}

/// Who sends, as far as it matters.
pub(super) struct Sender {
    pub(super) version: i32,
    pub(super) oneway: bool,
    pub(super) remote: std::net::SocketAddr,
}

/// One message, ready to be put.
struct Single {
    message: NewMessage,
    counted_in: CountedIn,
    /// It is not to be put, but to cancel the delayed message with this unique key.
    cancels: Option<String>,
}

/// The topic whose counters a send adds to: the one that it is stored in.
enum CountedIn {
    Own(Arc<TopicConfig>),
    Hidden(&'static str),
}

impl CountedIn {
    fn name(&self) -> &str {
        match self {
            CountedIn::Own(topic) => &topic.topic_name,
            CountedIn::Hidden(topic) => topic,
        }
    }
}

/// Finds or makes the topic, and refuses what may not be sent. Java: AbstractSendMessageProcessor.msgCheck
pub(super) async fn check(
    broker: &Arc<Broker>,
    fields: &SendMessageFields,
    sender: &Sender,
) -> Result<Arc<TopicConfig>, Refusal> {
    let known = broker.topics.get(&fields.topic);
    // Java: a broker without write permission refuses sends to ordered topics only.
    if broker.config().broker_permission & perm::WRITE == 0 && known.as_ref().is_some_and(|topic| topic.order) {
        let remark = format!("the broker[{}] sending message is forbidden", broker.config().broker_ip1);
        return Err(Refusal::new(NO_PERMISSION, remark));
    }
    topic_names::check_topic_name(&fields.topic)?;
    topic_names::check_sendable(&fields.topic)?;
    let topic = match known {
        Some(topic) => topic,
        // Boxed: what is rare must not make every send's future larger.
        None => Box::pin(make_topic(broker, fields, sender)).await?,
    };
    if fields.queue_id >= topic.write_queue_nums.max(topic.read_queue_nums) {
        let (queue_id, text) = (fields.queue_id, describe(&topic));
        let remark = format!("request queueId[{queue_id}] is illegal, {text} Producer: {}", sender.remote);
        return Err(Refusal::new(SYSTEM_ERROR, remark));
    }
    Ok(topic)
}

async fn make_topic(
    broker: &Arc<Broker>,
    fields: &SendMessageFields,
    sender: &Sender,
) -> Result<Arc<TopicConfig>, Refusal> {
    let is_retry = fields.topic.starts_with(topic_names::RETRY_PREFIX);
    let sys_flag = match (fields.unit_mode, is_retry) {
        (false, _) => 0,
        (true, true) => topic_sys_flag::UNIT_SUB,
        (true, false) => topic_sys_flag::UNIT,
    };
    let (name, base) = (fields.topic.clone(), fields.default_topic.clone());
    let queues = fields.default_topic_queue_nums;
    let owner = broker.clone();
    let made = blocking(move || {
        let inherited = owner.topics.get_or_inherit(&name, &base, queues, sys_flag)?;
        if inherited.is_none() && is_retry {
            return owner.topics.get_or_create(&name, 1, sys_flag);
        }
        Ok(inherited)
    });
    let Some((topic, is_new)) = made.await? else {
        let remark = format!("topic[{}] not exist, apply first please!{FAQ_LINE}", fields.topic);
        return Err(Refusal::new(TOPIC_NOT_EXIST, remark));
    };
    if is_new {
        tracing::info!(topic = topic.topic_name, producer = %sender.remote, "create topic for a send");
        let registered = broker.registration.request_topic(&topic.topic_name);
        if !sender.oneway {
            // A consumer that starts on the strength of this answer finds the topic's route.
            registered.wait(ROUTE_WAIT_MAX).await;
        }
    }
    Ok(topic)
}

pub(super) fn pick_queue(fields: &SendMessageFields, topic: &TopicConfig) -> Result<i32, Refusal> {
    if fields.queue_id >= 0 {
        return Ok(fields.queue_id);
    }
    if topic.write_queue_nums <= 0 {
        return Err(Refusal::system_error(format!("the topic[{}] has no write queue", topic.topic_name)));
    }
    Ok(fastrand::i32(0..topic.write_queue_nums))
}

async fn single_message(
    broker: &Arc<Broker>,
    fields: SendMessageFields,
    topic: Arc<TopicConfig>,
    queue_id: i32,
    body: Bytes,
    sender: &Sender,
) -> Result<Single, Refusal> {
    let (facts, stored) = message_properties::rewrite(&fields.properties, &broker.config().cluster_name, false);
    let wait = !facts.no_wait;
    let dead_letters = match fields.topic.strip_prefix(topic_names::RETRY_PREFIX) {
        Some(group) => Box::pin(dead_letter_topic(broker, group, &fields, sender)).await?,
        None => None,
    };
    let is_dead = dead_letters.is_some();
    let (topic, queue_id) = dead_letters.map_or((topic, queue_id), |dead| (dead, fastrand::i32(0..DLQ_QUEUES)));
    let message = NewMessage {
        topic: topic.topic_name.clone(),
        queue_id,
        flag: fields.flag,
        sys_flag: sys_flag::with_transaction_type(sys_flag_of(&fields, &topic), sys_flag::TRANSACTION_NOT),
        born_timestamp: fields.born_timestamp,
        born_host: sender.remote,
        reconsume_times: fields.reconsume_times,
        prepared_transaction_offset: 0,
        body,
        properties: stored,
        wait,
    };
    // A dead letter waits for nothing: what it says was meant for its retry.
    if facts.is_plain() || is_dead {
        return Ok(Single { message, counted_in: CountedIn::Own(topic), cancels: None });
    }
    if let Some(key) = facts.cancels {
        let counted_in = CountedIn::Hidden(CANCELLED_TOPIC);
        return Ok(Single { message, counted_in, cancels: Some(key.to_owned()) });
    }
    let properties = message_properties::rewrite(&fields.properties, &broker.config().cluster_name, true).1;
    let message = NewMessage { properties, ..message };
    let (message, hidden_in) = Box::pin(hide::hide(broker, message, &facts)).await?;
    let counted_in = hidden_in.map_or(CountedIn::Own(topic), CountedIn::Hidden);
    Ok(Single { message, counted_in, cancels: None })
}

/// A message retried too often goes to the group's dead-letter topic. Java: SendMessageProcessor.handleRetryAndDLQ
async fn dead_letter_topic(
    broker: &Arc<Broker>,
    group_name: &str,
    fields: &SendMessageFields,
    sender: &Sender,
) -> Result<Option<Arc<TopicConfig>>, Refusal> {
    let Some(group) = broker.find_group(group_name).await? else {
        let remark = format!("subscription group not exist, {group_name} {FAQ_LINE}");
        return Err(Refusal::new(SUBSCRIPTION_GROUP_NOT_EXIST, remark));
    };
    let asked = fields.max_reconsume_times.filter(|_| sender.version >= MAX_RECONSUME_TIMES_SINCE);
    if fields.reconsume_times < asked.unwrap_or(group.retry_max_times) {
        return Ok(None);
    }
    make_own_topic(broker, &topic_names::dlq_topic(group_name), DLQ_QUEUES, 0).await.map(Some)
}

/// A topic that the broker needs for what it was asked, made if there is none.
pub(super) async fn make_own_topic(
    broker: &Arc<Broker>,
    name: &str,
    queues: i32,
    sys_flag: i32,
) -> Result<Arc<TopicConfig>, Refusal> {
    let found = broker.find_or_create_topic(name, queues, sys_flag).await?;
    found.ok_or_else(|| Refusal::new(SYSTEM_ERROR, format!("topic[{name}] not exist")))
}

/// One record for each entry; born, flags and the shared properties are the request's.
fn messages_of_batch(
    broker: &Broker,
    fields: SendMessageFields,
    topic: &TopicConfig,
    queue_id: i32,
    body: Bytes,
    sender: &Sender,
) -> Result<Vec<NewMessage>, Refusal> {
    let sys_flag = sys_flag_of(&fields, topic);
    let (facts, shared) = message_properties::rewrite(&fields.properties, &broker.config().cluster_name, true);
    let is_transaction = sys_flag & sys_flag::TRANSACTION_MASK != 0;
    if is_transaction || facts.delay_level > 0 || facts.timed || body.len() > broker.config().max_message_size {
        return Err(message_illegal(broker.config().max_message_size));
    }
    let mut messages = Vec::new();
    for entry in batch::entries(&body) {
        let entry = entry?;
        if message_properties::entry_asks_to_wait(entry.properties) {
            let remark = "a message of a batch can't be delayed or cancel a delayed one, send it by itself";
            return Err(Refusal::new(MESSAGE_ILLEGAL, remark));
        }
        messages.push(NewMessage {
            topic: fields.topic.clone(),
            queue_id,
            flag: entry.flag,
            sys_flag,
            born_timestamp: fields.born_timestamp,
            born_host: sender.remote,
            reconsume_times: fields.reconsume_times,
            prepared_transaction_offset: 0,
            body: body.slice_ref(entry.body),
            properties: message_properties::join(entry.properties, &shared),
            wait: !facts.no_wait,
        });
    }
    if messages.is_empty() {
        return Err(Refusal::system_error("the batch is empty"));
    }
    Ok(messages)
}

/// Bytes that the message takes in the log.
pub(super) fn record_bytes(message: &NewMessage) -> u64 {
    (RECORD_LENGTH_MIN + message.body.len() + message.topic.len() + message.properties.len()) as u64
}

fn sys_flag_of(fields: &SendMessageFields, topic: &TopicConfig) -> i32 {
    match topic.topic_filter_type {
        TopicFilterType::MultiTag => fields.sys_flag | sys_flag::MULTI_TAGS,
        TopicFilterType::SingleTag => fields.sys_flag,
    }
}

pub(super) fn refuse_put(broker: &Broker, error: StoreError) -> Refusal {
    broker.stats.send_failed();
    match error {
        StoreError::MessageIllegal(reason) => {
            tracing::debug!(reason, "refuse an illegal message");
            message_illegal(broker.config().max_message_size)
        }
        StoreError::Busy(reason) => overloaded(broker, &reason),
        other => other.into(),
    }
}

/// A message is not taken while the answers to others fill the memory.
pub(super) fn refuse_if_full(broker: &Broker, peer: &Peer) -> Result<(), Refusal> {
    let Some(full) = peer.server_is_full() else { return Ok(()) };
    broker.stats.send_failed();
    Err(overloaded(broker, &full.to_string()))
}

/// The refusal of a message that comes faster than it can be taken.
fn overloaded(broker: &Broker, reason: &str) -> Refusal {
    if broker.config().system_busy_at_overload {
        return Refusal::new(
            SYSTEM_BUSY,
            format!("[REJECTREQUEST]system busy, start flow control for a while: {reason}"),
        );
    }
    Refusal::new(SERVICE_NOT_AVAILABLE, format!("service not available now: {reason}"))
}

fn answer<R: Send>(broker: &Broker, queue_id: i32, puts: &[Put]) -> Reply<R> {
    let host = broker.store_host;
    let mut msg_id = String::with_capacity(puts.len() * 33);
    for put in puts {
        let separator = if msg_id.is_empty() { "" } else { "," };
        let id = OffsetMessageId { host, physical_offset: put.physical_offset };
        // Writing to a String cannot fail.
        let _ = write!(msg_id, "{separator}{id}");
    }
    let queue_offset = puts.first().map_or(0, |put| put.queue_offset);
    let mut reply = Reply::ok(SendMessageReply { msg_id, queue_id, queue_offset, transaction_id: None });
    reply.extra = broker.send_fields();
    if puts.iter().any(|put| put.durability == Durability::FlushTimedOut) {
        reply.code = FLUSH_DISK_TIMEOUT;
    }
    reply
}
