package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Whole queues at once. */
final class Queues {
    private Queues() {
    }

    /** The queue's acknowledged messages, of which there are {@code count}. */
    static List<MessageExt> read(DefaultMQPullConsumer reader, MessageQueue queue, int count) throws Exception {
        expectVisible(reader, queue, count);
        return pullAll(reader, queue, "*");
    }

    /** Skylark is better on purpose: what is acknowledged is visible. Java shows it a little later. */
    static void expectVisible(DefaultMQPullConsumer reader, MessageQueue queue, int count) throws Exception {
        if (Target.NOW == Target.JAVA) {
            Wait.until(count + " messages in " + queue, () -> reader.maxOffset(queue) >= count);
        }
        assertEquals(count, reader.maxOffset(queue), "messages in " + queue);
    }

    /** What the broker gives of the queue for a tag expression. */
    static List<MessageExt> pullAll(DefaultMQPullConsumer reader, MessageQueue queue, String tags) throws Exception {
        List<MessageExt> all = new ArrayList<>();
        long end = reader.maxOffset(queue);
        for (long next = reader.minOffset(queue); next < end; ) {
            PullResult result = reader.pull(queue, tags, next, 32);
            if (result.getPullStatus() == PullStatus.FOUND) {
                all.addAll(result.getMsgFoundList());
            }
            next = result.getNextBeginOffset();
        }
        return all;
    }

    /** Sends messages with keys from k{@code from} on, tags Tag0 to Tag2, over all queues in turn. */
    static void fill(DefaultMQProducer producer, String topic, int from, int count) throws Exception {
        List<MessageQueue> queues = producer.fetchPublishMessageQueues(topic);
        for (int n = from; n < from + count; n++) {
            producer.send(Clients.message(topic, "Tag" + n % 3, "k" + n, "body " + n), queues.get(n % queues.size()));
        }
    }
}
