package skylark.harness;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;

/**
 * A stock producer for the crash tests: NAMESRV TOPIC. Sends from several threads until standard input ends, single messages and
 * batches, and prints one line for each message: {@code OK key queue offset id} or {@code UNKNOWN key}. The body is the key,
 * repeated.
 */
final class AckedProducer {
    private static final int THREADS = 3;
    private static final PrintStream OUT = new PrintStream(System.out, false);
    private static final AtomicBoolean STOP = new AtomicBoolean();

    private AckedProducer() {
    }

    public static void main(String[] args) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("AckedProducer");
        producer.setNamesrvAddr(args[0]);
        producer.setRetryTimesWhenSendFailed(0);
        producer.setSendMsgTimeout(30_000);
        producer.start();
        List<Thread> senders = new ArrayList<>();
        for (int number = 0; number < THREADS; number++) {
            int sender = number;
            Thread thread = new Thread(() -> send(producer, args[1], sender));
            thread.start();
            senders.add(thread);
        }
        while (System.in.read() >= 0) {
            continue;
        }
        STOP.set(true);
        for (Thread sender : senders) {
            sender.join();
        }
        System.exit(0);
    }

    private static void send(DefaultMQProducer producer, String topic, int sender) {
        for (int n = 0; !STOP.get(); n++) {
            List<Message> messages = new ArrayList<>();
            for (int part = 0; part < (n % 10 == 0 ? 5 : 1); part++) {
                messages.add(message(topic, "j" + sender + "-" + n + "-" + part, 1 + n % 40));
            }
            try {
                SendResult result = messages.size() == 1 ? producer.send(messages.get(0)) : producer.send(messages);
                report(messages, result);
            } catch (Exception unknown) {
                report(messages, null);
                pause();
            }
        }
    }

    private static Message message(String topic, String key, int times) {
        StringBuilder body = new StringBuilder();
        for (int n = 0; n < times; n++) {
            body.append(key);
        }
        return new Message(topic, "java", key, body.toString().getBytes());
    }

    private static void report(List<Message> messages, SendResult result) {
        StringBuilder lines = new StringBuilder();
        boolean acknowledged = result != null && result.getSendStatus() == SendStatus.SEND_OK;
        for (int n = 0; n < messages.size(); n++) {
            String key = messages.get(n).getKeys();
            if (acknowledged) {
                lines.append("OK ").append(key).append(' ').append(result.getMessageQueue().getQueueId()).append(' ')
                    .append(result.getQueueOffset() + n).append(' ').append(result.getOffsetMsgId().split(",")[n]).append('\n');
            } else {
                lines.append("UNKNOWN ").append(key).append('\n');
            }
        }
        synchronized (OUT) {
            OUT.print(lines);
            OUT.flush();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(10);
        } catch (InterruptedException stop) {
            STOP.set(true);
        }
    }
}
