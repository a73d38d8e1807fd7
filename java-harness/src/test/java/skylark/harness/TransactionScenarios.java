package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Transactional messages; the broker is set to ask undecided producers about once a second. */
class TransactionScenarios extends Clients {
    /** Decides at once as the send says, and later by the message's tag. */
    private static final class Decider implements TransactionListener {
        final Queue<MessageExt> asked = new ConcurrentLinkedQueue<>();

        @Override
        public LocalTransactionState executeLocalTransaction(Message message, Object state) {
            return (LocalTransactionState) state;
        }

        @Override
        public LocalTransactionState checkLocalTransaction(MessageExt message) {
            asked.add(message);
            long times = asked.stream().filter(one -> one.getKeys().equals(message.getKeys())).count();
            if (times < 2) {
                return LocalTransactionState.UNKNOW;
            }
            return "Commit".equals(message.getTags()) ? LocalTransactionState.COMMIT_MESSAGE : LocalTransactionState.ROLLBACK_MESSAGE;
        }

        List<MessageExt> askedAbout(String key) {
            return asked.stream().filter(one -> one.getKeys().equals(key)).collect(Collectors.toList());
        }
    }

    @Test
    @Tag("spine")
    @Tag("header")
    void whatIsCommittedArrivesAndWhatIsRolledBackDoesNot() throws Exception {
        TransactionMQProducer producer = producer(new Decider());
        String topic = topic(1);
        Received received = consume(topic);
        for (int n = 0; n < 20; n++) {
            LocalTransactionState outcome = n % 2 == 0 ? LocalTransactionState.COMMIT_MESSAGE : LocalTransactionState.ROLLBACK_MESSAGE;
            SendResult sent = producer.sendMessageInTransaction(message(topic, "A", "k" + n, "body " + n), outcome);
            assertEquals(SendStatus.SEND_OK, sent.getSendStatus());
            assertEquals(topic, sent.getMessageQueue().getTopic());
        }
        received.awaitCount(10);
        SendResult last = producer.sendMessageInTransaction(message(topic, "A", "last", "body"), LocalTransactionState.COMMIT_MESSAGE);
        received.awaitCount(11);
        for (MessageExt message : received.all()) {
            if (!message.getKeys().equals("last")) {
                assertEquals(0, Integer.parseInt(message.getKeys().substring(1)) % 2, message.getKeys());
            }
            assertEquals(topic, message.getTopic());
            assertNotNull(message.getTransactionId());
        }
        assertEquals(last.getMsgId(), received.withKey("last").getTransactionId());
    }

    @Test
    @Tag("spine")
    void anUndecidedProducerIsAskedUntilItDecides() throws Exception {
        Decider decider = new Decider();
        TransactionMQProducer producer = producer(decider);
        String topic = topic(1);
        Received received = consume(topic);
        SendResult committed = producer.sendMessageInTransaction(message(topic, "Commit", "committed", "body"), LocalTransactionState.UNKNOW);
        producer.sendMessageInTransaction(message(topic, "Roll", "rolled", "body"), LocalTransactionState.UNKNOW);
        received.awaitCount(1);
        Wait.until("the other one was asked for twice", () -> decider.askedAbout("rolled").size() >= 2);
        MessageExt asked = decider.askedAbout("committed").get(0);
        assertEquals(topic, asked.getTopic());
        assertEquals("body", new String(asked.getBody()));
        assertEquals("1", asked.getProperty("TRANSACTION_CHECK_TIMES"));
        assertEquals(committed.getMsgId(), asked.getTransactionId());
        assertEquals(committed.getMsgId(), received.all().get(0).getMsgId());

        // What comes after all that was decided before is the next thing that arrives.
        producer.sendMessageInTransaction(message(topic, "A", "last", "body"), LocalTransactionState.COMMIT_MESSAGE);
        received.awaitCount(2);
        assertEquals("[committed, last]", received.keys().toString());
    }

    private TransactionMQProducer producer(Decider decider) throws Exception {
        TransactionMQProducer producer = configure(new TransactionMQProducer(fresh("PID")));
        producer.setSendMsgTimeout(60_000);
        producer.setTransactionListener(decider);
        atEnd(producer::shutdown);
        producer.start();
        return producer;
    }

    private Received consume(String topic) throws Exception {
        Received received = new Received();
        DefaultMQPushConsumer consumer = newPushConsumer(fresh("CID"));
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener(received.listener());
        consumer.start();
        return received;
    }
}
