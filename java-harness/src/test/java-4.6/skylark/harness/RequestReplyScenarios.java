package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.RequestTimeoutException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.RequestCallback;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Requests whose reply comes back to the client that waits, known to clients from 4.6 on. */
class RequestReplyScenarios extends Clients {
    private static final long PATIENCE_MS = 60_000;

    /** A 5.3.3 requester gives up on its reply with either server. */
    @BeforeAll
    static void servedByAnyServer() {
        assumeFalse(Target.clientIs("5."));
    }

    @Test
    @Tag("spine")
    @Tag("header")
    void aRequestGetsItsReply() throws Exception {
        DefaultMQProducer requester = producer();
        String topic = topic(2);
        reply(topic);
        for (int n = 0; n < 10; n++) {
            Message reply = requester.request(message(topic, "A", "k" + n, "question " + n), PATIENCE_MS);
            assertEquals("answer to question " + n, new String(reply.getBody()));
        }
        // That it is called, not with what: client 4.9.8 was seen to give it null, by either server.
        CompletableFuture<Boolean> later = new CompletableFuture<>();
        requester.request(message(topic, "A", "k", "question"), new RequestCallback() {
            @Override
            public void onSuccess(Message reply) {
                later.complete(true);
            }

            @Override
            public void onException(Throwable failure) {
                later.completeExceptionally(failure);
            }
        }, PATIENCE_MS);
        later.get(PATIENCE_MS, TimeUnit.MILLISECONDS);
    }

    @Test
    void aRequestThatNobodyAnswersTimesOut() throws Exception {
        DefaultMQProducer requester = producer();
        Message question = message(topic(1), "A", "k", "question");
        assertThrows(RequestTimeoutException.class, () -> requester.request(question, 1500));
    }

    private void reply(String topic) throws Exception {
        DefaultMQProducer replier = producer();
        DefaultMQPushConsumer consumer = newPushConsumer(fresh("CID"));
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        MessageListenerConcurrently answering = (batch, context) -> {
            for (MessageExt question : batch) {
                try {
                    byte[] answer = ("answer to " + new String(question.getBody())).getBytes();
                    replier.send(MessageUtil.createReplyMessage(question, answer));
                } catch (Exception failure) {
                    return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                }
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        };
        consumer.registerMessageListener(answering);
        consumer.start();
    }
}
