//! Pulling: messages of one queue, at once or as soon as there are some (11, 361).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use skylark_protocol::body::{self, MessageQueue, OffsetMovedEvent, SubscriptionGroupConfig};
use skylark_protocol::message::properties::{append, names};
use skylark_protocol::message::sys_flag::pull as flags;
use skylark_protocol::request::{PullMessage, PullMessageReply, Request};
use skylark_protocol::response_code::{
    NO_PERMISSION, PULL_NOT_FOUND, PULL_OFFSET_MOVED, PULL_RETRY_IMMEDIATELY, SUBSCRIPTION_GROUP_NOT_EXIST, SUCCESS,
    SYSTEM_BUSY, SYSTEM_ERROR, TOPIC_NOT_EXIST,
};

use crate::broker::Broker;
use crate::broker::topic_names::{FAQ_LINE, OFFSET_MOVED_EVENT};
use crate::broker::topics::perm;
use crate::clock::now_ms;
use crate::remoting::{Incoming, Peer, Refusal, Reply};
use crate::store::{GetLimits, GetStatus, Got, NewMessage};

use super::subscription::{Wanted, find_subscription};

/// More messages than this are never looked for at once, whatever a client asks.
const MESSAGES_MAX: i32 = 1024;
/// Queue entries looked at in one pull, at least. Java: 16000 bytes of them
const SCAN_ENTRIES_MIN: usize = 800;
/// No pull is held longer.
const HOLD_MAX: Duration = Duration::from_secs(60);
/// How long a pull that is not to be held waits for memory.
const ROOM_WAIT: Duration = Duration::from_secs(5);
/// So many pulls are held in all; further ones are answered at once.
const HELD_MAX: usize = 200_000;

/// A request that pulls, in either of its forms.
pub(crate) trait Pull: Request<Reply = PullMessageReply> + Into<PullMessage> {}
impl<R: Request<Reply = PullMessageReply> + Into<PullMessage>> Pull for R {}

/// Answers messages from the offset on; if there are none and the client wishes it, waits for one.
pub(crate) async fn pull_message<R: Pull>(broker: Arc<Broker>, request: Incoming<R>) -> Result<Reply<R>, Refusal> {
    let Incoming { header, peer, received, .. } = request;
    let pull: PullMessage = header.into();
    let group = check_group(&broker, &pull).await?;
    check_queue(&broker, &pull, &peer)?;
    let wanted = find_subscription(&broker, &pull, &group)?;
    if pull.max_msg_nums <= 0 {
        return Err(Refusal::system_error(format!("maxMsgNums {} is illegal", pull.max_msg_nums)));
    }
    if pull.sys_flag & flags::COMMIT_OFFSET != 0 {
        commit_offset(&broker, &pull, &peer);
    }
    let deadline = hold_until(&broker, &pull, received);
    wait_for_room(&peer, deadline).await?;
    let got = get_or_wait(&broker, &pull, &peer, &wanted, deadline).await?;
    Ok(respond(&broker, &pull, &group, got).await)
}

async fn check_group(broker: &Arc<Broker>, pull: &PullMessage) -> Result<Arc<SubscriptionGroupConfig>, Refusal> {
    if broker.config().broker_permission & perm::READ == 0 {
        let remark = format!("the broker[{}] pulling message is forbidden", broker.config().broker_ip1);
        return Err(Refusal::new(NO_PERMISSION, remark));
    }
    let Some(group) = broker.find_group(&pull.consumer_group).await? else {
        let remark = format!("subscription group [{}] does not exist, {FAQ_LINE}", pull.consumer_group);
        return Err(Refusal::new(SUBSCRIPTION_GROUP_NOT_EXIST, remark));
    };
    if !group.consume_enable {
        let remark = format!("subscription group no permission, {}", pull.consumer_group);
        return Err(Refusal::new(NO_PERMISSION, remark));
    }
    Ok(group)
}

fn check_queue(broker: &Broker, pull: &PullMessage, peer: &Peer) -> Result<(), Refusal> {
    let Some(topic) = broker.topics.get(&pull.topic) else {
        let remark = format!("topic[{}] not exist, apply first please! {FAQ_LINE}", pull.topic);
        return Err(Refusal::new(TOPIC_NOT_EXIST, remark));
    };
    if topic.perm & perm::READ == 0 {
        let remark = format!("the topic[{}] pulling message is forbidden", pull.topic);
        return Err(Refusal::new(NO_PERMISSION, remark));
    }
    if pull.queue_id < 0 || pull.queue_id >= topic.read_queue_nums {
        let remark = format!(
            "queueId[{}] is illegal, topic:[{}] topicConfig.readQueueNums:[{}] consumer:[/{}]",
            pull.queue_id,
            pull.topic,
            topic.read_queue_nums,
            peer.remote()
        );
        return Err(Refusal::new(SYSTEM_ERROR, remark));
    }
    Ok(())
}

fn commit_offset(broker: &Broker, pull: &PullMessage, peer: &Peer) {
    let committed = broker.offsets.commit(&pull.consumer_group, &pull.topic, pull.queue_id, pull.commit_offset);
    if let Err(reason) = committed {
        tracing::debug!(group = pull.consumer_group, topic = pull.topic, %reason, peer = %peer.remote(), "ignore an offset");
    }
}

/// Until when the request may be held; None: it is answered at once.
fn hold_until(broker: &Broker, pull: &PullMessage, received: Instant) -> Option<Instant> {
    let millis = u64::try_from(pull.suspend_timeout_millis).unwrap_or(0);
    if pull.sys_flag & flags::SUSPEND == 0 || millis == 0 {
        return None;
    }
    let hold = if broker.config().long_polling_enable { millis } else { broker.config().short_polling_time_ms };
    Some(received + Duration::from_millis(hold).min(HOLD_MAX))
}

/// The whole long poll: look; if there is nothing, wait until something may be there and look again.
async fn get_or_wait(
    broker: &Broker,
    pull: &PullMessage,
    peer: &Peer,
    wanted: &Wanted,
    deadline: Option<Instant>,
) -> Result<Got, Refusal> {
    let mut got = get(broker, pull, pull.queue_offset, wanted)?;
    let Some(deadline) = deadline else { return Ok(got) };
    if pull_code(got.status, pull.queue_offset) != PULL_NOT_FOUND || !peer.may_hold() {
        return Ok(got);
    }
    let Some(_held) = Held::enter(&broker.held_pulls) else { return Ok(got) };
    let watch = broker.store.watch_queue(&pull.topic, pull.queue_id)?;
    let end = tokio::time::sleep_until(deadline.into());
    tokio::pin!(end);
    loop {
        let from = got.next_offset;
        tokio::select! {
            () = watch.wait_past(from) => {}
            () = &mut end => return Ok(got),
            () = peer.closed() => return Ok(got),
        }
        wait_for_room(peer, Some(deadline)).await?;
        got = get(broker, pull, from, wanted)?;
        // Unwanted arrivals are stepped over here; the client learns how far when the hold ends.
        if !matches!(got.status, GetStatus::NoMatchedMessage | GetStatus::OffsetOverflowOne) {
            return Ok(got);
        }
    }
}

/// Messages are not brought into memory that is full of others.
async fn wait_for_room(peer: &Peer, deadline: Option<Instant>) -> Result<(), Refusal> {
    let Some(full) = peer.server_is_full() else { return Ok(()) };
    let deadline = deadline.unwrap_or_else(|| Instant::now() + ROOM_WAIT);
    // Boxed: what is rare must not make every held pull larger.
    let waited = Box::pin(tokio::time::timeout_at(deadline.into(), peer.server_has_room())).await;
    waited.map_err(|_| Refusal::new(SYSTEM_BUSY, format!("system busy, pull again later: {full}")))
}

fn get(broker: &Broker, pull: &PullMessage, offset: i64, wanted: &Wanted) -> Result<Got, Refusal> {
    let began = Instant::now();
    let limits = limits(broker, pull.max_msg_nums);
    let got = wanted.get(broker, &pull.topic, pull.queue_id, offset, &limits)?;
    if got.status == GetStatus::Found {
        let (count, bytes) = (got.count as u64, got.body.len() as u64);
        broker.stats.pulled((&pull.topic, pull.queue_id), &pull.consumer_group, count, bytes, began.elapsed());
    } else {
        broker.stats.pull_missed();
    }
    Ok(got)
}

fn limits(broker: &Broker, messages_wanted: i32) -> GetLimits {
    let count = usize::try_from(messages_wanted.min(MESSAGES_MAX)).unwrap_or(0);
    let config = broker.config();
    GetLimits {
        count_in_memory: count.min(config.max_transfer_count_in_memory),
        count_on_disk: count.min(config.max_transfer_count_in_disk),
        bytes_in_memory: config.max_transfer_bytes_in_memory,
        bytes_on_disk: config.max_transfer_bytes_in_disk,
        memory_reach_bytes: broker.memory_reach_bytes,
        scan_entries: SCAN_ENTRIES_MIN.max(count),
    }
}

/// The answer's code for what the store found. Java: PullMessageProcessor
fn pull_code(status: GetStatus, asked_offset: i64) -> i32 {
    match status {
        GetStatus::Found => SUCCESS,
        GetStatus::NoMatchedMessage | GetStatus::MessageWasRemoving => PULL_RETRY_IMMEDIATELY,
        GetStatus::OffsetFoundNull | GetStatus::OffsetOverflowOne => PULL_NOT_FOUND,
        GetStatus::OffsetOverflowBadly | GetStatus::OffsetTooSmall => PULL_OFFSET_MOVED,
        GetStatus::NoMessageInQueue if asked_offset == 0 => PULL_NOT_FOUND,
        GetStatus::NoMessageInQueue => PULL_OFFSET_MOVED,
    }
}

/// Java's names, which travel as the remark.
fn status_name(status: GetStatus) -> &'static str {
    match status {
        GetStatus::Found => "FOUND",
        GetStatus::NoMatchedMessage => "NO_MATCHED_MESSAGE",
        GetStatus::MessageWasRemoving => "MESSAGE_WAS_REMOVING",
        GetStatus::OffsetFoundNull => "OFFSET_FOUND_NULL",
        GetStatus::OffsetOverflowBadly => "OFFSET_OVERFLOW_BADLY",
        GetStatus::OffsetOverflowOne => "OFFSET_OVERFLOW_ONE",
        GetStatus::OffsetTooSmall => "OFFSET_TOO_SMALL",
        GetStatus::NoMessageInQueue => "NO_MESSAGE_IN_QUEUE",
    }
}

async fn respond<R: Pull>(broker: &Broker, pull: &PullMessage, group: &SubscriptionGroupConfig, got: Got) -> Reply<R> {
    let code = pull_code(got.status, pull.queue_offset);
    if code == PULL_OFFSET_MOVED {
        Box::pin(tell_offset_moved(broker, pull, got.next_offset)).await;
    }
    let header = PullMessageReply {
        suggest_which_broker_id: suggested_broker(broker, group, got.behind_bytes),
        next_begin_offset: got.next_offset,
        min_offset: got.min,
        max_offset: got.max,
    };
    let mut reply = Reply::body(header, got.body.freeze());
    reply.code = code;
    reply.remark = Some(status_name(got.status).to_owned());
    reply
}

/// Whom to ask next: a slave if the consumer reads what memory no longer holds and slaves may be read.
fn suggested_broker(broker: &Broker, group: &SubscriptionGroupConfig, behind_bytes: i64) -> i64 {
    const MASTER: i64 = 0;
    if !broker.config().slave_read_enable {
        MASTER
    } else if behind_bytes > broker.memory_reach_bytes {
        group.which_broker_when_consume_slowly
    } else {
        group.broker_id
    }
}

/// Leaves a message for operators about a consumer whose offset was corrected.
async fn tell_offset_moved(broker: &Broker, pull: &PullMessage, offset_new: i64) {
    let (group, topic, asked) = (&pull.consumer_group, &pull.topic, pull.queue_offset);
    tracing::warn!(group, topic, queue_id = pull.queue_id, asked, offset_new, "correct a consumer's offset");
    let event = OffsetMovedEvent {
        consumer_group: pull.consumer_group.clone(),
        message_queue: MessageQueue {
            broker_name: broker.config().broker_name.clone(),
            queue_id: pull.queue_id,
            topic: pull.topic.clone(),
        },
        offset_new,
        offset_request: pull.queue_offset,
    };
    let mut properties = String::new();
    append(&mut properties, names::TAGS, &pull.consumer_group);
    append(&mut properties, names::KEYS, &pull.consumer_group);
    let message = NewMessage {
        topic: OFFSET_MOVED_EVENT.to_owned(),
        queue_id: 0,
        flag: 0,
        sys_flag: 0,
        born_timestamp: now_ms(),
        born_host: broker.store_host,
        reconsume_times: 0,
        prepared_transaction_offset: 0,
        body: body::encode(&event).into(),
        properties,
        wait: false,
    };
    if let Err(error) = broker.store.put(message).await {
        tracing::warn!(%error, "store an offset-moved event");
    }
}

/// One of the pulls that are held.
struct Held<'a>(&'a AtomicUsize);

impl<'a> Held<'a> {
    fn enter(held: &'a AtomicUsize) -> Option<Self> {
        let entered = Held(held);
        (held.fetch_add(1, Ordering::Relaxed) < HELD_MAX).then_some(entered)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_queue_is_no_news_at_its_start_and_a_moved_offset_elsewhere() {
        assert_eq!(pull_code(GetStatus::NoMessageInQueue, 0), PULL_NOT_FOUND);
        assert_eq!(pull_code(GetStatus::NoMessageInQueue, 5), PULL_OFFSET_MOVED);
        assert_eq!(pull_code(GetStatus::OffsetOverflowOne, 5), PULL_NOT_FOUND);
    }

    #[test]
    fn held_pulls_are_counted_down_again() {
        let held = AtomicUsize::new(HELD_MAX - 1);
        let first = Held::enter(&held);
        assert!(first.is_some() && Held::enter(&held).is_none());
        drop(first);
        assert_eq!(held.load(Ordering::Relaxed), HELD_MAX - 1);
    }
}
