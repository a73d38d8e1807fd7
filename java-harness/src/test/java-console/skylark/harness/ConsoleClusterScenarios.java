package skylark.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Properties;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.protocol.body.BrokerStatsData;
import org.apache.rocketmq.common.protocol.body.ClusterInfo;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;
import org.junit.jupiter.api.Test;

/** The pages Dashboard and Cluster of the console, and the collector behind the charts. */
class ConsoleClusterScenarios extends Console {
    /** Shown as text or subtracted from each other. */
    private static final String[] COUNTS = {"msgPutTotalYesterdayMorning", "msgPutTotalTodayMorning", "msgPutTotalTodayNow",
        "msgGetTotalYesterdayMorning", "msgGetTotalTodayMorning", "msgGetTotalTodayNow", "bootTimestamp", "putMessageTimesTotal"};
    /** Over ten seconds, a minute and ten minutes; the charts take the first. */
    private static final String[] RATES = {"putTps", "getTotalTps", "getFoundTps", "getMissTps", "getTransferedTps"};

    @Test
    void theClusterPageHasItsFigures() throws Exception {
        DefaultMQAdminExt admin = admin();
        filled(producer(), 1, 3);
        ClusterInfo cluster = admin.examineBrokerClusterInfo();
        assertTrue(cluster.getClusterAddrTable().get(CLUSTER).contains("broker-a"));
        Map<String, String> status = admin.fetchBrokerRuntimeStats(broker(admin)).getTable();
        assertTrue(status.get("brokerVersionDesc").matches("V4_9_\\d"), status.get("brokerVersionDesc"));
        for (String name : COUNTS) {
            assertTrue(Long.parseLong(status.get(name)) >= 0, name);
        }
        assertTrue(Long.parseLong(status.get("msgPutTotalTodayNow")) - Long.parseLong(status.get("msgPutTotalTodayMorning")) >= 3);
        for (String name : RATES) {
            // Java has none before its first ten seconds are over.
            Wait.until(name, () -> Double.parseDouble(admin.fetchBrokerRuntimeStats(broker(admin)).getTable().get(name).trim().split(" ")[0]) >= 0);
        }
    }

    @Test
    void theConfigurationIsShown() throws Exception {
        DefaultMQAdminExt admin = admin();
        Properties configuration = admin.getBrokerConfig(broker(admin));
        assertEquals("broker-a", configuration.getProperty("brokerName"));
        assertEquals(CLUSTER, configuration.getProperty("brokerClusterName"));
        assertEquals("ASYNC_MASTER", configuration.getProperty("brokerRole"));
        assertEquals(broker(admin).split(":")[1], configuration.getProperty("listenPort"));
    }

    /** Each minute the collector asks what was put and what each group got. */
    @Test
    void theChartsHaveWhatWasPutAndGot() throws Exception {
        DefaultMQAdminExt admin = admin();
        DefaultMQProducer producer = producer();
        String topic = filled(producer, 1, 1);
        String group = fresh("CID");
        Received received = new Received();
        online(admin, group, topic, received.listener());
        // Java takes samples every ten seconds, and counts from the first on.
        Wait.until("messages are counted", () -> {
            producer.send(message(topic, "A", "k", "body"));
            return counted(admin, "TOPIC_PUT_NUMS", topic) > 0 && counted(admin, "GROUP_GET_NUMS", topic + "@" + group) > 0;
        });
        assertTrue(received.count() > 0);
        assertEquals(1, codeOf(() -> admin.viewBrokerStatsData(broker(admin), "TOPIC_PUT_NUMS", fresh("T"))));
    }

    private static long counted(DefaultMQAdminExt admin, String name, String key) throws Exception {
        BrokerStatsData data = admin.viewBrokerStatsData(broker(admin), name, key);
        assertTrue(data.getStatsMinute().getTps() >= 0 && data.getStatsHour().getSum() >= 0 && data.getStatsDay().getSum() >= 0);
        return data.getStatsMinute().getSum();
    }
}
