package skylark.harness;

import org.apache.rocketmq.common.protocol.route.QueueData;

/** Subcommands that change something, each followed by a look at what it did. */
final class MqadminChanges {
    private final MqadminTranscript transcript;
    private final MqadminState state;

    private MqadminChanges(MqadminTranscript transcript, MqadminState state) {
        this.transcript = transcript;
        this.state = state;
    }

    static void run(MqadminTranscript transcript, MqadminState state) throws Exception {
        MqadminChanges changes = new MqadminChanges(transcript, state);
        changes.keysAndValues();
        changes.permissions();
        changes.sends();
        changes.directConsumption();
        changes.offsets();
        changes.configuration();
        changes.accessControl();
        changes.cleaning();
        changes.deletions();
    }

    private void keysAndValues() throws Exception {
        transcript.run(
            "updateKvConfig -s Shop -k colour -v blue",
            "deleteKvConfig -s Shop -k colour",
            "deleteKvConfig -s Shop -k nothing",
            "updateOrderConf -t Orders -m put -v broker-a:4",
            "updateOrderConf -t Orders -m put",
            "updateOrderConf -t Orders -m get",
            "topicRoute -t Orders",
            "updateOrderConf -t Orders -m delete",
            "updateOrderConf -t Orders -m get");
    }

    private void permissions() throws Exception {
        transcript.run(
            "updateTopicPerm -c DefaultCluster -t Defaults -p 4",
            "topicRoute -t Defaults",
            "updateTopicPerm -b {broker} -t Defaults -p 6",
            "updateTopicPerm -b {broker} -t Defaults -p 6",
            "updateTopicPerm -b 127.0.0.1:1 -t Defaults -p 6",
            "updateTopicPerm -b {broker} -t Nowhere -p 6",
            "topicRoute -t Defaults",
            "updateTopic -b {broker} -t Defaults -r 3 -w 2 -p 2 -o true",
            "topicRoute -t Defaults",
            "updateOrderConf -t Defaults -m get");
        // A registration gives the permission back: a rare one that comes at this moment is waited out.
        transcript.runTill("the topic is wiped", () -> permissionOf("Orders") == 4, "wipeWritePerm -b broker-a");
        transcript.run("topicRoute -t Orders", "sendMessage -t Orders -p refused", "addWritePerm -b broker-a", "topicRoute -t Orders",
            "wipeWritePerm -b unknown", "addWritePerm -b unknown");
    }

    private void sends() throws Exception {
        transcript.run(
            "sendMessage -t Defaults -p hello -k greeting -c TagX -b broker-a -i 1",
            "sendMessage -t Payments -p hello -k greeting -c TagX -m true",
            "sendMessage -t Payments -p hello -b broker-a -i 0",
            "sendMessage -t Sealed -p refused",
            "sendMessage -t Made-By-Sending -p hello -b broker-a -i 2",
            "sendMsgStatus -b broker-a -s 16 -c 2",
            "sendMsgStatus -b unknown -s 16 -c 1",
            "checkMsgSendRT -t Payments -a 3 -s 16",
            "checkMsgSendRT -t Sealed -a 2 -s 16",
            "queryMsgById -i {fail0.offset} -s true",
            "queryMsgById -i {fail0.offset} -s true -u unit");
        transcript.runUntil("DefaultCluster", "clusterRT -a 2 -s 16 -c DefaultCluster -i 1");
        transcript.runUntil("DefaultCluster", "clusterRT -a 2 -s 16 -p true -m room -i 1");
        transcript.runUntil("cluster [NoCluster] not exist", "clusterRT -a 2 -s 16 -c NoCluster -i 1");
        transcript.run("queryMsgByKey -t Payments -k greeting", "topicRoute -t Made-By-Sending");
    }

    private void directConsumption() throws Exception {
        transcript.run(
            "queryMsgById -i {k0.offset} -g Online -d {online-1}",
            "queryMsgById -i {k0.offset} -g Online -d nobody",
            "queryMsgById -i {k0.offset} -g Offline -d {online-1}",
            "queryMsgByUniqueKey -t Orders -i {k4} -g Online -d {online-2}",
            "queryMsgByUniqueKey -t Ordered -i {k4} -g Orderly -d {orderly-1}",
            "queryMsgByUniqueKey -t Retried -i {fail0} -g Failing -d {failing-1}");
    }

    private void offsets() throws Exception {
        transcript.run(
            "cloneGroupOffset -s Offline -d Cloned -t Orders",
            "consumerProgress -g Cloned",
            "cloneGroupOffset -s Unknown -d Cloned -t Orders",
            "resetOffsetByTime -g Offline -t Orders -s {before}",
            "consumerProgress -g Offline",
            "resetOffsetByTime -g Offline -t Orders -s {between} -f false",
            "resetOffsetByTime -g Offline -t Orders -s {between}",
            "consumerProgress -g Offline",
            "resetOffsetByTime -g Offline -t Orders -s now",
            "skipAccumulatedMessage -g Cloned -t Orders",
            "skipAccumulatedMessage -g Unknown -t Orders",
            "resetOffsetByTime -g Unknown -t Orders -s {between}",
            "resetOffsetByTime -g Online -t Nowhere -s {between}",
            "resetOffsetByTime -g Orderly -t Ordered -s {before}");
        state.awaitConsumed("Orderly", "Ordered", 4, 4);
        transcript.run(
            "resetOffsetByTime -g Orderly -t Ordered -s {before} -c",
            "skipAccumulatedMessage -g Orderly -t Ordered -f true",
            "skipAccumulatedMessage -g Orderly -t Orders");
    }

    private void configuration() throws Exception {
        transcript.run(
            "updateBrokerConfig -b {broker} -k fileReservedTime -v 71",
            "updateBrokerConfig -c DefaultCluster -k messageDelayLevel -v nonsense",
            "updateBrokerConfig -c DefaultCluster -k storePathRootDir -v /elsewhere",
            "updateBrokerConfig -b {broker} -k unknownKey -v 1",
            "updateBrokerConfig -c NoCluster -k fileReservedTime -v 71",
            "getBrokerConfig -c DefaultCluster",
            "updateNamesrvConfig -k productEnvName -v elsewhere",
            "updateNamesrvConfig -k kvConfigPath -v /elsewhere",
            "updateNamesrvConfig -k unknownKey -v 1",
            "getNamesrvConfig",
            "updateSubGroup -b {broker} -g Online -r 5 -d false",
            "getConsumerConfig -g Online");
    }

    private void accessControl() throws Exception {
        transcript.run(
            "updateAclConfig -b {broker} -a shop -s 12345678 -w 10.0.0.* -i DENY -u SUB -t Orders=PUB -g Online=SUB -m false",
            "updateAclConfig -c DefaultCluster -a shop -s 12345678",
            "deleteAclConfig -b {broker} -a shop",
            "deleteAccessConfig -c DefaultCluster -a shop",
            "updateGlobalWhiteAddr -b {broker} -g 10.0.0.*",
            "updateGlobalWhiteAddr -c DefaultCluster -g 10.0.0.* -p /elsewhere/acl.yml");
    }

    private void cleaning() throws Exception {
        transcript.run(
            "cleanExpiredCQ -b {broker}",
            "cleanExpiredCQ -c DefaultCluster",
            "cleanExpiredCQ -c NoCluster",
            "cleanExpiredCQ",
            "cleanUnusedTopic -b {broker}",
            "cleanUnusedTopic -c DefaultCluster",
            "deleteExpiredCommitLog -b {broker}",
            "deleteExpiredCommitLog -c DefaultCluster",
            "deleteExpiredCommitLog -c NoCluster");
    }

    private void deletions() throws Exception {
        transcript.run(
            "deleteSubGroup -b {broker} -g Flags",
            "getConsumerConfig -g Flags",
            "deleteSubGroup -c DefaultCluster -g Failing -r true",
            "topicRoute -t %RETRY%Failing",
            "topicRoute -t %DLQ%Failing",
            "consumerProgress -g Failing",
            "deleteSubGroup -c DefaultCluster -g Unknown",
            "deleteSubGroup -c NoCluster -g Doomed",
            "deleteTopic -c DefaultCluster -t Doomed",
            "topicRoute -t Doomed",
            "topicStatus -t Doomed",
            "deleteTopic -c DefaultCluster -t Nowhere",
            "deleteTopic -c NoCluster -t Orders",
            "deleteTopic -c DefaultCluster -t TBW102",
            "topicList",
            "topicList -c");
    }

    private int permissionOf(String topic) throws Exception {
        return state.admin.examineTopicRouteInfo(topic).getQueueDatas().stream().mapToInt(QueueData::getPerm).sum();
    }
}
