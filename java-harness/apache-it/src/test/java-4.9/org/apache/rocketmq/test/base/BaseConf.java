package org.apache.rocketmq.test.base;

import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.test.client.rmq.RMQTransactionalProducer;
import skylark.apacheit.AddressedCluster;

/** Stands before the class of this name that starts servers. */
public class BaseConf extends AddressedCluster {
    public static RMQTransactionalProducer getTransactionalProducer(String namesrv, String topic,
        TransactionListener listener) {
        return closedLater(new RMQTransactionalProducer(namesrv, topic, false, listener));
    }
}
