package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The old pull consumer, and the bounds of a queue. */
@Tag("header")
class PullScenarios extends Clients {
    @Test
    @Tag("spine")
    void aQueueIsReadFromAnyOffset() throws Exception {
        MessageQueue queue = filledQueue(10);
        DefaultMQPullConsumer consumer = pullConsumer();
        PullResult result = consumer.pull(queue, "*", 4, 3);
        assertEquals(PullStatus.FOUND, result.getPullStatus());
        assertEquals(3, result.getMsgFoundList().size());
        assertEquals("k4", result.getMsgFoundList().get(0).getKeys());
        assertEquals("body 6", new String(result.getMsgFoundList().get(2).getBody()));
        assertEquals(7, result.getNextBeginOffset());
        assertEquals(0, result.getMinOffset());
        assertEquals(10, result.getMaxOffset());
    }

    @Test
    void aPullAtOrBeyondTheEndSaysSo() throws Exception {
        MessageQueue queue = filledQueue(3);
        DefaultMQPullConsumer consumer = pullConsumer();
        PullResult atEnd = consumer.pull(queue, "*", 3, 32);
        assertEquals(PullStatus.NO_NEW_MSG, atEnd.getPullStatus());
        assertEquals(3, atEnd.getNextBeginOffset());
        PullResult beyond = consumer.pull(queue, "*", 999, 32);
        assertEquals(PullStatus.OFFSET_ILLEGAL, beyond.getPullStatus());
        assertEquals(3, beyond.getNextBeginOffset());
    }

    @Test
    void anEmptyQueueHasNothing() throws Exception {
        String topic = topic(1);
        DefaultMQPullConsumer consumer = pullConsumer();
        MessageQueue queue = consumer.fetchSubscribeMessageQueues(topic).iterator().next();
        assertEquals(PullStatus.NO_NEW_MSG, consumer.pull(queue, "*", 0, 32).getPullStatus());
        assertEquals(0, consumer.minOffset(queue));
        assertEquals(0, consumer.maxOffset(queue));
    }

    @Test
    void tagsAreFilteredByTheBroker() throws Exception {
        MessageQueue queue = filledQueue(9);
        DefaultMQPullConsumer consumer = pullConsumer();
        List<MessageExt> found = Queues.pullAll(consumer, queue, "Tag1 || Tag2");
        assertEquals(6, found.size());
        assertTrue(found.stream().noneMatch(message -> message.getTags().equals("Tag0")));
        PullResult none = consumer.pull(queue, "NoSuchTag", 0, 32);
        assertEquals(PullStatus.NO_MATCHED_MSG, none.getPullStatus());
        assertEquals(9, none.getNextBeginOffset());
    }

    @Test
    void aWaitingPullIsAnsweredByTheArrival() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        MessageQueue queue = producer.fetchPublishMessageQueues(topic).get(0);
        DefaultMQPullConsumer consumer = pullConsumer();
        CompletableFuture<PullResult> waiting = CompletableFuture.supplyAsync(() -> {
            try {
                return consumer.pullBlockIfNotFound(queue, "*", 0, 32);
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        });
        producer.send(message(topic, "A", "late", "late"), queue);
        PullResult result = waiting.get(60, TimeUnit.SECONDS);
        assertEquals(PullStatus.FOUND, result.getPullStatus());
        assertEquals("late", result.getMsgFoundList().get(0).getKeys());
    }

    @Test
    void boundsAndTimesOfAQueue() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        MessageQueue queue = producer.fetchPublishMessageQueues(topic).get(0);
        for (int n = 0; n < 5; n++) {
            producer.send(message(topic, "A", "k" + n, "body"), queue);
            long sent = System.currentTimeMillis();
            Wait.until("the clock moves on", () -> System.currentTimeMillis() > sent + 2);
        }
        DefaultMQPullConsumer consumer = pullConsumer();
        List<MessageExt> stored = Queues.read(consumer, queue, 5);
        assertEquals(0, consumer.minOffset(queue));
        assertEquals(5, consumer.maxOffset(queue));
        assertEquals(stored.get(0).getStoreTimestamp(), consumer.earliestMsgStoreTime(queue));
        for (MessageExt message : stored) {
            assertEquals(message.getQueueOffset(), consumer.searchOffset(queue, message.getStoreTimestamp()));
        }
        assertEquals(0, consumer.searchOffset(queue, 0));
        assertEquals(4, consumer.searchOffset(queue, System.currentTimeMillis() + 3_600_000));
    }

    @Test
    void committedOffsetsAreKept() throws Exception {
        MessageQueue queue = filledQueue(6);
        DefaultMQPullConsumer consumer = pullConsumer();
        consumer.updateConsumeOffset(queue, 4);
        consumer.getDefaultMQPullConsumerImpl().getOffsetStore().persist(queue);
        Wait.until("offset 4 in the broker", () -> consumer.fetchConsumeOffset(queue, true) == 4);
    }

    @Test
    void largeMessagesComeOneByOneOrMore() throws Exception {
        DefaultMQProducer producer = newProducer();
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        producer.start();
        String topic = topic(1);
        MessageQueue queue = producer.fetchPublishMessageQueues(topic).get(0);
        for (int n = 0; n < 8; n++) {
            SendResult result = producer.send(message(topic, "A", "k" + n, new String(new char[200_000]).replace('\0', 'y')), queue);
            assertEquals(n, result.getQueueOffset());
        }
        DefaultMQPullConsumer consumer = pullConsumer();
        Queues.expectVisible(consumer, queue, 8);
        PullResult first = consumer.pull(queue, "*", 0, 32);
        assertEquals(PullStatus.FOUND, first.getPullStatus());
        assertTrue(first.getMsgFoundList().size() < 8, "limited by bytes, got " + first.getMsgFoundList().size());
        assertEquals(8, Queues.pullAll(consumer, queue, "*").size());
    }

    private MessageQueue filledQueue(int count) throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        Queues.fill(producer, topic, 0, count);
        MessageQueue queue = producer.fetchPublishMessageQueues(topic).get(0);
        Queues.expectVisible(pullConsumer(), queue, count);
        return queue;
    }
}
