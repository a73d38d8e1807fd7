package skylark.harness;

import java.lang.reflect.Method;
import java.util.Collections;
import java.util.Deque;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.ClientConfig;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The stock clients of one scenario, each with a connection of its own, shut down after it; and topics that nobody else uses.
 */
class Clients {
    static final String NAMESRV = System.getProperty("namesrv", "127.0.0.1:9876");
    private static final String RUN = Long.toString(System.nanoTime(), 36);
    private static final AtomicInteger COUNTER = new AtomicInteger();
    /** What producers name as the topic to copy from. Client 4.3.0 alone says AUTO_CREATE_TOPIC_KEY, which no later broker has. */
    private static final String TEMPLATE_TOPIC = "TBW102";

    private final ThreadLocal<Deque<Runnable>> shutdowns = ThreadLocal.withInitial(ConcurrentLinkedDeque::new);

    @RegisterExtension
    final AfterEachCallback shutdownAll = (ExtensionContext scenario) -> {
        for (Runnable shutdown; (shutdown = shutdowns.get().pollLast()) != null; ) {
            shutdown.run();
        }
    };

    /** A name for a topic or group of this scenario alone. */
    static String fresh(String kind) {
        return kind + "-" + RUN + "-" + COUNTER.incrementAndGet();
    }

    DefaultMQProducer producer() throws Exception {
        DefaultMQProducer producer = newProducer();
        producer.start();
        return producer;
    }

    /** Not started yet, so that a scenario can set more. */
    DefaultMQProducer newProducer() {
        DefaultMQProducer producer = configure(new DefaultMQProducer(fresh("PID")));
        producer.setCreateTopicKey(TEMPLATE_TOPIC);
        producer.setRetryTimesWhenSendFailed(0);
        producer.setSendMsgTimeout(60_000);
        atEnd(producer::shutdown);
        return producer;
    }

    DefaultMQPushConsumer newPushConsumer(String group) {
        DefaultMQPushConsumer consumer = configure(new DefaultMQPushConsumer(group));
        consumer.setConsumeThreadMin(2);
        consumer.setConsumeThreadMax(2);
        atEnd(consumer::shutdown);
        return consumer;
    }

    DefaultMQPullConsumer pullConsumer() throws Exception {
        DefaultMQPullConsumer consumer = configure(new DefaultMQPullConsumer(fresh("CID")));
        atEnd(consumer::shutdown);
        consumer.start();
        return consumer;
    }

    /** A topic with that many queues, once its route is known. */
    String topic(int queues) throws Exception {
        String topic = fresh("T");
        DefaultMQProducer creator = producer();
        createTopic(creator, topic, queues);
        Wait.until("route of " + topic, () -> creator.fetchPublishMessageQueues(topic).size() == queues);
        return topic;
    }

    void atEnd(Runnable shutdown) {
        shutdowns.get().add(shutdown);
    }

    static <C extends ClientConfig> C configure(C client) {
        client.setNamesrvAddr(NAMESRV);
        client.setInstanceName(UUID.randomUUID().toString());
        client.setPersistConsumerOffsetInterval(1000);
        return client;
    }

    static Message message(String topic, String tag, String key, String body) {
        return new Message(topic, tag, key, body.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    /** The method gained a parameter in 5.x. */
    private static void createTopic(DefaultMQProducer producer, String topic, int queues) throws Exception {
        Method create;
        try {
            create = DefaultMQProducer.class.getMethod("createTopic", String.class, String.class, int.class);
            create.invoke(producer, TEMPLATE_TOPIC, topic, queues);
        } catch (NoSuchMethodException since5) {
            create = DefaultMQProducer.class.getMethod("createTopic", String.class, String.class, int.class, Map.class);
            create.invoke(producer, TEMPLATE_TOPIC, topic, queues, Collections.emptyMap());
        }
    }
}
