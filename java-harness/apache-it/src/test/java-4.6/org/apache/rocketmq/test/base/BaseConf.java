package org.apache.rocketmq.test.base;

import skylark.apacheit.AddressedCluster;

/** Stands before the class of this name that starts servers. */
public class BaseConf extends AddressedCluster {
}
