//! The `code` of an answer. Java's names; codes no 4.9.8 server sends are listed too, as clients know them.

macro_rules! codes {
    ($($(#[$doc:meta])* $code:literal $name:ident)*) => {
        $($(#[$doc])* pub const $name: i32 = $code;)*

        /// The name of an answer code, for log lines.
        pub fn name(code: i32) -> Option<&'static str> {
            match code {
                $($code => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}

codes! {
    /// It worked.
    0 SUCCESS
    /// Any other failure; a sender tries another broker.
    1 SYSTEM_ERROR
    /// Too much work queued; the caller gets it as an exception.
    2 SYSTEM_BUSY
    /// Nobody serves the request's code.
    3 REQUEST_CODE_NOT_SUPPORTED
    /// Never sent.
    4 TRANSACTION_FAILED
    /// Stored, but the flush was not confirmed in time.
    10 FLUSH_DISK_TIMEOUT
    /// Stored, but no slave is close enough; or a transaction ended at a slave.
    11 SLAVE_NOT_AVAILABLE
    /// Stored, but no slave confirmed in time.
    12 FLUSH_SLAVE_TIMEOUT
    /// Message too large or otherwise unstorable.
    13 MESSAGE_ILLEGAL
    /// The store takes no messages; a sender tries another broker.
    14 SERVICE_NOT_AVAILABLE
    /// Never sent.
    15 VERSION_NOT_SUPPORTED
    /// The broker, topic or group lacks the permission.
    16 NO_PERMISSION
    /// Unknown topic.
    17 TOPIC_NOT_EXIST
    /// Never sent.
    18 TOPIC_EXIST_ALREADY
    /// Nothing new in the queue.
    19 PULL_NOT_FOUND
    /// Nothing matched in this stretch; pull again at once.
    20 PULL_RETRY_IMMEDIATELY
    /// The offset lies outside the queue; the header says where to go on.
    21 PULL_OFFSET_MOVED
    /// Nothing stored under what was asked.
    22 QUERY_NOT_FOUND
    /// The subscription's expression cannot be read.
    23 SUBSCRIPTION_PARSE_FAILED
    /// The broker does not know the group's subscription yet.
    24 SUBSCRIPTION_NOT_EXIST
    /// The pull's subscription is newer than the broker's.
    25 SUBSCRIPTION_NOT_LATEST
    /// Unknown subscription group, and none may be made.
    26 SUBSCRIPTION_GROUP_NOT_EXIST
    /// No compiled filter for the subscription.
    27 FILTER_DATA_NOT_EXIST
    /// The compiled filter is older than the subscription.
    28 FILTER_DATA_NOT_LATEST
    /// Never sent.
    200 TRANSACTION_SHOULD_COMMIT
    /// Never sent.
    201 TRANSACTION_SHOULD_ROLLBACK
    /// Never sent; the spelling is Java's.
    202 TRANSACTION_STATE_UNKNOW
    /// Never sent.
    203 TRANSACTION_STATE_GROUP_WRONG
    /// Never sent.
    204 NO_BUYER_ID
    /// Never sent.
    205 NOT_IN_CURRENT_UNIT
    /// No client of the group is connected.
    206 CONSUMER_NOT_ONLINE
    /// The client asked did not answer in time.
    207 CONSUME_MSG_TIMEOUT
    /// Made by clients, never on the wire.
    208 NO_MESSAGE
    /// The account was not changed.
    209 UPDATE_AND_CREATE_ACL_CONFIG_FAILED
    /// The account was not deleted.
    210 DELETE_ACL_CONFIG_FAILED
    /// The white list was not changed.
    211 UPDATE_GLOBAL_WHITE_ADDRS_CONFIG_FAILED
    /// Known to clients from 4.9.5, which then wait 20 ms before the next pull.
    215 FLOW_CONTROL
}
