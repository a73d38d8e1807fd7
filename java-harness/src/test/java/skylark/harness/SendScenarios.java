package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Sending in every manner of a stock producer; what was stored is read back. */
@Tag("send")
@Tag("header")
class SendScenarios extends Clients {
    private static final int BODY_LIMIT = 4 * 1024 * 1024;

    @Test
    @Tag("spine")
    void synchronousSendsAreNumberedPerQueue() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(2);
        for (MessageQueue queue : producer.fetchPublishMessageQueues(topic)) {
            for (int n = 0; n < 5; n++) {
                SendResult result = producer.send(message(topic, "A", "k" + n, "body " + n), queue);
                assertEquals(SendStatus.SEND_OK, result.getSendStatus());
                assertEquals(queue, result.getMessageQueue());
                assertEquals(n, result.getQueueOffset());
                assertNotNull(result.getMsgId());
                assertEquals(32, result.getOffsetMsgId().length());
                assertEquals("DefaultRegion", result.getRegionId());
            }
        }
    }

    @Test
    void aFirstSendCreatesTheTopicWithFourQueues() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = fresh("T");
        assertEquals(SendStatus.SEND_OK, producer.send(message(topic, "A", "k", "first")).getSendStatus());
        Wait.until("route of " + topic, () -> pullConsumer().fetchSubscribeMessageQueues(topic).size() == 4);
    }

    @Test
    void theTemplateTopicOfTheClientsOwnVersionIsServed() throws Exception {
        DefaultMQProducer producer = newProducer();
        producer.setCreateTopicKey(new DefaultMQProducer("unused").getCreateTopicKey());
        producer.start();
        if (Target.clientIs("4.3") && Target.NOW == Target.JAVA) {
            // Skylark is better on purpose: Java 4.9 no longer has the topic that client 4.3.0 names.
            assertThrows(Exception.class, () -> producer.send(message(fresh("T"), "A", "k", "x")));
        } else {
            assertEquals(SendStatus.SEND_OK, producer.send(message(fresh("T"), "A", "k", "x")).getSendStatus());
        }
    }

    @Test
    void asynchronousSendsAllCallBackWithTheirOffsets() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        // The connection is there before the crowd: client 4.3.0 stumbles when many open it at once.
        assertEquals(0, producer.send(message(topic, "A", "first", "first")).getQueueOffset());
        List<CompletableFuture<SendResult>> results = new ArrayList<>();
        for (int n = 0; n < 50; n++) {
            CompletableFuture<SendResult> result = new CompletableFuture<>();
            results.add(result);
            producer.send(message(topic, "A", "k" + n, "body " + n), new SendCallback() {
                @Override
                public void onSuccess(SendResult sent) {
                    result.complete(sent);
                }

                @Override
                public void onException(Throwable error) {
                    result.completeExceptionally(error);
                }
            });
        }
        Set<Long> offsets = new HashSet<>();
        for (CompletableFuture<SendResult> result : results) {
            offsets.add(result.get(60, TimeUnit.SECONDS).getQueueOffset());
        }
        assertEquals(50, offsets.size());
        assertTrue(offsets.contains(1L) && offsets.contains(50L));
    }

    @Test
    void oneWaySendsAreStored() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        for (int n = 0; n < 10; n++) {
            producer.sendOneway(message(topic, "A", "k" + n, "body " + n));
        }
        MessageQueue queue = producer.fetchPublishMessageQueues(topic).get(0);
        DefaultMQPullConsumer reader = pullConsumer();
        Wait.until("10 messages in " + topic, () -> reader.maxOffset(queue) == 10);
    }

    @Test
    void aBatchIsStoredAsSingleMessagesInOneQueue() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(4);
        List<Message> batch = new ArrayList<>();
        for (int n = 0; n < 10; n++) {
            batch.add(message(topic, "Tag" + n % 2, "k" + n, "body " + n));
        }
        SendResult result = producer.send(batch);
        assertEquals(SendStatus.SEND_OK, result.getSendStatus());
        assertEquals(10, result.getMsgId().split(",").length);
        assertEquals(10, result.getOffsetMsgId().split(",").length);
        List<MessageExt> stored = Queues.read(pullConsumer(), result.getMessageQueue(), 10);
        assertEquals(10, stored.size());
        for (int n = 0; n < 10; n++) {
            MessageExt message = stored.get(n);
            assertEquals(result.getQueueOffset() + n, message.getQueueOffset());
            assertEquals("k" + n, message.getKeys());
            assertEquals("Tag" + n % 2, message.getTags());
            assertEquals("body " + n, new String(message.getBody()));
        }
    }

    @Test
    void aSelectorKeepsTheOrderOfOneKey() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(4);
        Map<MessageQueue, Set<Integer>> ordersOfQueue = new HashMap<>();
        for (int n = 0; n < 20; n++) {
            for (int order = 0; order < 3; order++) {
                SendResult result = producer.send(message(topic, "A", order + ":" + n, "step " + n),
                    (queues, message, id) -> queues.get((Integer) id % queues.size()), order);
                ordersOfQueue.computeIfAbsent(result.getMessageQueue(), queue -> new HashSet<>()).add(order);
            }
        }
        assertEquals(3, ordersOfQueue.size());
        for (MessageQueue queue : ordersOfQueue.keySet()) {
            List<MessageExt> stored = Queues.read(pullConsumer(), queue, 20);
            int order = ordersOfQueue.get(queue).iterator().next();
            for (int n = 0; n < 20; n++) {
                assertEquals(order + ":" + n, stored.get(n).getKeys());
            }
        }
    }

    @Test
    void compressedBodiesComeBackWhole() throws Exception {
        DefaultMQProducer producer = newProducer();
        producer.setCompressMsgBodyOverHowmuch(1024);
        producer.start();
        byte[] body = new byte[200_000];
        Arrays.fill(body, (byte) 'x');
        MessageExt stored = sendAndReadBack(producer, body);
        assertArrayEquals(body, stored.getBody());
        assertTrue(stored.getStoreSize() < 2000, "stored as sent: " + stored.getStoreSize());
    }

    @Test
    void bodiesFromOneByteToFourMebibytes() throws Exception {
        DefaultMQProducer producer = newProducer();
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        producer.start();
        for (int length : new int[] {1, 4096, 300_000, BODY_LIMIT}) {
            byte[] body = new byte[length];
            new Random(length).nextBytes(body);
            assertArrayEquals(body, sendAndReadBack(producer, body).getBody());
        }
    }

    @Test
    void propertiesWithOddCharactersComeBack() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        Message message = message(topic, "标签 ü", "schlüssel", "naïve ☃ \uD83D\uDE00");
        message.putUserProperty("空", "值 = \"quoted\" {json:1} \\ back\tslash\n\u0003");
        message.putUserProperty("a.b-c d", "%RETRY%|#");
        message.putUserProperty("emoji", "\uD83D\uDE00");
        message.setFlag(-5);
        SendResult result = producer.send(message);
        MessageExt stored = Queues.read(pullConsumer(), result.getMessageQueue(), 1).get(0);
        assertEquals("标签 ü", stored.getTags());
        assertEquals("schlüssel", stored.getKeys());
        assertEquals("值 = \"quoted\" {json:1} \\ back\tslash\n\u0003", stored.getUserProperty("空"));
        assertEquals("%RETRY%|#", stored.getUserProperty("a.b-c d"));
        assertEquals("\uD83D\uDE00", stored.getUserProperty("emoji"));
        assertEquals("naïve ☃ \uD83D\uDE00", new String(stored.getBody(), "UTF-8"));
        assertEquals(-5, stored.getFlag());
    }

    @Test
    void theVipPortServesSends() throws Exception {
        DefaultMQProducer producer = newProducer();
        producer.setVipChannelEnabled(true);
        producer.start();
        byte[] body = "through the port two below".getBytes();
        assertArrayEquals(body, sendAndReadBack(producer, body).getBody());
    }

    private MessageExt sendAndReadBack(DefaultMQProducer producer, byte[] body) throws Exception {
        SendResult result = producer.send(new Message(topic(1), "A", "k", body));
        assertEquals(SendStatus.SEND_OK, result.getSendStatus());
        return Queues.read(pullConsumer(), result.getMessageQueue(), 1).get(0);
    }
}
