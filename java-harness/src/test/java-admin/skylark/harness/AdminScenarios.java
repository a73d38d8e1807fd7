package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.Set;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.admin.TopicOffset;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.common.protocol.body.ClusterInfo;
import org.apache.rocketmq.common.protocol.route.QueueData;
import org.apache.rocketmq.common.protocol.route.TopicRouteData;
import org.apache.rocketmq.common.subscription.SubscriptionGroupConfig;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Topics, groups and routes through the stock admin client. */
@Tag("header")
class AdminScenarios extends Clients {
    private static final String CLUSTER = "DefaultCluster";

    @Test
    @Tag("spine")
    void theClusterIsListed() throws Exception {
        ClusterInfo cluster = admin().examineBrokerClusterInfo();
        assertTrue(cluster.getClusterAddrTable().get(CLUSTER).contains("broker-a"));
        assertEquals(CLUSTER, cluster.getBrokerAddrTable().get("broker-a").getCluster());
        assertTrue(cluster.getBrokerAddrTable().get("broker-a").getBrokerAddrs().get(0L).startsWith("127.0.0.1:"));
    }

    @Test
    @Tag("spine")
    void aTopicIsCreatedChangedAndDeleted() throws Exception {
        DefaultMQAdminExt admin = admin();
        String broker = brokerAddress(admin);
        String topic = fresh("T");
        admin.createAndUpdateTopicConfig(broker, new TopicConfig(topic, 3, 2, 6));
        awaitQueues(admin, topic, 3, 2, 6);
        assertTrue(admin.fetchAllTopicList().getTopicList().contains(topic));
        assertTrue(admin.fetchTopicsByCLuster(CLUSTER).getTopicList().contains(topic));

        admin.createAndUpdateTopicConfig(broker, new TopicConfig(topic, 5, 5, 4));
        awaitQueues(admin, topic, 5, 5, 4);
        TopicConfig stored = Admin.topics(admin, broker).get(topic);
        assertEquals(5, stored.getWriteQueueNums());
        assertEquals(4, stored.getPerm());

        admin.deleteTopicInBroker(Collections.singleton(broker), topic);
        // A registration on its way brings the topic back; then it is deleted once more.
        Wait.until("topic is gone", () -> {
            Admin.deleteInNameServer(admin, topic);
            return !admin.fetchAllTopicList().getTopicList().contains(topic);
        });
        assertThrows(Exception.class, () -> admin.examineTopicRouteInfo(topic));
        assertFalse(Admin.topics(admin, broker).containsKey(topic));
    }

    @Test
    void aTopicWithoutWritePermissionRefusesSends() throws Exception {
        DefaultMQAdminExt admin = admin();
        String topic = fresh("T");
        admin.createAndUpdateTopicConfig(brokerAddress(admin), new TopicConfig(topic, 1, 1, 4));
        awaitQueues(admin, topic, 1, 1, 4);
        DefaultMQProducer producer = producer();
        assertThrows(Exception.class, () -> producer.send(message(topic, "A", "k", "x")));
    }

    @Test
    void aDeletedTopicThatComesBackBeginsEmpty() throws Exception {
        DefaultMQAdminExt admin = admin();
        String broker = brokerAddress(admin);
        String topic = topic(1);
        DefaultMQProducer producer = producer();
        Queues.fill(producer, topic, 0, 3);
        Queues.expectVisible(pullConsumer(), producer.fetchPublishMessageQueues(topic).get(0), 3);
        admin.deleteTopicInBroker(Collections.singleton(broker), topic);
        Admin.deleteInNameServer(admin, topic);
        admin.createAndUpdateTopicConfig(broker, new TopicConfig(topic, 1, 1, 6));
        awaitQueues(admin, topic, 1, 1, 6);
        DefaultMQProducer later = producer();
        assertEquals(0, later.send(message(topic, "A", "k", "new")).getQueueOffset());
    }

    @Test
    @Tag("spine")
    void theStatusOfATopicHasItsQueuesAndOffsets() throws Exception {
        DefaultMQAdminExt admin = admin();
        DefaultMQProducer producer = producer();
        String topic = topic(2);
        long before = System.currentTimeMillis();
        Queues.fill(producer, topic, 0, 5);
        Wait.until("offsets 3 and 2 in the status", () -> admin.examineTopicStats(topic).getOffsetTable().values().stream()
            .mapToLong(TopicOffset::getMaxOffset).sum() == 5);
        for (MessageQueue queue : producer.fetchPublishMessageQueues(topic)) {
            TopicOffset offset = admin.examineTopicStats(topic).getOffsetTable().get(queue);
            assertEquals(0, offset.getMinOffset());
            assertTrue(offset.getMaxOffset() == 2 || offset.getMaxOffset() == 3);
            assertTrue(offset.getLastUpdateTimestamp() >= before - 60_000);
        }
    }

    @Test
    @Tag("spine")
    void aGroupIsCreatedChangedAndDeleted() throws Exception {
        DefaultMQAdminExt admin = admin();
        String broker = brokerAddress(admin);
        SubscriptionGroupConfig group = new SubscriptionGroupConfig();
        group.setGroupName(fresh("CID"));
        group.setRetryMaxTimes(5);
        group.setConsumeBroadcastEnable(false);
        admin.createAndUpdateSubscriptionGroupConfig(broker, group);
        SubscriptionGroupConfig stored = admin.getAllSubscriptionGroup(broker, 5000).getSubscriptionGroupTable().get(group.getGroupName());
        assertEquals(5, stored.getRetryMaxTimes());
        assertFalse(stored.isConsumeBroadcastEnable());

        group.setRetryMaxTimes(9);
        admin.createAndUpdateSubscriptionGroupConfig(broker, group);
        assertEquals(9, admin.getAllSubscriptionGroup(broker, 5000).getSubscriptionGroupTable().get(group.getGroupName()).getRetryMaxTimes());

        admin.deleteSubscriptionGroup(broker, group.getGroupName());
        assertFalse(admin.getAllSubscriptionGroup(broker, 5000).getSubscriptionGroupTable().containsKey(group.getGroupName()));
    }

    @Test
    void theServersOwnTopicsAreNotDeleted() throws Exception {
        DefaultMQAdminExt admin = admin();
        String broker = brokerAddress(admin);
        assertThrows(Exception.class, () -> admin.deleteTopicInBroker(Collections.singleton(broker), "TBW102"));
        Set<String> topics = Admin.topics(admin, broker).keySet();
        assertTrue(topics.contains("TBW102") && topics.contains("SELF_TEST_TOPIC") && topics.contains("broker-a"));
    }

    @Test
    void keysAndValuesOfTheNameServer() throws Exception {
        DefaultMQAdminExt admin = admin();
        String namespace = fresh("NS");
        admin.createAndUpdateKvConfig(namespace, "colour", "blau ü");
        assertEquals("blau ü", admin.getKVConfig(namespace, "colour"));
        assertEquals("{colour=blau ü}", admin.getKVListByNamespace(namespace).getTable().toString());
        admin.deleteKvConfig(namespace, "colour");
        assertThrows(Exception.class, () -> admin.getKVConfig(namespace, "colour"));
    }

    @Test
    void theOrderConfigurationIsKeptByTheNameServer() throws Exception {
        DefaultMQAdminExt admin = admin();
        String topic = fresh("T");
        admin.createOrUpdateOrderConf(topic, "broker-a:2", false);
        admin.createOrUpdateOrderConf(topic, "broker-b:3", false);
        String[] parts = admin.getKVConfig("ORDER_TOPIC_CONFIG", topic).split(";");
        Arrays.sort(parts);
        assertEquals("[broker-a:2, broker-b:3]", Arrays.toString(parts));
    }

    private DefaultMQAdminExt admin() throws Exception {
        DefaultMQAdminExt admin = configure(new DefaultMQAdminExt(fresh("ADMIN")));
        atEnd(admin::shutdown);
        admin.start();
        // Client 4.3.0 may connect twice at its start and break its first request.
        Wait.until("the admin client is connected", () -> admin.fetchAllTopicList() != null);
        return admin;
    }

    private static String brokerAddress(DefaultMQAdminExt admin) throws Exception {
        return admin.examineBrokerClusterInfo().getBrokerAddrTable().get("broker-a").getBrokerAddrs().get(0L);
    }

    private static void awaitQueues(DefaultMQAdminExt admin, String topic, int read, int write, int perm) throws Exception {
        Wait.until("route of " + topic, () -> {
            TopicRouteData route = admin.examineTopicRouteInfo(topic);
            QueueData queues = route.getQueueDatas().get(0);
            return queues.getReadQueueNums() == read && queues.getWriteQueueNums() == write && queues.getPerm() == perm;
        });
    }
}
