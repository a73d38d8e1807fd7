package skylark.harness;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.protocol.body.TopicConfigSerializeWrapper;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** Methods of the admin client whose name or parameters changed within 4.x. */
final class Admin {
    private static final long TIMEOUT_MS = 30_000;

    private Admin() {
    }

    static Map<String, TopicConfig> topics(DefaultMQAdminExt admin, String broker) throws ReflectiveOperationException {
        TopicConfigSerializeWrapper all;
        try {
            all = (TopicConfigSerializeWrapper) DefaultMQAdminExt.class.getMethod("getAllTopicGroup", String.class, long.class)
                .invoke(admin, broker, TIMEOUT_MS);
        } catch (NoSuchMethodException renamed) {
            all = (TopicConfigSerializeWrapper) DefaultMQAdminExt.class.getMethod("getAllTopicConfig", String.class, long.class)
                .invoke(admin, broker, TIMEOUT_MS);
        }
        return all.getTopicConfigTable();
    }

    static void deleteInNameServer(DefaultMQAdminExt admin, String topic) throws ReflectiveOperationException {
        Set<String> namesrvs = new HashSet<>(Arrays.asList(Clients.NAMESRV.split(";")));
        try {
            DefaultMQAdminExt.class.getMethod("deleteTopicInNameServer", Set.class, String.class).invoke(admin, namesrvs, topic);
        } catch (NoSuchMethodException withCluster) {
            DefaultMQAdminExt.class.getMethod("deleteTopicInNameServer", Set.class, String.class, String.class)
                .invoke(admin, namesrvs, topic, "DefaultCluster");
        }
    }
}
