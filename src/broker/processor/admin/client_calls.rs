//! What operators ask of a consumer: the broker passes it on over the connection that the consumer opened, and
//! passes the answer back (222, 223, 307, 309).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use skylark_protocol::body::{
    self, GetConsumerStatusBody, MessageQueue, MessageQueueForC, ResetOffsetBody, ResetOffsetBodyForC,
};
use skylark_protocol::language::Language;
use skylark_protocol::message::message_id::OffsetMessageId;
use skylark_protocol::request::{
    ConsumeMessageDirectly, GetConsumerRunningInfo, GetConsumerStatusFromClient, InvokeBrokerToGetConsumerStatus,
    InvokeBrokerToResetOffset, Request, ResetConsumerClientOffset,
};
use skylark_protocol::response_code::{CONSUME_MSG_TIMEOUT, CONSUMER_NOT_ONLINE};

use crate::broker::Broker;
use crate::broker::consumers::Member;
use crate::broker::refusal::blocking;
use crate::broker::topic_names::is_blank;
use crate::remoting::{Answer, CallError, Incoming, Refusal, Reply};

/// How long a consumer may take for a question that its code answers.
const CALL_MAX: Duration = Duration::from_secs(10);
/// How long it may take to tell its offsets.
const STATUS_MAX: Duration = Duration::from_secs(5);
/// The time that asks for the end of each queue.
const TIME_OF_END: i64 = -1;

/// Sets the offsets of an online group to those of a time, and tells its members.
pub(crate) async fn invoke_broker_to_reset_offset(
    broker: Arc<Broker>,
    request: Incoming<InvokeBrokerToResetOffset>,
) -> Result<Reply<InvokeBrokerToResetOffset>, Refusal> {
    let asked = request.header;
    tracing::info!(group = asked.group, topic = asked.topic, timestamp = asked.timestamp, "reset offsets");
    let owner = broker.clone();
    let (topic, group) = (asked.topic.clone(), asked.group.clone());
    let offsets = offsets_at(owner, topic, group, asked.timestamp, asked.is_force).await?;
    let members = broker.consumers.group(&asked.group).map(|group| group.members).unwrap_or_default();
    if members.is_empty() {
        let remark = format!(
            "Consumer not online, so can not reset offset, Group: {} Topic: {} Timestamp: {}",
            asked.group, asked.topic, asked.timestamp
        );
        return Err(Refusal::new(CONSUMER_NOT_ONLINE, remark));
    }
    let answer = body::encode(&ResetOffsetBody { offset_table: offsets.clone() });
    let notice = if request.language == Language::Cpp {
        body::encode(&ResetOffsetBodyForC { offset_table: offsets.into_iter().map(queue_for_c).collect() })
    } else {
        answer.clone()
    };
    let notice = Bytes::from(notice);
    let header = ResetConsumerClientOffset {
        topic: asked.topic,
        group: asked.group,
        timestamp: asked.timestamp,
        // Java: the flag is not passed on
        is_force: false,
    };
    for member in members {
        member.peer.notify(&header, notice.clone());
    }
    let mut reply = Reply::body(Default::default(), answer);
    reply.remark = Some(super::REMARK_NOT_SET.to_owned());
    Ok(reply)
}

/// The offsets that members of a group hold in memory.
pub(crate) async fn invoke_broker_to_get_consumer_status(
    broker: Arc<Broker>,
    request: Incoming<InvokeBrokerToGetConsumerStatus>,
) -> Result<Reply<InvokeBrokerToGetConsumerStatus>, Refusal> {
    let asked = request.header;
    let Some(group) = broker.consumers.group(&asked.group) else {
        return Err(Refusal::system_error(format!("No Any Consumer online in the consumer group: [{}]", asked.group)));
    };
    let wanted = asked.client_addr.filter(|client| !is_blank(client));
    let header = GetConsumerStatusFromClient { topic: asked.topic, group: asked.group, client_addr: None };
    let mut consumer_table = BTreeMap::new();
    for member in group.members {
        if wanted.as_ref().is_some_and(|client| *client != member.client_id) {
            continue;
        }
        if let Some(offsets) = offsets_of_member(&member, &header).await {
            consumer_table.insert(member.client_id, offsets);
        }
    }
    let body = GetConsumerStatusBody { consumer_table, ..GetConsumerStatusBody::default() };
    let mut reply = Reply::body(Default::default(), body::encode(&body));
    reply.remark = Some(super::REMARK_NOT_SET.to_owned());
    Ok(reply)
}

/// What a consumer tells of itself.
pub(crate) async fn get_consumer_running_info(
    broker: Arc<Broker>,
    request: Incoming<GetConsumerRunningInfo>,
) -> Result<Reply<GetConsumerRunningInfo>, Refusal> {
    let member = find(&broker, &request.header.consumer_group, Some(&request.header.client_id))?;
    let called = member.peer.call(&request.header, request.body, CALL_MAX).await;
    pass_back(&request.header.consumer_group, &member, called)
}

/// Has a consumer consume one stored message and tell what came of it.
pub(crate) async fn consume_message_directly(
    broker: Arc<Broker>,
    request: Incoming<ConsumeMessageDirectly>,
) -> Result<Reply<ConsumeMessageDirectly>, Refusal> {
    let mut header = request.header;
    let member = find(&broker, &header.consumer_group, header.client_id.as_deref())?;
    let id = header.msg_id.as_deref().unwrap_or_default();
    let place = OffsetMessageId::decode(id)?;
    let Some(message) = broker.store.message_at(place.physical_offset)? else {
        return Err(Refusal::system_error(format!("can not find message by the offset, {}", place.physical_offset)));
    };
    header.broker_name = Some(broker.config().broker_name.clone());
    let called = member.peer.call(&header, message, CALL_MAX).await;
    pass_back(&header.consumer_group, &member, called)
}

fn find(broker: &Broker, group: &str, client_id: Option<&str>) -> Result<Member, Refusal> {
    let client_id = client_id.unwrap_or_default();
    let offline = || Refusal::system_error(format!("The Consumer <{group}> <{client_id}> not online"));
    broker.consumers.find(group, client_id).ok_or_else(offline)
}

/// The consumer's answer as it is; Java calls all but a timeout an exception.
fn pass_back<R: Request>(
    group: &str,
    member: &Member,
    called: Result<Answer<R>, CallError>,
) -> Result<Reply<R>, Refusal> {
    let client_id = &member.client_id;
    match called {
        Ok(answer) => {
            let mut reply = Reply::body(answer.header, answer.body);
            reply.code = answer.code;
            reply.remark = answer.remark;
            Ok(reply)
        }
        Err(CallError::Timeout) => {
            let remark =
                format!("consumer <{group}> <{client_id}> Timeout: no answer within {} ms", CALL_MAX.as_millis());
            Err(Refusal::new(CONSUME_MSG_TIMEOUT, remark))
        }
        Err(error) => Err(Refusal::system_error(format!("invoke consumer <{group}> <{client_id}> Exception: {error}"))),
    }
}

async fn offsets_of_member(
    member: &Member,
    header: &GetConsumerStatusFromClient,
) -> Option<BTreeMap<MessageQueue, i64>> {
    let answer = member.peer.call(header, Bytes::new(), STATUS_MAX).await.and_then(Answer::success);
    match answer {
        Ok(answer) => body::decode::<GetConsumerStatusBody>(&answer.body).ok().map(|status| status.message_queue_table),
        Err(error) => {
            tracing::warn!(client = member.client_id, %error, "ask a consumer for its offsets");
            None
        }
    }
}

/// Queue by queue the offset of the time; unless forced, never beyond what the group consumed.
async fn offsets_at(
    broker: Arc<Broker>,
    topic: String,
    group: String,
    timestamp: i64,
    is_force: bool,
) -> Result<BTreeMap<MessageQueue, i64>, Refusal> {
    let Some(config) = broker.topics.get(&topic) else {
        let remark = format!("[reset-offset] reset offset failed, no topic in this broker. topic={topic}");
        return Err(Refusal::system_error(remark));
    };
    let queues: Vec<i32> = (0..config.write_queue_nums).collect();
    let mut consumed = Vec::with_capacity(queues.len());
    for &queue_id in &queues {
        let Some(offset) = broker.offsets.get(&group, &topic, queue_id) else {
            return Err(Refusal::system_error(format!("THe consumer group <{group}> not exist")));
        };
        consumed.push((queue_id, offset));
    }
    blocking(move || {
        let mut offsets = BTreeMap::new();
        for (queue_id, consumed) in consumed {
            let found = match timestamp {
                TIME_OF_END => broker.store.queue_bounds(&topic, queue_id)?.max,
                _ => broker.store.offset_by_time(&topic, queue_id, timestamp)?,
            };
            let queue =
                MessageQueue { broker_name: broker.config().broker_name.clone(), queue_id, topic: topic.clone() };
            offsets.insert(queue, if is_force { found } else { found.min(consumed) });
        }
        Ok(offsets)
    })
    .await
}

fn queue_for_c((queue, offset): (MessageQueue, i64)) -> MessageQueueForC {
    MessageQueueForC { broker_name: queue.broker_name, offset, queue_id: queue.queue_id, topic: queue.topic }
}
