package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.protocol.body.Connection;
import org.apache.rocketmq.common.protocol.body.ConsumerConnection;
import org.apache.rocketmq.common.protocol.body.ConsumerRunningInfo;
import org.apache.rocketmq.common.protocol.heartbeat.ConsumeType;
import org.apache.rocketmq.common.protocol.heartbeat.MessageModel;
import org.apache.rocketmq.common.subscription.SubscriptionGroupConfig;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;
import org.junit.jupiter.api.Test;

/** The pages Consumer and Producer of the console. */
class ConsoleConsumerScenarios extends Console {
    @Test
    void anOnlineGroupShowsItsClients() throws Exception {
        DefaultMQAdminExt admin = admin();
        String topic = filled(producer(), 2, 4);
        String group = fresh("CID");
        Received received = new Received();
        DefaultMQPushConsumer consumer = online(admin, group, topic, received.listener());
        received.awaitCount(4);
        ConsumerConnection clients = admin.examineConsumerConnectionInfo(group);
        assertEquals(ConsumeType.CONSUME_PASSIVELY, clients.getConsumeType());
        assertEquals(MessageModel.CLUSTERING, clients.getMessageModel());
        assertEquals("*", clients.getSubscriptionTable().get(topic).getSubString());
        Connection client = clients.getConnectionSet().iterator().next();
        assertEquals(consumer.buildMQClientId(), client.getClientId());
        assertTrue(client.getClientAddr().startsWith("127.0.0.1:"), client.getClientAddr());
        ConsumerRunningInfo running = admin.getConsumerRunningInfo(group, client.getClientId(), true);
        assertEquals(group, running.getProperties().getProperty("consumerGroup"));
        assertEquals(2, running.getMqTable().keySet().stream().filter(queue -> queue.getTopic().equals(topic)).count());
        assertTrue(running.getJstack().contains("TID:"));
        assertEquals(1, codeOf(() -> admin.getConsumerRunningInfo(group, "nobody", false)));
    }

    @Test
    void groupsWithoutClientsSaySo() throws Exception {
        DefaultMQAdminExt admin = admin();
        String never = fresh("CID");
        assertEquals(17, codeOf(() -> admin.examineConsumerConnectionInfo(never)));
        assertEquals(17, codeOf(() -> admin.examineConsumeStats(never)));
        String gone = gone(admin, filled(producer(), 1, 2), 2);
        assertEquals(206, codeOf(() -> admin.examineConsumerConnectionInfo(gone)));
        assertEquals(0, admin.examineConsumeStats(gone).computeTotalDiff());
        assertTrue(admin.getAllSubscriptionGroup(broker(admin), 5000).getSubscriptionGroupTable().containsKey(gone));
    }

    @Test
    void aBroadcastingGroupHasNoOffsetsAtTheBroker() throws Exception {
        DefaultMQAdminExt admin = admin();
        String topic = filled(producer(), 1, 2);
        String group = fresh("CID");
        Received received = new Received();
        DefaultMQPushConsumer consumer = newPushConsumer(group);
        Modes.broadcasting(consumer);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener(received.listener());
        consumer.start();
        Wait.until("the group is online", () -> admin.examineConsumerConnectionInfo(group).getMessageModel() == MessageModel.BROADCASTING);
        assertEquals(206, codeOf(() -> admin.examineConsumeStats(group)));
    }

    @Test
    void aGroupIsConfiguredAndDeleted() throws Exception {
        DefaultMQAdminExt admin = admin();
        String name = fresh("CID");
        SubscriptionGroupConfig group = group(name);
        group.setRetryMaxTimes(7);
        group.setRetryQueueNums(2);
        admin.createAndUpdateSubscriptionGroupConfig(broker(admin), group);
        Map<String, SubscriptionGroupConfig> all = admin.getAllSubscriptionGroup(broker(admin), 5000).getSubscriptionGroupTable();
        assertEquals(7, all.get(name).getRetryMaxTimes());
        assertEquals(2, all.get(name).getRetryQueueNums());
        admin.deleteSubscriptionGroup(broker(admin), name);
        assertFalse(admin.getAllSubscriptionGroup(broker(admin), 5000).getSubscriptionGroupTable().containsKey(name));
    }

    @Test
    void theClientsOfAProducerGroupAreShown() throws Exception {
        DefaultMQAdminExt admin = admin();
        DefaultMQProducer producer = producer();
        String topic = filled(producer, 1, 1);
        Wait.until("the producer is known",
            () -> codeOf(() -> admin.examineProducerConnectionInfo(producer.getProducerGroup(), topic)) == 0);
        Connection client = admin.examineProducerConnectionInfo(producer.getProducerGroup(), topic).getConnectionSet().iterator().next();
        assertEquals(producer.buildMQClientId(), client.getClientId());
        assertEquals(1, codeOf(() -> admin.examineProducerConnectionInfo(fresh("PID"), topic)));
    }
}
