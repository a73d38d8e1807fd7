package skylark.harness;

import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.ClientConfig;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.admin.ConsumeStats;
import org.apache.rocketmq.common.admin.OffsetWrapper;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.common.protocol.heartbeat.MessageModel;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/**
 * Clients and messages of every kind, brought about in the same way and waited for, so that the next look at two servers
 * finds the same. The clients stay until the process ends.
 */
final class MqadminState {
    /** A consumer that gets it keeps it until the end. */
    private static final String HELD = "Held";
    private static final int QUEUES = 4;
    private static final int HOUR_TWO = 18;
    private static final int ONE_SECOND = 1;

    final DefaultMQAdminExt admin;
    private final MqadminNames names;
    private final DefaultMQProducer producer;

    MqadminState(MqadminNames names) throws Exception {
        this.names = names;
        admin = configure(new DefaultMQAdminExt("admin"), "admin");
        admin.start();
        producer = configure(new DefaultMQProducer("Orders-Producer"), "producer-1");
        producer.start();
        names.put("ip", producer.getClientIP());
    }

    /** A consumer stores its first offsets ten seconds after its start: all are started before one is waited for. */
    void prepare() throws Exception {
        retryTopics();
        pairOfConsumers();
        pullingGroup();
        broadcastingGroup();
        orderlyGroup();
        DefaultMQPushConsumer failing = failingGroup();
        SendResult traced = traces();
        orders();
        offlineGroup();
        deadLetters();
        transactions();
        delays();
        awaitConsumed("Online", "Orders", 6 * QUEUES, 3 * QUEUES);
        awaitConsumed("Orderly", "Ordered", 4, 4);
        awaitConsumed("Failing", "%RETRY%Failing", 2, 2);
        failing.shutdown();
        Wait.until("the consumer is gone", () -> isOffline("Failing"));
        awaitConsumed("Tracing", "Traced", 1, 1);
        awaitTraces(traced, 3);
        for (String group : new String[] {"Online", "Pulling", "Broadcast", "Orderly", "Tracing"}) {
            Wait.until(group + " is online", () -> !isOffline(group));
        }
    }

    /** As the broker makes them when a group comes; a consumer that finds none at its start looks again half a minute later. */
    private void retryTopics() throws Exception {
        for (String group : new String[] {"Online", "Orderly", "Failing", "Tracing"}) {
            String topic = "%RETRY%" + group;
            admin.createAndUpdateTopicConfig(names.get("broker"), new TopicConfig(topic, 1, 1, 6));
            Wait.until("route of " + topic, () -> admin.examineTopicRouteInfo(topic) != null);
        }
    }

    /** Online, each with two of the four queues. */
    private void pairOfConsumers() throws Exception {
        DefaultMQPushConsumer first = consumer("Online", "online-1", "Orders", "TagA || TagB || " + HELD);
        DefaultMQPushConsumer second = consumer("Online", "online-2", "Orders", "TagA || TagB || " + HELD);
        for (DefaultMQPushConsumer consumer : new DefaultMQPushConsumer[] {first, second}) {
            consumer.registerMessageListener((MessageListenerConcurrently) (batch, context) -> {
                if (batch.stream().anyMatch(message -> HELD.equals(message.getTags()))) {
                    keepForEver();
                }
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
            consumer.start();
        }
        Wait.until("both consumers have two queues", () -> queuesOf(first, "Orders") == 2 && queuesOf(second, "Orders") == 2);
    }

    /** Six messages a queue, of which the consumers take three and hold the fourth. */
    private void orders() throws Exception {
        names.putTime("before", now());
        for (int n = 0; n < 3 * QUEUES; n++) {
            named("k" + n, producer.send(order(n, n % 2 == 0 ? "TagA" : "TagB"), queue("Orders", n % QUEUES)));
        }
        long last = now();
        // A search by time finds the nearer of two messages.
        Wait.until("the next messages are nearer", () -> now() > last + 2_000);
        names.putTime("between", now());
        for (int n = 3 * QUEUES; n < 6 * QUEUES; n++) {
            named("k" + n, producer.send(order(n, n < 4 * QUEUES ? HELD : "TagC"), queue("Orders", n % QUEUES)));
        }
    }

    /** Has consumed two messages of each queue, and is gone. */
    private void offlineGroup() throws Exception {
        DefaultMQPullConsumer consumer = configure(new DefaultMQPullConsumer("Offline"), "offline-1");
        consumer.start();
        for (MessageQueue queue : consumer.fetchSubscribeMessageQueues("Orders")) {
            consumer.updateConsumeOffset(queue, 2);
            consumer.getDefaultMQPullConsumerImpl().getOffsetStore().persist(queue);
        }
        Wait.until("the consumer is known", () -> admin.examineConsumerConnectionInfo("Offline") != null);
        consumer.shutdown();
        awaitConsumed("Offline", "Orders", 6 * QUEUES, 2 * QUEUES);
        Wait.until("the consumer is gone", () -> isOffline("Offline"));
    }

    private void pullingGroup() throws Exception {
        DefaultMQPullConsumer consumer = configure(new DefaultMQPullConsumer("Pulling"), "pulling-1");
        consumer.registerMessageQueueListener("Orders", null);
        consumer.start();
        Wait.until("the consumer is known",
            () -> admin.examineConsumerConnectionInfo("Pulling").getSubscriptionTable().containsKey("Orders"));
    }

    private void broadcastingGroup() throws Exception {
        DefaultMQPushConsumer consumer = consumer("Broadcast", "broadcast-1", "Orders", "*");
        consumer.setMessageModel(MessageModel.BROADCASTING);
        consumer.registerMessageListener((MessageListenerConcurrently) (batch, context) -> ConsumeConcurrentlyStatus.CONSUME_SUCCESS);
        consumer.start();
        Wait.until("the consumer is known", () -> admin.examineConsumerConnectionInfo("Broadcast") != null);
    }

    private void orderlyGroup() throws Exception {
        for (int n = 0; n < 4; n++) {
            producer.send(new Message("Ordered", "Step", "step" + n, body("step " + n)), queue("Ordered", n % 2));
        }
        DefaultMQPushConsumer consumer = consumer("Orderly", "orderly-1", "Ordered", "*");
        consumer.registerMessageListener((MessageListenerOrderly) (batch, context) -> ConsumeOrderlyStatus.SUCCESS);
        consumer.start();
    }

    private DefaultMQPushConsumer failingGroup() throws Exception {
        DefaultMQPushConsumer consumer = consumer("Failing", "failing-1", "Retried", "*");
        consumer.setMaxReconsumeTimes(1);
        consumer.registerMessageListener((MessageListenerConcurrently) (batch, context) -> {
            context.setDelayLevelWhenNextConsume(ONE_SECOND);
            return ConsumeConcurrentlyStatus.RECONSUME_LATER;
        });
        consumer.start();
        return consumer;
    }

    /** Two messages on which their group fails twice. */
    private void deadLetters() throws Exception {
        for (int n = 0; n < 2; n++) {
            named("fail" + n, producer.send(new Message("Retried", "TagA", "fail" + n, body("fails")), queue("Retried", 0)));
            awaitMessages("%DLQ%Failing", n + 1);
        }
    }

    /** One committed, one rolled back, one committed when asked for. */
    private void transactions() throws Exception {
        TransactionMQProducer payments = configure(new TransactionMQProducer("Payments-Producer"), "payments-1");
        payments.setTransactionListener(new TransactionListener() {
            @Override
            public LocalTransactionState executeLocalTransaction(Message message, Object outcome) {
                return (LocalTransactionState) outcome;
            }

            @Override
            public LocalTransactionState checkLocalTransaction(MessageExt message) {
                return LocalTransactionState.COMMIT_MESSAGE;
            }
        });
        payments.start();
        pay(payments, "committed", LocalTransactionState.COMMIT_MESSAGE);
        pay(payments, "rolled-back", LocalTransactionState.ROLLBACK_MESSAGE);
        awaitMessages("Payments", 1);
        pay(payments, "asked", LocalTransactionState.UNKNOW);
        awaitMessages("Payments", 2);
    }

    private void pay(TransactionMQProducer payments, String key, LocalTransactionState outcome) throws Exception {
        named(key, payments.sendMessageInTransaction(new Message("Payments", "Pay", key, body(key)), outcome));
    }

    /** One delivered after its second, one that waits for hours. */
    private void delays() throws Exception {
        for (int level : new int[] {ONE_SECOND, HOUR_TWO}) {
            Message message = new Message("Delayed", "TagA", "level" + level, body("later"));
            message.setDelayTimeLevel(level);
            named("level" + level, producer.send(message));
        }
        awaitMessages("Delayed", 1);
    }

    /** A message whose sending and consuming are traced. */
    private SendResult traces() throws Exception {
        DefaultMQPushConsumer consumer = configure(new DefaultMQPushConsumer("Tracing", true), "tracing-1");
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe("Traced", "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (batch, context) -> ConsumeConcurrentlyStatus.CONSUME_SUCCESS);
        consumer.start();
        DefaultMQProducer traced = configure(new DefaultMQProducer("Traced-Producer", true), "traced-1");
        traced.start();
        SendResult sent = traced.send(new Message("Traced", "TagA", "traced", body("traced")));
        named("traced", sent);
        return sent;
    }

    /** A trace message holds several traces, each with a byte 2 at its end. */
    private void awaitTraces(SendResult sent, int count) throws InterruptedException {
        Wait.until(count + " traces", () -> admin.queryMessage("RMQ_SYS_TRACE_TOPIC", sent.getMsgId(), 64, 0, now())
            .getMessageList().stream().mapToLong(message -> new String(message.getBody()).chars().filter(c -> c == 2).count()).sum() >= count);
    }

    /** Java takes samples every ten seconds, and counts from the first on. */
    void keepBusyUntilCounted() throws InterruptedException {
        Wait.until("messages are counted", () -> {
            producer.send(new Message("Busy", body("more")));
            return admin.viewBrokerStatsData(names.get("broker"), "TOPIC_PUT_NUMS", "Busy").getStatsMinute().getSum() > 0;
        });
    }

    /** Until the group has that offset, all queues of the topic together. */
    void awaitConsumed(String group, String topic, long brokerOffset, long consumerOffset) throws InterruptedException {
        Wait.until(group + " consumed " + consumerOffset + " of " + brokerOffset + " in " + topic, () -> {
            ConsumeStats stats = admin.examineConsumeStats(group, topic);
            long has = stats.getOffsetTable().values().stream().mapToLong(OffsetWrapper::getBrokerOffset).sum();
            long read = stats.getOffsetTable().values().stream().mapToLong(OffsetWrapper::getConsumerOffset).sum();
            return has == brokerOffset && read == consumerOffset;
        });
    }

    /** Until the topic has so many messages, all its queues together. */
    void awaitMessages(String topic, long count) throws InterruptedException {
        Wait.until(count + " messages in " + topic,
            () -> admin.examineTopicStats(topic).getOffsetTable().values().stream().mapToLong(offset -> offset.getMaxOffset()).sum() == count);
    }

    private DefaultMQPushConsumer consumer(String group, String instance, String topic, String tags) throws MQClientException {
        DefaultMQPushConsumer consumer = configure(new DefaultMQPushConsumer(group), instance);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, tags);
        return consumer;
    }

    private <C extends ClientConfig> C configure(C client, String instance) {
        client.setNamesrvAddr(names.get("namesrv"));
        client.setInstanceName(instance);
        client.setPersistConsumerOffsetInterval(500);
        names.put(instance, clientId(client));
        return client;
    }

    private void named(String name, SendResult sent) {
        names.put(name, sent.getMsgId());
        if (sent.getOffsetMsgId() != null) {
            names.put(name + ".offset", sent.getOffsetMsgId());
        }
    }

    private boolean isOffline(String group) throws Exception {
        try {
            admin.examineConsumerConnectionInfo(group);
            return false;
        } catch (MQClientException | org.apache.rocketmq.client.exception.MQBrokerException offline) {
            return true;
        }
    }

    private static long queuesOf(DefaultMQPushConsumer consumer, String topic) {
        return consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
            .filter(queue -> queue.getTopic().equals(topic)).count();
    }

    private static Message order(int n, String tag) {
        return new Message("Orders", tag, "k" + n, body("order " + n));
    }

    private static MessageQueue queue(String topic, int id) {
        return new MessageQueue(topic, "broker-a", id);
    }

    private static byte[] body(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String clientId(ClientConfig client) {
        return client.buildMQClientId();
    }

    private static long now() {
        return System.currentTimeMillis();
    }

    private static void keepForEver() {
        synchronized (HELD) {
            while (true) {
                try {
                    HELD.wait();
                } catch (InterruptedException shutdown) {
                    return;
                }
            }
        }
    }
}
