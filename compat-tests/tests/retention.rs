//! What is kept and what goes, over the wire: by hand, by the hour, by size; and disks that are full, by a limit and really.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use compat_tests::client::{Reader, properties, pull, send_v2};
use compat_tests::cluster::{Broker, Cluster, Namesrv, Target};
use compat_tests::frame::request;
use compat_tests::script::{Script, answers};
use compat_tests::wait_for;
use tempfile::TempDir;

const UPDATE_BROKER_CONFIG: i32 = 25;
const GET_BROKER_RUNTIME_INFO: i32 = 28;
const DELETE_EXPIRED_COMMITLOG: i32 = 329;
const SEGMENT_BYTES: u64 = 65536;
/// Two of them fill the smallest segment.
const BODY_BYTES: usize = 30_000;

fn change(broker: &mut Script, line: &str) {
    broker.send(request(UPDATE_BROKER_CONFIG).body(line)).expect(answers(0));
}

fn send_some(broker: &mut Script, count: usize) {
    for n in 0..count {
        let keys = properties(&[("KEYS", &format!("key{n}"))]);
        broker.send(send_v2("R").field("i", keys).body(vec![n as u8; BODY_BYTES])).expect(answers(0));
    }
}

fn segments(commit_log: &Path) -> usize {
    fs::read_dir(commit_log).map_or(0, Iterator::count)
}

/// The hour of the day where this machine is, and one that it will not be soon.
fn hours() -> (u32, u32) {
    let output = Command::new("date").arg("+%H").output().expect("run date");
    let hour: u32 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("an hour");
    (hour, (hour + 12) % 24)
}

/// Bytes from the log's beginning to its end.
fn log_bytes(reader: &mut Reader) -> u64 {
    let info: serde_json::Value =
        serde_json::from_slice(&reader.ask(request(GET_BROKER_RUNTIME_INFO)).body).expect("JSON");
    let at = |name: &str| info["table"][name].as_str().and_then(|text| text.parse::<u64>().ok()).expect("an offset");
    at("commitLogMaxOffset") - at("commitLogMinOffset")
}

/// Waits until no more than so many bytes are left, and checks that what lay before is gone for every reader.
fn expect_gone(cluster: &mut Cluster, reader: &mut Reader, bytes_left: u64, rule: &str) {
    wait_for("old messages are gone", || {
        (log_bytes(reader) <= bytes_left && cluster.broker.log().contains(rule)).then_some(())
    });
    let begin = reader.min_offset("R", 0);
    let end = reader.max_offset("R", 0);
    let moved = answers(21).remark("OFFSET_TOO_SMALL").field("nextBeginOffset", begin).field("maxOffset", end);
    cluster.broker_script().send(pull("R", 0, begin - 1)).expect(moved);
    assert_eq!(reader.drain("R", 0, begin).len() as i64, end - begin);
}

#[test]
fn old_segments_go_by_hand_by_the_hour_and_by_size() {
    let (now, later) = hours();
    let mut cluster = Cluster::with(
        Target::Skylark,
        &[
            ("mappedFileSizeCommitLog", &SEGMENT_BYTES.to_string()),
            ("cleanResourceInterval", "50"),
            ("deleteCommitLogFilesInterval", "1"),
            ("deleteWhen", &later.to_string()),
        ],
    );
    let mut broker = cluster.broker_script();
    let mut reader = Reader::open(&cluster.broker.address());
    let commit_log = cluster.broker.store().join("commitlog");
    send_some(&mut broker, 12);
    assert_eq!((reader.min_offset("R", 0), reader.query("R", "key0", false).len()), (0, 1));

    change(&mut broker, "fileReservedTime=0");
    broker.send(request(DELETE_EXPIRED_COMMITLOG)).expect(answers(0));
    expect_gone(&mut cluster, &mut reader, SEGMENT_BYTES, "fileReservedTime=0, asked for by an operator");
    assert!(segments(&commit_log) <= 2, "{} files", segments(&commit_log));
    assert_eq!(reader.query("R", "key0", false).len(), 0, "its key is gone too");

    change(&mut broker, "fileReservedTime=72");
    change(&mut broker, "commitLogMaxBytes=200000");
    send_some(&mut broker, 12);
    expect_gone(&mut cluster, &mut reader, 200_000, "commitLogMaxBytes=200000");

    change(&mut broker, "commitLogMaxBytes=0");
    change(&mut broker, "fileReservedTime=0");
    change(&mut broker, &format!("deleteWhen={now:02};{:02}", (now + 1) % 24));
    send_some(&mut broker, 12);
    expect_gone(&mut cluster, &mut reader, SEGMENT_BYTES, "fileReservedTime=0, deleteWhen=");
    change(&mut broker, &format!("deleteWhen={later}"));
    change(&mut broker, "fileReservedTime=72");

    let bounds = |reader: &mut Reader| (reader.min_offset("R", 0), reader.max_offset("R", 0));
    let before = bounds(&mut reader);
    cluster.broker.kill();
    cluster.broker.restart();
    assert_eq!(bounds(&mut Reader::open(&cluster.broker.address())), before);
}

#[test]
fn without_room_sends_get_14_and_pulls_their_messages() {
    let cluster =
        Cluster::with(Target::Skylark, &[("cleanResourceInterval", "50"), ("cleanFileForciblyEnable", "false")]);
    let mut broker = cluster.broker_script();
    let mut reader = Reader::open(&cluster.broker.address());
    send_some(&mut broker, 3);
    for (limit, none) in
        [("diskFreeBytesMin=1000000000000000000", "diskFreeBytesMin=0"), ("commitLogMaxBytes=1", "commitLogMaxBytes=0")]
    {
        change(&mut broker, limit);
        let refused =
            wait_for("the broker refuses", || Some(broker.ask(send_v2("R"))).filter(|answer| answer.code != 0));
        assert!(refused.code == 14 && format!("{refused:?}").contains(limit), "{refused:?}");
        let end = reader.max_offset("R", 0);
        assert_eq!(reader.drain("R", 0, 0).len() as i64, end, "reads go on");
        change(&mut broker, none);
        wait_for("the broker takes messages again", || (broker.ask(send_v2("R")).code == 0).then_some(()));
        assert!(reader.max_offset("R", 0) > end);
    }
}

/// A file system of its own; gone with this handle.
struct Mounted(TempDir);

impl Mounted {
    /// None where this process may not mount.
    fn new(bytes: u64) -> Option<Mounted> {
        let folder = TempDir::new().expect("create a temp folder");
        let size = format!("size={bytes}");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "skylark-test"]).arg(folder.path()).output();
        mount.is_ok_and(|output| output.status.success()).then_some(Mounted(folder))
    }

    /// Takes all room but `left` bytes, as another program may.
    fn fill(&self, left: u64) -> PathBuf {
        let path = self.0.path().join("not-of-the-broker");
        let output = Command::new("df").args(["-B1", "--output=avail"]).arg(self.0.path()).output().expect("run df");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let free: u64 = text.lines().last().and_then(|line| line.trim().parse().ok()).expect("a number");
        let filled =
            Command::new("fallocate").arg("-l").arg(free.saturating_sub(left).max(1).to_string()).arg(&path).status();
        assert!(filled.expect("run fallocate").success());
        path
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

/// Sends until the answer is not 0; gives the bodies that were acknowledged.
fn send_until_refused(broker: &mut Script, acknowledged: &mut Vec<Vec<u8>>) -> String {
    loop {
        let body = format!("{} {}", acknowledged.len(), "x".repeat(BODY_BYTES)).into_bytes();
        let answer = broker.ask(send_v2("R").body(body.clone()));
        if answer.code != 0 {
            assert_eq!(answer.code, 14, "{answer:?}");
            return format!("{answer:?}");
        }
        acknowledged.push(body);
    }
}

#[test]
fn a_disk_that_is_really_full_loses_nothing_and_recovers() {
    let Some(disk) = Mounted::new(160 << 20) else {
        println!("skipped: this process may not mount a file system");
        return;
    };
    let store = disk.0.path().join("store").display().to_string();
    let namesrv = Namesrv::start(Target::Skylark);
    let settings = [
        ("storePathRootDir", store.as_str()),
        ("storePathCommitLog", &format!("{store}/commitlog")),
        ("mappedFileSizeCommitLog", "4194304"),
        ("cleanResourceInterval", "100"),
        // Nothing is deleted, and no limit but the disk's own is met.
        ("cleanFileForciblyEnable", "false"),
        ("diskSpaceWarningLevelRatio", "100"),
        ("diskMaxUsedSpaceRatio", "95"),
    ];
    let mut server = Broker::new(Target::Skylark, &namesrv.address, &settings);
    server.start();
    let (mut broker, mut acknowledged) = (Script::open(&server.address()), Vec::new());
    let other = disk.fill(40 << 20);
    let refused = send_until_refused(&mut broker, &mut acknowledged);
    println!("{} acknowledged before: {refused}", acknowledged.len());
    assert!(refused.contains("bytes are used") && acknowledged.len() > 10, "{refused}");
    // What the log left free is taken too.
    fs::remove_file(&other).expect("give room back");
    disk.fill(0);
    send_until_refused(&mut broker, &mut acknowledged);
    let mut reader = Reader::open(&server.address());
    assert_eq!(reader.drain("R", 0, 0).len(), acknowledged.len(), "reads go on");
    fs::remove_file(&other).expect("give room back");
    wait_for("messages are taken again", || (broker.ask(send_v2("R")).code == 0).then_some(()));
    server.kill();
    server.restart();
    let kept: Vec<_> = Reader::open(&server.address()).drain("R", 0, 0).into_iter().map(|record| record.body).collect();
    let lost = acknowledged.iter().filter(|body| !kept.contains(body)).count();
    assert_eq!(lost, 0, "of {} acknowledged", acknowledged.len());
}
