//! Every subcommand of the published mqadmin 4.9.8 against Skylark and against the Java reference, brought into the same
//! state by the same stock clients: it prints and writes the same, but for what `differences.rs` lists with a reason.
//!
//! `java-harness/` has the commands and the masks (`Mqadmin*.java`). The transcripts stay below Cargo's target folder, in
//! `mqadmin/`, masked and raw.

mod differences;

use compat_tests::cluster::{Cluster, Target};
use compat_tests::java;
use differences::{CONFIGURATIONS, DIFFERENCES, What};
use std::collections::HashSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};

const CLIENT: &str = "4.9.8";
const SUBCOMMANDS: &str = "== all 56 subcommands were run";
const BROKER_CONFIG: [(&str, &str); 4] = [
    // So that no registration comes between two commands and undoes what the first one did at the NameServer.
    ("registerNameServerPeriod", "60000"),
    // As for any reference (see `cluster.rs`); here for both, so that both tell them.
    ("waitTimeMillsInSendQueue", "30000"),
    ("osPageCacheBusyTimeOutMills", "30000"),
    ("waitTimeMillsInPullQueue", "30000"),
];

/// A command and what it printed, or wrote into a file, line by line.
struct Section {
    command: String,
    lines: Vec<String>,
}

/// The process that runs the commands against one cluster; it dies with this handle.
struct Run {
    target: Target,
    cluster: Cluster,
    process: Child,
    folder: PathBuf,
}

impl Run {
    fn start(target: Target, program: &Command) -> Run {
        let cluster = Cluster::with(target, &BROKER_CONFIG);
        let folder = java::target_dir().join("mqadmin").join(target.name());
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("create a folder for the transcript");
        let log = File::create(folder.join("log.txt")).expect("create a file");
        let mut command = Command::new(program.get_program());
        command.args(program.get_args()).args([&cluster.namesrv.address, &cluster.broker.address()]);
        command.current_dir(&folder).stdout(log.try_clone().expect("share a file")).stderr(log);
        Run { process: command.spawn().expect("start java"), target, cluster, folder }
    }

    /// Waits until the process has ended; `Err` with what it said if not well.
    fn end(&mut self) -> Result<(), String> {
        let status = self.process.wait().expect("wait for java");
        fs::write(self.folder.join("broker.log"), self.cluster.broker.log()).expect("keep the broker's log");
        let why = || format!("{:?}: {status}\n{}", self.target, self.read("log.txt"));
        if status.success() { Ok(()) } else { Err(why()) }
    }

    /// The masked transcript without the listed differences; those that were met go into `met`.
    fn transcript(&self, met: &mut HashSet<(usize, &'static str)>) -> Vec<Section> {
        let transcript = self.read("transcript.txt");
        assert!(transcript.trim_end().ends_with(SUBCOMMANDS), "not all 56 subcommands are there");
        let mut sections = sections(&transcript);
        for Section { command, lines } in &mut sections {
            for (index, difference) in DIFFERENCES.iter().enumerate() {
                let kept = lines.iter().filter_map(|line| difference.without(self.target, command, line)).collect();
                if *lines != kept {
                    met.insert((index, self.target.name()));
                    *lines = kept;
                }
            }
        }
        sections
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn sections(transcript: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in transcript.lines() {
        match (line.strip_prefix("== "), sections.last_mut()) {
            (Some(command), _) => sections.push(Section { command: command.into(), lines: Vec::new() }),
            (None, Some(section)) => section.lines.push(line.into()),
            (None, None) => panic!("a transcript begins with a command, not with {line}"),
        }
    }
    sections
}

/// Takes out the keys of a configuration that Java does not have; those that it has must be there.
fn drop_own_keys(java: &Section, skylark: &mut Section) {
    let key = |line: &String| line.split_once(" = ").map(|(key, _)| key.to_owned());
    if CONFIGURATIONS.iter().any(|command| java.command.starts_with(command)) {
        let known: HashSet<_> = java.lines.iter().map(key).collect();
        skylark.lines.retain(|line| known.contains(&key(line)));
    }
}

/// What each has that the other has not, equal lines counted; empty if they are the same.
fn difference(java: &Section, skylark: &Section) -> String {
    let only_in = |mark: char, lines: &[String], others: &[String]| {
        let mut left: Vec<_> = others.iter().collect();
        let is_met =
            |line: &&String| left.iter().position(|other| other == line).map(|index| left.remove(index)).is_none();
        lines.iter().filter(is_met).map(|line| format!("\n{mark} {line}")).collect::<String>()
    };
    if java.lines == skylark.lines {
        return String::new();
    }
    let (lost, added) = (only_in('-', &java.lines, &skylark.lines), only_in('+', &skylark.lines, &java.lines));
    let order = if lost.is_empty() && added.is_empty() { "\n  (another order)" } else { "" };
    format!("== {}{lost}{added}{order}\n", java.command)
}

#[test]
fn subcommands_show_what_they_show_of_java() {
    let program = java::program(CLIENT, "skylark.harness.MqadminTranscript");
    let mut runs = [Target::Java, Target::Skylark].map(|target| Run::start(target, &program));
    for end in runs.each_mut().map(Run::end) {
        end.unwrap_or_else(|why| panic!("{why}"));
    }
    let mut met = HashSet::new();
    let [java, mut skylark] = runs.each_ref().map(|run| run.transcript(&mut met));
    let commands = |sections: &[Section]| sections.iter().map(|one| one.command.clone()).collect::<Vec<_>>();
    assert_eq!(commands(&java), commands(&skylark), "the same commands were run");
    for (java, skylark) in java.iter().zip(&mut skylark) {
        drop_own_keys(java, skylark);
    }
    let different: Vec<_> = java.iter().zip(&skylark).map(|(java, skylark)| difference(java, skylark)).collect();
    let count = different.iter().filter(|text| !text.is_empty()).count();
    assert!(count == 0, "{count} of {} differ (- Java, + Skylark):\n{}", java.len(), different.concat());
    for (index, one) in DIFFERENCES.iter().enumerate() {
        for target in [Target::Java, Target::Skylark].into_iter().filter(|target| one.is_expected(*target)) {
            let what = match one.what {
                What::Lines(beginnings) => beginnings.join(", "),
                What::Words(words) => words.into(),
            };
            let is_met = met.contains(&(index, target.name()));
            assert!(is_met, "listed, but not met with {target:?}: {what} of {} ({})", one.commands, one.reason);
        }
    }
    println!("{} sections are the same but for {} listed differences", java.len(), DIFFERENCES.len());
}
