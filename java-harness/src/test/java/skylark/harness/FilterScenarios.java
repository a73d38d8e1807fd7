package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.junit.jupiter.api.Test;

/** Subscriptions by an SQL92 expression over message properties. */
class FilterScenarios extends Clients {
    @Test
    void onlyMessagesThatTheExpressionHoldsForArrive() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(2);
        Received received = new Received();
        consumer(topic, "price BETWEEN 10 AND 19 AND TAGS <> 'Tag1' AND region IS NULL", received).start();
        fill(producer, topic, 0, 30);
        received.awaitCount(6);
        // Now the pulls are held: what arrives goes past them or ends them.
        fill(producer, topic, 10, 5);
        received.awaitCount(9);
        assertEquals(keys(11, 12, 14, 15, 17, 18, 11, 12, 14), received.keys());
    }

    @Test
    void anExpressionThatCannotBeReadIsRefusedAtTheStart() throws Exception {
        String topic = topic(1);
        DefaultMQPushConsumer consumer = consumer(topic, "price == 10", new Received());
        MQClientException refused = assertThrows(MQClientException.class, consumer::start);
        assertTrue(refused.getMessage().contains("CODE: 23"), refused.getMessage());
    }

    private DefaultMQPushConsumer consumer(String topic, String expression, Received received) throws Exception {
        DefaultMQPushConsumer consumer = newPushConsumer(fresh("CID"));
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, MessageSelector.bySql(expression));
        consumer.registerMessageListener(received.listener());
        return consumer;
    }

    /** Messages with the properties price and name, by their numbers. */
    private static void fill(DefaultMQProducer producer, String topic, int from, int count) throws Exception {
        for (int n = from; n < from + count; n++) {
            Message message = message(topic, "Tag" + n % 3, "k" + n, "body " + n);
            message.putUserProperty("price", Integer.toString(n));
            message.putUserProperty("name", "n" + n);
            producer.send(message);
        }
    }

    private static List<String> keys(int... numbers) {
        return IntStream.of(numbers).mapToObj(n -> "k" + n).sorted().collect(Collectors.toList());
    }
}
