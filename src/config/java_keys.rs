//! Keys that stock servers of version 4.9.8 know and that have no effect here: thread pools, page caches and other
//! machinery that this server does not have, and features it does not have yet.

use super::settings::JavaKey;

/// A key with Java's default. Where that counts processors it is the one of four.
const fn key(key: &'static str, default: &'static str) -> JavaKey {
    JavaKey { key, default: Some(default), live: false }
}

/// The same for a key that a command may change.
const fn live(key: &'static str, default: &'static str) -> JavaKey {
    JavaKey { key, default: Some(default), live: true }
}

/// A key that has no value in Java either until it is given one.
const fn unset(key: &'static str) -> JavaKey {
    JavaKey { key, default: None, live: false }
}

/// Keys of a broker.
pub(super) const BROKER: &[JavaKey] = &[
    unset("rocketmqHome"),
    key("messageStorePlugIn", ""),
    key("sendMessageThreadPoolNums", "4"),
    key("putMessageFutureThreadPoolNums", "4"),
    key("pullMessageThreadPoolNums", "24"),
    key("processReplyMessageThreadPoolNums", "24"),
    key("queryMessageThreadPoolNums", "12"),
    key("adminBrokerThreadPoolNums", "16"),
    key("clientManageThreadPoolNums", "32"),
    key("consumerManageThreadPoolNums", "32"),
    key("heartbeatThreadPoolNums", "4"),
    key("endTransactionThreadPoolNums", "16"),
    key("flushConsumerOffsetHistoryInterval", "60000"),
    key("fetchNamesrvAddrByAddressServer", "false"),
    key("sendThreadPoolQueueCapacity", "10000"),
    key("putThreadPoolQueueCapacity", "10000"),
    key("pullThreadPoolQueueCapacity", "100000"),
    key("replyThreadPoolQueueCapacity", "10000"),
    key("queryThreadPoolQueueCapacity", "20000"),
    key("clientManagerThreadPoolQueueCapacity", "1000000"),
    key("consumerManagerThreadPoolQueueCapacity", "1000000"),
    key("heartbeatThreadPoolQueueCapacity", "50000"),
    key("endTransactionPoolQueueCapacity", "100000"),
    key("filterServerNums", "0"),
    key("highSpeedMode", "false"),
    key("commercialEnable", "true"),
    key("commercialTimerCount", "1"),
    key("commercialTransCount", "1"),
    key("commercialBigCount", "1"),
    key("commercialBaseCount", "1"),
    key("transferMsgByHeap", "true"),
    key("maxDelayTime", "40"),
    live("disableConsumeIfConsumerReadSlowly", "false"),
    live("consumerFallbehindThreshold", "17179869184"),
    live("brokerFastFailureEnable", "true"),
    live("waitTimeMillsInSendQueue", "200"),
    live("waitTimeMillsInPullQueue", "5000"),
    live("waitTimeMillsInHeartbeatQueue", "31000"),
    live("waitTimeMillsInTransactionQueue", "3000"),
    key("startAcceptSendRequestTimeStamp", "0"),
    key("enableCalcFilterBitMap", "false"),
    key("expectConsumerNumUseFilter", "32"),
    key("maxErrorRateOfBloomFilter", "20"),
    key("filterDataCleanTimeSpan", "86400000"),
    key("forceRegister", "true"),
    key("aclEnable", "false"),
    key("enableDetailStat", "true"),
    key("autoDeleteUnusedStats", "false"),
    key("isolateLogEnable", "false"),
];

/// Keys of a broker's store.
pub(super) const STORE: &[JavaKey] = &[
    unset("storePathDLedgerCommitLog"),
    unset("readOnlyCommitLogStorePaths"),
    key("mappedFileSizeConsumeQueue", "6000000"),
    key("enableConsumeQueueExt", "false"),
    key("mappedFileSizeConsumeQueueExt", "50331648"),
    key("bitMapLengthConsumeQueueExt", "112"),
    key("commitIntervalCommitLog", "200"),
    key("useReentrantLockWhenPutMessage", "true"),
    key("flushCommitLogTimed", "true"),
    key("flushIntervalConsumeQueue", "1000"),
    key("deleteConsumeQueueFilesInterval", "100"),
    key("destroyMapedFileIntervalForcibly", "120000"),
    key("redeleteHangedFileInterval", "120000"),
    key("putMsgIndexHightWater", "600000"),
    key("checkCRCOnRecover", "true"),
    key("flushCommitLogLeastPages", "4"),
    key("commitCommitLogLeastPages", "4"),
    key("flushLeastPagesWhenWarmMapedFile", "4096"),
    key("flushConsumeQueueLeastPages", "2"),
    key("flushCommitLogThoroughInterval", "10000"),
    key("commitCommitLogThoroughInterval", "200"),
    key("flushConsumeQueueThoroughInterval", "60000"),
    key("messageIndexEnable", "true"),
    key("maxHashSlotNum", "5000000"),
    key("maxIndexNum", "20000000"),
    key("maxMsgsNumBatch", "64"),
    key("messageIndexSafe", "false"),
    key("haSendHeartbeatInterval", "5000"),
    key("haHousekeepingInterval", "20000"),
    key("haTransferBatchSize", "32768"),
    unset("haMasterAddress"),
    live("haSlaveFallbehindMax", "268435456"),
    live("slaveTimeout", "3000"),
    key("flushDelayOffsetInterval", "10000"),
    key("warmMapedFileEnable", "false"),
    key("debugLockEnable", "false"),
    key("duplicationEnable", "false"),
    key("diskFallRecorded", "true"),
    key("defaultQueryMaxNum", "32"),
    key("transientStorePoolEnable", "false"),
    key("transientStorePoolSize", "5"),
    key("fastFailIfNoBufferInStorePool", "false"),
    key("enableDLegerCommitLog", "false"),
    unset("dLegerGroup"),
    unset("dLegerPeers"),
    unset("dLegerSelfId"),
    unset("preferredLeaderId"),
    key("isEnableBatchPush", "false"),
    key("enableScheduleMessageStats", "true"),
    key("enableLmq", "false"),
    key("enableMultiDispatch", "false"),
    key("maxLmqConsumeQueueNum", "20000"),
    key("enableScheduleAsyncDeliver", "false"),
    key("scheduleAsyncDeliverMaxPendingLimit", "2000"),
    key("scheduleAsyncDeliverMaxResendNum2Blocked", "3"),
];

/// Keys of a NameServer.
pub(super) const NAMESRV: &[JavaKey] =
    &[unset("rocketmqHome"), key("productEnvName", "center"), key("clusterTest", "false")];

/// Keys of the listening side of both servers.
pub(super) const SERVER: &[JavaKey] = &[
    key("serverWorkerThreads", "8"),
    key("serverCallbackExecutorThreads", "0"),
    key("serverSelectorThreads", "3"),
    key("serverOnewaySemaphoreValue", "256"),
    key("serverAsyncSemaphoreValue", "64"),
    key("serverSocketSndBufSize", "0"),
    key("serverSocketRcvBufSize", "0"),
    key("writeBufferHighWaterMark", "0"),
    key("writeBufferLowWaterMark", "0"),
    key("serverSocketBacklog", "1024"),
    key("serverPooledByteBufAllocatorEnable", "true"),
    key("useEpollNativeSelector", "false"),
];

/// Keys of a broker's own connections.
pub(super) const CLIENT: &[JavaKey] = &[
    key("clientWorkerThreads", "4"),
    key("clientCallbackExecutorThreads", "4"),
    key("clientOnewaySemaphoreValue", "65535"),
    key("clientAsyncSemaphoreValue", "65535"),
    key("connectTimeoutMillis", "3000"),
    key("channelNotActiveInterval", "60000"),
    key("clientChannelMaxIdleTimeSeconds", "120"),
    key("clientSocketSndBufSize", "0"),
    key("clientSocketRcvBufSize", "0"),
    key("clientPooledByteBufAllocatorEnable", "false"),
    key("clientCloseSocketIfTimeout", "true"),
    key("useTLS", "false"),
];
