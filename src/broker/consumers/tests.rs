//! Tests of the table.

use super::*;

fn member(client_id: &str) -> Member {
    Member {
        peer: Peer::detached(([127, 0, 0, 1], 1234).into()),
        client_id: client_id.into(),
        language: Language::Java,
        version: 407,
        seen: Instant::now(),
        seen_ms: 0,
    }
}

fn data(group: &str, subscriptions: &[(&str, &str, i64)]) -> ConsumerData {
    ConsumerData {
        group_name: group.into(),
        subscription_data_set: subscriptions
            .iter()
            .map(|&(topic, sub_string, sub_version)| SubscriptionData {
                topic: topic.into(),
                sub_string: sub_string.into(),
                sub_version,
                ..SubscriptionData::default()
            })
            .collect(),
        ..ConsumerData::default()
    }
}

fn check_told(changed: Option<Changed>, expected: &[&Member]) {
    let told: HashSet<u64> = changed.into_iter().flat_map(|changed| changed.members).map(|peer| peer.id()).collect();
    assert_eq!(told, expected.iter().map(|member| member.peer.id()).collect());
}

#[test]
fn a_join_is_told_to_all_members_the_new_one_too() {
    let consumers = Consumers::default();
    let (a, b) = (member("a"), member("b"));
    check_told(consumers.join(a.clone(), data("G", &[("T", "*", 1)])), &[&a]);
    check_told(consumers.join(a.clone(), data("G", &[("T", "*", 1)])), &[]);
    check_told(consumers.join(b.clone(), data("G", &[("T", "*", 1)])), &[&a, &b]);
    check_told(consumers.leave("G", &a.peer), &[&b]);
    assert_eq!(consumers.client_ids("G"), ["b"]);
}

#[test]
fn a_closed_connection_leaves_all_its_groups() {
    let consumers = Consumers::default();
    let (a, b) = (member("a"), member("b"));
    consumers.join(a.clone(), data("G", &[("T", "*", 1)]));
    consumers.join(b.clone(), data("G", &[("T", "*", 1)]));
    consumers.join(a.clone(), data("H", &[]));
    let mut changed = consumers.closed(&a.peer);
    changed.sort_by(|one, other| one.group.cmp(&other.group));
    assert_eq!(
        changed.iter().map(|changed| (changed.group.as_str(), changed.members.len())).collect::<Vec<_>>(),
        [("G", 1), ("H", 0)]
    );
    assert!(consumers.group("H").is_none());
    assert!(consumers.closed(&a.peer).is_empty());
}

#[test]
fn a_topic_that_comes_or_goes_is_a_change_and_a_version_is_not() {
    let consumers = Consumers::default();
    let a = member("a");
    consumers.join(a.clone(), data("G", &[("T", "*", 1)]));
    check_told(consumers.join(a.clone(), data("G", &[("T", "*", 1), ("U", "*", 1)])), &[&a]);
    check_told(consumers.join(a.clone(), data("G", &[("U", "A", 2)])), &[&a]);
    check_told(consumers.join(a.clone(), data("G", &[("U", "B", 1)])), &[]);
    assert!(consumers.subscription("G", "T").is_none());
    assert_eq!(consumers.subscription("G", "U").map(|sub| sub.data.sub_string.clone()).as_deref(), Some("A"));
    assert_eq!(consumers.groups_of_topic("U"), ["G"]);
}

#[test]
fn silent_members_expire() {
    let consumers = Consumers::default();
    let (a, mut b) = (member("a"), member("b"));
    b.seen = Instant::now().checked_sub(Duration::from_secs(121)).expect("the machine is up for two minutes");
    consumers.join(a.clone(), data("G", &[]));
    consumers.join(b.clone(), data("G", &[]));
    let (expired, changed) = consumers.expire(Duration::from_secs(120));
    assert_eq!(expired, [b.peer.clone()]);
    assert_eq!(changed.len(), 1);
    assert_eq!(consumers.client_ids("G"), ["a"]);
}
