package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The push consumer: what it receives, where it begins, how a group shares. */
class PushScenarios extends Clients {
    @Test
    @Tag("spine")
    @Tag("header")
    void everyMessageArrivesAsItWasSent() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(4);
        Received received = consume(fresh("CID"), topic, "*");
        for (int n = 0; n < 40; n++) {
            Message message = message(topic, "Tag" + n % 3, "k" + n, "body " + n);
            message.putUserProperty("number", "n" + n);
            producer.send(message);
        }
        received.awaitCount(40);
        assertEquals(keys(0, 40), received.keys());
        MessageExt one = received.withKey("k17");
        assertEquals("Tag2", one.getTags());
        assertEquals("body 17", new String(one.getBody()));
        assertEquals("n17", one.getUserProperty("number"));
        assertEquals(0, one.getReconsumeTimes());
        assertTrue(one.getStoreTimestamp() >= one.getBornTimestamp() - 60_000);
    }

    @Test
    void onlySubscribedTagsArrive() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(2);
        Received received = consume(fresh("CID"), topic, "Tag0 || Tag1");
        Queues.fill(producer, topic, 0, 30);
        received.awaitCount(20);
        producer.send(message(topic, "Tag0", "last", "last"));
        received.awaitCount(21);
        assertTrue(received.all().stream().noneMatch(message -> message.getTags().equals("Tag2")));
    }

    /** "AaAaAa" and "BBBBBB" have one hash: the broker lets both through, the client drops the other. */
    @Test
    void tagsWithTheSameHashAreToldApart() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        Received received = consume(fresh("CID"), topic, "AaAaAa");
        producer.send(message(topic, "BBBBBB", "no", "no"));
        producer.send(message(topic, "AaAaAa", "yes", "yes"));
        received.awaitCount(1);
        assertEquals(keys("yes"), received.keys());
    }

    @Test
    @Tag("spine")
    void broadcastingGivesAllToEachConsumer() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(2);
        String group = fresh("CID");
        Received first = new Received();
        Received second = new Received();
        for (Received received : new Received[] {first, second}) {
            DefaultMQPushConsumer consumer = subscribed(group, topic, "*", received);
            Modes.broadcasting(consumer);
            consumer.start();
        }
        Queues.fill(producer, topic, 0, 20);
        first.awaitCount(20);
        second.awaitCount(20);
        assertEquals(keys(0, 20), first.keys());
        assertEquals(keys(0, 20), second.keys());
    }

    @Test
    void aNewGroupOnAYoungTopicBeginsAtTheFirstMessage() throws Exception {
        for (ConsumeFromWhere where : new ConsumeFromWhere[] {
            ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET, ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET, ConsumeFromWhere.CONSUME_FROM_TIMESTAMP}) {
            DefaultMQProducer producer = producer();
            String topic = topic(2);
            Queues.fill(producer, topic, 0, 10);
            Received received = new Received();
            DefaultMQPushConsumer consumer = subscribed(fresh("CID"), topic, "*", received);
            consumer.setConsumeFromWhere(where);
            consumer.start();
            received.awaitCount(10);
            assertEquals(keys(0, 10), received.keys(), where.toString());
        }
    }

    @Test
    @Tag("spine")
    void aRestartedConsumerGoesOnWhereItStopped() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(2);
        String group = fresh("CID");
        Received before = new Received();
        DefaultMQPushConsumer first = subscribed(group, topic, "*", before);
        first.start();
        Queues.fill(producer, topic, 0, 20);
        before.awaitCount(20);
        Wait.until("all messages processed", () -> first.getDefaultMQPushConsumerImpl().consumerRunningInfo().getMqTable().values().stream()
            .allMatch(queue -> queue.getCachedMsgCount() == 0));
        first.shutdown();

        Queues.fill(producer, topic, 20, 20);
        Received after = consume(group, topic, "*");
        after.awaitCount(20);
        assertEquals(keys(20, 40), after.keys());
    }

    @Test
    void aGroupSharesItsQueuesAndTakesOverFromWhoLeaves() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(4);
        String group = fresh("CID");
        Received firstReceived = new Received();
        Received secondReceived = new Received();
        DefaultMQPushConsumer first = subscribed(group, topic, "*", firstReceived);
        first.start();
        Wait.until("the first consumer has all queues", () -> queuesOf(first, topic) == 4);
        DefaultMQPushConsumer second = subscribed(group, topic, "*", secondReceived);
        second.start();
        Wait.until("each consumer has two queues", () -> queuesOf(first, topic) == 2 && queuesOf(second, topic) == 2);
        Queues.fill(producer, topic, 0, 40);
        Wait.until("all are received", () -> both(firstReceived, secondReceived).equals(keys(0, 40)));
        assertEquals(20, firstReceived.count());

        second.shutdown();
        Wait.until("the first consumer has all queues again", () -> queuesOf(first, topic) == 4);
        Queues.fill(producer, topic, 40, 20);
        // Who takes over may ask for the offset before it is committed: then some messages come twice, as at least once allows.
        Wait.until("the rest is received", () -> both(firstReceived, secondReceived).equals(keys(0, 60)));
    }

    @Test
    void anIdleConsumerReceivesWhatComesLater() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        DefaultMQPushConsumer consumer = newPushConsumer(fresh("CID"));
        Received received = new Received();
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener(received.listener());
        consumer.start();
        Wait.until("the consumer has its queue", () -> queuesOf(consumer, topic) == 1);
        for (int n = 0; n < 5; n++) {
            producer.send(message(topic, "A", "k" + n, "body"));
            received.awaitCount(n + 1);
        }
    }

    @Test
    void batchesReachAConsumerAsSingleMessages() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(2);
        Received received = consume(fresh("CID"), topic, "Tag1");
        List<Message> batch = new ArrayList<>();
        for (int n = 0; n < 30; n++) {
            batch.add(message(topic, "Tag" + n % 3, "k" + n, "body " + n));
        }
        producer.send(batch);
        received.awaitCount(10);
        assertEquals("body 1", new String(received.withKey("k1").getBody()));
    }

    private Received consume(String group, String topic, String tags) throws Exception {
        Received received = new Received();
        subscribed(group, topic, tags, received).start();
        return received;
    }

    private DefaultMQPushConsumer subscribed(String group, String topic, String tags, Received received) throws Exception {
        DefaultMQPushConsumer consumer = newPushConsumer(group);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, tags);
        consumer.registerMessageListener(received.listener());
        return consumer;
    }

    private static long queuesOf(DefaultMQPushConsumer consumer, String topic) {
        return consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
            .filter(queue -> queue.getTopic().equals(topic)).count();
    }

    /** Keys that either was given, once each. */
    private static List<String> both(Received first, Received second) {
        return Stream.concat(first.keys().stream(), second.keys().stream()).distinct().sorted().collect(Collectors.toList());
    }

    private static List<String> keys(int from, int to) {
        return IntStream.range(from, to).mapToObj(n -> "k" + n).sorted().collect(Collectors.toList());
    }

    private static List<String> keys(String one) {
        List<String> keys = new ArrayList<>();
        keys.add(one);
        return keys;
    }
}
