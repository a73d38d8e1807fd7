//! The same state on any cluster: topics, messages, groups, offsets, clients.

use std::thread;

use compat_tests::client::{Reader, code, create_topic, properties, send_v2};
use compat_tests::cluster::{Cluster, Target};
use compat_tests::frame::{Answer, Request, frame, request};
use compat_tests::script::{Script, answers};
use compat_tests::wait_for;

use crate::body::Mask;

pub(crate) const TOPIC: &str = "Bodies";
pub(crate) const GROUP: &str = "BodiesGroup";
pub(crate) const OFFLINE: &str = "BodiesOffline";
const UPDATE_GROUP: i32 = 200;
const NOTIFY_CONSUMER_IDS_CHANGED: i32 = 40;

/// A cluster in the state, with the clients that belong to it.
pub(crate) struct Prepared {
    pub(crate) cluster: Cluster,
    pub(crate) mask: Mask,
    _client: Script,
}

impl Prepared {
    /// Starts one and brings it into the state.
    pub(crate) fn start(target: Target) -> Prepared {
        let cluster = Cluster::with(target, &[("msgTraceTopicName", "RMQ_SYS_TRACE_TOPIC")]);
        let mut broker = cluster.broker_script();
        for (topic, queues, perm) in [(TOPIC, 2, 6), ("BodiesReadOnly", 1, 4), ("BodiesGone", 1, 6)] {
            broker.send(create_topic(topic, queues, perm)).expect(answers(0));
        }
        broker.send(create_topic("BodiesUnit", 1, 6).field("topicSysFlag", 3)).expect(answers(0));
        for group in [GROUP, OFFLINE, "BodiesGoneGroup"] {
            broker.send(request(UPDATE_GROUP).body(group_config(group))).expect(answers(0));
        }
        fill(&cluster, &mut broker);
        let client = go_online(&cluster);
        let mask = mask(&cluster);
        Prepared { cluster, mask, _client: client }
    }
}

fn fill(cluster: &Cluster, broker: &mut Script) {
    for number in 0..6 {
        let properties = properties(&[("KEYS", &format!("k{number}")), ("TAGS", "TagA")]);
        broker.send(send_v2(TOPIC).field("e", number % 2).field("i", properties)).expect(answers(0));
    }
    broker.send(send_v2("BodiesGone")).expect(answers(0));
    broker.send(send_v2(TOPIC).field("i", properties(&[("DELAY", "1")]))).expect(answers(0));
    let mut reader = Reader::open(&cluster.broker.address());
    wait_for("the delayed message is delivered", || {
        (reader.max_offset(TOPIC, 0) == 4 && reader.max_offset(TOPIC, 1) == 3).then_some(())
    });
    for (group, topic, queue, offset) in
        [(GROUP, TOPIC, 0, 3), (GROUP, TOPIC, 1, 3), (OFFLINE, TOPIC, 0, 1), (OFFLINE, "BodiesGone", 0, 1)]
    {
        broker.send(commit(group, topic, queue, offset)).expect(answers(0));
    }
    // A queue that has been read has an entry in the statistics, at the latest with the next of their samples.
    broker.send(compat_tests::client::pull(TOPIC, 1, 0).field("consumerGroup", GROUP)).expect(answers(0));
    for (name, key) in [("TOPIC_PUT_NUMS", TOPIC.to_owned()), ("GROUP_GET_NUMS", format!("{TOPIC}@{GROUP}"))] {
        wait_for("the statistics are sampled", || {
            let answer = broker.ask(request(315).field("statsName", name).field("statsKey", &key));
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            let minute = body.split("statsMinute").nth(1).unwrap_or_default();
            (answer.code == 0 && !minute.contains("\"sum\":0")).then_some(())
        });
    }
}

/// A commit of an offset.
pub(crate) fn commit(group: &str, topic: &str, queue: i32, offset: i64) -> Request {
    request(code::UPDATE_CONSUMER_OFFSET)
        .field("consumerGroup", group)
        .field("topic", topic)
        .field("queueId", queue)
        .field("commitOffset", offset)
}

/// The body of a group's settings, as mqadmin writes it.
pub(crate) fn group_config(group: &str) -> String {
    format!(
        r#"{{"brokerId":0,"consumeBroadcastEnable":true,"consumeEnable":true,"consumeFromMinEnable":true,"groupName":"{group}","notifyConsumerIdsChangedEnable":true,"retryMaxTimes":16,"retryQueueNums":1,"whichBrokerWhenConsumeSlowly":1}}"#
    )
}

/// A client that consumes and produces; it answers what the broker asks of it for as long as its connection is open.
fn go_online(cluster: &Cluster) -> Script {
    let mut client = cluster.broker_script();
    let heartbeat = format!(
        r#"{{"clientID":"bodies@1","consumerDataSet":[{{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_PASSIVELY","groupName":"{GROUP}","messageModel":"CLUSTERING","subscriptionDataSet":[{{"classFilterMode":false,"codeSet":[2598919],"expressionType":"TAG","subString":"TagA","subVersion":1700000000000,"tagsSet":["TagA"],"topic":"{TOPIC}"}}],"unitMode":false}}],"producerDataSet":[{{"groupName":"BodiesProducer"}}]}}"#
    );
    client.send(request(code::HEART_BEAT).body(heartbeat));
    while client.answer().code == NOTIFY_CONSUMER_IDS_CHANGED {}
    let mut ears = client.split().expect("a second handle");
    ears.patience(std::time::Duration::from_secs(600)).expect("patience");
    thread::spawn(move || {
        while let Ok(asked) = ears.try_read() {
            let _ = reply_of_client(&asked).map(|reply| ears.try_send(&reply));
        }
    });
    client
}

fn reply_of_client(asked: &Answer) -> Option<Vec<u8>> {
    let body = match asked.code {
        221 => format!(r#"{{"messageQueueTable":{{{{"brokerName":"broker-a","queueId":0,"topic":"{TOPIC}"}}:3}}}}"#),
        307 => format!(
            r#"{{"properties":{{"PROP_CONSUME_TYPE":"CONSUME_PASSIVELY"}},"jstack":"{}"}}"#,
            asked.field("jstackEnable")
        ),
        309 => format!(
            r#"{{"autoCommit":true,"consumeResult":"CR_SUCCESS","order":false,"remark":"{}","spentTimeMills":{}}}"#,
            asked.field("brokerName"),
            asked.body.len()
        ),
        _ => return None,
    };
    let header = format!(
        r#"{{"code":0,"flag":1,"language":"JAVA","opaque":{},"serializeTypeCurrentRPC":"JSON","version":407}}"#,
        asked.opaque
    );
    Some(frame(0, header.as_bytes(), body.as_bytes()))
}

fn mask(cluster: &Cluster) -> Mask {
    let store = cluster.broker.store();
    let folder = store.parent().expect("the store is in a folder").display().to_string();
    let port = cluster.broker.address().rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).expect("a port");
    let namesrv_port = cluster.namesrv.address.rsplit(':').next().expect("a port").to_owned();
    let words = vec![
        (folder, "<folder>".to_owned()),
        (cluster.namesrv.folder().display().to_string(), "<folder>".to_owned()),
        (cluster.broker.address(), "<broker>".to_owned()),
        (cluster.namesrv.address.clone(), "<namesrv>".to_owned()),
        (namesrv_port, "<namesrv port>".to_owned()),
        (port.to_string(), "<port>".to_owned()),
        ((port + 1).to_string(), "<port>".to_owned()),
    ];
    Mask { words }
}
