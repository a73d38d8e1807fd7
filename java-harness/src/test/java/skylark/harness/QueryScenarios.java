package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.stream.Collectors;
import org.apache.rocketmq.client.QueryResult;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.MessageExt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Finding messages by offset id, by key and by the client's unique key. */
@Tag("header")
class QueryScenarios extends Clients {
    private static final long FAR_FUTURE = 4_000_000_000_000L;

    @Test
    @Tag("spine")
    void aMessageIsViewedByItsOffsetId() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(2);
        SendResult result = producer.send(message(topic, "A", "k", "find me"));
        MessageExt found = producer.viewMessage(topic, result.getOffsetMsgId());
        assertEquals("find me", new String(found.getBody()));
        assertEquals(result.getQueueOffset(), found.getQueueOffset());
        assertEquals(result.getMessageQueue().getQueueId(), found.getQueueId());
        assertEquals(topic, found.getTopic());
    }

    @Test
    @Tag("spine")
    void aMessageIsFoundByItsUniqueKey() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(2);
        producer.send(message(topic, "A", "k", "another"));
        SendResult result = producer.send(message(topic, "A", "k", "find me"));
        Wait.until("found by unique key", () -> {
            MessageExt found = producer.viewMessage(topic, result.getMsgId());
            return found != null && new String(found.getBody()).equals("find me");
        });
    }

    @Test
    void messagesAreFoundByKeyWithinATime() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(4);
        for (int n = 0; n < 5; n++) {
            producer.send(message(topic, "A", "red green " + n, "m" + n));
            producer.send(message(topic, "A", "blue", "other"));
        }
        Wait.until("five messages with key green", () -> bodies(producer.queryMessage(topic, "green", 32, 0, FAR_FUTURE)).size() == 5);
        assertEquals("[m0, m1, m2, m3, m4]", bodies(producer.queryMessage(topic, "green", 32, 0, FAR_FUTURE)).toString());
        assertEquals(1, bodies(producer.queryMessage(topic, "3", 32, 0, FAR_FUTURE)).size());
        assertEquals(2, bodies(producer.queryMessage(topic, "red", 2, 0, FAR_FUTURE)).size());
        assertThrows(MQClientException.class, () -> producer.queryMessage(topic, "yellow", 32, 0, FAR_FUTURE));
        assertThrows(MQClientException.class, () -> producer.queryMessage(topic, "green", 32, 0, 1000));
    }

    @Test
    void aKeyOfOneTopicIsNotFoundInAnother() throws Exception {
        DefaultMQProducer producer = producer();
        String one = topic(1);
        String other = topic(1);
        producer.send(message(one, "A", "shared", "one"));
        producer.send(message(other, "A", "shared", "other"));
        Wait.until("found in each topic", () ->
            bodies(producer.queryMessage(one, "shared", 32, 0, FAR_FUTURE)).toString().equals("[one]")
                && bodies(producer.queryMessage(other, "shared", 32, 0, FAR_FUTURE)).toString().equals("[other]"));
    }

    private static List<String> bodies(QueryResult result) {
        return result.getMessageList().stream().map(message -> new String(message.getBody())).sorted().collect(Collectors.toList());
    }
}
