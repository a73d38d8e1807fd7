//! The reply to a request message: it goes to the client that waits, over that client's own connection (324, 325; 326).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use skylark_protocol::message::message_id::OffsetMessageId;
use skylark_protocol::message::properties::{Properties, names};
use skylark_protocol::request::{PushReplyMessageToClient, Request, SendMessageFields, SendMessageReply};
use skylark_protocol::response_code::{SUCCESS, SYSTEM_ERROR};

use super::send_message::{Sender, check, pick_queue};
use crate::broker::Broker;
use crate::clock::now_ms;
use crate::remoting::{Incoming, Refusal, Reply};
use crate::store::{DUE_PROPERTY, MOVED_PROPERTY, NewMessage, Put};

/// How long the waiting client may take to accept its reply. Java: Broker2Client.callClient
const PUSH_MAX: Duration = Duration::from_secs(10);

/// A request that carries a reply, in either of its forms.
pub(crate) trait SendReply: Request<Reply = SendMessageReply> + Into<SendMessageFields> {}
impl<R: Request<Reply = SendMessageReply> + Into<SendMessageFields>> SendReply for R {}

/// Hands the reply to the client that waits for it, and stores it if that is wanted. Java: ReplyMessageProcessor
pub(crate) async fn send_reply_message<R: SendReply>(
    broker: Arc<Broker>,
    request: Incoming<R>,
) -> Result<Reply<R>, Refusal> {
    let replied = reply(&broker, request).await;
    replied.map_err(|refusal| Refusal { extra: broker.send_fields(), ..refusal })
}

async fn reply<R: SendReply>(broker: &Arc<Broker>, request: Incoming<R>) -> Result<Reply<R>, Refusal> {
    let Incoming { header, body, version, oneway, peer, .. } = request;
    let sender = Sender { version, oneway, remote: peer.remote() };
    let fields: SendMessageFields = header.into();
    let topic = check(broker, &fields, &sender).await?;
    let queue_id = pick_queue(&fields, &topic)?;
    let pushed = push(broker, &fields, &sender, body.clone()).await;
    let stored = if broker.config().store_reply_message_enable {
        store(broker, &fields, &sender, queue_id, body).await
    } else {
        None
    };
    let header = match (&stored, &pushed) {
        (Some(put), _) => SendMessageReply {
            msg_id: OffsetMessageId { host: broker.store_host, physical_offset: put.physical_offset }.to_string(),
            queue_id,
            queue_offset: put.queue_offset,
            transaction_id: None,
        },
        (None, Ok(())) => SendMessageReply { msg_id: "0".to_owned(), queue_id, ..SendMessageReply::default() },
        (None, Err(remark)) => return Err(Refusal::system_error(remark)),
    };
    let mut reply = Reply::ok(header);
    reply.extra = broker.send_fields();
    reply.code = if pushed.is_ok() { SUCCESS } else { SYSTEM_ERROR };
    reply.remark = pushed.err();
    Ok(reply)
}

/// Gives the reply to the client that its REPLY_TO_CLIENT names, or says why it could not.
async fn push(broker: &Broker, fields: &SendMessageFields, sender: &Sender, body: Bytes) -> Result<(), String> {
    let mut properties = Properties::parse(&fields.properties);
    let Some(client_id) = properties.get(names::REPLY_TO_CLIENT).map(str::to_owned) else {
        return Err("reply message properties[REPLY_TO_CLIENT] is null".to_owned());
    };
    let Some(client) = broker.producers.find(&client_id) else {
        return Err(format!("push reply message fail, channel of <{client_id}> not found."));
    };
    let now = now_ms();
    properties.set(names::PUSH_REPLY_TIME, now.to_string());
    let header = PushReplyMessageToClient {
        queue_id: fields.queue_id,
        producer_group: fields.producer_group.clone(),
        topic: fields.topic.clone(),
        default_topic: fields.default_topic.clone(),
        default_topic_queue_nums: fields.default_topic_queue_nums,
        sys_flag: fields.sys_flag,
        born_timestamp: fields.born_timestamp,
        flag: fields.flag,
        properties: Some(properties.encode()),
        reconsume_times: Some(fields.reconsume_times),
        unit_mode: fields.unit_mode,
        born_host: sender.remote.to_string(),
        store_host: broker.store_host.to_string(),
        store_timestamp: now,
    };
    match client.call(&header, body, PUSH_MAX).await {
        Ok(answer) if answer.code == SUCCESS => Ok(()),
        Ok(answer) => {
            tracing::warn!(client_id, remark = answer.remark, "a client did not take its reply");
            Err(format!("push reply message to {client_id}fail."))
        }
        Err(error) => {
            tracing::warn!(client_id, %error, "push a reply");
            Err(format!("push reply message to {client_id}fail."))
        }
    }
}

/// Stores the reply as it came. A reply that can't be stored still reached its client, so that is no failure.
async fn store(
    broker: &Broker,
    fields: &SendMessageFields,
    sender: &Sender,
    queue_id: i32,
    body: Bytes,
) -> Option<Put> {
    let mut properties = Properties::parse(&fields.properties);
    properties.remove(DUE_PROPERTY);
    properties.remove(MOVED_PROPERTY);
    let wait = properties.get(names::WAIT).is_none_or(|wait| wait.eq_ignore_ascii_case("true"));
    let message = NewMessage {
        topic: fields.topic.clone(),
        queue_id,
        flag: fields.flag,
        sys_flag: 0,
        born_timestamp: fields.born_timestamp,
        born_host: sender.remote,
        reconsume_times: fields.reconsume_times,
        prepared_transaction_offset: 0,
        body,
        properties: properties.encode(),
        wait,
    };
    let size = super::send_message::record_bytes(&message);
    match broker.store.put(message).await {
        Ok(put) => {
            broker.stats.stored(&fields.topic, size);
            Some(put)
        }
        Err(error) => {
            tracing::warn!(topic = fields.topic, %error, "store a reply");
            None
        }
    }
}
