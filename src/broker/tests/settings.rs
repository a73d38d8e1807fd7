//! Settings that are changed by command.

use pretty_assertions::assert_eq;

use super::*;

async fn change(broker: &Fixture, command: &str) -> (i32, Option<String>) {
    let answer = broker.ask(UpdateBrokerConfig, command.to_owned()).await;
    (answer.code, answer.remark)
}

async fn shown(broker: &Fixture) -> String {
    let answer = broker.ask(GetBrokerConfig, "").await;
    String::from_utf8(answer.body.to_vec()).expect("text")
}

fn written(broker: &Fixture) -> String {
    std::fs::read_to_string(broker.folder.path().join("broker.properties")).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_counts_at_once_and_is_written_down() {
    let broker = start().await;
    assert_eq!(change(&broker, "traceOn=false\nslaveTimeout=4000\nnoSuchKey=1\n").await, (SUCCESS, None));
    let sent = broker.send("T", 0, "", "a").await;
    assert_eq!((sent.code, sent.raw.get("TRACE_ON")), (SUCCESS, Some("false")));
    let text = shown(&broker).await;
    for line in ["traceOn=false", "slaveTimeout=4000", "brokerName=broker-a", "sendMessageThreadPoolNums=4"] {
        assert!(text.lines().any(|shown| shown == line), "{line} in {text}");
    }
    assert!(!text.contains("noSuchKey"));
    assert_eq!(written(&broker), "traceOn=false\nslaveTimeout=4000\n");
    let version = broker.ask(GetBrokerConfig, "").await.header.version;
    assert!(version.starts_with("{\"counter\":1,"), "{version}");
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_groups_and_bodies_go_by_the_new_rules() {
    let broker = start_with(|config| config.auto_create_topic_enable = false).await;
    assert_eq!(broker.send("T", 0, "", "a").await.code, TOPIC_NOT_EXIST);
    change(&broker, "autoCreateTopicEnable=true\ndefaultTopicQueueNums=3\nautoCreateSubscriptionGroup=false").await;
    assert_eq!(broker.send("T", 0, "", "a").await.code, SUCCESS);
    let made = broker.broker.broker.topics.get("T").expect("was made");
    assert_eq!(made.write_queue_nums, 3);
    let back = ConsumerSendMsgBack { group: "NoGroup".into(), ..ConsumerSendMsgBack::default() };
    assert_eq!(broker.ask(back, "").await.code, SUBSCRIPTION_GROUP_NOT_EXIST);
    change(&broker, "maxMessageSize=1024").await;
    assert_eq!(broker.send("T", 0, "", &"x".repeat(1025)).await.code, MESSAGE_ILLEGAL);
    assert_eq!(broker.send("T", 0, "", &"x".repeat(1024)).await.code, SUCCESS);
    change(&broker, "brokerPermission=2").await;
    assert_eq!(broker.ask(pull("T", 0, "*"), "").await.code, NO_PERMISSION);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_changed_is_refused_with_all_that_came_with_it() {
    let broker = start_with(|config| config.config_black_list = "brokerPermission".into()).await;
    let before = shown(&broker).await;
    let refused = (NO_PERMISSION, Some("Can not update config in black list.".to_owned()));
    let protected = [
        "brokerConfigPath",
        "rocketmqHome",
        "configBlackList",
        "configStorePath",
        "storePathRootDir",
        "storePathSomewhere",
        "brokerRole",
        "listenPort",
        "namesrvAddr",
        "aclEnable",
        "tlsConfigFile",
        "flushDiskType",
        "filterServerNums",
        "mapedFileSizeCommitLog",
        "sendMessageThreadPoolNums",
        "maxConnections",
        "brokerPermission",
    ];
    for key in protected {
        assert_eq!(change(&broker, &format!("traceOn=false\n{key}=6")).await, refused, "{key}");
    }
    for bad in ["longPollingEnable=perhaps", "deleteWhen=25", "slaveTimeout=soon", "deleteWhen=0\\n4"] {
        let answer = change(&broker, &format!("traceOn=false\n{bad}")).await;
        assert_eq!(answer.0, SYSTEM_ERROR, "{bad}: {answer:?}");
    }
    assert_eq!((shown(&broker).await, written(&broker)), (before, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_cannot_be_written_does_not_count() {
    let broker = start().await;
    std::fs::create_dir(broker.folder.path().join("broker.properties")).expect("a folder in the file's place");
    let (code, remark) = change(&broker, "traceOn=false").await;
    assert_eq!(code, SYSTEM_ERROR);
    assert!(remark.as_deref().is_some_and(|text| text.starts_with("write the configuration: ")), "{remark:?}");
    assert!(shown(&broker).await.contains("traceOn=true\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_and_groups_are_not_changed_at_a_slave() {
    let broker = start_with(|config| config.broker_role = crate::config::BrokerRole::Slave).await;
    let topic = UpdateAndCreateTopic {
        topic: "T".into(),
        topic_filter_type: "SINGLE_TAG".into(),
        ..UpdateAndCreateTopic::default()
    };
    let group = DeleteSubscriptiongroup { group_name: "G".into(), ..DeleteSubscriptiongroup::default() };
    let answers = [
        broker.ask(topic, "").await.remark,
        broker.ask(DeleteTopicInBroker { topic: "T".into() }, "").await.remark,
        broker.ask(UpdateAndCreateSubscriptiongroup, "{\"groupName\":\"G\"}").await.remark,
        broker.ask(group, "").await.remark,
    ];
    let refused = "Can't modify topic or subscription group from slave broker, please execute it from master broker.";
    assert_eq!(answers.map(Option::unwrap_or_default), [refused; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_answered_as_with_access_control_off() {
    let broker = start().await;
    let add = broker.ask(UpdateAndCreateAclConfig::default(), "").await;
    let delete = broker.ask(DeleteAclConfig::default(), "").await;
    let white = broker.ask(UpdateGlobalWhiteAddrsConfig::default(), "").await;
    assert_eq!((add.code, delete.code, white.code), (209, 210, 211));
    let asked = broker.client.call(&broker.address, &GetBrokerClusterAclInfo, "".into(), Duration::from_millis(300));
    assert!(matches!(asked.await, Err(crate::remoting::CallError::Timeout)), "Java leaves this unanswered");
}
