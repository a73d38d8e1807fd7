//! How long the questions of operators and their tools take with 10,000 topics and 2,000 groups. Prints figures; asserts none.
//!
//! ```sh
//! cargo test -p compat-tests --test admin_scale -- --ignored --nocapture     # COMPAT_TARGET=java for the reference
//! ```

use std::time::{Duration, Instant};

use compat_tests::client::{Reader, code, create_topic, heartbeat, send_v2};
use compat_tests::cluster::Cluster;
use compat_tests::frame::{Request, request};
use compat_tests::script::Script;
use compat_tests::wait_for;

const TOPICS: usize = 10_000;
const GROUPS: usize = 2_000;
/// Groups of them that are online, so many to a client.
const ONLINE: usize = 400;
const GROUPS_A_CLIENT: usize = 20;
/// Topics that a group consumes, one of which all do.
const TOPICS_A_GROUP: usize = 6;
const QUEUES: usize = 4;
/// Requests under way at once while the state is made.
const BURST: usize = 200;

#[test]
#[ignore = "measures, and takes a minute"]
fn ten_thousand_topics_and_two_thousand_groups() {
    let cluster = Cluster::start();
    let mut broker = cluster.broker_script();
    let mut namesrv = cluster.namesrv_script();
    make("topics made", &mut broker, (0..TOPICS).map(|n| create_topic(&topic(n), QUEUES as i32, 6)));
    make("groups made", &mut broker, (0..GROUPS).map(|n| request(200).body(group_config(&group(n)))));
    make("messages sent", &mut broker, (0..TOPICS).map(|n| send_v2(&topic(n))));
    make("offsets committed", &mut broker, (0..GROUPS).flat_map(commits));
    let _clients: Vec<Script> = (0..ONLINE / GROUPS_A_CLIENT).map(|client| go_online(&cluster, client)).collect();
    let mut reader = Reader::open(&cluster.broker.address());
    wait_for("the last message is visible", || (reader.max_offset(&topic(TOPICS - 1), 0) == 1).then_some(()));

    println!("one question                     slowest ms        bytes");
    let of_broker = [21, 201, 305, 28, 43, 26].map(|code| (code, request(code)));
    for (code, question) in of_broker.into_iter().chain([(317, request(317).field("isOrder", false))]) {
        ask("broker", code, &mut broker, question);
    }
    for code in [206, 304, 106] {
        ask("NameServer", code, &mut namesrv, request(code));
    }
    println!("a question for each                   in all ms   slowest ms");
    each("300 of each topic", &mut broker, (0..TOPICS).map(|n| request(300).field("topic", topic(n))));
    each("202 of each topic", &mut broker, (0..TOPICS).map(|n| request(202).field("topic", topic(n))));
    each("105 of each topic", &mut namesrv, (0..TOPICS).map(|n| request(105).field("topic", topic(n))));
    each("208 of each group", &mut broker, (0..GROUPS).map(|n| request(208).field("consumerGroup", group(n))));
    each("203 of each group", &mut broker, (0..GROUPS).map(|n| request(203).field("consumerGroup", group(n))));
    each("38 of each group", &mut broker, (0..GROUPS).map(|n| request(38).field("consumerGroup", group(n))));
    each("17 of a topic more", &mut broker, (0..20).map(|n| create_topic(&format!("More{n}"), 4, 6)));
    each("215 of a topic", &mut broker, (0..20).map(|n| request(215).field("topic", format!("More{n}"))));
}

fn topic(n: usize) -> String {
    format!("ScaleTopic{n:05}")
}

fn group(n: usize) -> String {
    format!("ScaleGroup{n:04}")
}

fn topics_of(n: usize) -> impl Iterator<Item = String> {
    (0..TOPICS_A_GROUP).map(move |k| topic(if k == 0 { 0 } else { (n * TOPICS_A_GROUP + k) % TOPICS }))
}

fn commits(n: usize) -> Vec<Request> {
    let queues = topics_of(n).flat_map(|topic| (0..QUEUES).map(move |queue| (topic.clone(), queue)));
    let commit = |(topic, queue): (String, usize)| {
        let of_queue = request(code::UPDATE_CONSUMER_OFFSET).field("topic", topic).field("queueId", queue);
        of_queue.field("consumerGroup", group(n)).field("commitOffset", usize::from(queue == 0))
    };
    queues.map(commit).collect()
}

fn group_config(group: &str) -> String {
    format!(r#"{{"groupName":"{group}","consumeEnable":true,"retryMaxTimes":16,"retryQueueNums":1}}"#)
}

fn go_online(cluster: &Cluster, client: usize) -> Script {
    let groups = client * GROUPS_A_CLIENT..(client + 1) * GROUPS_A_CLIENT;
    let consumes: Vec<_> = groups.map(|n| (group(n), topics_of(n).collect())).collect();
    let mut script = cluster.broker_script();
    script.send(heartbeat(&format!("c{client}@1"), &consumes, &[]).opaque(1));
    while script.answer().opaque != 1 {}
    script
}

/// Sends all requests, many at once, and says how long that took.
fn make(what: &str, broker: &mut Script, requests: impl Iterator<Item = Request>) {
    let (began, mut count) = (Instant::now(), 0);
    let mut requests = requests.peekable();
    while requests.peek().is_some() {
        let burst: Vec<_> = requests.by_ref().take(BURST).map(|request| request.bytes()).collect();
        broker.send_bytes(&burst.concat());
        for _ in burst {
            let answer = broker.answer();
            assert!([0, 11, 10].contains(&answer.code), "{what}: {answer:?}");
            count += 1;
        }
    }
    println!("{count} {what} in {} ms", began.elapsed().as_millis());
}

fn timed(server: &mut Script, question: Request) -> (Duration, usize) {
    let began = Instant::now();
    let answer = server.ask(question);
    (began.elapsed(), answer.body.len())
}

/// The slowest of five.
fn ask(server_name: &str, code: i32, server: &mut Script, question: Request) {
    let slowest = (0..5).map(|_| timed(server, question.clone())).max().expect("five answers");
    println!("{server_name:10} {code:5} {:26.1} {:12}", slowest.0.as_secs_f64() * 1000.0, slowest.1);
}

fn each(what: &str, server: &mut Script, questions: impl Iterator<Item = Request>) {
    let times: Vec<Duration> = questions.map(|question| timed(server, question).0).collect();
    let (all, slowest) = (times.iter().sum::<Duration>(), times.iter().max().expect("an answer"));
    println!("{what:20} {:26.0} {:12.1}", all.as_secs_f64() * 1000.0, slowest.as_secs_f64() * 1000.0);
}
