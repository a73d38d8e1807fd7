package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Messages that a consumer fails on: they come again later, and at last are dead letters. */
class RetryScenarios extends Clients {
    private static final int ONE_SECOND = 1;

    @Test
    @Tag("spine")
    @Tag("header")
    void whatFailsComesAgain() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        Queue<MessageExt> received = new ConcurrentLinkedQueue<>();
        DefaultMQPushConsumer consumer = newPushConsumer(fresh("CID"));
        MessageListenerConcurrently failingTwice = (batch, context) -> {
            received.addAll(batch);
            context.setDelayLevelWhenNextConsume(ONE_SECOND);
            return batch.get(0).getReconsumeTimes() < 2 ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        };
        consumer.registerMessageListener(failingTwice);
        start(consumer, topic);
        SendResult sent = producer.send(message(topic, "A", "k", "body"));
        Wait.until("three tries", () -> received.size() >= 3);
        producer.send(message(topic, "A", "next", "body"));
        Wait.until("the tries of both", () -> received.size() >= 6);
        int times = 0;
        for (MessageExt message : new ArrayList<>(received).subList(0, 3)) {
            assertEquals(times, message.getReconsumeTimes());
            assertEquals("k", message.getKeys());
            assertEquals("A", message.getTags());
            assertEquals("body", new String(message.getBody()));
            // The client puts the first topic back in place of the retry topic's.
            assertEquals(topic, message.getTopic());
            assertEquals(times == 0 ? null : sent.getOffsetMsgId(), message.getProperty("ORIGIN_MESSAGE_ID"));
            times++;
        }
    }

    @Test
    @Tag("spine")
    void whatFailsTooOftenIsADeadLetter() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        String group = fresh("CID");
        Queue<MessageExt> received = new ConcurrentLinkedQueue<>();
        DefaultMQPushConsumer consumer = newPushConsumer(group);
        consumer.setMaxReconsumeTimes(1);
        MessageListenerConcurrently failing = (batch, context) -> {
            received.addAll(batch);
            context.setDelayLevelWhenNextConsume(ONE_SECOND);
            return ConsumeConcurrentlyStatus.RECONSUME_LATER;
        };
        consumer.registerMessageListener(failing);
        start(consumer, topic);
        SendResult sent = producer.send(message(topic, "A", "dead", "body"));
        MessageExt dead = deadLetters(group, 1).get(0);
        assertEquals("dead", dead.getKeys());
        assertEquals("body", new String(dead.getBody()));
        assertEquals(topic, dead.getProperty("RETRY_TOPIC"));
        assertEquals(sent.getOffsetMsgId(), dead.getProperty("ORIGIN_MESSAGE_ID"));
        assertEquals(2, dead.getReconsumeTimes());
        assertEquals(2, received.size());
    }

    /** It gives messages back by sending them to its retry topic. */
    @Test
    void anOrderlyConsumerGivesUpAfterItsTimes() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        String group = fresh("CID");
        Queue<String> consumed = new ConcurrentLinkedQueue<>();
        DefaultMQPushConsumer consumer = newPushConsumer(group);
        consumer.setMaxReconsumeTimes(2);
        MessageListenerOrderly failingOnOne = (batch, context) -> {
            context.setSuspendCurrentQueueTimeMillis(50);
            if ("bad".equals(batch.get(0).getKeys())) {
                return ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT;
            }
            consumed.add(batch.get(0).getKeys());
            return ConsumeOrderlyStatus.SUCCESS;
        };
        consumer.registerMessageListener(failingOnOne);
        start(consumer, topic);
        for (String key : new String[] {"first", "bad", "last"}) {
            producer.send(message(topic, "A", key, "body"));
        }
        Wait.until("the last one", () -> consumed.contains("last"));
        assertEquals("[first, last]", consumed.toString());
        if (Target.NOW == Target.JAVA) {
            // Skylark is better on purpose: Java lets a dead letter wait as long as one more retry, here a minute.
            return;
        }
        MessageExt dead = deadLetters(group, 1).get(0);
        assertEquals("bad", dead.getKeys());
        assertEquals(topic, dead.getProperty("RETRY_TOPIC"));
    }

    private static void start(DefaultMQPushConsumer consumer, String topic) throws Exception {
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.start();
    }

    /** The group's dead letters, once there are so many. */
    private List<MessageExt> deadLetters(String group, int count) throws Exception {
        DefaultMQPullConsumer reader = pullConsumer();
        String topic = "%DLQ%" + group;
        Wait.until("the topic " + topic, () -> reader.fetchSubscribeMessageQueues(topic).size() == 1);
        MessageQueue queue = reader.fetchSubscribeMessageQueues(topic).iterator().next();
        Wait.until(count + " dead letters", () -> reader.maxOffset(queue) >= count);
        List<MessageExt> dead = Queues.pullAll(reader, queue, "*");
        assertEquals(count, dead.size());
        return dead;
    }
}
