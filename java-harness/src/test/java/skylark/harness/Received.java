package skylark.harness;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.message.MessageExt;

/** What a push consumer was given, in order of arrival. */
final class Received {
    private final ConcurrentLinkedQueue<MessageExt> messages = new ConcurrentLinkedQueue<>();

    MessageListenerConcurrently listener() {
        return (batch, context) -> {
            messages.addAll(batch);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        };
    }

    int count() {
        return messages.size();
    }

    /** Keys, sorted. */
    List<String> keys() {
        return messages.stream().map(MessageExt::getKeys).sorted().collect(Collectors.toList());
    }

    MessageExt withKey(String key) {
        return messages.stream().filter(message -> key.equals(message.getKeys())).findFirst().orElseThrow(AssertionError::new);
    }

    void awaitCount(int count) throws InterruptedException {
        Wait.until(count + " messages received", () -> messages.size() >= count);
    }

    List<MessageExt> all() {
        return new ArrayList<>(messages);
    }
}
