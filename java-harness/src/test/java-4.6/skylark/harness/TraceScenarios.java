package skylark.harness;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragely;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the clients' own trace dispatcher writes about a message is found by the message's id, as the console looks for it. */
class TraceScenarios extends Clients {
    private static final String TRACE_TOPIC = "RMQ_SYS_TRACE_TOPIC";
    private static final long FAR_FUTURE = 4_000_000_000_000L;

    /** A 5.3.3 consumer made this way leaves no trace with either server. */
    @BeforeAll
    static void clientsOf4x() {
        assumeFalse(Target.clientIs("5."));
    }

    @Test
    @Tag("spine")
    void sendingAndConsumingLeaveTraces() throws Exception {
        String topic = topic(1);
        DefaultMQProducer producer = configure(new DefaultMQProducer(fresh("PID"), null, true, null));
        atEnd(producer::shutdown);
        producer.start();
        DefaultMQPushConsumer consumer = configure(
            new DefaultMQPushConsumer(fresh("CID"), null, new AllocateMessageQueueAveragely(), true, null));
        atEnd(consumer::shutdown);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        MessageListenerConcurrently listener = (batch, context) -> ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        consumer.registerMessageListener(listener);
        consumer.start();

        SendResult sent = producer.send(message(topic, "A", "order-1", "traced"));
        Wait.until("the producer's trace by id", () -> traces(producer, sent.getMsgId()).contains("Pub"));
        Wait.until("the producer's trace by key", () -> traces(producer, "order-1").contains(sent.getMsgId()));
        Wait.until("the consumer's traces", () -> {
            String traces = traces(producer, sent.getMsgId());
            return traces.contains("SubBefore") && traces.contains("SubAfter");
        });
    }

    /** All that was traced under a key. */
    private static String traces(DefaultMQProducer reader, String key) throws Exception {
        StringBuilder traces = new StringBuilder();
        for (MessageExt trace : reader.queryMessage(TRACE_TOPIC, key, 32, 0, FAR_FUTURE).getMessageList()) {
            traces.append(new String(trace.getBody(), StandardCharsets.UTF_8)).append('\n');
        }
        return traces.toString();
    }
}
