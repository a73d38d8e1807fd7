//! What no stock client or broker asks of a NameServer, row by row of the table measured against Java 4.9.7.

use compat_tests::client::code;
use compat_tests::cluster::{Cluster, Namesrv, Target};
use compat_tests::frame::request;
use compat_tests::script::{Script, answers};

const FAQ: &str = "See http://rocketmq.apache.org/docs/faq/ for further details.";
const REGISTRATION: &str = r#"{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":1,"timestamp":1},"topicConfigTable":{}}}"#;

#[test]
fn routes() {
    let cluster = Cluster::start();
    let mut namesrv = cluster.namesrv_script();
    let unknown = format!("No topic route info in name server for the topic: NOPE\n{FAQ}");
    namesrv.send(request(code::ROUTE).field("topic", "NOPE")).expect(answers(17).remark(&unknown));
    let modern = namesrv.send(request(code::ROUTE).field("topic", "TBW102")).expect(answers(0));
    let old = namesrv.send(request(code::ROUTE).field("topic", "TBW102").version(300)).expect(answers(0));
    let text = |body: &[u8]| String::from_utf8(body.to_vec()).expect("JSON is UTF-8");
    assert!(text(&modern.body).contains(r#""brokerAddrs":{"0":"127.0.0.1:"#), "{}", text(&modern.body));
    assert!(text(&old.body).contains(r#""brokerAddrs":{0:"127.0.0.1:"#), "{}", text(&old.body));
    let asked = namesrv
        .send(request(code::ROUTE).field("topic", "TBW102").version(300).field("acceptStandardJsonOnly", true))
        .expect(answers(0));
    assert_eq!(text(&asked.body), text(&modern.body));
    namesrv.expect_usable();
}

#[test]
fn registrations_that_are_damaged() {
    let namesrv = Namesrv::start(Target::asked());
    let mut script = Script::open(&namesrv.address);
    let register = |crc: u32| {
        request(code::REGISTER_BROKER)
            .field("brokerName", "damaged")
            .field("brokerAddr", "127.0.0.1:1")
            .field("clusterName", "C")
            .field("haServerAddr", "127.0.0.1:2")
            .field("brokerId", 0)
            .field("compressed", "false")
            .field("bodyCrc32", crc)
    };
    let crc = |body: &str| crc32fast::hash(body.as_bytes()) & 0x7FFF_FFFF;
    script.send(register(crc("what?")).body("what?")).expect(answers(1));
    script.send(register(crc(REGISTRATION) + 1).body(REGISTRATION)).expect(answers(1).remark("crc32 not match"));
    script.expect_usable();
    assert_eq!(namesrv.brokers(), Vec::<String>::new());
    script.send(register(crc(REGISTRATION)).body(REGISTRATION)).expect(answers(0));
    assert_eq!(namesrv.brokers(), ["damaged"]);
}

#[test]
fn a_broker_whose_connection_closes_is_forgotten() {
    let namesrv = Namesrv::start(Target::asked());
    let mut script = Script::open(&namesrv.address);
    let register = request(code::REGISTER_BROKER)
        .field("brokerName", "short-lived")
        .field("brokerAddr", "127.0.0.1:1")
        .field("clusterName", "C")
        .field("haServerAddr", "127.0.0.1:2")
        .field("brokerId", 0)
        .field("compressed", "false")
        .field("bodyCrc32", crc32fast::hash(REGISTRATION.as_bytes()) & 0x7FFF_FFFF);
    script.send(register.body(REGISTRATION)).expect(answers(0));
    assert_eq!(namesrv.brokers(), ["short-lived"]);
    drop(script);
    compat_tests::wait_for("the broker is forgotten", || namesrv.brokers().is_empty().then_some(()));
}

#[test]
fn protected_configuration() {
    let namesrv = Namesrv::start(Target::asked());
    let mut script = Script::open(&namesrv.address);
    for key in ["configStorePath", "kvConfigPath"] {
        let update = request(code::UPDATE_NAMESRV_CONFIG).body(format!("{key}=/somewhere/else"));
        // The text is that of 4.9.8 in Skylark, of 4.9.7 in the reference.
        script.send(update).expect(answers(16).remark_has("Can not update config"));
    }
    script.expect_usable();
}

#[test]
fn keys_and_values() {
    let namesrv = Namesrv::start(Target::asked());
    let mut script = Script::open(&namesrv.address);
    let put =
        |value: &str| request(code::PUT_KV_CONFIG).field("namespace", "N").field("key", "k").field("value", value);
    let get = |key: &str| request(101).field("namespace", "N").field("key", key);
    script.send(get("k")).expect(answers(22).remark_has("No config item, Namespace: N Key: k"));
    script.send(put("v1")).expect(answers(0));
    script.send(get("k")).expect(answers(0).field("value", "v1"));
    script.send(put("v2 ü")).expect(answers(0));
    script.send(get("k")).expect(answers(0).field("value", "v2 ü"));
    script.send(request(102).field("namespace", "N").field("key", "k")).expect(answers(0));
    script.send(get("k")).expect(answers(22));
}
