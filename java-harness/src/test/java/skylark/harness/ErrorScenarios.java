package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The errors that a stock client sees. */
@Tag("send")
@Tag("header")
class ErrorScenarios extends Clients {
    private static final int SYSTEM_ERROR = 1;
    private static final int MESSAGE_ILLEGAL = 13;
    private static final int NO_PERMISSION = 16;
    private static final int TOPIC_NOT_EXIST = 17;
    private static final int BODY_LIMIT = 4 * 1024 * 1024;

    @Test
    @Tag("spine")
    void aBodyOverFourMebibytesIsRefusedAndTheProducerGoesOn() throws Exception {
        DefaultMQProducer producer = newProducer();
        producer.setMaxMessageSize(2 * BODY_LIMIT);
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        producer.start();
        String topic = topic(1);
        MessageQueue queue = producer.fetchPublishMessageQueues(topic).get(0);
        refused(MESSAGE_ILLEGAL, producer, new Message(topic, new byte[BODY_LIMIT + 1]), queue);
        assertEquals(0, producer.send(new Message(topic, "still here".getBytes()), queue).getQueueOffset());
    }

    @Test
    void aTopicThatMayNotBeCreatedIsUnknown() throws Exception {
        DefaultMQProducer producer = newProducer();
        producer.setCreateTopicKey(fresh("NO_SUCH_TEMPLATE"));
        producer.start();
        String known = topic(1);
        MQClientException atRoute = assertThrows(MQClientException.class, () -> producer.send(message(fresh("T"), "A", "k", "x")));
        // A 5.x client takes the route of TBW102 whatever its template is, and is refused by the broker.
        assertTrue(Target.clientIs("5.") || atRoute.getMessage().contains("No route info of this topic"), atRoute.getMessage());

        // With the broker's address known, the broker itself is asked, and says 17.
        MessageQueue queue = producer.send(message(known, "A", "k", "x")).getMessageQueue();
        String unknown = fresh("T");
        MQBrokerException atBroker = refused(TOPIC_NOT_EXIST, producer, message(unknown, "A", "k", "x"),
            new MessageQueue(unknown, queue.getBrokerName(), 0));
        assertTrue(atBroker.getErrorMessage().startsWith("topic[" + unknown + "] not exist, apply first please!"), atBroker.getErrorMessage());
    }

    @Test
    void aQueueThatDoesNotExistIsRefused() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(2);
        MessageQueue queue = producer.fetchPublishMessageQueues(topic).get(0);
        MQBrokerException error = refused(SYSTEM_ERROR, producer, message(topic, "A", "k", "x"), new MessageQueue(topic, queue.getBrokerName(), 77));
        assertTrue(error.getErrorMessage().contains("request queueId[77] is illegal"), error.getErrorMessage());
    }

    @Test
    void aTopicOfTheServersOwnIsForbidden() throws Exception {
        DefaultMQProducer producer = producer();
        String known = topic(1);
        MessageQueue queue = producer.fetchPublishMessageQueues(known).get(0);
        Message message = message("SCHEDULE_TOPIC_XXXX", "A", "k", "x");
        Exception error = assertThrows(Exception.class, () -> producer.send(message, new MessageQueue(message.getTopic(), queue.getBrokerName(), 0)));
        // From 4.7.1 on the client itself says so.
        if (error instanceof MQBrokerException) {
            assertEquals(NO_PERMISSION, ((MQBrokerException) error).getResponseCode());
        } else {
            assertTrue(error.getMessage().contains("forbidden"), error.getMessage());
        }
    }

    @Test
    void aReaderOfAnUnknownTopicFindsNoQueues() throws Exception {
        DefaultMQPullConsumer reader = pullConsumer();
        assertEquals(2, reader.fetchSubscribeMessageQueues(topic(2)).size());
        assertThrows(MQClientException.class, () -> reader.fetchSubscribeMessageQueues(fresh("T")));
    }

    @Test
    void anOffsetIdBeyondTheLogIsNotFound() throws Exception {
        DefaultMQProducer producer = producer();
        String topic = topic(1);
        String id = producer.send(message(topic, "A", "k", "x")).getOffsetMsgId();
        String beyond = id.substring(0, 16) + "00000FFFFFFFFFFF";
        assertThrows(Exception.class, () -> {
            if (producer.viewMessage(topic, beyond) == null) {
                throw new IllegalStateException("not found");
            }
        });
    }

    private static MQBrokerException refused(int code, DefaultMQProducer producer, Message message, MessageQueue queue) {
        MQBrokerException error = assertThrows(MQBrokerException.class, () -> producer.send(message, queue));
        assertEquals(code, error.getResponseCode(), error.getErrorMessage());
        return error;
    }
}
