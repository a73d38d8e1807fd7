//! The broker as operators see it (28).

use std::collections::BTreeMap;
use std::sync::Arc;

use skylark_protocol::body::{self, KvTable};
use skylark_protocol::command::SERVER_VERSION;
use skylark_protocol::request::GetBrokerRuntimeInfo;

use super::slave_sync::delay_progress;
use crate::broker::Broker;
use crate::broker::refusal::blocking;
use crate::clock::now_ms;
use crate::remoting::{Incoming, Refusal, Reply};

/// Figures about the broker, all as text under Java's names.
pub(crate) async fn get_broker_runtime_info(
    broker: Arc<Broker>,
    _request: Incoming<GetBrokerRuntimeInfo>,
) -> Result<Reply<GetBrokerRuntimeInfo>, Refusal> {
    let table = blocking(move || {
        let mut info = BTreeMap::new();
        describe_version(&mut info);
        describe_traffic(&broker, &mut info);
        describe_queues_of_java(&mut info);
        describe_log(&broker, &mut info)?;
        describe_disk(&broker, &mut info);
        Ok(KvTable { table: info })
    });
    Ok(Reply::body(Default::default(), body::encode(&table.await?)))
}

type Info = BTreeMap<String, String>;

fn set(info: &mut Info, name: &str, value: impl ToString) {
    info.insert(name.to_owned(), value.to_string());
}

fn describe_version(info: &mut Info) {
    set(info, "brokerVersion", SERVER_VERSION);
    set(info, "brokerVersionDesc", "V4_9_8");
}

fn describe_traffic(broker: &Broker, info: &mut Info) {
    let stats = &broker.stats;
    let totals = stats.snapshot();
    let [yesterday, today, now] = stats.days();
    let (send_longest, pull_longest) = stats.longest_ms();
    // Java: never 0, it is divided by
    let puts = totals.put_messages.max(1);
    set(info, "bootTimestamp", stats.booted_ms);
    set(info, "runtime", runtime(now_ms() - stats.booted_ms));
    set(info, "putMessageTimesTotal", puts);
    set(info, "putMessageFailedTimes", totals.put_failed);
    set(info, "putMessageSizeTotal", totals.put_bytes);
    set(info, "putMessageAverageSize", format!("{:?}", totals.put_bytes as f64 / puts as f64));
    set(info, "putMessageDistributeTime", stats.send_time_bands());
    set(info, "putMessageEntireTimeMax", send_longest);
    set(info, "getMessageEntireTimeMax", pull_longest);
    set(info, "putLatency99", format!("{:.2}", stats.send_time_ms(0.99)));
    set(info, "putLatency999", format!("{:.2}", stats.send_time_ms(0.999)));
    set(info, "putTps", stats.rate(|totals| totals.put_messages));
    set(info, "getFoundTps", stats.rate(|totals| totals.pulls_found));
    set(info, "getMissTps", stats.rate(|totals| totals.pulls_missed));
    set(info, "getTotalTps", stats.rate(|totals| totals.pulls_found + totals.pulls_missed));
    set(info, "getTransferedTps", stats.rate(|totals| totals.got_messages));
    set(info, "msgPutTotalYesterdayMorning", yesterday.0);
    set(info, "msgPutTotalTodayMorning", today.0);
    set(info, "msgPutTotalTodayNow", now.0);
    set(info, "msgGetTotalYesterdayMorning", yesterday.1);
    set(info, "msgGetTotalTodayMorning", today.1);
    set(info, "msgGetTotalTodayNow", now.1);
}

/// Thread pools and their queues: there are none here, so they are always empty; tools expect the names.
fn describe_queues_of_java(info: &mut Info) {
    for (pool, capacity) in [("sendThreadPool", 10_000), ("pullThreadPool", 100_000), ("queryThreadPool", 20_000)] {
        set(info, &format!("{pool}QueueSize"), 0);
        set(info, &format!("{pool}QueueCapacity"), capacity);
        set(info, &format!("{pool}QueueHeadWaitTimeMills"), 0);
    }
    set(info, "EndTransactionQueueSize", 0);
    set(info, "EndTransactionThreadPoolQueueCapacity", 100_000);
    set(info, "remainTransientStoreBufferNumbs", i32::MAX);
    set(info, "startAcceptSendRequestTimeStamp", 0);
    // The log is folded before a send is answered: nothing ever waits to be dispatched.
    set(info, "dispatchBehindBytes", 0);
    set(info, "dispatchMaxBuffer", 0);
    set(info, "pageCacheLockTimeMills", 0);
}

fn describe_log(broker: &Broker, info: &mut Info) -> Result<(), crate::store::StoreError> {
    let (min, max) = broker.store.log_bounds();
    set(info, "commitLogMinOffset", min);
    set(info, "commitLogMaxOffset", max);
    set(info, "remainHowManyDataToFlush", readable_bytes(broker.store.unflushed_bytes()));
    // Java: a level of which nothing was delivered yet is not told.
    for level in delay_progress(broker)?.iter().filter(|level| level.delivered > 0) {
        let progress = format!("{},{}", level.delivered, level.max);
        set(info, &format!("scheduleMessageOffset_{}", level.level), progress);
    }
    set(info, "earliestMessageTimeStamp", broker.store.earliest_message_time()?.unwrap_or(-1));
    Ok(())
}

fn describe_disk(broker: &Broker, info: &mut Info) {
    let Ok([(log, usage), _]) = broker.store.disk_usage() else { return };
    let used = f64::from(usage.percent()) / 100.0;
    set(info, "commitLogDiskRatio", used);
    set(info, &format!("commitLogDiskRatio_{}", log.display()), used);
    set(info, "consumeQueueDiskRatio", used);
    let text = format!("Total : {}, Free : {}.", readable_bytes(usage.total), readable_bytes(usage.available));
    set(info, "commitLogDirCapacity", text);
}

/// Java: StoreStatsService.getFormatRuntime
fn runtime(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    format!("[ {days} days, {hours} hours, {minutes} minutes, {} seconds ]", seconds % 60)
}

/// Java: MixAll.humanReadableByteCount with powers of 1024
fn readable_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let power = (63 - bytes.leading_zeros()) / 10;
    format!("{:.1} {}", bytes as f64 / 1024_f64.powi(power.cast_signed()), UNITS[power as usize - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_java_writes_them() {
        assert_eq!(runtime(90_061_000), "[ 1 days, 1 hours, 1 minutes, 1 seconds ]");
        assert_eq!(readable_bytes(512), "512 B");
        assert_eq!(readable_bytes(1536), "1.5 KiB");
        assert_eq!(readable_bytes(10 << 30), "10.0 GiB");
    }
}
