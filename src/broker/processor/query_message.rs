//! Finding messages by key and by where they lie in the log (12, 33).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use skylark_protocol::request::{QueryMessage, QueryMessageReply, ViewMessageById};
use skylark_protocol::response_code::QUERY_NOT_FOUND;

use crate::broker::Broker;
use crate::remoting::{Incoming, Refusal, Reply};

/// What maxNum becomes for clients that ask for a unique key. Java: defaultQueryMaxNum
const UNIQUE_KEY_MESSAGES_MAX: i32 = 32;
/// Messages answered, at most. Java: maxMsgsNumBatch
const MESSAGES_MAX: i32 = 64;

/// Messages of a topic that carry a key and were stored between two times.
pub(crate) async fn query_message(
    broker: Arc<Broker>,
    request: Incoming<QueryMessage>,
) -> Result<Reply<QueryMessage>, Refusal> {
    let query = request.header;
    let wanted = if query.unique_key_query == Some(true) { UNIQUE_KEY_MESSAGES_MAX } else { query.max_num };
    let Ok(max) = usize::try_from(wanted.min(MESSAGES_MAX)) else {
        return Err(Refusal::system_error(format!("maxNum {wanted} is illegal")));
    };
    let (_, log_end) = broker.store.log_bounds();
    let owner = broker.clone();
    let found = crate::broker::refusal::blocking(move || {
        owner.store.query(&query.topic, &query.key, max, query.begin_timestamp, query.end_timestamp)
    });
    let found = found.await?;
    if found.is_empty() {
        return Err(Refusal::new(QUERY_NOT_FOUND, "can not find message, maybe time range not correct"));
    }
    let header = QueryMessageReply {
        // The index never lags behind the log: it is as new as this answer.
        index_last_update_timestamp: crate::clock::now_ms(),
        index_last_update_phyoffset: log_end,
    };
    Ok(Reply::body(header, concat(&found)))
}

/// The one message whose record begins at an offset of the log.
pub(crate) async fn view_message_by_id(
    broker: Arc<Broker>,
    request: Incoming<ViewMessageById>,
) -> Result<Reply<ViewMessageById>, Refusal> {
    let offset = request.header.offset;
    match broker.store.message_at(offset)? {
        Some(message) => Ok(Reply::body(Default::default(), message)),
        None => Err(Refusal::system_error(format!("can not find message by the offset, {offset}"))),
    }
}

fn concat(messages: &[Bytes]) -> Bytes {
    let mut body = BytesMut::with_capacity(messages.iter().map(Bytes::len).sum());
    messages.iter().for_each(|message| body.extend_from_slice(message));
    body.freeze()
}
