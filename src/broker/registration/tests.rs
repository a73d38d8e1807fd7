//! Registration at a NameServer that notes what it is told.

use std::net::SocketAddr;
use std::sync::Mutex;

use skylark_protocol::body::DataVersion;
use skylark_protocol::request::RegisterBrokerReply;
use tokio::sync::mpsc;

use super::*;
use crate::broker::topics::{TopicRules, topic_config};
use crate::remoting::{Dispatcher, Incoming, Limits, ListenerId, Refusal, Reply, Server, UnknownCode, bind};
use crate::store::meta::Meta;

fn check_masked(permission: i32, expected: i32) {
    let table = [("T".to_owned(), topic_config("T", 4, 6))].into();
    let topics = TopicConfigSerializeWrapper { data_version: DataVersion::default(), topic_config_table: table };
    let perms: Vec<i32> = masked(topics, permission).topic_config_table.values().map(|topic| topic.perm).collect();
    assert_eq!(perms, [expected], "broker permission {permission}");
}

#[test]
fn the_brokers_permission_masks_its_topics() {
    check_masked(6, 6);
    check_masked(4, 4);
    check_masked(0, 0);
    check_masked(7, 6);
}

/// A NameServer that says T is ordered.
struct Told {
    registered: mpsc::UnboundedSender<RegisterBrokerBody>,
    unregistered: Mutex<Vec<String>>,
}

async fn register(told: Arc<Told>, request: Incoming<RegisterBroker>) -> Result<Reply<RegisterBroker>, Refusal> {
    assert_eq!(body_crc(&request.body).cast_signed(), request.header.body_crc32);
    let table = RegisterBrokerBody::decode(&request.body, request.header.compressed)?;
    told.registered.send(table).expect("the test listens");
    let ordered = KvTable { table: [("T".to_owned(), "broker-a:4".to_owned())].into() };
    Ok(Reply::body(RegisterBrokerReply::default(), body::encode(&ordered)))
}

async fn unregister(told: Arc<Told>, request: Incoming<UnregisterBroker>) -> Result<Reply<UnregisterBroker>, Refusal> {
    told.unregistered.lock().expect("no panic").push(request.header.broker_addr);
    Ok(Reply::empty())
}

fn topics(folder: &tempfile::TempDir) -> Arc<TopicTable> {
    let rules = TopicRules {
        broker_name: "broker-a".into(),
        cluster_name: "C".into(),
        auto_create: true,
        default_queues: 8,
        auto_created_max: 100,
        cluster_topic: true,
        broker_topic: true,
        trace_topic: None,
    };
    let meta = Meta::open(folder.path()).expect("meta opens");
    Arc::new(TopicTable::load(meta, rules).expect("topics load"))
}

async fn check_rounds(compressed: bool) {
    let stop = CancellationToken::new();
    let (registered, mut seen) = mpsc::unbounded_channel();
    let told = Arc::new(Told { registered, unregistered: Mutex::default() });
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    let name_server = listener.local_addr().expect("an address").to_string();
    let routes = Dispatcher::new(told.clone(), UnknownCode::Silence).on(register).on(unregister);
    let _server = Server::start(routes, vec![(ListenerId::MAIN, listener)], Limits::default(), |_| {}, stop.clone());

    let folder = tempfile::tempdir().expect("a temp folder");
    let topics = topics(&folder);
    let identity = Identity {
        cluster_name: "C".into(),
        broker_name: "broker-a".into(),
        broker_id: 0,
        broker_addr: "127.0.0.1:10911".into(),
        ha_addr: "127.0.0.1:10912".into(),
        permission: 6,
    };
    let config = RegistrationConfig {
        // Nobody listens at the second: it must not hold the first up.
        name_servers: vec![name_server, "127.0.0.1:1".into()],
        period: Duration::from_secs(3600),
        timeout: Duration::from_secs(10),
        compressed,
    };
    let registration = Arc::new(Registration::new(identity, config, Client::new(Limits::default(), stop.clone())));
    let (runs, table) = (registration.clone(), topics.clone());
    let rounds = tokio::spawn(async move { runs.run(table).await });
    let first = seen.recv().await.expect("a registration at once");
    assert!(first.topic_config_serialize_wrapper.topic_config_table.contains_key("TBW102"));

    topics.put(topic_config("T", 4, 6)).expect("no disk error");
    registration.request_topic("T").wait(Duration::from_secs(10)).await;
    let part = seen.recv().await.expect("the topic is told").topic_config_serialize_wrapper;
    assert_eq!(part.topic_config_table.keys().collect::<Vec<_>>(), ["T"], "nothing but what changed");
    assert!(topics.get("T").is_some_and(|topic| topic.order), "the NameServer says that T is ordered");

    registration.request_rest().wait(Duration::from_secs(10)).await;
    topics.remove("T").expect("no disk error");
    registration.request_topic("T").wait(Duration::from_secs(10)).await;
    assert!(seen.try_recv().is_err(), "nobody is told of a topic that is gone");
    registration.request().wait(Duration::from_secs(10)).await;
    let all = seen.recv().await.expect("all is told").topic_config_serialize_wrapper;
    assert!(all.topic_config_table.contains_key("TBW102"));
    assert_ne!(all.data_version, part.data_version, "a full registration is compared and taken");
    assert!(seen.try_recv().is_err(), "nothing was told where nothing was to tell");

    registration.unregister().await;
    assert_eq!(*told.unregistered.lock().expect("no panic"), ["127.0.0.1:10911"]);
    rounds.await.expect("no round follows the leaving");
    stop.cancel();
}

#[tokio::test]
async fn changes_are_registered_at_once_and_order_is_taken_over() {
    check_rounds(false).await;
    check_rounds(true).await;
}
