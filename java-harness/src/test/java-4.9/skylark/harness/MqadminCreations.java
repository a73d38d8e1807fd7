package skylark.harness;

/** Subcommands that make topics and groups; what the others then look at. */
final class MqadminCreations {
    private MqadminCreations() {
    }

    static void run(MqadminTranscript transcript) throws Exception {
        topics(transcript);
        groups(transcript);
    }

    private static void topics(MqadminTranscript transcript) throws Exception {
        transcript.run(
            "updateTopic -c DefaultCluster -t Orders -r 4 -w 4",
            "updateTopic -b {broker} -t Ordered -r 2 -w 2 -o true",
            "updateTopic -c DefaultCluster -t OrderedByCluster -r 3 -w 3 -o true",
            "updateTopic -b {broker} -t Sealed -r 1 -w 1 -p 4",
            "updateTopic -c DefaultCluster -t Unit -r 1 -w 1 -u true -s true",
            "updateTopic -c DefaultCluster -t Defaults",
            "updateTopic -b {broker} -t Payments -r 1 -w 1",
            "updateTopic -b {broker} -t Delayed -r 1 -w 1",
            "updateTopic -b {broker} -t Retried -r 1 -w 1",
            "updateTopic -b {broker} -t Traced -r 1 -w 1",
            "updateTopic -b {broker} -t Busy -r 1 -w 1",
            "updateTopic -b {broker} -t Doomed -r 2 -w 2",
            "updateTopic -b {broker} -t TBW102 -r 1 -w 1",
            "updateTopic -b {broker} -t no*topic -r 1 -w 1",
            "updateTopic -b {broker} -t NoQueues -r 0 -w 0",
            "updateTopic -b 127.0.0.1:1 -t Orders",
            "updateTopic -c NoCluster -t Orders");
    }

    private static void groups(MqadminTranscript transcript) throws Exception {
        transcript.run(
            "updateSubGroup -c DefaultCluster -g Failing -r 1",
            "updateSubGroup -b {broker} -g Flags -s false -m true -d true -q 2 -r 3 -i 1 -w 2 -a false",
            "updateSubGroup -b {broker} -g Broadcast -d true",
            "updateSubGroup -c DefaultCluster -g Doomed",
            "updateSubGroup -c NoCluster -g Doomed",
            "getConsumerConfig -g Failing",
            "getConsumerConfig -g Flags",
            "getConsumerConfig -g Unknown");
    }
}
