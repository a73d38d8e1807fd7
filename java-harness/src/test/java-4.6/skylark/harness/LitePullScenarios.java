package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The lite pull consumer, known to clients from 4.6 on. */
class LitePullScenarios extends Clients {
    /** Skylark is better on purpose: clients from 5.0 on ask a request that no 4.x broker of Java's knows. */
    @BeforeAll
    static void servedByTheTarget() {
        assumeFalse(Target.clientIs("5.") && Target.NOW == Target.JAVA);
    }

    @Test
    @Tag("spine")
    @Tag("header")
    void aSubscriberPollsEveryMessage() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(4);
        DefaultLitePullConsumer consumer = newLitePullConsumer(fresh("CID"));
        consumer.subscribe(topic, "Tag0 || Tag1");
        consumer.start();
        Queues.fill(producer, topic, 0, 30);
        List<MessageExt> polled = poll(consumer, 20);
        assertEquals(IntStream.range(0, 30).filter(n -> n % 3 != 2).mapToObj(n -> "k" + n).sorted().collect(Collectors.toList()), keys(polled));
    }

    @Test
    void anAssignedQueueIsReadFromWhereOneSeeks() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        Queues.fill(producer, topic, 0, 10);
        DefaultLitePullConsumer consumer = newLitePullConsumer(fresh("CID"));
        consumer.start();
        Collection<MessageQueue> queues = consumer.fetchMessageQueues(topic);
        assertEquals(1, queues.size());
        MessageQueue queue = queues.iterator().next();
        consumer.assign(Collections.singletonList(queue));
        consumer.seek(queue, 6);
        assertEquals("[k6, k7, k8, k9]", keys(poll(consumer, 4)).toString());
        assertEquals(0, consumer.offsetForTimestamp(queue, 0L));
    }

    @Test
    void aCommittedOffsetIsWhereTheNextConsumerBegins() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        String group = fresh("CID");
        Queues.fill(producer, topic, 0, 10);
        DefaultLitePullConsumer first = newLitePullConsumer(group);
        first.setAutoCommit(false);
        first.subscribe(topic, "*");
        first.start();
        assertEquals(10, poll(first, 10).size());
        first.commitSync();
        first.shutdown();

        Queues.fill(producer, topic, 10, 5);
        DefaultLitePullConsumer second = newLitePullConsumer(group);
        second.subscribe(topic, "*");
        second.start();
        assertEquals("[k10, k11, k12, k13, k14]", keys(poll(second, 5)).toString());
    }

    private DefaultLitePullConsumer newLitePullConsumer(String group) {
        DefaultLitePullConsumer consumer = configure(new DefaultLitePullConsumer(group));
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setPullThreadNums(2);
        atEnd(consumer::shutdown);
        return consumer;
    }

    private static List<MessageExt> poll(DefaultLitePullConsumer consumer, int count) throws InterruptedException {
        List<MessageExt> polled = new ArrayList<>();
        Wait.until(count + " messages polled", () -> {
            polled.addAll(consumer.poll(100));
            return polled.size() >= count;
        });
        return polled;
    }

    private static List<String> keys(List<MessageExt> messages) {
        return messages.stream().map(MessageExt::getKeys).sorted().collect(Collectors.toList());
    }
}
