package skylark.harness;

import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.admin.ConsumeStats;
import org.apache.rocketmq.common.admin.OffsetWrapper;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.common.subscription.SubscriptionGroupConfig;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** The admin client as the console has it, by way of the VIP port unless told otherwise, and what several pages need. */
class Console extends Clients {
    static final String CLUSTER = "DefaultCluster";

    DefaultMQAdminExt admin() throws Exception {
        DefaultMQAdminExt admin = configure(new DefaultMQAdminExt(fresh("ADMIN")));
        admin.setVipChannelEnabled(true);
        atEnd(admin::shutdown);
        admin.start();
        return admin;
    }

    static String broker(DefaultMQAdminExt admin) throws Exception {
        return admin.examineBrokerClusterInfo().getBrokerAddrTable().get("broker-a").selectBrokerAddr();
    }

    /** Online, from the first message on, once the broker knows it. */
    DefaultMQPushConsumer online(DefaultMQAdminExt admin, String group, String topic, MessageListenerConcurrently listener) throws Exception {
        DefaultMQPushConsumer consumer = newPushConsumer(group);
        // What the broker makes when a group comes; a consumer that finds none at its start looks again half a minute later.
        admin.createAndUpdateTopicConfig(broker(admin), new org.apache.rocketmq.common.TopicConfig("%RETRY%" + group, 1, 1, 6));
        Wait.until("route of the group's retries", () -> admin.examineTopicRouteInfo("%RETRY%" + group) != null);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener(listener);
        consumer.start();
        Wait.until("the group is online", () -> !admin.examineConsumerConnectionInfo(group).getConnectionSet().isEmpty());
        return consumer;
    }

    /** A group that has consumed so many messages of the topic, and is gone. */
    String gone(DefaultMQAdminExt admin, String topic, int count) throws Exception {
        String group = fresh("CID");
        Received received = new Received();
        DefaultMQPushConsumer consumer = online(admin, group, topic, received.listener());
        received.awaitCount(count);
        consumer.shutdown();
        awaitConsumed(admin, group, topic, count);
        Wait.until("the group is gone", () -> codeOf(() -> admin.examineConsumerConnectionInfo(group)) != 0);
        return group;
    }

    /** Until the group's stored offsets in the topic add up to that. */
    static void awaitConsumed(DefaultMQAdminExt admin, String group, String topic, long count) throws InterruptedException {
        Wait.until(group + " has consumed " + count, () -> consumed(admin.examineConsumeStats(group, topic)) == count);
    }

    static long consumed(ConsumeStats stats) {
        return stats.getOffsetTable().values().stream().mapToLong(OffsetWrapper::getConsumerOffset).sum();
    }

    /** So many messages on a topic of its own, over its queues in turn. */
    String filled(DefaultMQProducer producer, int queues, int count) throws Exception {
        String topic = topic(queues);
        Queues.fill(producer, topic, 0, count);
        List<MessageQueue> all = new ArrayList<>(producer.fetchPublishMessageQueues(topic));
        for (int n = 0; n < queues; n++) {
            Queues.expectVisible(pullConsumer(), all.get(n), count / queues + (n < count % queues ? 1 : 0));
        }
        return topic;
    }

    static SubscriptionGroupConfig group(String name) {
        SubscriptionGroupConfig group = new SubscriptionGroupConfig();
        group.setGroupName(name);
        return group;
    }

    /** Something that may be refused. */
    interface Call {
        Object call() throws Exception;
    }

    /** The code of the refusal as the console shows it; 0 if there is none. */
    static int codeOf(Call call) {
        try {
            call.call();
            return 0;
        } catch (org.apache.rocketmq.client.exception.MQClientException refused) {
            return refused.getResponseCode();
        } catch (org.apache.rocketmq.client.exception.MQBrokerException refused) {
            return refused.getResponseCode();
        } catch (Exception other) {
            throw new AssertionError(other);
        }
    }
}
