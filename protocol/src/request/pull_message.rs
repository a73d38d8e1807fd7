//! Pulling.


macro_rules! pull {
    ($(#[$meta:meta])* $code:literal $name:ident -> $($reply:tt)+) => {
        request! {
            $(#[$meta])*
            $code $name {
                queue_id = "queueId": i32,
                max_msg_nums = "maxMsgNums": i32,
                sys_flag = "sysFlag": i32,
                suspend_timeout_millis = "suspendTimeoutMillis": i64,
                commit_offset = "commitOffset": i64,
                broker_name = "bname": Option<String>,
                topic = "topic": String,
                queue_offset = "queueOffset": i64,
                expression_type = "expressionType": Option<String>,
                subscription = "subscription": Option<String>,
                sub_version = "subVersion": i64,
                consumer_group = "consumerGroup": String,
            } -> $($reply)+
        }
    };
}

pull! {
    /// Messages of a queue from an offset; `sys_flag` bits are in [`pull`](crate::message::sys_flag::pull). The body of
    /// the answer is records back to back.
    11 PullMessage -> PullMessageReply {
        suggest_which_broker_id = "suggestWhichBrokerId": i64,
        next_begin_offset = "nextBeginOffset": i64,
        max_offset = "maxOffset": i64,
        min_offset = "minOffset": i64,
    }
}

pull! {
    /// The same, as lite pull consumers of 5.x ask first.
    361 LitePullMessage -> PullMessageReply
}

impl From<LitePullMessage> for PullMessage {
    fn from(lite: LitePullMessage) -> PullMessage {
        PullMessage {
            queue_id: lite.queue_id,
            max_msg_nums: lite.max_msg_nums,
            sys_flag: lite.sys_flag,
            suspend_timeout_millis: lite.suspend_timeout_millis,
            commit_offset: lite.commit_offset,
            broker_name: lite.broker_name,
            topic: lite.topic,
            queue_offset: lite.queue_offset,
            expression_type: lite.expression_type,
            subscription: lite.subscription,
            sub_version: lite.sub_version,
            consumer_group: lite.consumer_group,
        }
    }
}
