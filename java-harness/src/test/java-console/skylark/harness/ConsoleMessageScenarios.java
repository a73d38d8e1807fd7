package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.common.protocol.body.CMResult;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;
import org.apache.rocketmq.tools.admin.api.MessageTrack;
import org.apache.rocketmq.tools.admin.api.TrackType;
import org.junit.jupiter.api.Test;

/** The page Message of the console: search, detail, resend, dead letters. */
class ConsoleMessageScenarios extends Console {
    @Test
    void messagesOfATopicAreListedByTime() throws Exception {
        DefaultMQProducer producer = producer();
        long begin = System.currentTimeMillis();
        String topic = filled(producer, 2, 70);
        long last = System.currentTimeMillis();
        // A search by time finds the nearer of two messages.
        Wait.until("later messages are nearer", () -> System.currentTimeMillis() > last + 2_000);
        long end = System.currentTimeMillis();
        Queues.fill(producer, topic, 70, 10);
        DefaultMQPullConsumer page = configure(new DefaultMQPullConsumer("TOOLS_CONSUMER"));
        atEnd(page::shutdown);
        page.start();
        for (MessageQueue queue : page.fetchSubscribeMessageQueues(topic)) {
            Wait.until("all are visible", () -> page.maxOffset(queue) == 40);
        }
        List<MessageExt> listed = new ArrayList<>();
        for (MessageQueue queue : page.fetchSubscribeMessageQueues(topic)) {
            long to = page.searchOffset(queue, end);
            for (long next = page.searchOffset(queue, begin); next < to; ) {
                PullResult pulled = page.pull(queue, "*", next, 32);
                assertEquals(PullStatus.FOUND, pulled.getPullStatus());
                pulled.getMsgFoundList().stream().filter(message -> message.getStoreTimestamp() < end).forEach(listed::add);
                next = pulled.getNextBeginOffset();
            }
        }
        assertEquals(70, listed.size());
        assertEquals("40", listed.get(0).getProperty("MAX_OFFSET"));
    }

    @Test
    void aMessageIsFoundByKeyAndByBothOfItsIds() throws Exception {
        DefaultMQAdminExt admin = admin();
        DefaultMQProducer producer = producer();
        String topic = filled(producer, 1, 0);
        SendResult sent = producer.send(message(topic, "A", "the-key", "body"));
        Wait.until("it is found by its key", () -> admin.queryMessage(topic, "the-key", 64, 0, Long.MAX_VALUE).getMessageList().size() == 1);
        assertEquals(208, codeOf(() -> admin.queryMessage(topic, "no-such-key", 64, 0, Long.MAX_VALUE)));
        for (String id : new String[] {sent.getMsgId(), sent.getOffsetMsgId()}) {
            MessageExt found = admin.viewMessage(topic, id);
            assertEquals("body", new String(found.getBody()));
            assertEquals(sent.getMsgId(), found.getMsgId());
            assertEquals("the-key", found.getKeys());
            assertEquals(CLUSTER, found.getProperty("CLUSTER"));
        }
    }

    @Test
    void theDetailSaysWhoHasConsumedAMessage() throws Exception {
        DefaultMQAdminExt admin = admin();
        DefaultMQProducer producer = producer();
        String topic = filled(producer, 1, 2);
        String gone = gone(admin, topic, 2);
        String online = fresh("CID");
        Received received = new Received();
        online(admin, online, topic, received.listener());
        received.awaitCount(2);
        awaitConsumed(admin, online, topic, 2);
        MessageExt message = admin.viewMessage(topic, received.withKey("k1").getMsgId());
        assertEquals(TrackType.CONSUMED, track(admin, message, online).getTrackType());
        MessageTrack offline = track(admin, message, gone);
        assertEquals(TrackType.NOT_ONLINE, offline.getTrackType());
        assertTrue(offline.getExceptionDesc().contains("CODE:206"), offline.getExceptionDesc());
    }

    @Test
    void aMessageIsGivenToAConsumerAgain() throws Exception {
        DefaultMQAdminExt admin = admin();
        String topic = filled(producer(), 1, 1);
        String group = fresh("CID");
        Received received = new Received();
        String client = online(admin, group, topic, received.listener()).buildMQClientId();
        received.awaitCount(1);
        String id = received.all().get(0).getMsgId();
        assertEquals(CMResult.CR_SUCCESS, admin.consumeMessageDirectly(group, client, topic, id).getConsumeResult());
        assertEquals(2, received.count());
        assertEquals(received.all().get(0).getKeys(), received.all().get(1).getKeys());
        assertEquals(1, codeOf(() -> admin.consumeMessageDirectly(group, "nobody", topic, id)));
    }

    /** A dead letter names the message that it was and its topic; that one is given to the consumer again. */
    @Test
    void aDeadLetterIsFoundAndItsMessageGivenAgain() throws Exception {
        DefaultMQAdminExt admin = admin();
        String topic = filled(producer(), 1, 1);
        String group = fresh("CID");
        MessageListenerConcurrently failing = (batch, context) -> {
            // At once a dead letter.
            context.setDelayLevelWhenNextConsume(-1);
            return ConsumeConcurrentlyStatus.RECONSUME_LATER;
        };
        String client = online(admin, group, topic, failing).buildMQClientId();
        MessageExt message = pullConsumerOf(topic).get(0);
        Wait.until("the dead letter is found by the id of its message",
            () -> admin.viewMessage("%DLQ%" + group, message.getMsgId()).getTopic().equals("%DLQ%" + group));
        MessageExt dead = admin.viewMessage("%DLQ%" + group, message.getMsgId());
        assertEquals("0", dead.getProperty("DELAY"));
        String origin = dead.getProperty("ORIGIN_MESSAGE_ID");
        String again = dead.getProperty("RETRY_TOPIC");
        assertEquals(topic, again);
        assertEquals(CMResult.CR_LATER, admin.consumeMessageDirectly(group, client, again, origin).getConsumeResult());
    }

    private List<MessageExt> pullConsumerOf(String topic) throws Exception {
        DefaultMQPullConsumer reader = pullConsumer();
        return Queues.read(reader, reader.fetchSubscribeMessageQueues(topic).iterator().next(), 1);
    }

    private static MessageTrack track(DefaultMQAdminExt admin, MessageExt message, String group) throws Exception {
        return admin.messageTrackDetail(message).stream().filter(one -> one.getConsumerGroup().equals(group)).findFirst()
            .orElseThrow(AssertionError::new);
    }
}
