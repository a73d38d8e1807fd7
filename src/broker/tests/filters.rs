//! Subscriptions by SQL92 expression, over sockets.

use skylark_protocol::body::CheckClientRequestBody;

use super::*;

fn sql(pull: PullMessage) -> PullMessage {
    PullMessage { expression_type: Some("SQL92".into()), ..pull }
}

fn subscription(expression_type: &str, expression: &str, version: i64) -> SubscriptionData {
    SubscriptionData {
        topic: "T".into(),
        expression_type: expression_type.into(),
        sub_string: expression.into(),
        sub_version: version,
        ..SubscriptionData::default()
    }
}

/// Bodies of the messages in a pull's answer.
fn bodies(answer: &Answer<PullMessage>) -> Vec<String> {
    records(&answer.body).into_iter().map(|(_, body, _)| body).collect()
}

async fn start_with_messages() -> Fixture {
    let broker = start().await;
    for body in ["1", "2", "3"] {
        broker.send("T", 0, &format!("a\u{1}{body}\u{2}TAGS\u{1}A"), body).await;
    }
    broker
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_brings_what_its_expression_wants() {
    let broker = start_with_messages().await;
    let some = broker.ask(sql(pull("T", 0, "a > 1 AND TAGS = 'A'")), "").await;
    assert_eq!((some.code, some.header.next_begin_offset), (SUCCESS, 3));
    assert_eq!(bodies(&some), ["2", "3"]);
    let none = broker.ask(sql(pull("T", 0, "a > 3")), "").await;
    assert_eq!((none.code, none.header.next_begin_offset), (PULL_RETRY_IMMEDIATELY, 3));
    check_pull(&broker, sql(pull("T", 0, "")), SUBSCRIPTION_PARSE_FAILED, "parse the consumer's subscription failed")
        .await;
    let wrong = sql(pull("T", 0, "a > 'x'"));
    check_pull(&broker, wrong, SUBSCRIPTION_PARSE_FAILED, "parse the consumer's subscription failed: Value 'x'").await;
    let unknown = PullMessage { expression_type: Some("SQL99".into()), ..pull("T", 0, "a > 1") };
    check_pull(&broker, unknown, SUBSCRIPTION_PARSE_FAILED, "parse the consumer's subscription failed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_pull_sleeps_through_what_its_expression_does_not_want() {
    let broker = start_with_messages().await;
    let waiting = new_client();
    let (address, request) = (broker.address.clone(), sql(long_pull("T", 3, "a > 10", Duration::from_secs(8))));
    let held = tokio::spawn(async move { waiting.call(&address, &request, Bytes::new(), TIMEOUT).await });
    broker.wait_for_held_pull().await;
    let began = Instant::now();
    for value in ["5", "x", "11"] {
        broker.send("T", 0, &format!("a\u{1}{value}"), value).await;
    }
    let pulled = held.await.expect("no panic").expect("an answer");
    assert_eq!((pulled.code, bodies(&pulled)), (SUCCESS, vec!["11".to_owned()]));
    assert!(began.elapsed() < Duration::from_secs(4), "woken, not timed out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_pull_ends_behind_what_it_did_not_want() {
    let broker = start_with_messages().await;
    let waiting = new_client();
    let (address, request) = (broker.address.clone(), sql(long_pull("T", 3, "a > 10", Duration::from_millis(500))));
    let held = tokio::spawn(async move { waiting.call(&address, &request, Bytes::new(), TIMEOUT).await });
    broker.wait_for_held_pull().await;
    let began = Instant::now();
    broker.send("T", 0, "a\u{1}5", "5").await;
    let nothing = held.await.expect("no panic").expect("an answer");
    assert!(began.elapsed() >= Duration::from_millis(200), "an unwanted message ends no held pull");
    assert_eq!((bodies(&nothing).len(), nothing.header.next_begin_offset), (0, 4));
}

/// The heartbeat of group G, which subscribes to T by this expression.
fn announce(expression: &str, version: i64) -> Vec<u8> {
    let consumer = ConsumerData {
        group_name: "G".into(),
        subscription_data_set: vec![subscription("SQL92", expression, version)],
        ..ConsumerData::default()
    };
    body::encode(&HeartbeatData {
        client_id: "one".into(),
        consumer_data_set: vec![consumer],
        producer_data_set: Vec::new(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_expression_is_used_until_a_newer_one_comes() {
    let broker = start_with_messages().await;
    let announced = |version| PullMessage { sys_flag: 0, sub_version: version, ..pull("T", 0, "") };
    assert_eq!(broker.ask(HeartBeat, announce("a = 2", 1)).await.code, SUCCESS);
    assert_eq!(bodies(&broker.ask(announced(1), "").await), ["2"]);
    assert_eq!(broker.ask(HeartBeat, announce("a <> 2", 2)).await.code, SUCCESS);
    assert_eq!(bodies(&broker.ask(announced(2), "").await), ["1", "3"]);
    assert_eq!(broker.ask(HeartBeat, announce("a ==", 3)).await.code, SUCCESS);
    check_pull(&broker, announced(3), FILTER_DATA_NOT_EXIST, "The broker's consumer filter data is not exist!").await;
}

async fn retries_pulled(broker: &Fixture) -> Vec<String> {
    assert_eq!(broker.ask(HeartBeat, announce("a > 1", 1)).await.code, SUCCESS);
    for (origin, body) in [("T", "1"), ("T", "2"), ("U", "1 of an unknown topic")] {
        let properties = format!("a\u{1}{}\u{2}RETRY_TOPIC\u{1}{origin}", &body[..1]);
        assert_eq!(broker.send("%RETRY%G", 0, &properties, body).await.code, SUCCESS);
    }
    bodies(&broker.ask(pull("%RETRY%G", 0, "*"), "").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_are_filtered_again_only_where_the_configuration_says_so() {
    let all = retries_pulled(&start().await).await;
    assert_eq!(all, ["1", "2", "1 of an unknown topic"]);
    let wanted = retries_pulled(&start_with(|config| config.filter_support_retry = true).await).await;
    assert_eq!(wanted, ["2", "1 of an unknown topic"]);
}

async fn check_config(broker: &Fixture, expression_type: &str, expression: &str, code: i32, remark: &str) {
    let request = CheckClientRequestBody {
        client_id: "one".into(),
        group: "G".into(),
        subscription_data: subscription(expression_type, expression, 1),
    };
    let answer = broker.ask(CheckClientConfig, body::encode(&request)).await;
    let said = answer.remark.unwrap_or_default();
    assert_eq!(answer.code, code, "{expression_type} {expression}: {said}");
    assert!(said.starts_with(remark), "{expression_type} {expression}: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_learns_at_its_start_whether_its_expression_can_be_read() {
    let broker = start().await;
    check_config(&broker, "TAG", "a ||", SUCCESS, "").await;
    check_config(&broker, "SQL92", "a BETWEEN 1 AND 5", SUCCESS, "").await;
    check_config(&broker, "SQL92", "a ==", SUBSCRIPTION_PARSE_FAILED, "Encountered \"=\" at line 1, column 4").await;
    check_config(&broker, "SQL92", "", SUBSCRIPTION_PARSE_FAILED, "").await;
    check_config(&broker, "SQL99", "a", SUBSCRIPTION_PARSE_FAILED, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expressions_can_be_forbidden() {
    let broker = start_with(|config| config.enable_property_filter = false).await;
    broker.send("T", 0, "a\u{1}1", "x").await;
    let refused = "The broker does not support consumer to filter message by SQL92";
    check_pull(&broker, sql(pull("T", 0, "a > 1")), SYSTEM_ERROR, refused).await;
    check_config(&broker, "SQL92", "a > 1", SYSTEM_ERROR, refused).await;
    check_pull(&broker, pull("T", 0, "*"), SUCCESS, "FOUND").await;
}
