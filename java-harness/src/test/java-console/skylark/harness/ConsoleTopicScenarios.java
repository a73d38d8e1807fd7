package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.admin.ConsumeStats;
import org.apache.rocketmq.common.admin.OffsetWrapper;
import org.apache.rocketmq.common.admin.RollbackStats;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.common.protocol.body.TopicList;
import org.apache.rocketmq.common.protocol.route.QueueData;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;
import org.junit.jupiter.api.Test;

/** The page Topic of the console: the list, and each button in it. */
class ConsoleTopicScenarios extends Console {
    @Test
    void systemTopicsAreToldFromOthers() throws Exception {
        DefaultMQAdminExt admin = admin();
        String topic = topic(1);
        Set<String> all = admin.fetchAllTopicList().getTopicList();
        DefaultMQProducer selfTest = configure(new DefaultMQProducer("SELF_TEST_P_GROUP"));
        atEnd(selfTest::shutdown);
        selfTest.start();
        TopicList system = selfTest.getDefaultMQProducerImpl().getmQClientFactory().getMQClientAPIImpl().getSystemTopicList(20_000);
        assertTrue(all.contains(topic) && all.contains("TBW102"));
        for (String name : new String[] {"TBW102", "SELF_TEST_TOPIC", "SCHEDULE_TOPIC_XXXX", "OFFSET_MOVED_EVENT", "BenchmarkTest",
            "RMQ_SYS_TRANS_HALF_TOPIC", "RMQ_SYS_TRACE_TOPIC", CLUSTER, "broker-a", CLUSTER + "_REPLY_TOPIC"}) {
            assertTrue(system.getTopicList().contains(name), name);
        }
        assertFalse(system.getTopicList().contains(topic));
    }

    @Test
    void aTopicIsAddedConfiguredAndDeleted() throws Exception {
        DefaultMQAdminExt admin = admin();
        String broker = broker(admin);
        String topic = fresh("T");
        for (int queues : new int[] {2, 4}) {
            admin.createAndUpdateTopicConfig(broker, new TopicConfig(topic, queues, queues, 6));
            Wait.until("the router shows the queues", () -> {
                QueueData route = admin.examineTopicRouteInfo(topic).getQueueDatas().get(0);
                return route.getReadQueueNums() == queues && route.getWriteQueueNums() == queues && route.getPerm() == 6;
            });
            assertEquals(queues, Admin.topics(admin, broker).get(topic).getWriteQueueNums());
            assertEquals(queues, admin.examineTopicStats(topic).getOffsetTable().size());
        }
        admin.deleteTopicInBroker(Collections.singleton(broker), topic);
        Wait.until("the topic is gone", () -> {
            Admin.deleteInNameServer(admin, topic);
            return !admin.fetchAllTopicList().getTopicList().contains(topic);
        });
        assertFalse(Admin.topics(admin, broker).containsKey(topic));
        assertEquals(17, codeOf(() -> admin.examineTopicRouteInfo(topic)));
        assertEquals(17, codeOf(() -> admin.examineTopicStats(topic)));
    }

    @Test
    void aMessageIsSentFromThePageAndTraced() throws Exception {
        DefaultMQAdminExt admin = admin();
        String topic = topic(1);
        DefaultMQProducer page = configure(new DefaultMQProducer("SELF_TEST_P_GROUP", true));
        page.setVipChannelEnabled(true);
        atEnd(page::shutdown);
        page.start();
        SendResult sent = page.send(message(topic, "A", "from-page", "body"));
        assertEquals(SendStatus.SEND_OK, sent.getSendStatus());
        assertNotNull(sent.getOffsetMsgId());
        assertEquals("DefaultRegion", sent.getRegionId());
        assertTrue(sent.isTraceOn());
        Wait.until("its trace is found by its id",
            () -> !admin.queryMessage("RMQ_SYS_TRACE_TOPIC", sent.getMsgId(), 64, 0, Long.MAX_VALUE).getMessageList().isEmpty());
        Wait.until("its trace is found by its key",
            () -> !admin.queryMessage("RMQ_SYS_TRACE_TOPIC", "from-page", 64, 0, Long.MAX_VALUE).getMessageList().isEmpty());
    }

    @Test
    void theGroupsOfATopicAreShownWithTheirOffsets() throws Exception {
        DefaultMQAdminExt admin = admin();
        String topic = filled(producer(), 2, 5);
        String gone = gone(admin, topic, 5);
        String online = fresh("CID");
        Received received = new Received();
        online(admin, online, topic, received.listener());
        received.awaitCount(5);
        awaitConsumed(admin, online, topic, 5);
        assertTrue(admin.queryTopicConsumeByWho(topic).getGroupList().contains(gone));
        assertTrue(admin.queryTopicConsumeByWho(topic).getGroupList().contains(online));
        for (String group : new String[] {gone, online}) {
            ConsumeStats stats = admin.examineConsumeStats(group, topic);
            assertEquals(2, stats.getOffsetTable().size());
            for (OffsetWrapper offset : stats.getOffsetTable().values()) {
                assertEquals(offset.getBrokerOffset(), offset.getConsumerOffset());
                assertTrue(offset.getLastTimestamp() > 0);
            }
        }
    }

    /** The console resets by the brokers, and queue by queue where nobody is online. */
    @Test
    void offsetsAreResetWhetherTheGroupIsOnlineOrNot() throws Exception {
        DefaultMQAdminExt admin = admin();
        String topic = filled(producer(), 2, 6);
        Received received = new Received();
        String online = fresh("CID");
        online(admin, online, topic, received.listener());
        received.awaitCount(6);
        awaitConsumed(admin, online, topic, 6);
        Map<MessageQueue, Long> reset = admin.resetOffsetByTimestamp(topic, online, 0, true);
        assertEquals(2, reset.size());
        assertTrue(reset.values().stream().allMatch(offset -> offset == 0), reset.toString());
        received.awaitCount(12);
        awaitConsumed(admin, online, topic, 6);

        String gone = gone(admin, topic, 6);
        assertEquals(206, codeOf(() -> admin.resetOffsetByTimestamp(topic, gone, 0, true)));
        List<RollbackStats> rolled = admin.resetOffsetByTimestampOld(gone, topic, 0, true);
        assertEquals(2, rolled.size());
        for (RollbackStats queue : rolled) {
            assertEquals(3, queue.getBrokerOffset());
            assertEquals(0, queue.getRollbackOffset());
        }
        assertEquals(0, consumed(admin.examineConsumeStats(gone, topic)));
        // Skip what has accumulated.
        admin.resetOffsetByTimestampOld(gone, topic, -1, true);
        assertEquals(6, consumed(admin.examineConsumeStats(gone, topic)));
    }
}
