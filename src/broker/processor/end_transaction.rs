//! The outcome of a half message, as its producer tells it (37).

use std::sync::Arc;

use bytes::Bytes;
use skylark_protocol::message::properties::{self, names};
use skylark_protocol::message::record::RecordView;
use skylark_protocol::message::sys_flag::{TRANSACTION_COMMIT, TRANSACTION_ROLLBACK};
use skylark_protocol::request::EndTransaction;
use skylark_protocol::response_code::SLAVE_NOT_AVAILABLE;

use super::hide::divert_if_asked;
use super::send_message::refuse_put;
use crate::broker::Broker;
use crate::clock::now_ms;
use crate::config::BrokerRole;
use crate::remoting::{Incoming, Refusal, Reply};
use crate::store::NewMessage;
use crate::transaction;

/// Commits or rolls back a half message. What is decided stays as it is: saying so again, or otherwise, changes nothing.
/// Java: EndTransactionProcessor
pub(crate) async fn end_transaction(
    broker: Arc<Broker>,
    request: Incoming<EndTransaction>,
) -> Result<Reply<EndTransaction>, Refusal> {
    let asked = request.header;
    if broker.config().broker_role == BrokerRole::Slave {
        return Err(Refusal::new(SLAVE_NOT_AVAILABLE, "a slave does not end transactions"));
    }
    if asked.commit_or_rollback != TRANSACTION_COMMIT && asked.commit_or_rollback != TRANSACTION_ROLLBACK {
        tracing::debug!(group = asked.producer_group, at = asked.commit_log_offset, "the producer does not know yet");
        return Ok(Reply::none());
    }
    let _claim = broker.store.claim(asked.commit_log_offset).await;
    let at = asked.commit_log_offset;
    let Some(bytes) = transaction::read_half(&broker.store, at)? else {
        return Err(Refusal::system_error("Find prepared transaction message failed"));
    };
    let record = RecordView::parse(&bytes)?;
    check(&record, &asked)?;
    if !broker.store.is_undecided(at)? {
        tracing::debug!(group = asked.producer_group, at, "the transaction was decided before");
        return Ok(Reply::empty());
    }
    let op = transaction::decided(&record, broker.store_host, now_ms());
    if asked.commit_or_rollback == TRANSACTION_ROLLBACK {
        put(&broker, op).await?;
        return Ok(Reply::empty());
    }
    commit(&broker, &record, &bytes).await?;
    // The commit decided it; this is for a Java broker that goes on with the log.
    if let Err(refusal) = put(&broker, NewMessage { wait: false, ..op }).await {
        tracing::warn!(at, reason = refusal.remark, "note that a transaction is decided");
    }
    Ok(Reply::empty())
}

fn check(record: &RecordView<'_>, asked: &EndTransaction) -> Result<(), Refusal> {
    if properties::get(record.properties(), names::PRODUCER_GROUP) != Some(&asked.producer_group) {
        return Err(Refusal::system_error("The producer group wrong"));
    }
    if record.queue_offset() != asked.tran_state_table_offset {
        return Err(Refusal::system_error("The transaction state table offset wrong"));
    }
    Ok(())
}

async fn commit(broker: &Broker, record: &RecordView<'_>, bytes: &Bytes) -> Result<(), Refusal> {
    let Some(message) = transaction::committed(record, bytes) else {
        return Err(Refusal::system_error("the half message does not say where it goes"));
    };
    let topic = message.topic.clone();
    let size = super::send_message::record_bytes(&message);
    put(broker, divert_if_asked(broker, message)).await?;
    broker.stats.stored(&topic, size);
    Ok(())
}

/// Stores what the log held before in another place.
pub(super) async fn put(broker: &Broker, message: NewMessage) -> Result<(), Refusal> {
    let puts = broker.store.put_again(&[message]).await?;
    puts.into_iter().try_for_each(|put| put.map(drop).map_err(|error| refuse_put(broker, error)))
}
