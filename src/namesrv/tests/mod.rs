//! Conversations with a NameServer: brokers register, clients and operators ask.

mod answers;
mod brokers;
mod limits;

use std::net::SocketAddr;
use std::path::PathBuf;

use bytes::Bytes;
use skylark_protocol::command::Command;
use tokio_util::sync::CancellationToken;

use super::RunningNamesrv;
use crate::config::{Loaded, NamesrvConfig};
use crate::remoting;
use crate::remoting::testing::{PATIENCE, Wire, request};

/// The registration of a stock broker with some topics.
const STOCK_REGISTRATION: &[u8] = include_bytes!("samples/REGISTER_BROKER.request.json");

struct TestNamesrv {
    address: SocketAddr,
    folder: tempfile::TempDir,
    running: RunningNamesrv,
    stop: CancellationToken,
}

impl TestNamesrv {
    async fn start() -> TestNamesrv {
        TestNamesrv::start_with(|_| {}).await
    }

    async fn start_with(change: impl FnOnce(&mut NamesrvConfig)) -> TestNamesrv {
        let folder = tempfile::tempdir().unwrap();
        let mut config = NamesrvConfig {
            kv_config_path: folder.path().join("kvConfig.json"),
            config_store_path: folder.path().join("namesrv.properties"),
            ..NamesrvConfig::default()
        };
        change(&mut config);
        let others = vec![("serverWorkerThreads".to_owned(), "8".to_owned())];
        let loaded = Loaded { others, ..Loaded::of(config) };
        let listener = remoting::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let stop = CancellationToken::new();
        let running = RunningNamesrv::serve(loaded, listener, stop.clone()).unwrap();
        TestNamesrv { address: running.address, folder, running, stop }
    }

    fn config_file(&self) -> PathBuf {
        self.folder.path().join("namesrv.properties")
    }

    async fn connect(&self) -> Client {
        Client { wire: Wire::connect(self.address).await, opaque: 0 }
    }
}

/// A client or broker of version 4.9.7, unless the test says otherwise.
struct Client {
    wire: Wire,
    opaque: i32,
}

impl Client {
    async fn ask(&mut self, code: i32, fields: &[(&str, &str)], body: impl Into<Bytes>) -> Command {
        self.ask_as(407, code, fields, body).await
    }

    async fn ask_as(&mut self, version: i32, code: i32, fields: &[(&str, &str)], body: impl Into<Bytes>) -> Command {
        self.opaque += 1;
        let answer = self.wire.ask(Command { version, ..request(code, self.opaque, fields, body) }).await;
        assert_eq!(answer.opaque, self.opaque);
        answer
    }

    /// Registers a broker of the cluster `C`.
    async fn register(&mut self, broker: &str, id: &str, address: &str, body: impl Into<Bytes>) -> Command {
        let ha_address = format!("{address}9");
        let fields = [
            ("brokerName", broker),
            ("brokerAddr", address),
            ("clusterName", "C"),
            ("haServerAddr", &ha_address),
            ("brokerId", id),
        ];
        self.ask(103, &fields, body).await
    }

    /// The route of a topic as old clients see it, or the code.
    async fn route(&mut self, topic: &str) -> String {
        let answer = self.ask_as(393, 105, &[("topic", topic)], "").await;
        if answer.code == 0 { text(&answer) } else { answer.code.to_string() }
    }
}

impl Client {
    /// Asks until the route is this one: the end of a connection reaches the server in its own time.
    async fn until_route(&mut self, topic: &str, expected: &str) {
        let asking = async { while self.route(topic).await != expected {} };
        tokio::time::timeout(PATIENCE, asking).await.expect("the route changes");
    }
}

/// A registration with one topic of four queues.
fn registration(topic: &str, counter: i64) -> String {
    format!(
        r#"{{"filterServerList":[],"topicConfigSerializeWrapper":{{"dataVersion":{{"counter":{counter},"timestamp":5}},"topicConfigTable":{{"{topic}":{{"perm":6,"readQueueNums":4,"topicName":"{topic}","topicSysFlag":0,"writeQueueNums":4}}}}}}}}"#
    )
}

fn text(answer: &Command) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// Compares code, remark, ext fields as JSON (none: null) and body.
#[track_caller]
fn check(answer: &Command, code: i32, remark: Option<&str>, fields: &str, body: &str) {
    let pairs: Vec<String> = answer.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let found = if answer.fields.is_present() { format!("{{{}}}", pairs.join(",")) } else { "null".to_owned() };
    let found = (answer.code, answer.remark.as_deref(), found.as_str(), text(answer));
    pretty_assertions::assert_eq!(found, (code, remark, fields, body.to_owned()));
}
