package skylark.harness;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Subcommands that look and leave all as it is. */
final class MqadminReads {
    private MqadminReads() {
    }

    static void run(MqadminTranscript transcript, MqadminState state) throws Exception {
        transcript.run("startMonitoring");
        Wait.until("the monitor is known", () -> state.admin.examineConsumerConnectionInfo("TOOLS_CONSUMER") != null
            && state.admin.examineConsumerConnectionInfo("__MONITOR_CONSUMER") != null);
        consumers(transcript);
        topics(transcript);
        brokers(transcript);
        messages(transcript);
        exports(transcript);
        state.keepBusyUntilCounted();
        transcript.run("statsAll -a -t Busy", "statsAll -a -t Sealed");
        monitored(transcript);
    }

    private static void consumers(MqadminTranscript transcript) throws Exception {
        transcript.run(
            "consumerStatus -g Online -i {online-1}",
            "consumerStatus -g Orderly -i {orderly-1}",
            "consumerStatus -g Online -i nobody",
            "consumerStatus -g Offline");
        statusFiles(transcript, "consumerStatus -g Online");
        statusFiles(transcript, "consumerStatus -g Online -b {broker} -s");
        transcript.run(
            "consumerConnection -g Online",
            "consumerConnection -g Online -b {broker}",
            "consumerConnection -g Pulling",
            "consumerConnection -g Broadcast",
            "consumerConnection -g Orderly",
            "consumerConnection -g Offline",
            "consumerConnection -g Unknown",
            "consumerConnection -g Unknown -b {broker}",
            "consumerProgress",
            "consumerProgress -g Online",
            "consumerProgress -g Online -s true",
            "consumerProgress -g Offline",
            "consumerProgress -g Failing",
            "consumerProgress -g Orderly -s true",
            "consumerProgress -g Broadcast",
            "consumerProgress -g Unknown",
            "producerConnection -g Orders-Producer -t Orders",
            "producerConnection -g Payments-Producer -t Payments",
            "producerConnection -g Unknown -t Orders",
            "producer -b {broker}",
            "brokerConsumeStats -b {broker}",
            "brokerConsumeStats -b {broker} -l 5 -t 3000",
            "brokerConsumeStats -b {broker} -o true");
    }

    private static void topics(MqadminTranscript transcript) throws Exception {
        transcript.run(
            "topicList",
            "topicList -c",
            "topicRoute -t Orders",
            "topicRoute -t Orders -l",
            "topicRoute -t Ordered",
            "topicRoute -t Sealed",
            "topicRoute -t Unit",
            "topicRoute -t Nowhere",
            "topicStatus -t Orders",
            "topicStatus -t Sealed",
            "topicStatus -t Delayed",
            "topicStatus -t Payments",
            "topicStatus -t %RETRY%Failing",
            "topicStatus -t %DLQ%Failing",
            "topicStatus -t Nowhere",
            "topicClusterList -t Orders",
            "topicClusterList -t Nowhere",
            "allocateMQ -t Orders -i 10.0.0.1,10.0.0.2,10.0.0.3",
            "statsAll",
            "statsAll -t Orders",
            "queryCq -t Orders -q 0 -i 0 -c 2",
            "queryCq -t Orders -q 1 -i 4",
            "queryCq -t Orders -q 0 -i 0 -c 6 -g Online",
            "queryCq -t Orders -q 0 -i 0 -c 1 -b {broker}",
            "queryCq -t Orders -q 0 -i 100",
            "queryCq -t Orders -q 9 -i 0",
            "queryCq -t Nowhere -q 0 -i 0",
            "updateOrderConf -t Ordered -m get",
            "updateOrderConf -t OrderedByCluster -m get",
            "updateOrderConf -t Orders -m get");
    }

    private static void brokers(MqadminTranscript transcript) throws Exception {
        transcript.run(
            "clusterList",
            "clusterList -m",
            "brokerStatus -b {broker}",
            "brokerStatus -c DefaultCluster",
            "brokerStatus -c NoCluster",
            "getBrokerConfig -b {broker}",
            "getNamesrvConfig",
            "getConsumerConfig -g Online",
            "clusterAclConfigVersion -b {broker}");
        transcript.runUntil("broker-a", "clusterList -i 1");
    }

    private static void messages(MqadminTranscript transcript) throws Exception {
        byIdWithBody(transcript, "k0", "k20");
        byIdWithBody(transcript, "k12");
        transcript.run(
            "queryMsgById -i {k0}",
            "queryMsgById -i 7F00000100002A9F00000000000FFFFF",
            "queryMsgByKey -t Orders -k k1",
            "queryMsgByKey -t Retried -k fail0",
            "queryMsgByKey -t Orders -k nothing",
            "queryMsgByKey -t Nowhere -k k1",
            "queryMsgByUniqueKey -t Orders -i {k2}",
            "queryMsgByUniqueKey -t Orders -i {k20} -a",
            "queryMsgByUniqueKey -t %DLQ%Failing -i {fail0}",
            "queryMsgByUniqueKey -t %RETRY%Failing -i {fail1}",
            "queryMsgByUniqueKey -t Payments -i {asked}",
            "queryMsgByUniqueKey -t Payments -i {rolled-back}",
            "queryMsgByUniqueKey -t Delayed -i {level1}",
            "queryMsgByUniqueKey -t Delayed -i {level18}",
            "queryMsgByOffset -t Orders -b broker-a -i 3 -o 1",
            "queryMsgByOffset -t Orders -b broker-a -i 3 -o 6",
            "queryMsgByOffset -t Orders -b broker-a -i 9 -o 0",
            "queryMsgTraceById -i {traced}",
            "queryMsgTraceById -i {k0}",
            "printMsg -t Orders",
            "printMsg -t Orders -s TagA -d false",
            "printMsg -t Orders -b {between}",
            "printMsg -t Orders -e {between} -c UTF-8",
            "printMsg -t Nowhere",
            "printMsgByQueue -t Orders -a broker-a -i 0 -p true -d true -f true",
            "printMsgByQueue -t Orders -a broker-a -i 1 -s TagB -p true",
            "printMsgByQueue -t Orders -a broker-a -i 2 -b {between} -p true",
            "printMsgByQueue -t Orders -a broker-a -i 9 -p true",
            "consumeMessage -t Orders",
            "consumeMessage -t Orders -c 3",
            "consumeMessage -t Orders -b broker-a -i 1",
            "consumeMessage -t Orders -b broker-a -i 1 -o 4 -c 1",
            "consumeMessage -t Orders -s {before} -e {between}",
            "consumeMessage -t Ordered -g Peeking");
    }

    private static void exports(MqadminTranscript transcript) throws Exception {
        exported(transcript, "exportMetadata -c DefaultCluster -f export", "metadata");
        exported(transcript, "exportMetadata -c DefaultCluster -t -s -f export", "topic");
        exported(transcript, "exportMetadata -c DefaultCluster -g -f export", "subscriptionGroup");
        exported(transcript, "exportMetadata -b {broker} -t -f export", "topic");
        exported(transcript, "exportMetadata -b {broker} -g -f export", "subscriptionGroup");
        exported(transcript, "exportConfigs -c DefaultCluster -f export", "configs");
        exported(transcript, "exportMetrics -c DefaultCluster -f export", "metrics");
    }

    /** The monitor begins its first round 20 s after its start and tells the client's log what it sees. */
    private static void monitored(MqadminTranscript transcript) throws Exception {
        Path log = Paths.get("logs", "rocketmq_client.log");
        Wait.until("a round of the monitor", () -> new String(Files.readAllBytes(log)).contains("endRound"));
        String told = Files.readAllLines(log).stream().filter(line -> line.matches(".*(Round|report[A-Z]\\w+: (?!.*__MONITOR)).*"))
            .map(line -> line.replaceAll("^.*?(\\[(MONITOR|NOTIFY))", "$1")).collect(Collectors.joining("\n"));
        transcript.record("startMonitoring > log", told);
    }

    private static void exported(MqadminTranscript transcript, String command, String file) throws Exception {
        transcript.run(command);
        transcript.file(command, Paths.get("export", file + ".json"));
    }

    /** Several ids at once; the command writes each body into a file. */
    private static void byIdWithBody(MqadminTranscript transcript, String... messages) throws Exception {
        String ids = Stream.of(messages).map(message -> "{" + message + ".offset}").collect(Collectors.joining(","));
        String command = "queryMsgById -i " + ids;
        transcript.run(command);
        for (String message : messages) {
            transcript.file(command, MqadminTranscript.body(transcript.names.get(message)));
        }
    }

    /** The command writes a file for each consumer, in a folder named after the time. */
    private static void statusFiles(MqadminTranscript transcript, String command) throws Exception {
        transcript.run(command);
        for (String client : new String[] {"online-1", "online-2"}) {
            try (Stream<Path> below = Files.walk(Paths.get("."), 2)) {
                Path file = below.filter(path -> path.endsWith(transcript.names.get(client))).findFirst().orElse(Paths.get(client));
                transcript.file(command, file);
            }
        }
    }
}
