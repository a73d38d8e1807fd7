package skylark.apacheit;

import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.common.MQVersion;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;
import org.apache.rocketmq.test.client.rmq.RMQAsyncSendProducer;
import org.apache.rocketmq.test.client.rmq.RMQNormalConsumer;
import org.apache.rocketmq.test.client.rmq.RMQNormalProducer;
import org.apache.rocketmq.test.clientinterface.AbstractMQConsumer;
import org.apache.rocketmq.test.clientinterface.AbstractMQProducer;
import org.apache.rocketmq.test.factory.ConsumerFactory;
import org.apache.rocketmq.test.listener.AbstractListener;
import org.apache.rocketmq.test.util.MQAdmin;
import org.apache.rocketmq.test.util.MQRandomUtils;
import org.apache.rocketmq.test.util.TestUtil;

/**
 * What Apache's tests inherit: names of a cluster that runs already, and clients made on demand.
 *
 * <p>The names of fields and methods are those that the published test classes are linked against.
 */
public class AddressedCluster {
    public static String nsAddr = required("namesrv");
    protected static String clusterName = System.getProperty("cluster", "DefaultCluster");
    protected static String broker1Name = System.getProperty("broker.1", "broker-a");
    protected static String broker2Name = System.getProperty("broker.2", "broker-b");
    protected static int brokerNum = 2;
    /** Seconds that a test gives a rebalance. */
    protected static int waitTime = 5;
    /** How long a test waits for what must come, in ms. */
    protected static int consumeTime = 1000 * Integer.getInteger("consume.seconds", 120);
    /** All that {@link #shutdown} has to close. */
    protected static List<Object> mqClients = new ArrayList<>();

    private static final int QUEUES_PER_BROKER = 8;
    private static final long TOPIC_DEADLINE_MS = 1000L * Integer.getInteger("topic.seconds", 30);

    static {
        System.setProperty(RemotingCommand.REMOTING_VERSION_KEY, String.valueOf(MQVersion.CURRENT_VERSION));
    }

    public static String initTopic() {
        return initTopicWithName(MQRandomUtils.getRandomTopic());
    }

    /** Creates the topic on both brokers; fails the test if it is not there in time. */
    public static String initTopicWithName(String topic) {
        long deadline = System.currentTimeMillis() + TOPIC_DEADLINE_MS;
        while (!MQAdmin.createTopic(nsAddr, clusterName, topic, QUEUES_PER_BROKER)) {
            if (System.currentTimeMillis() > deadline) {
                throw new AssertionError("topic " + topic + " was not created in cluster " + clusterName);
            }
            TestUtil.waitForMonment(500);
        }
        return topic;
    }

    public static String initConsumerGroup() {
        return initConsumerGroup(MQRandomUtils.getRandomConsumerGroup());
    }

    public static String initConsumerGroup(String group) {
        MQAdmin.createSub(nsAddr, clusterName, group);
        return group;
    }

    public static RMQNormalProducer getProducer(String namesrv, String topic) {
        return getProducer(namesrv, topic, false);
    }

    public static RMQNormalProducer getProducer(String namesrv, String topic, boolean useTls) {
        return closedLater(new RMQNormalProducer(namesrv, topic, useTls));
    }

    public static RMQNormalProducer getProducer(String namesrv, String topic, String group, String instanceName) {
        return closedLater(new RMQNormalProducer(namesrv, topic, group, instanceName));
    }

    public static RMQAsyncSendProducer getAsyncProducer(String namesrv, String topic) {
        return closedLater(new RMQAsyncSendProducer(namesrv, topic));
    }

    public static RMQNormalConsumer getConsumer(String namesrv, String topic, String tags, AbstractListener listener) {
        return getConsumer(namesrv, topic, tags, listener, false);
    }

    public static RMQNormalConsumer getConsumer(String namesrv, String topic, String tags, AbstractListener listener,
        boolean useTls) {
        return getConsumer(namesrv, initConsumerGroup(), topic, tags, listener, useTls);
    }

    public static RMQNormalConsumer getConsumer(String namesrv, String group, String topic, String tags,
        AbstractListener listener) {
        return getConsumer(namesrv, group, topic, tags, listener, false);
    }

    public static RMQNormalConsumer getConsumer(String namesrv, String group, String topic, String tags,
        AbstractListener listener, boolean useTls) {
        return closedLater(ConsumerFactory.getRMQNormalConsumer(namesrv, group, topic, tags, listener, useTls));
    }

    /**
     * Closes every client made so far: each test class calls it after each of its tests.
     *
     * <p>Fails the test if a producer noted a refused send. Some of Apache's tests look only for what was sent with
     * success, and would be content with nothing.
     */
    public static void shutdown() {
        int refused = 0;
        for (Object client : mqClients) {
            if (client instanceof AbstractMQProducer) {
                ((AbstractMQProducer) client).shutdown();
                refused += ((AbstractMQProducer) client).getSendErrorMsg().size();
            } else {
                ((AbstractMQConsumer) client).shutdown();
            }
        }
        mqClients.clear();
        if (refused > 0) {
            throw new AssertionError(refused + " sends were refused");
        }
    }

    protected static <C> C closedLater(C client) {
        mqClients.add(client);
        return client;
    }

    private static String required(String name) {
        String value = System.getProperty(name);
        if (value == null) {
            throw new IllegalStateException("run with -D" + name + "=HOST:PORT");
        }
        return value;
    }
}
