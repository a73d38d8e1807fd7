//! Members of a group are told when one comes or goes, however it goes. Each notice must come; when, is printed for those
//! who compare brokers (`-- --nocapture`, and COMPAT_TARGET=java for the reference).

use compat_tests::client::heartbeat;
use compat_tests::cluster::Cluster;
use compat_tests::frame::Request;
use compat_tests::script::Script;
use std::time::{Duration, Instant};

const NOTIFY_CONSUMER_IDS_CHANGED: i32 = 40;
const GROUP: &str = "CID_notices";
const ROUNDS: usize = 50;

#[test]
fn the_others_are_told_when_a_member_comes_or_goes() {
    let cluster = Cluster::start();
    let mut staying = cluster.broker_script();
    staying.send(joining("staying"));
    wait_for_notice(&mut staying);
    assert_eq!(staying.answer().code, 0, "the answer to its own heartbeat comes after the notice");
    let (mut coming, mut going) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut guest = cluster.broker_script();
        let came = Instant::now();
        guest.send(joining("guest"));
        wait_for_notice(&mut staying);
        coming.push(came.elapsed());
        staying.expect_silence();
        // Its connection just ends, as that of a process that is killed does.
        let went = Instant::now();
        drop(guest);
        wait_for_notice(&mut staying);
        going.push(went.elapsed());
        staying.expect_silence();
    }
    print("a member came", &mut coming);
    print("a member's connection ended", &mut going);
}

/// One notice and no second; skips the answer to the member's own heartbeat.
fn wait_for_notice(member: &mut Script) {
    loop {
        let frame = member.answer();
        if frame.flag & 1 == 0 {
            assert_eq!((frame.code, frame.field("consumerGroup")), (NOTIFY_CONSUMER_IDS_CHANGED, GROUP));
            return;
        }
        assert_eq!(frame.code, 0, "{frame:?}");
    }
}

fn joining(client_id: &str) -> Request {
    heartbeat(client_id, &[(GROUP.to_owned(), vec!["TBW102".to_owned()])], &[])
}

fn print(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!("{what}: {} notices after p50 {:?} p99 {:?} max {:?}", times.len(), at(50), at(99), at(100));
}
