//! Asking producers for the outcome of half messages that nobody decided (39), and beginning anew with one that was
//! given up (323).

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use skylark_protocol::message::message_id::OffsetMessageId;
use skylark_protocol::message::properties::{self, names};
use skylark_protocol::message::record::RecordView;
use skylark_protocol::request::{CheckTransactionState, ResumeCheckHalfMessage};

use super::end_transaction::put;
use super::send_message::make_own_topic;
use crate::broker::Broker;
use crate::broker::refusal::blocking;
use crate::broker::rules::check_rules;
use crate::broker::topic_names::TRANS_CHECK_MAX_TIME_TOPIC;
use crate::clock::now_ms;
use crate::config::BrokerRole;
use crate::remoting::{Incoming, Refusal, Reply};
use crate::store::{HALF_TOPIC, PhysicalOffset};
use crate::transaction::{self, Verdict};

/// Undecided messages that are listed and read at once.
const LIST_MAX: usize = 64;
/// Queues of the topic of messages that were given up.
const GIVEN_UP_QUEUES: i32 = 1;

/// One look through all that is undecided.
pub(in crate::broker) async fn check_transactions(broker: &Arc<Broker>) {
    if broker.config().broker_role == BrokerRole::Slave {
        return;
    }
    if let Err(refusal) = check_all(broker).await {
        tracing::error!(reason = refusal.remark, "check transactions, the next look tries again");
    }
}

async fn check_all(broker: &Arc<Broker>) -> Result<(), Refusal> {
    let mut undecided = HashSet::new();
    let mut from = 0;
    loop {
        let owner = broker.clone();
        let listed = blocking(move || {
            let listed = owner.store.undecided(from, LIST_MAX)?;
            listed
                .into_iter()
                .map(|at| Ok((at, transaction::read_half(&owner.store, at)?)))
                .collect::<Result<Vec<_>, _>>()
        });
        let listed = listed.await?;
        let Some((last, _)) = listed.last() else { break };
        from = last + 1;
        for (at, bytes) in listed {
            undecided.insert(at);
            // One that can't be read is not on disk yet, or is damaged.
            if let Some(bytes) = bytes {
                check_one(broker, at, &bytes).await?;
            }
        }
    }
    broker.checks.keep_only(&undecided);
    Ok(())
}

async fn check_one(broker: &Arc<Broker>, at: PhysicalOffset, bytes: &Bytes) -> Result<(), Refusal> {
    let record = RecordView::parse(bytes)?;
    let asked = broker.checks.asked(&record);
    match check_rules(&broker.config()).judge(&record, asked, now_ms()) {
        Verdict::Wait => Ok(()),
        Verdict::Ask => {
            // A producer that nobody could ask does not use up its chances. Java counts all the same.
            if ask_producer(broker, &record, asked + 1) {
                broker.checks.note(at, asked + 1);
            }
            Ok(())
        }
        Verdict::GiveUp => give_up(broker, at, &record, bytes, asked).await,
    }
}

/// Java: AbstractTransactionalMessageCheckListener.sendCheckMessage
fn ask_producer(broker: &Broker, record: &RecordView<'_>, times: u32) -> bool {
    let says = |name| properties::get(record.properties(), name).map(str::to_owned);
    let group = says(names::PRODUCER_GROUP).unwrap_or_default();
    let Some(shown) = transaction::shown_to_producer(record, times) else { return false };
    let id = OffsetMessageId { host: record.store_host(), physical_offset: record.physical_offset() };
    let question = CheckTransactionState {
        commit_log_offset: record.physical_offset(),
        msg_id: says(names::UNIQ_KEY),
        tran_state_table_offset: record.queue_offset(),
        offset_msg_id: Some(id.to_string()),
        transaction_id: says(names::UNIQ_KEY),
        broker_name: None,
    };
    let mut members = broker.producers.group(&group).unwrap_or_default();
    fastrand::shuffle(&mut members);
    let is_asked = members.iter().any(|member| member.peer.notify(&question, shown.clone()));
    if !is_asked {
        tracing::debug!(group, at = record.physical_offset(), "no producer of the group can be asked");
    }
    is_asked
}

async fn give_up(
    broker: &Arc<Broker>,
    at: PhysicalOffset,
    record: &RecordView<'_>,
    bytes: &Bytes,
    asked: u32,
) -> Result<(), Refusal> {
    // Whoever holds the claim is just deciding it.
    let Some(_claim) = broker.store.try_claim(at) else { return Ok(()) };
    if !broker.store.is_undecided(at)? {
        return Ok(());
    }
    make_own_topic(broker, TRANS_CHECK_MAX_TIME_TOPIC, GIVEN_UP_QUEUES, 0).await?;
    tracing::warn!(at, asked, "give up a half message, it goes to {TRANS_CHECK_MAX_TIME_TOPIC}");
    put(broker, transaction::given_up(record, bytes, TRANS_CHECK_MAX_TIME_TOPIC, asked)).await?;
    put(broker, transaction::decided(record, broker.store_host, now_ms())).await
}

/// Makes a message that was given up a half message again. Java: AdminBrokerProcessor.resumeCheckHalfMessage
pub(crate) async fn resume_check_half_message(
    broker: Arc<Broker>,
    request: Incoming<ResumeCheckHalfMessage>,
) -> Result<Reply<ResumeCheckHalfMessage>, Refusal> {
    let refuse =
        || Refusal::system_error("Exception was thrown when putting message back to RMQ_SYS_TRANS_HALF_TOPIC.");
    let id = request.header.msg_id.unwrap_or_default();
    let at = OffsetMessageId::decode(&id).map_err(|_| refuse())?.physical_offset;
    let owner = broker.clone();
    let bytes = blocking(move || owner.store.message_at(at)).await?.ok_or_else(refuse)?;
    let record = RecordView::parse(&bytes)?;
    match record.topic() {
        TRANS_CHECK_MAX_TIME_TOPIC => put(&broker, transaction::resumed(&record, &bytes)).await?,
        HALF_TOPIC if broker.store.is_undecided(at)? => broker.checks.note(at, 0),
        // Java: puts back whatever it finds, so that a decided message may be delivered twice
        _ => return Err(refuse()),
    }
    Ok(Reply::empty())
}
