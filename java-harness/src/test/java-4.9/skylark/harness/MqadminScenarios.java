package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * Stock mqadmin subcommands; what they print must be, after masking, the text recorded from a Java 4.9.7 broker
 * (mqadmin.expected.txt; {@code -Dmqadmin.record=FILE} writes what was printed).
 */
@Isolated("a registration on its way would bring the deleted topic back")
class MqadminScenarios extends Clients {
    private static final String TOPIC = "MqadminTopic";
    private static final String GROUP = "MqadminGroup";
    /** Where mqadmin finds its conf/logback_tools.xml. */
    private static final String HOME = MqadminScenarios.class.getResource("/").getPath();

    @Test
    void subcommandsPrintWhatTheyPrintForJava() throws Exception {
        StringBuilder printed = new StringBuilder();
        printed.append(run("updateTopic -c DefaultCluster -t " + TOPIC + " -r 2 -w 2"));
        DefaultMQProducer producer = producer();
        Wait.until("route of " + TOPIC, () -> producer.fetchPublishMessageQueues(TOPIC).size() == 2);
        Queues.fill(producer, TOPIC, 0, 4);
        for (int queue = 0; queue < 2; queue++) {
            Queues.expectVisible(pullConsumer(), producer.fetchPublishMessageQueues(TOPIC).get(queue), 2);
        }
        printed.append(run(
            "topicRoute -t " + TOPIC,
            "topicStatus -t " + TOPIC,
            "clusterList",
            "updateSubGroup -c DefaultCluster -g " + GROUP + " -r 3",
            "topicList",
            "deleteTopic -c DefaultCluster -t " + TOPIC,
            "topicRoute -t " + TOPIC));
        String masked = mask(printed.toString());
        if (System.getProperty("mqadmin.record") != null) {
            Files.write(Paths.get(System.getProperty("mqadmin.record")), masked.getBytes(StandardCharsets.UTF_8));
        }
        assertEquals(resource("/mqadmin.expected.txt"), masked);
    }

    /** The subcommands in one process of their own, since they write to standard output and may end it. */
    private static String run(String... commands) throws Exception {
        List<String> line = new ArrayList<>(Arrays.asList(Paths.get(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Duser.home=" + System.getProperty("user.home"), "-Drocketmq.home.dir=" + HOME, "-cp", System.getProperty("java.class.path"),
            MqadminCommands.class.getName(), NAMESRV));
        line.addAll(Arrays.asList(commands));
        Path output = Files.createTempFile("mqadmin", ".txt");
        Process process = new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        try {
            assertEquals(true, process.waitFor(120, TimeUnit.SECONDS), "mqadmin ends");
            return new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
        } finally {
            process.destroyForcibly();
            Files.delete(output);
        }
    }

    /** Takes out addresses, times, versions, rates and the topics of other scenarios. */
    private static String mask(String text) {
        StringBuilder masked = new StringBuilder();
        List<String> topics = new ArrayList<>();
        boolean listing = false;
        for (String line : text.split("\n")) {
            if (line.startsWith("== ")) {
                topics.stream().sorted().forEach(topic -> masked.append(topic).append('\n'));
                topics.clear();
                listing = line.startsWith("== topicList");
            }
            if (line.startsWith("WARNING") || line.startsWith("\tat ") || line.contains("RocketMQLog:")) {
                continue;
            }
            String plain = line
                .replaceAll("127\\.0\\.0\\.1:\\d+", "ADDRESS")
                .replaceAll("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d,\\d{3}", "TIME")
                .replaceAll("V\\d_\\d+_\\d+\\S*|\\b\\d+\\.\\d+\\.\\d+\\S*", "VERSION")
                .replaceAll("\\d+\\.\\d+\\([^)]*\\)", "RATE")
                .replaceAll("\\s+\\d+\\s+\\d+\\.\\d+\\s+\\d+\\.\\d+\\s*$", " NUMBERS")
                .replaceAll("\\s+", " ").trim();
            // AUTO_CREATE_TOPIC_KEY: Skylark is better on purpose, and serves the template of client 4.3.0.
            boolean othersTopic = plain.matches("(T|CID)-.*|%(RETRY|DLQ)%.*|(RMQ_SYS_)?TRANS_.*|AUTO_CREATE_TOPIC_KEY");
            if (plain.isEmpty() || othersTopic) {
                continue;
            }
            if (listing && !line.startsWith("== ")) {
                topics.add(plain);
            } else {
                masked.append(plain).append('\n');
            }
        }
        return masked.toString();
    }

    private static String resource(String name) throws Exception {
        try (InputStream in = MqadminScenarios.class.getResourceAsStream(name)) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            byte[] buffer = new byte[8192];
            for (int n; in != null && (n = in.read(buffer)) > 0; ) {
                bytes.write(buffer, 0, n);
            }
            return bytes.toString("UTF-8");
        }
    }
}
