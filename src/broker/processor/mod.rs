//! Every request that a broker answers, and the function that does it: the one list.

mod send_message;
mod hide;
mod end_transaction;
mod check_transactions;
mod reply_message;
mod send_back;
mod pull_message;
mod subscription;
mod heartbeat;
mod consumer_list;
mod consumer_offset;
mod queue_bounds;
mod query_message;
mod queue_lock;
mod admin;

use std::sync::Arc;

use skylark_protocol::request::{
    LitePullMessage, NotifyConsumerIdsChanged, PullMessage, Request, SendBatchMessage, SendMessage, SendMessageV2,
    SendReplyMessage, SendReplyMessageV2,
};

use super::Broker;
use super::consumers::Changed;
use crate::remoting::{Dispatcher, ListenerId, UnknownCode};

pub(super) use check_transactions::check_transactions;
pub(super) use heartbeat::forget_peer;

/// All requests with their handlers.
pub(super) fn dispatcher(broker: Arc<Broker>) -> Dispatcher<Arc<Broker>> {
    Dispatcher::new(broker, UnknownCode::Refuse)
        // Producers
        .on(send_message::send_message::<SendMessage>)
        .on(send_message::send_message::<SendMessageV2>)
        .on(send_message::send_message::<SendBatchMessage>)
        .on(end_transaction::end_transaction)
        .on(check_transactions::resume_check_half_message)
        .on(reply_message::send_reply_message::<SendReplyMessage>)
        .on(reply_message::send_reply_message::<SendReplyMessageV2>)
        // Consumers
        .on(send_back::consumer_send_msg_back)
        .on(pull_message::pull_message::<PullMessage>)
        .refuse_on(ListenerId::VIP, PullMessage::CODE)
        .on(pull_message::pull_message::<LitePullMessage>)
        .refuse_on(ListenerId::VIP, LitePullMessage::CODE)
        .on(consumer_list::get_consumer_list_by_group)
        .on(consumer_offset::query_consumer_offset)
        .on(consumer_offset::update_consumer_offset)
        .on(consumer_offset::get_all_consumer_offset)
        .on(queue_lock::lock_batch_mq)
        .on(queue_lock::unlock_batch_mq)
        // All clients
        .on(heartbeat::heart_beat)
        .on(heartbeat::unregister_client)
        .on(heartbeat::check_client_config)
        // Looking at queues and messages
        .on(queue_bounds::get_max_offset)
        .on(queue_bounds::get_min_offset)
        .on(queue_bounds::search_offset_by_timestamp)
        .on(queue_bounds::get_earliest_msg_storetime)
        .on(query_message::query_message)
        .on(query_message::view_message_by_id)
        // Operators
        .on(admin::topic::update_and_create_topic)
        .on(admin::topic::delete_topic_in_broker)
        .on(admin::topic::get_all_topic_config)
        .on(admin::topic::get_topic_config)
        .on(admin::topic::get_topic_stats_info)
        .on(admin::topic::get_system_topic_list_from_broker)
        .on(admin::group::update_and_create_subscription_group)
        .on(admin::group::get_all_subscription_group_config)
        .on(admin::group::delete_subscription_group)
        .on(admin::config::update_broker_config)
        .on(admin::config::get_broker_config)
        .on(admin::broker::get_broker_runtime_info)
        .on(admin::clients::get_consumer_connection_list)
        .on(admin::clients::get_producer_connection_list)
        .on(admin::clients::get_all_producer_info)
        .on(admin::consume_stats::get_consume_stats)
        .on(admin::consume_stats::get_broker_consume_stats)
        .on(admin::consume_stats::query_consume_time_span)
        .on(admin::consume_stats::query_correction_offset)
        .on(admin::consume_stats::query_topic_consume_by_who)
        .on(admin::consume_stats::clone_group_offset)
        .on(admin::queue::query_consume_queue)
        .on(admin::queue::clean_expired_consume_queue)
        .on(admin::queue::clean_unused_topic)
        .on(admin::queue::delete_expired_commitlog)
        .on(admin::stats_data::view_broker_stats_data)
        .on(admin::client_calls::invoke_broker_to_reset_offset)
        .on(admin::client_calls::invoke_broker_to_get_consumer_status)
        .on(admin::client_calls::get_consumer_running_info)
        .on(admin::client_calls::consume_message_directly)
        .on(admin::acl::update_and_create_acl_config)
        .on(admin::acl::delete_acl_config)
        .on(admin::acl::update_global_white_addrs_config)
        .on(admin::acl::get_broker_cluster_acl_info)
        // Slaves
        .on(admin::slave_sync::get_all_delay_offset)
}

/// Tells the members of a group, each over its own connection, to share the queues anew.
pub(super) fn tell_members(broker: &Broker, changed: &Changed) {
    if !broker.config().notify_consumer_ids_changed_enable {
        return;
    }
    let notice = NotifyConsumerIdsChanged { consumer_group: changed.group.clone() };
    for member in &changed.members {
        member.notify(&notice, bytes::Bytes::new());
    }
}
