//! What operators changed and what is counted for them, over a restart.

use std::fs;

use compat_tests::client::send_v2;
use compat_tests::cluster::{Cluster, Target};
use compat_tests::frame::request;
use compat_tests::script::{Script, answers};

const UPDATE_BROKER_CONFIG: i32 = 25;
const GET_BROKER_CONFIG: i32 = 26;
const GET_BROKER_RUNTIME_INFO: i32 = 28;

fn settings(broker: &mut Script) -> Vec<String> {
    let text = String::from_utf8(broker.ask(request(GET_BROKER_CONFIG)).body).expect("text");
    text.lines().map(str::to_owned).collect()
}

/// A figure of the runtime information.
fn figure(broker: &mut Script, name: &str) -> i64 {
    let body = broker.ask(request(GET_BROKER_RUNTIME_INFO)).body;
    let info: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    info["table"][name].as_str().and_then(|figure| figure.parse().ok()).unwrap_or_else(|| panic!("no {name} in {info}"))
}

#[test]
fn changed_settings_survive_a_kill_and_the_file_keeps_its_comments() {
    let mut cluster = Cluster::with(Target::asked(), &[("traceOn", "true")]);
    let file = cluster.broker.config();
    let before = fs::read_to_string(&file).expect("the file");
    fs::write(&file, format!("# the cellar's broker\n{before}")).expect("written");
    let change = "traceOn=false\nfileReservedTime=24\n";
    cluster.broker_script().send(request(UPDATE_BROKER_CONFIG).body(change)).expect(answers(0));

    let after = fs::read_to_string(&file).expect("the file");
    if cluster.target == Target::Skylark {
        // Java writes all it knows, in any order and without what was there.
        assert!(after.starts_with("# the cellar's broker\n"), "{after}");
        assert_eq!(after.lines().count(), before.lines().count() + 2, "a comment and a key more: {after}");
    }
    cluster.broker.kill();
    cluster.broker.launch_as_configured();
    cluster.broker.wait_ready().unwrap_or_else(|why| panic!("{why}"));
    let shown = settings(&mut cluster.broker_script());
    for line in ["traceOn=false", "fileReservedTime=24"] {
        assert!(shown.iter().any(|shown| shown == line), "{line} in {shown:?}");
    }
    let sent = cluster.broker_script().ask(send_v2("Settings"));
    assert_eq!((sent.code, sent.field("TRACE_ON")), (0, "false"));
}

#[test]
fn totals_of_the_day_go_on_after_a_restart() {
    if Target::asked() == Target::Java {
        return; // There they begin again at every start.
    }
    let mut cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    for _ in 0..3 {
        broker.send(send_v2("Totals")).expect(answers(0));
    }
    assert_eq!(figure(&mut broker, "msgPutTotalTodayNow"), 3);
    let today = figure(&mut broker, "msgPutTotalTodayMorning");
    cluster.broker.stop();
    cluster.broker.restart();
    let mut broker = cluster.broker_script();
    broker.send(send_v2("Totals")).expect(answers(0));
    assert_eq!(figure(&mut broker, "msgPutTotalTodayNow"), 4);
    // Unless midnight came in between.
    assert!([today, 3].contains(&figure(&mut broker, "msgPutTotalTodayMorning")));
}
