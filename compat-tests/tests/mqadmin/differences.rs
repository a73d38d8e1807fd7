//! Where what mqadmin shows of Skylark may differ from what it shows of Java, and why.

use compat_tests::cluster::Target;

/// On whose side it is to be met; a difference that isn't fails the test like one that isn't listed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Only Java says it.
    Java,
    /// Only Skylark says it.
    Skylark,
    /// Each says it in its own way.
    Both,
}

/// What is left out of the comparison.
pub(crate) enum What {
    /// Lines that begin with one of these.
    Lines(&'static [&'static str]),
    /// These words, wherever they are.
    Words(&'static str),
}

use Side::{Both, Java, Skylark};
use What::{Lines, Words};

/// One difference.
pub(crate) struct Difference {
    /// On whose side.
    pub(crate) side: Side,
    /// The beginning of the commands that show it.
    pub(crate) commands: &'static str,
    /// What differs.
    pub(crate) what: What,
    /// Why it may.
    pub(crate) reason: &'static str,
}

const fn differ(side: Side, commands: &'static str, what: What, reason: &'static str) -> Difference {
    Difference { side, commands, what, reason }
}

const TEMPLATE: &str = "Skylark serves the template topic of client 4.3.0 too";
const ALONE: &str =
    "Java registers all topics with one made on demand, so what addWritePerm did is undone; Skylark that one alone";
const OWN_GROUP: &str = "Java reads its half messages as a consumer group, Skylark needs none";
const DUE: &str = "a delivered message says when it was due: by that the log knows that it was delivered";
const CHECKS: &str = "Java stores a half message again for each check; Skylark tells the count to the producer alone";
const PROCESSORS: &str =
    "Java counts this machine's processors; Skylark has no such pools and says what Java says on four";
const NO_HOME: &str = "Skylark has no folder of its own besides its store";
const NEWER: &str = "the words of 4.9.8; the reference is 4.9.7";
const SAFE_ONLY: &str = "Java takes any value for any key, and stops at its next start";
const NO_ACL: &str = "Java's words are those of a null pointer";

/// The commands that show `key = value`, where Skylark, like each version of Java, has keys of its own.
pub(crate) const CONFIGURATIONS: [&str; 2] = ["getBrokerConfig", "getNamesrvConfig"];

/// All of them.
pub(crate) const DIFFERENCES: &[Difference] = &[
    differ(Skylark, "topicList", Lines(&["AUTO_CREATE_TOPIC_KEY", "DefaultCluster AUTO_CREATE_TOPIC_KEY"]), TEMPLATE),
    differ(Skylark, "statsAll", Lines(&["AUTO_CREATE_TOPIC_KEY"]), TEMPLATE),
    differ(Both, "wipeWritePerm -b broker-a", Lines(&["wipe write perm of broker[broker-a] in"]), TEMPLATE),
    differ(Both, "addWritePerm -b broker-a", Lines(&["add write perm of broker[broker-a] in"]), TEMPLATE),
    differ(Both, "checkMsgSendRT -t Sealed", Lines(&["broker-a 0 "]), ALONE),
    differ(Java, "topicList -c", Words(" CID_RMQ_SYS_TRANS"), OWN_GROUP),
    differ(Both, "statsAll", Lines(&["RMQ_SYS_TRANS_HALF_TOPIC"]), OWN_GROUP),
    differ(Skylark, "queryMsgByUniqueKey", Words("TIMER_OUT_MS=TIME, "), DUE),
    differ(Java, "queryMsgByUniqueKey -t Payments", Words("TRANSACTION_CHECK_TIMES=1, "), CHECKS),
    differ(
        Both,
        "getBrokerConfig",
        Lines(&[
            "clientCallbackExecutorThreads ",
            "endTransactionThreadPoolNums ",
            "heartbeatThreadPoolNums ",
            "processReplyMessageThreadPoolNums ",
            "pullMessageThreadPoolNums ",
            "putMessageFutureThreadPoolNums ",
            "queryMessageThreadPoolNums ",
            "sendMessageThreadPoolNums ",
        ]),
        PROCESSORS,
    ),
    differ(Both, "exportMetrics", Lines(&["\"cpuNum\""]), PROCESSORS),
    differ(Java, "getBrokerConfig", Lines(&["rocketmqHome "]), NO_HOME),
    differ(Java, "getNamesrvConfig", Lines(&["rocketmqHome "]), NO_HOME),
    differ(
        Java,
        "updateBrokerConfig -c DefaultCluster -k messageDelayLevel",
        Lines(&["update broker config success"]),
        SAFE_ONLY,
    ),
    differ(
        Java,
        "updateBrokerConfig -c DefaultCluster -k storePathRootDir",
        Lines(&["update broker config success"]),
        SAFE_ONLY,
    ),
    differ(
        Skylark,
        "updateBrokerConfig -c DefaultCluster",
        Lines(&["org.apache.rocketmq.client.exception.MQBrokerException: CODE: 16", "For more information"]),
        SAFE_ONLY,
    ),
    differ(Both, "getBrokerConfig -c", Lines(&["messageDelayLevel ", "storePathRootDir "]), SAFE_ONLY),
    differ(
        Both,
        "updateNamesrvConfig -k kvConfigPath",
        Lines(&["Caused by: org.apache.rocketmq.client.exception.MQClientException: CODE: 16"]),
        NEWER,
    ),
    differ(
        Both,
        "updateAclConfig",
        Lines(&["Caused by: org.apache.rocketmq.client.exception.MQClientException: CODE: 209"]),
        NO_ACL,
    ),
    differ(
        Both,
        "deleteAc",
        Lines(&["Caused by: org.apache.rocketmq.client.exception.MQClientException: CODE: 210"]),
        NO_ACL,
    ),
    differ(
        Both,
        "updateGlobalWhiteAddr",
        Lines(&["Caused by: org.apache.rocketmq.client.exception.MQClientException: CODE: 211"]),
        NO_ACL,
    ),
];

impl Difference {
    /// `line` of the output of `command` without what is listed here; the line itself if nothing is.
    pub(crate) fn without(&self, target: Target, command: &str, line: &str) -> Option<String> {
        let side = if target == Target::Java { Side::Java } else { Side::Skylark };
        if (self.side != Both && self.side != side) || !command.starts_with(self.commands) {
            return Some(line.into());
        }
        match self.what {
            Lines(beginnings) if beginnings.iter().any(|beginning| line.starts_with(beginning)) => None,
            Lines(_) => Some(line.into()),
            Words(words) => Some(line.replace(words, "")),
        }
    }

    /// On which sides it is to be met.
    pub(crate) fn is_expected(&self, target: Target) -> bool {
        match self.side {
            Both => true,
            Java => target == Target::Java,
            Skylark => target == Target::Skylark,
        }
    }
}
