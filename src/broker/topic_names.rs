//! Which topic names may exist, may be sent to, or belong to the broker itself.
//!
//! Owns the rules about names alone, with Java's wording of each refusal. Must not know which topics exist.

use crate::remoting::Refusal;
use crate::store::{CANCELLED_TOPIC, DELETED_TOPIC, QUEUE_ENDS_TOPIC, TIMER_TOPIC};
use skylark_protocol::response_code::{NO_PERMISSION, SYSTEM_ERROR};

/// The topic that lends its queues and permissions to topics created by a send.
pub(crate) const AUTO_CREATE_TOPIC: &str = "TBW102";
/// What client 4.3.0 asks for in place of [`AUTO_CREATE_TOPIC`].
pub(crate) const AUTO_CREATE_TOPIC_OF_4_3_0: &str = "AUTO_CREATE_TOPIC_KEY";
/// Where delayed messages wait in a Java log.
pub(crate) const SCHEDULE_TOPIC: &str = "SCHEDULE_TOPIC_XXXX";
/// Where half messages wait in a Java log.
pub(crate) const HALF_TOPIC: &str = "RMQ_SYS_TRANS_HALF_TOPIC";
/// Where the outcomes of half messages are written.
pub(crate) const OP_HALF_TOPIC: &str = "RMQ_SYS_TRANS_OP_HALF_TOPIC";
/// Where half messages end that nobody decided.
pub(crate) const TRANS_CHECK_MAX_TIME_TOPIC: &str = "TRANS_CHECK_MAX_TIME_TOPIC";
/// The broker's own test topic.
pub(crate) const SELF_TEST_TOPIC: &str = "SELF_TEST_TOPIC";
/// Tells of consumers whose offset had to be corrected.
pub(crate) const OFFSET_MOVED_EVENT: &str = "OFFSET_MOVED_EVENT";
/// The topic of Java's benchmark tools.
pub(crate) const BENCHMARK_TOPIC: &str = "BenchmarkTest";
/// The default topic of message traces.
pub(crate) const TRACE_TOPIC: &str = "RMQ_SYS_TRACE_TOPIC";
/// Ends the name of the topic that carries replies of a cluster.
pub(crate) const REPLY_TOPIC_POSTFIX: &str = "REPLY_TOPIC";

/// Starts the name of a group's retry topic.
pub(crate) const RETRY_PREFIX: &str = "%RETRY%";
/// Starts the name of a group's dead-letter topic.
pub(crate) const DLQ_PREFIX: &str = "%DLQ%";

const SYSTEM_PREFIX: &str = "rmq_sys_";
/// The longest topic name: its length is one signed byte in a record.
const TOPIC_LENGTH_MAX: usize = 127;
/// The longest group name that clients accept.
const GROUP_LENGTH_MAX: usize = 255;

const NOT_SENDABLE: [&str; 10] = [
    SCHEDULE_TOPIC,
    HALF_TOPIC,
    OP_HALF_TOPIC,
    TRANS_CHECK_MAX_TIME_TOPIC,
    SELF_TEST_TOPIC,
    OFFSET_MOVED_EVENT,
    // Records in these say what happens to others.
    TIMER_TOPIC,
    CANCELLED_TOPIC,
    DELETED_TOPIC,
    QUEUE_ENDS_TOPIC,
];

/// System topics whatever the configuration says, in the order that the list of them is answered.
pub(crate) const SYSTEM_TOPICS: [&str; 10] = [
    SCHEDULE_TOPIC,
    HALF_TOPIC,
    OP_HALF_TOPIC,
    TRACE_TOPIC,
    TRANS_CHECK_MAX_TIME_TOPIC,
    SELF_TEST_TOPIC,
    OFFSET_MOVED_EVENT,
    AUTO_CREATE_TOPIC,
    BENCHMARK_TOPIC,
    AUTO_CREATE_TOPIC_OF_4_3_0,
];

/// The text that Java ends its remarks with where a page explains more.
pub(crate) const FAQ_LINE: &str = "\nSee http://rocketmq.apache.org/docs/faq/ for further details.";

/// The retry topic of `group`.
pub(crate) fn retry_topic(group: &str) -> String {
    format!("{RETRY_PREFIX}{group}")
}

/// The dead-letter topic of `group`.
pub(crate) fn dlq_topic(group: &str) -> String {
    format!("{DLQ_PREFIX}{group}")
}

/// Refuses a name that no topic may have.
pub(crate) fn check_topic_name(topic: &str) -> Result<(), Refusal> {
    if is_blank(topic) {
        return Err(Refusal::new(SYSTEM_ERROR, "The specified topic is blank."));
    }
    if !topic.bytes().all(is_name_byte) {
        let remark = "The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$";
        return Err(Refusal::new(SYSTEM_ERROR, remark));
    }
    if topic.len() > TOPIC_LENGTH_MAX {
        return Err(Refusal::new(SYSTEM_ERROR, "The specified topic is longer than topic max length."));
    }
    Ok(())
}

/// Refuses topics that only the broker writes to.
pub(crate) fn check_sendable(topic: &str) -> Result<(), Refusal> {
    if NOT_SENDABLE.contains(&topic) {
        return Err(Refusal::new(NO_PERMISSION, format!("Sending message to topic[{topic}] is forbidden.")));
    }
    Ok(())
}

/// Whether messages in this topic wait or tell of others, so that no consumer may be given them under another name.
pub(crate) fn is_hidden(topic: &str) -> bool {
    [SCHEDULE_TOPIC, HALF_TOPIC, OP_HALF_TOPIC, TIMER_TOPIC, CANCELLED_TOPIC, DELETED_TOPIC, QUEUE_ENDS_TOPIC]
        .contains(&topic)
}

/// Whether the name is one of the broker's own by its form alone.
pub(crate) fn is_reserved(topic: &str) -> bool {
    SYSTEM_TOPICS.contains(&topic) || topic.starts_with(SYSTEM_PREFIX)
}

/// Whether a topic of this name could exist, for requests where Java asks nothing.
pub(crate) fn is_topic_name(topic: &str) -> bool {
    check_topic_name(topic).is_ok()
}

/// Whether a group of this name could exist.
pub(crate) fn is_group_name(group: &str) -> bool {
    !group.is_empty() && group.len() <= GROUP_LENGTH_MAX && group.bytes().all(is_name_byte)
}

/// Java: UtilAll.isBlank
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'%' | b'|' | b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_java_judges_them() {
        let remark = |topic: &str| check_topic_name(topic).err().map(|refusal| refusal.remark);
        assert_eq!(remark("a-Z_0%|"), None);
        assert_eq!(remark(&"a".repeat(127)), None);
        assert_eq!(remark(&"a".repeat(128)).as_deref(), Some("The specified topic is longer than topic max length."));
        assert_eq!(remark("  ").as_deref(), Some("The specified topic is blank."));
        assert!(remark("../../x").is_some_and(|text| text.contains("illegal characters")));
        assert!(remark("a@b").is_some());
    }

    #[test]
    fn the_brokers_own_topics_cannot_be_sent_to() {
        assert_eq!(check_sendable(SCHEDULE_TOPIC).err().map(|refusal| refusal.code), Some(NO_PERMISSION));
        assert!(check_sendable(DELETED_TOPIC).is_err(), "a message in it would delete a topic");
        assert!(check_sendable(AUTO_CREATE_TOPIC).is_ok());
        assert!(is_reserved("rmq_sys_x") && is_reserved(TRACE_TOPIC) && !is_reserved("Orders"));
    }
}
