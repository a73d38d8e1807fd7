package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Messages that wait: never early, once, as they were sent. */
class DelayScenarios extends Clients {
    private static final int ONE_SECOND = 1;
    private static final int FIVE_SECONDS = 2;

    private static final class Arrivals {
        final ConcurrentLinkedQueue<MessageExt> messages = new ConcurrentLinkedQueue<>();
        final ConcurrentLinkedQueue<Long> times = new ConcurrentLinkedQueue<>();

        MessageListenerConcurrently listener() {
            return (batch, context) -> {
                for (MessageExt message : batch) {
                    times.add(System.currentTimeMillis());
                    messages.add(message);
                }
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            };
        }

        List<String> keys() {
            return messages.stream().map(MessageExt::getKeys).collect(Collectors.toList());
        }
    }

    @Test
    @Tag("spine")
    @Tag("header")
    void aDelayLevelIsWaitedFor() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        Arrivals arrivals = consume(topic, "TagA");
        long sent = System.currentTimeMillis();
        send(producer, delayed(topic, "later", FIVE_SECONDS));
        send(producer, delayed(topic, "sooner", ONE_SECOND));
        send(producer, message(topic, "TagA", "now", "body"));
        Wait.until("three messages", () -> arrivals.messages.size() >= 3);
        assertEquals(Arrays.asList("now", "sooner", "later"), arrivals.keys());
        Long[] times = arrivals.times.toArray(new Long[0]);
        assertTrue(times[1] - sent >= 1000, "came after " + (times[1] - sent) + " ms");
        assertTrue(times[2] - sent >= 5000, "came after " + (times[2] - sent) + " ms");
        for (MessageExt message : arrivals.messages) {
            assertEquals(topic, message.getTopic());
            assertEquals("TagA", message.getTags());
            assertEquals("body", new String(message.getBody()));
            assertEquals(0, message.getReconsumeTimes());
        }
    }

    @Test
    void manyDelayedMessagesArriveOnceEach() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(4);
        Arrivals arrivals = consume(topic, "*");
        for (int n = 0; n < 200; n++) {
            send(producer, delayed(topic, "k" + n, ONE_SECOND));
        }
        Wait.until("200 messages", () -> arrivals.messages.size() >= 200);
        send(producer, delayed(topic, "last", ONE_SECOND));
        Wait.until("the last one", () -> arrivals.keys().contains("last"));
        assertEquals(201, arrivals.keys().stream().distinct().count());
        assertEquals(201, arrivals.messages.size());
    }

    /** Skylark is better on purpose: Java 4.x knows levels only. */
    @Test
    void anyDelayIsWaitedForAndCanBeCancelled() throws Exception {
        assumeTrue(Target.NOW == Target.SKYLARK && !Target.clientIs("5."));
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        Arrivals arrivals = consume(topic, "*");
        long sent = System.currentTimeMillis();
        send(producer, with(message(topic, "A", "c", "body"), "TIMER_DELAY_SEC", "3"));
        send(producer, with(message(topic, "A", "b", "body"), "TIMER_DELAY_MS", "1700"));
        send(producer, with(message(topic, "A", "a", "body"), "TIMER_DELIVER_MS", String.valueOf(sent + 900)));
        SendResult unwanted = send(producer, with(message(topic, "A", "never", "body"), "__STARTDELIVERTIME", String.valueOf(sent + 2500)));
        send(producer, with(message(topic, "A", "cancel", "body"), "TIMER_DEL_UNIQKEY", unwanted.getMsgId()));
        Wait.until("three messages", () -> arrivals.messages.size() >= 3);
        assertEquals(Arrays.asList("a", "b", "c"), arrivals.keys());
        Long[] times = arrivals.times.toArray(new Long[0]);
        assertTrue(times[0] - sent >= 900 && times[1] - sent >= 1700 && times[2] - sent >= 3000, Arrays.toString(times));
        Message tooLong = with(message(topic, "A", "x", "body"), "TIMER_DELAY_SEC", String.valueOf(41L * 24 * 3600));
        assertEquals(13, assertThrows(MQBrokerException.class, () -> producer.send(tooLong)).getResponseCode());
    }

    private static Message delayed(String topic, String key, int level) {
        Message message = message(topic, "TagA", key, "body");
        message.setDelayTimeLevel(level);
        return message;
    }

    private static Message with(Message message, String name, String value) {
        message.putUserProperty(name, value);
        return message;
    }

    private static SendResult send(DefaultMQProducer producer, Message message) throws Exception {
        SendResult result = producer.send(message);
        assertEquals(SendStatus.SEND_OK, result.getSendStatus());
        return result;
    }

    private Arrivals consume(String topic, String tags) throws Exception {
        Arrivals arrivals = new Arrivals();
        DefaultMQPushConsumer consumer = newPushConsumer(fresh("CID"));
        consumer.setConsumeThreadMin(1);
        consumer.setConsumeThreadMax(1);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, tags);
        consumer.registerMessageListener(arrivals.listener());
        consumer.start();
        return arrivals;
    }
}
