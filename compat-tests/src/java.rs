//! The published Java jars, resolved by Maven: reference servers, stock clients, and the scenarios of `java-harness/`.

use crate::cluster::Target;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Maven runs one at a time: two would write the same local repository and build folder.
static MAVEN: Mutex<()> = Mutex::new(());

const LOGBACK: &str = r#"<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%d %p %logger{0} - %m%n</pattern></encoder></appender>
  <root level="WARN"><appender-ref ref="out"/></root>
</configuration>
"#;

/// The store unmaps and locks its files through JDK internals: needed from Java 16 on.
const JDK_OPENS: &[&str] = &[
    "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED",
    "--add-exports=java.base/sun.security.x509=ALL-UNNAMED",
];

/// A process of the reference: `main` is the start class, `config` its properties file, `home` a folder for its logs.
pub fn reference(main: &str, heap: &str, config: &Path, home: &Path) -> Command {
    fs::create_dir_all(home.join("conf")).expect("create the reference's home");
    for name in ["logback_broker.xml", "logback_namesrv.xml", "logback_tools.xml"] {
        fs::write(home.join("conf").join(name), LOGBACK).expect("write logback configuration");
    }
    let mut java = Command::new(java());
    java.args([&format!("-Xms{heap}"), &format!("-Xmx{heap}"), "-XX:+UseSerialGC", "-XX:MaxDirectMemorySize=512m"])
        .args(if is_modular() { JDK_OPENS } else { &[] })
        .arg(format!("-Duser.home={}", home.display()))
        .args(["-cp", reference_class_path(), main, "-c"])
        .arg(config)
        .env("ROCKETMQ_HOME", home);
    java
}

/// Which of the scenarios.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scenarios {
    /// All; many again with the binary header, the sends again with long field names.
    All,
    /// One for each thing that must work in any mixture of servers.
    Spine,
    /// What the pages of the official console ask; with the jars it is built with, 4.9.0.
    Console,
}

/// Runs scenarios with the jars of `client`; `target` is what they run against. Panics with their output if one fails.
pub fn scenarios(which: Scenarios, client: &str, target: Target, namesrv: &str) {
    let mut maven = maven("java-harness");
    match which {
        Scenarios::All => maven.arg("test"),
        Scenarios::Console => maven.args(["test-compile", "surefire:test@default-test", "-Dtest=Console*"]),
        Scenarios::Spine => maven.args(["test-compile", "surefire:test@default-test", "-Dgroups=spine"]),
    };
    maven.args([
        &format!("-Dclient.version={client}"),
        &format!("-Dnamesrv={namesrv}"),
        &format!("-Dtarget={}", target.name()),
    ]);
    let output = run(maven);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "client {client} against {target:?}:\n{}", failures_in(&text));
    let ran: u32 = text.lines().filter_map(count_of_summary).sum();
    assert!(ran > 0, "no scenario ran with client {client}:\n{text}");
    println!("{ran} scenarios passed with client {client} against {target:?}");
}

/// A program of `java-harness/` as a process of its own, with the jars of `client`.
pub fn program(client: &str, main: &str) -> Command {
    let classes = build_dir().join(client).join("test-classes");
    let path_file = build_dir().join(format!("{client}.classpath"));
    let mut maven = maven("java-harness");
    maven.args(["test-compile", "dependency:build-classpath", &format!("-Dclient.version={client}")]);
    maven.arg(format!("-Dmdep.outputFile={}", path_file.display()));
    expect_success(run(maven));
    let jars = fs::read_to_string(path_file).expect("read the resolved class path");
    let mut java = Command::new(java());
    java.args(["-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg(format!("-Duser.home={}", build_dir().display()))
        .arg(format!("-Drocketmq.client.logRoot={}", build_dir().join("logs").display()))
        .args(["-cp", &format!("{}:{jars}", classes.display()), main]);
    java
}

/// The filter of the Java broker as a process that answers cases with verdicts: see `FilterOracle.java`.
pub fn filter_oracle() -> Command {
    let path_file = build_dir().join("filter-oracle.classpath");
    let mut maven = maven("java-harness/filter-oracle");
    maven.args(["compile", "dependency:build-classpath", &format!("-Dmdep.outputFile={}", path_file.display())]);
    expect_success(run(maven));
    let jars = fs::read_to_string(path_file).expect("read the resolved class path");
    let classes = build_dir().join("filter-oracle").join("classes");
    let mut java = Command::new(java());
    java.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg(format!("-Duser.home={}", build_dir().display()))
        .args(["-cp", &format!("{}:{jars}", classes.display()), "skylark.oracle.FilterOracle"]);
    java
}

fn reference_class_path() -> &'static str {
    static RESOLVED: OnceLock<String> = OnceLock::new();
    RESOLVED.get_or_init(resolve_reference)
}

fn resolve_reference() -> String {
    let file = build_dir().join("reference.classpath");
    let mut maven = maven("java-harness/reference");
    maven.args(["dependency:build-classpath", &format!("-Dmdep.outputFile={}", file.display())]);
    expect_success(run(maven));
    fs::read_to_string(file).expect("read the resolved class path")
}

fn maven(project: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace has a root");
    let mut maven = Command::new("mvn");
    maven.args(["-B", "-ntp", "-f"]).arg(root.join(project).join("pom.xml"));
    maven.arg(format!("-Dharness.build={}", build_dir().display()));
    maven
}

fn run(mut maven: Command) -> Output {
    let _one_at_a_time = MAVEN.lock().unwrap_or_else(PoisonError::into_inner);
    maven.output().unwrap_or_else(|error| panic!("run mvn (is Maven installed?): {error}"))
}

fn expect_success(output: Output) {
    assert!(output.status.success(), "mvn failed:\n{}", String::from_utf8_lossy(&output.stdout));
}

/// `Tests run: 12, Failures: ...` of a whole run, not of one class.
fn count_of_summary(line: &str) -> Option<u32> {
    let (_, after) = line.split_once("Tests run:")?;
    let count = after.split(',').next()?.trim().parse().ok()?;
    (!line.contains("Time elapsed")).then_some(count)
}

/// Without the lines of what went well.
fn failures_in(text: &str) -> String {
    let telling = |line: &&str| !line.starts_with("[INFO]") && !line.trim().is_empty();
    text.lines().filter(telling).collect::<Vec<_>>().join("\n")
}

/// Where Maven builds: beside what Cargo builds.
fn build_dir() -> PathBuf {
    target_dir().join("java-harness")
}

/// Cargo's target folder, from where this very program lies in it.
pub fn target_dir() -> PathBuf {
    let program = env::current_exe().expect("know this program's path");
    let profile = program.ancestors().skip(1).find(|folder| !folder.ends_with("deps")).expect("a build folder");
    profile.parent().expect("a target folder").into()
}

fn java() -> PathBuf {
    env::var_os("JAVA_HOME").map_or_else(|| "java".into(), |home| PathBuf::from(home).join("bin/java"))
}

/// Java 9 and later know `--version`, and modules.
fn is_modular() -> bool {
    Command::new(java()).arg("--version").output().is_ok_and(|output| output.status.success())
}
