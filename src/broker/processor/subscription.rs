//! Which messages a pull wants: those that its request or its group's subscription describes.

use std::sync::Arc;

use skylark_protocol::body::SubscriptionGroupConfig;
use skylark_protocol::message::properties::{self, names};
use skylark_protocol::message::sys_flag::pull as flags;
use skylark_protocol::request::PullMessage;
use skylark_protocol::response_code::{
    FILTER_DATA_NOT_EXIST, NO_PERMISSION, SUBSCRIPTION_NOT_EXIST, SUBSCRIPTION_NOT_LATEST, SUBSCRIPTION_PARSE_FAILED,
};

use crate::broker::Broker;
use crate::broker::topic_names::{FAQ_LINE, RETRY_PREFIX};
use crate::filter::{Filter, is_tag_expression};
use crate::remoting::Refusal;
use crate::store::{GetLimits, Got, StoreError};

/// Which messages of a queue are wanted.
pub(super) enum Wanted {
    /// Those of a subscription.
    Filter(Arc<Filter>),
    /// Retries of this group, each by the expression of the topic that it came from. Java: ExpressionForRetryMessageFilter
    RetriesOf(String),
}

impl Wanted {
    /// The wanted messages from `offset` on.
    pub(super) fn get(
        &self,
        broker: &Broker,
        topic: &str,
        queue_id: i32,
        offset: i64,
        limits: &GetLimits,
    ) -> Result<Got, StoreError> {
        let store = &broker.store;
        match self {
            Wanted::Filter(filter) => match &**filter {
                Filter::Tag(tags) => store.get(topic, queue_id, offset, limits, &mut |tags_code| tags.wants(tags_code)),
                Filter::Sql(sql) => {
                    store.get_by_record(topic, queue_id, offset, limits, &mut |record| sql.wants(record.properties()))
                }
            },
            Wanted::RetriesOf(group) => store.get_by_record(topic, queue_id, offset, limits, &mut |record| {
                wants_retry(broker, group, record.properties())
            }),
        }
    }
}

/// Only an expression is asked again: tags decided when the message was first pulled.
fn wants_retry(broker: &Broker, group: &str, message: &str) -> bool {
    let origin = properties::get(message, names::RETRY_TOPIC);
    let subscription = origin.and_then(|topic| broker.consumers.subscription(group, topic));
    match subscription.map(|subscription| subscription.filter()) {
        Some(Ok(filter)) => match &*filter {
            Filter::Sql(sql) => sql.wants(message),
            Filter::Tag(_) => true,
        },
        Some(Err(_)) | None => true,
    }
}

/// Which messages are wanted: as this request says, or as the group's members announced.
pub(super) fn find_subscription(
    broker: &Broker,
    pull: &PullMessage,
    group: &SubscriptionGroupConfig,
) -> Result<Wanted, Refusal> {
    if pull.sys_flag & flags::SUBSCRIPTION != 0 {
        return parse_subscription(broker, pull).map(|filter| wanted(broker, pull, filter));
    }
    let Some(is_broadcasting) = broker.consumers.is_broadcasting(&pull.consumer_group) else {
        let remark = format!("the consumer's group info not exist{FAQ_LINE}");
        return Err(Refusal::new(SUBSCRIPTION_NOT_EXIST, remark));
    };
    if is_broadcasting && !group.consume_broadcast_enable {
        let remark = format!("the consumer group[{}] can not consume by broadcast way", pull.consumer_group);
        return Err(Refusal::new(NO_PERMISSION, remark));
    }
    let Some(subscription) = broker.consumers.subscription(&pull.consumer_group, &pull.topic) else {
        let remark = format!("the consumer's subscription not exist{FAQ_LINE}");
        return Err(Refusal::new(SUBSCRIPTION_NOT_EXIST, remark));
    };
    if subscription.data.sub_version < pull.sub_version {
        return Err(Refusal::new(SUBSCRIPTION_NOT_LATEST, "the consumer's subscription not latest"));
    }
    let filter = subscription.filter().map_err(|error| {
        let remark = format!("The broker's consumer filter data is not exist!Your expression may be wrong! {error}");
        Refusal::new(FILTER_DATA_NOT_EXIST, remark)
    })?;
    check_filter_type(broker, &subscription.data.expression_type)?;
    Ok(wanted(broker, pull, filter))
}

fn wanted(broker: &Broker, pull: &PullMessage, filter: Arc<Filter>) -> Wanted {
    match pull.topic.strip_prefix(RETRY_PREFIX) {
        Some(group) if broker.config().filter_support_retry => Wanted::RetriesOf(group.to_owned()),
        _ => Wanted::Filter(filter),
    }
}

/// Java, unless started with assertions, takes an expression here that it cannot read for one that wants every message.
fn parse_subscription(broker: &Broker, pull: &PullMessage) -> Result<Arc<Filter>, Refusal> {
    let (expression_type, text) = (pull.expression_type.as_deref(), pull.subscription.as_deref());
    if !text.unwrap_or_default().is_empty() {
        check_filter_type(broker, expression_type.unwrap_or_default())?;
    }
    Filter::parse(expression_type, text).map(Arc::new).map_err(|error| {
        Refusal::new(SUBSCRIPTION_PARSE_FAILED, format!("parse the consumer's subscription failed: {error}"))
    })
}

/// Refuses filters other than by tag where the configuration forbids them.
pub(super) fn check_filter_type(broker: &Broker, expression_type: &str) -> Result<(), Refusal> {
    if is_tag_expression(Some(expression_type)) || broker.config().enable_property_filter {
        return Ok(());
    }
    Err(Refusal::system_error(format!("The broker does not support consumer to filter message by {expression_type}")))
}
