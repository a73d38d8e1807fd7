//! One counter over a minute, an hour and a day (315).

use std::sync::Arc;

use skylark_protocol::body::{self, BrokerStatsData, BrokerStatsItem};
use skylark_protocol::request::ViewBrokerStatsData;

use crate::broker::Broker;
use crate::broker::stats::{Meter, Span};
use crate::remoting::{Incoming, Refusal, Reply};

/// The counter called `statsName` of `statsKey`.
pub(crate) async fn view_broker_stats_data(
    broker: Arc<Broker>,
    request: Incoming<ViewBrokerStatsData>,
) -> Result<Reply<ViewBrokerStatsData>, Refusal> {
    let ViewBrokerStatsData { stats_name, stats_key, .. } = &request.header;
    let Some(data) = find(&broker, stats_name, stats_key) else {
        return Err(Refusal::system_error(format!("The stats <{stats_name}> <{stats_key}> not exist")));
    };
    Ok(Reply::body(Default::default(), body::encode(&data)))
}

fn find(broker: &Broker, name: &str, key: &str) -> Option<BrokerStatsData> {
    let stats = &broker.stats;
    let is_cluster = key == broker.config().cluster_name;
    match name {
        "TOPIC_PUT_NUMS" => stats.topic_put(key).map(|meter| messages(&meter)),
        "TOPIC_PUT_SIZE" => stats.topic_put(key).map(|meter| bytes(&meter)),
        "GROUP_GET_NUMS" => stats.group_got(key).map(|meter| messages(&meter)),
        "GROUP_GET_SIZE" => stats.group_got(key).map(|meter| bytes(&meter)),
        "GROUP_GET_LATENCY" => stats.pull_times(key).map(|meter| messages(&meter)),
        "SNDBCK_PUT_NUMS" => stats.group_sent_back(key).map(|meter| messages(&meter)),
        "BROKER_PUT_NUMS" if is_cluster => Some(uncounted(messages(&stats.broker_put))),
        "BROKER_GET_NUMS" if is_cluster => Some(uncounted(messages(&stats.broker_get))),
        _ => None,
    }
}

fn messages(meter: &Meter) -> BrokerStatsData {
    data(|span| meter.messages(span))
}

fn bytes(meter: &Meter) -> BrokerStatsData {
    data(|span| meter.bytes(span))
}

/// Java counts no calls of the whole broker, so there is nothing a call.
fn uncounted(mut data: BrokerStatsData) -> BrokerStatsData {
    for item in [&mut data.stats_day, &mut data.stats_hour, &mut data.stats_minute] {
        item.avgpt = 0.0;
    }
    data
}

fn data(of: impl Fn(Span) -> crate::broker::stats::Figure) -> BrokerStatsData {
    let item = |span| {
        let figure = of(span);
        BrokerStatsItem {
            avgpt: figure.per_call,
            sum: i64::try_from(figure.sum).unwrap_or(i64::MAX),
            tps: figure.per_second,
        }
    };
    BrokerStatsData { stats_day: item(Span::Day), stats_hour: item(Span::Hour), stats_minute: item(Span::Minute) }
}
