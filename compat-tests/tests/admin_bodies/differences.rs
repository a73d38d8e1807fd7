//! Where Skylark answers something else than Java 4.9.7, and why.

const OLD_CLIENTS: &str = "the topic that clients 4.3.0 ask for when they make a topic by sending";
const HALF_TOPIC: &str = "Java makes it at its first look for undecided messages; here they need no topic of their own";
const COUNTED: &str = "Java counted topics of its own";
const FIRST_MINUTE: &str = "Java has no figures in its first seconds or minute, and shows nothing or null";
const FIRST_SAMPLE: &str =
    "Java shows nothing for the hour and the day until their next sample is due; here they count from the start";
const PROCESSORS: &str = "Java's follows from the number of processors; here it has no effect";
const PATIENCE: &str = "the reference is started with more patience";
const OWN_KEY: &str = "settings that Java, or Java 4.9.7, does not have";
/// In the place of a place: whatever only we answer.
pub(crate) const ONLY_OURS: &str = ": - -> ";
const SINCE_4_9_8: &str = "4.9.8, which Skylark follows, has it; the reference is 4.9.7";
const NULL_POINTER: &str = "Java tells of its null pointer, and on JVMs before 15 nothing";

/// Case (or the beginning of cases, with a star), the beginning of the place, the reason.
pub(crate) const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("206*", "body/topicList/AUTO_CREATE_TOPIC_KEY", OLD_CLIENTS),
    ("206*", "body/topicList/RMQ_SYS_TRANS_HALF_TOPIC", HALF_TOPIC),
    ("224", "body/topicList/AUTO_CREATE_TOPIC_KEY", OLD_CLIENTS),
    ("224", "body/topicList/RMQ_SYS_TRANS_HALF_TOPIC", HALF_TOPIC),
    ("305", "body/topicList/AUTO_CREATE_TOPIC_KEY", OLD_CLIENTS),
    ("21*", "body/dataVersion/counter", COUNTED),
    ("21*", "body/topicConfigTable/AUTO_CREATE_TOPIC_KEY", OLD_CLIENTS),
    ("21*", "body/topicConfigTable/RMQ_SYS_TRANS_HALF_TOPIC", HALF_TOPIC),
    ("26*", "body/clientCallbackExecutorThreads", PROCESSORS),
    ("26*", "body/endTransactionThreadPoolNums", PROCESSORS),
    ("26*", "body/heartbeatThreadPoolNums", PROCESSORS),
    ("26*", "body/processReplyMessageThreadPoolNums", PROCESSORS),
    ("26*", "body/pullMessageThreadPoolNums", PROCESSORS),
    ("26*", "body/putMessageFutureThreadPoolNums", PROCESSORS),
    ("26*", "body/queryMessageThreadPoolNums", PROCESSORS),
    ("26*", "body/sendMessageThreadPoolNums", PROCESSORS),
    ("26*", "body/osPageCacheBusyTimeOutMills", PATIENCE),
    ("26*", "body/waitTimeMillsInPullQueue", PATIENCE),
    ("26*", "body/waitTimeMillsInSendQueue", PATIENCE),
    ("26*", "body/rocketmqHome", "there is no home folder here"),
    ("26*", ONLY_OURS, OWN_KEY),
    ("319", ONLY_OURS, OWN_KEY),
    ("28", "body/table/earliestMessageTimeStamp", "Java answers -1 as long as the log has less than 8 MiB"),
    ("28", "body/table/getFoundTps", FIRST_MINUTE),
    ("28", "body/table/getMissTps", FIRST_MINUTE),
    ("28", "body/table/getTransferedTps", FIRST_MINUTE),
    ("28", "body/table/putMessageDistributeTime", FIRST_MINUTE),
    ("28", "body/table/putTps", FIRST_MINUTE),
    ("315 GROUP_GET_LATENCY", "body/stats", "measured"),
    ("315*", "body/statsDay", FIRST_SAMPLE),
    ("315*", "body/statsHour", FIRST_SAMPLE),
    ("315 TOPIC_PUT_SIZE", "body/statsMinute", "a delayed message says when it was due, in 27 bytes"),
    ("318 path", "remark", SINCE_4_9_8),
    ("319", "body/rocketmqHome", "there is no home folder here"),
    (
        "43 after the deletion",
        "body/offsetTable/BodiesGone@BodiesOffline",
        "a topic that comes back begins at 0: its old offsets would skip messages",
    ),
    (
        "43 after the clone of all topics",
        "body/offsetTable/",
        "Java clones nothing where no topic is named: it looks for one called null",
    ),
    ("50", "remark", NULL_POINTER),
    ("51", "remark", NULL_POINTER),
    ("53", "remark", NULL_POINTER),
];
