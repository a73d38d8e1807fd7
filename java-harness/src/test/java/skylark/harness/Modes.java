package skylark.harness;

import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;

/** Enums that moved to another package in 5.x, reached without naming the package. */
final class Modes {
    private Modes() {
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    static void broadcasting(DefaultMQPushConsumer consumer) throws ReflectiveOperationException {
        Class<?> mode = DefaultMQPushConsumer.class.getMethod("getMessageModel").getReturnType();
        Object broadcasting = Enum.valueOf((Class<Enum>) mode, "BROADCASTING");
        DefaultMQPushConsumer.class.getMethod("setMessageModel", mode).invoke(consumer, broadcasting);
    }
}
