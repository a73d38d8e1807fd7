//! Records made of a delayed one: its delivery, its cancellation. Each names it by its
//! physical offset and its due time, and so takes it away when it is folded.

use bytes::Bytes;
use skylark_protocol::message::properties::{self, Properties, names};
use skylark_protocol::message::record::RecordView;

use crate::store::{CANCELLED_TOPIC, DUE_PROPERTY, Due, HALF_TOPIC, NewMessage, SCHEDULE_TOPIC, TIMER_TOPIC};

/// The message as its consumers get it; None if the record is no delayed message. Java: messageTimeup
pub(super) fn delivery(record: &RecordView<'_>, bytes: &Bytes, due: Due) -> Option<NewMessage> {
    if record.topic() != SCHEDULE_TOPIC && record.topic() != TIMER_TOPIC {
        return None;
    }
    let topic = properties::get(record.properties(), names::REAL_TOPIC).filter(|topic| *topic != HALF_TOPIC)?;
    let queue_id = properties::get(record.properties(), names::REAL_QUEUE_ID)?.parse().ok().filter(|id| *id >= 0)?;
    Some(NewMessage { topic: topic.to_owned(), queue_id, ..again(record, bytes, due) })
}

/// What takes a delayed message away undelivered, on behalf of `by`.
pub(super) fn cancellation(due: Due, unique_key: Option<&str>, by: std::net::SocketAddr, now: i64) -> NewMessage {
    let mut properties = String::new();
    properties::append(&mut properties, DUE_PROPERTY, &due.due.to_string());
    if let Some(key) = unique_key {
        properties::append(&mut properties, names::TIMER_DEL_UNIQKEY, key);
    }
    NewMessage {
        topic: CANCELLED_TOPIC.to_owned(),
        queue_id: 0,
        flag: 0,
        sys_flag: 0,
        born_timestamp: now,
        born_host: by,
        reconsume_times: 0,
        prepared_transaction_offset: due.physical_offset,
        body: Bytes::new(),
        properties,
        wait: true,
    }
}

/// The record's message, to be stored once more in its place; it waits for the disk, so that under SYNC_FLUSH no
/// message is neither here nor there.
fn again(record: &RecordView<'_>, bytes: &Bytes, due: Due) -> NewMessage {
    let stated = properties::get(record.properties(), DUE_PROPERTY).and_then(|stated| stated.parse().ok());
    let properties = if stated == Some(due.due) {
        record.properties().to_owned()
    } else {
        // A Java broker stored it.
        let mut properties = Properties::parse(record.properties());
        properties.set(DUE_PROPERTY, due.due.to_string());
        properties.encode()
    };
    let message = NewMessage::of_record(record, bytes);
    NewMessage { prepared_transaction_offset: due.physical_offset, properties, ..message }
}
