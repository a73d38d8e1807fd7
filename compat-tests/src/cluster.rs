//! A NameServer and a broker on free ports with a store in a temp folder.
//!
//! The same interface for Skylark and for the Java reference; `COMPAT_TARGET=java` chooses the latter. Both read the same
//! configuration file, which is a test of Skylark's configuration in itself.

use crate::frame::request;
use crate::java;
use crate::script::Script;
use crate::server::{Server, free_port, write_properties};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use tempfile::TempDir;

const GET_BROKER_CLUSTER_INFO: i32 = 106;
const GET_MAX_OFFSET: i32 = 30;
/// A port chosen as free may be taken before it is used; then another is tried.
const START_ATTEMPTS: usize = 3;

/// Which server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// This project's.
    Skylark,
    /// The published Java jars.
    Java,
}

impl Target {
    /// The one asked for by `COMPAT_TARGET`; Skylark if none.
    pub fn asked() -> Target {
        match env::var("COMPAT_TARGET").as_deref() {
            Ok("java") => Target::Java,
            Ok("skylark") | Err(_) => Target::Skylark,
            Ok(other) => panic!("COMPAT_TARGET is skylark or java, not {other}"),
        }
    }

    /// As the scenarios call it.
    pub fn name(self) -> &'static str {
        match self {
            Target::Skylark => "skylark",
            Target::Java => "java",
        }
    }
}

/// A NameServer on its own.
pub struct Namesrv {
    target: Target,
    server: Server,
    /// `127.0.0.1:port`.
    pub address: String,
    folder: TempDir,
}

impl Namesrv {
    /// Starts one and waits until it answers.
    pub fn start(target: Target) -> Namesrv {
        let folder = TempDir::new().expect("create a temp folder");
        retry_start(|| {
            let address = format!("127.0.0.1:{}", free_port(&[0]));
            let mut server = start_namesrv(target, &address, folder.path());
            server.wait_ready(|| brokers_known(&address).is_some())?;
            Ok((server, address))
        })
        .map(|(server, address)| Namesrv { target, server, address, folder })
        .unwrap_or_else(|why| panic!("{why}"))
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// SIGTERM.
    pub fn stop(&mut self) -> ExitStatus {
        self.server.stop()
    }

    /// kill -9, and starts it again on the same port.
    pub fn restart(&mut self) {
        self.server.kill();
        self.server = start_namesrv(self.target, &self.address, self.folder.path());
        let address = self.address.clone();
        self.server.wait_ready(|| brokers_known(&address).is_some()).unwrap_or_else(|why| panic!("{why}"));
    }

    /// The folder of its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The names of the brokers it knows.
    pub fn brokers(&self) -> Vec<String> {
        brokers_known(&self.address).unwrap_or_default()
    }
}

/// A broker with its store, started and restarted on one port.
pub struct Broker {
    target: Target,
    server: Option<Server>,
    namesrvs: String,
    port: u16,
    properties: Vec<(String, String)>,
    folder: TempDir,
}

impl Broker {
    /// Prepares one; nothing runs yet. `properties` are keys of broker.conf.
    pub fn new(target: Target, namesrvs: &str, properties: &[(&str, &str)]) -> Broker {
        let properties = properties.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let folder = TempDir::new().expect("create a temp folder");
        Broker { target, server: None, namesrvs: namesrvs.into(), port: 0, properties, folder }
    }

    /// Starts it on a free port, and waits until it answers and all its NameServers know it.
    pub fn start(&mut self) {
        let started = retry_start(|| {
            self.port = free_port(&[-2, 0, 1]);
            self.launch();
            self.wait_ready()
        });
        started.unwrap_or_else(|why| panic!("{why}"));
    }

    /// Starts it again on the same port and store, without waiting.
    pub fn launch(&mut self) {
        write_properties(&self.config(), &self.all_properties());
        self.launch_as_configured();
    }

    /// The same with the configuration file as it is now, whoever changed it.
    pub fn launch_as_configured(&mut self) {
        let config = self.config();
        let mut command = match self.target {
            Target::Skylark => skylark("broker", &config),
            Target::Java => java::reference(
                "org.apache.rocketmq.broker.BrokerStartup",
                "384m",
                &config,
                &self.folder.path().join("home"),
            ),
        };
        self.server = Some(Server::start(self.target.name(), &mut command, &self.folder.path().join("broker.log")));
    }

    /// Waits until it answers and all its NameServers know it; `Err` if it ended.
    pub fn wait_ready(&mut self) -> Result<(), String> {
        let (address, namesrvs) = (self.address(), self.namesrvs.clone());
        self.server().wait_ready(|| {
            answers_bounds(&address) && namesrvs.split(';').all(|namesrv| is_registered(namesrv, &address))
        })
    }

    /// Starts it again on the same port and store.
    pub fn restart(&mut self) {
        self.launch();
        self.wait_ready().unwrap_or_else(|why| panic!("{why}"));
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.server().kill();
    }

    /// SIGTERM, waits for the end.
    pub fn stop(&mut self) -> ExitStatus {
        self.server().stop()
    }

    /// Its process, once started.
    pub fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("the broker was started")
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Address of the VIP port.
    pub fn vip_address(&self) -> String {
        format!("127.0.0.1:{}", self.port - 2)
    }

    /// Its configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("broker.conf")
    }

    /// `storePathRootDir`.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// What it has printed.
    pub fn log(&mut self) -> String {
        self.server().log()
    }

    fn all_properties(&self) -> Vec<(String, String)> {
        let store = self.store();
        let own = [
            ("brokerClusterName", "DefaultCluster".into()),
            ("brokerName", "broker-a".into()),
            ("brokerId", "0".into()),
            ("brokerIP1", "127.0.0.1".into()),
            ("brokerIP2", "127.0.0.1".into()),
            ("listenPort", self.port.to_string()),
            ("haListenPort", (self.port + 1).to_string()),
            ("namesrvAddr", self.namesrvs.clone()),
            ("storePathRootDir", store.display().to_string()),
            ("storePathCommitLog", store.join("commitlog").display().to_string()),
            ("mappedFileSizeCommitLog", (64 << 20).to_string()),
            // So that a scenario need not wait a minute for a producer to be asked.
            ("transactionTimeOut", "1000".into()),
            ("transactionCheckInterval", "1000".into()),
        ];
        // Java answers "busy" to what waited 200 ms in a queue: on a slow machine that is no statement about the protocol.
        let patient = [
            ("waitTimeMillsInSendQueue", "30000"),
            ("osPageCacheBusyTimeOutMills", "30000"),
            ("waitTimeMillsInPullQueue", "30000"),
        ];
        let mut all: Vec<(String, String)> = own.into_iter().map(|(key, value)| (key.into(), value)).collect();
        if self.target == Target::Java {
            all.extend(patient.map(|(key, value)| (key.into(), value.into())));
            // On by default in Skylark.
            all.push(("enablePropertyFilter".into(), "true".into()));
        }
        all.retain(|(key, _)| self.properties.iter().all(|(given, _)| given != key));
        all.extend(self.properties.iter().cloned());
        all
    }
}

/// A NameServer and a broker of the same kind.
pub struct Cluster {
    /// Which server they are.
    pub target: Target,
    /// The NameServer.
    pub namesrv: Namesrv,
    /// The broker.
    pub broker: Broker,
}

impl Cluster {
    /// The asked target with default settings.
    pub fn start() -> Cluster {
        Cluster::with(Target::asked(), &[])
    }

    /// A target with these broker.conf keys besides.
    pub fn with(target: Target, properties: &[(&str, &str)]) -> Cluster {
        let namesrv = Namesrv::start(target);
        let mut broker = Broker::new(target, &namesrv.address, properties);
        broker.start();
        Cluster { target, namesrv, broker }
    }

    /// A conversation with the broker.
    pub fn broker_script(&self) -> Script {
        Script::open(&self.broker.address())
    }

    /// A conversation with the NameServer.
    pub fn namesrv_script(&self) -> Script {
        Script::open(&self.namesrv.address)
    }
}

/// The built program: beside this one, or where `SKYLARK_BIN` says.
pub fn skylark_program() -> PathBuf {
    let program = env::var_os("SKYLARK_BIN").map_or_else(built_skylark, PathBuf::from);
    assert!(program.exists(), "no {}: run `cargo build --bin skylark` first, or set SKYLARK_BIN", program.display());
    program
}

fn skylark(role: &str, config: &Path) -> Command {
    let mut command = Command::new(skylark_program());
    command.args([role, "-c"]).arg(config);
    command
}

fn built_skylark() -> PathBuf {
    let program = env::current_exe().expect("know this program's path");
    let folder = program.ancestors().skip(1).find(|folder| !folder.ends_with("deps")).expect("a build folder");
    folder.join("skylark")
}

fn start_namesrv(target: Target, address: &str, folder: &Path) -> Server {
    let config = folder.join("namesrv.conf");
    let port = address.rsplit(':').next().expect("an address has a port");
    let file = |name: &str| folder.join(name).display().to_string();
    let properties = [
        ("listenPort", port.into()),
        ("kvConfigPath", file("kvConfig.json")),
        ("configStorePath", file("namesrv.properties")),
    ];
    write_properties(&config, &properties.map(|(key, value)| (key.into(), value)));
    let mut command = match target {
        Target::Skylark => skylark("namesrv", &config),
        Target::Java => {
            java::reference("org.apache.rocketmq.namesrv.NamesrvStartup", "64m", &config, &folder.join("home"))
        }
    };
    fs::create_dir_all(folder).expect("create the NameServer's folder");
    Server::start(&format!("NameServer ({})", target.name()), &mut command, &folder.join("namesrv.log"))
}

/// The brokers that the NameServer knows; `None` if it does not answer.
fn brokers_known(namesrv: &str) -> Option<Vec<String>> {
    let mut script = Script::try_open(namesrv).ok()?;
    script.send(request(GET_BROKER_CLUSTER_INFO));
    let body = String::from_utf8(script.try_read().ok()?.body).ok()?;
    // fastjson leaves number keys unquoted: take the names from the part that lists them by cluster.
    let addresses = body.split("\"brokerName\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    Some(addresses.map(str::to_owned).collect())
}

fn is_registered(namesrv: &str, broker: &str) -> bool {
    let Ok(mut script) = Script::try_open(namesrv) else { return false };
    script.send(request(GET_BROKER_CLUSTER_INFO));
    script.try_read().is_ok_and(|answer| String::from_utf8_lossy(&answer.body).contains(&format!("\"{broker}\"")))
}

fn answers_bounds(broker: &str) -> bool {
    let Ok(mut script) = Script::try_open(broker) else { return false };
    script.send(request(GET_MAX_OFFSET).field("topic", "TBW102").field("queueId", 0));
    script.try_read().is_ok_and(|answer| answer.code == 0)
}

fn retry_start<T>(mut start: impl FnMut() -> Result<T, String>) -> Result<T, String> {
    let mut last = String::new();
    for _ in 0..START_ATTEMPTS {
        match start() {
            Ok(started) => return Ok(started),
            Err(why) => last = why,
        }
    }
    Err(last)
}
