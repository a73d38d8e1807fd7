//! Transactions: hiding half messages, the records that decide them, and which are due for a check.
//!
//! ```text
//! send ─► half ─► RMQ_SYS_TRANS_HALF_TOPIC          fold: undecided
//!                    ├─ committed ─► the real topic   (names its half)   ─┐
//!                    ├─ decided ───► the op topic     (names its half)   ─┴─ fold: decided
//!                    └─ checks: whose producer is to be asked, and which are given up
//! ```
//!
//! What is undecided follows from the log alone. A half message is never stored again to note a check: how often its
//! producer was asked is kept in memory, and begins anew after a restart, or when the store moved the message because its
//! segment goes. Must not know requests, peers or delays.
//!
//! **Invariant:** whoever decides a half message holds its claim (see `Store::claim`) from before it looks whether the
//! message is undecided until the deciding record is put; so it has one outcome.

mod checks;

use std::net::SocketAddr;

use bytes::Bytes;
use skylark_protocol::message::properties::{self, Properties, names};
use skylark_protocol::message::record::{PROPERTIES_LENGTH_MAX, RecordFields, RecordView};
use skylark_protocol::message::sys_flag;

pub use checks::{CheckRules, Checks, Verdict};

use crate::store::{HALF_TOPIC, NewMessage, OP_TOPIC, PhysicalOffset, Store, StoreError};

/// The tag of a record that says that a half message is decided. Java: TransactionalMessageUtil.REMOVETAG
const DECIDED_TAG: &str = "d";
const HALF_QUEUE: i32 = 0;

/// The message as it waits for its outcome. Java: parseHalfMessageInner
pub fn half(mut message: NewMessage) -> NewMessage {
    let mut properties = Properties::parse(&message.properties);
    properties.set(names::REAL_TOPIC, std::mem::replace(&mut message.topic, HALF_TOPIC.to_owned()));
    properties.set(names::REAL_QUEUE_ID, message.queue_id.to_string());
    NewMessage {
        queue_id: HALF_QUEUE,
        sys_flag: sys_flag::with_transaction_type(message.sys_flag, sys_flag::TRANSACTION_NOT),
        properties: properties.encode(),
        ..message
    }
}

/// The record of the half message at this place, whole and sound; None if none lies there. Blocks for the disk.
pub fn read_half(store: &Store, physical_offset: PhysicalOffset) -> Result<Option<Bytes>, StoreError> {
    let bytes = store.message_at(physical_offset)?;
    let is_half = |record: RecordView<'_>| record.topic() == HALF_TOPIC && record.check_body_crc();
    Ok(bytes.filter(|bytes| RecordView::parse(bytes).is_ok_and(is_half)))
}

/// The message as its consumers get it; None if the half message does not say where it goes. Java: endMessageTransaction
pub fn committed(record: &RecordView<'_>, bytes: &Bytes) -> Option<NewMessage> {
    let (topic, queue_id) = destination(record)?;
    Some(NewMessage {
        topic: topic.to_owned(),
        queue_id,
        sys_flag: sys_flag::with_transaction_type(record.sys_flag(), sys_flag::TRANSACTION_COMMIT),
        prepared_transaction_offset: record.physical_offset(),
        ..NewMessage::of_record(record, bytes)
    })
}

/// The record that says that this half message is decided: all there is of a rollback. After a commit Java brokers that
/// go on with this log want it too. `by` stands for its sender. Java: addRemoveTagInTransactionOp
pub fn decided(record: &RecordView<'_>, by: SocketAddr, now: i64) -> NewMessage {
    let mut properties = String::new();
    properties::append(&mut properties, names::TAGS, DECIDED_TAG);
    NewMessage {
        topic: OP_TOPIC.to_owned(),
        queue_id: HALF_QUEUE,
        flag: 0,
        sys_flag: 0,
        born_timestamp: now,
        born_host: by,
        reconsume_times: 0,
        prepared_transaction_offset: record.physical_offset(),
        body: record.queue_offset().to_string().into(),
        properties,
        wait: true,
    }
}

/// The message as operators find it in `topic` when nobody decided it. Java: resolveDiscardMsg
pub fn given_up(record: &RecordView<'_>, bytes: &Bytes, topic: &str, asked: u32) -> NewMessage {
    with_check_times(NewMessage { topic: topic.to_owned(), queue_id: 0, ..NewMessage::of_record(record, bytes) }, asked)
}

/// A message that was given up, as a half message again that nobody was asked for. Java: resumeCheckHalfMessage
pub fn resumed(record: &RecordView<'_>, bytes: &Bytes) -> NewMessage {
    with_check_times(
        NewMessage { topic: HALF_TOPIC.to_owned(), queue_id: HALF_QUEUE, ..NewMessage::of_record(record, bytes) },
        0,
    )
}

/// The half message's record with its real topic and queue, as its producer is shown it when asked for the `times`th
/// time; None if it has none.
pub fn shown_to_producer(record: &RecordView<'_>, times: u32) -> Option<Bytes> {
    let (topic, queue_id) = destination(record)?;
    let mut counted = Properties::parse(record.properties());
    counted.set(names::TRANSACTION_CHECK_TIMES, times.to_string());
    let counted = counted.encode();
    // A message whose properties fill the field has no room for the count.
    let properties = if counted.len() <= PROPERTIES_LENGTH_MAX { &counted } else { record.properties() };
    let shown = RecordFields { topic, queue_id, properties, ..record.fields().clone() };
    let mut bytes = Vec::with_capacity(shown.encoded_len());
    shown.encode(&mut bytes);
    Some(bytes.into())
}

fn destination<'a>(record: &RecordView<'a>) -> Option<(&'a str, i32)> {
    let topic = properties::get(record.properties(), names::REAL_TOPIC).filter(|topic| *topic != HALF_TOPIC)?;
    let queue_id = properties::get(record.properties(), names::REAL_QUEUE_ID)?.parse().ok().filter(|id| *id >= 0)?;
    Some((topic, queue_id))
}

fn with_check_times(message: NewMessage, times: u32) -> NewMessage {
    let mut properties = Properties::parse(&message.properties);
    properties.set(names::TRANSACTION_CHECK_TIMES, times.to_string());
    NewMessage { properties: properties.encode(), ..message }
}

#[cfg(test)]
mod tests;
