//! Brokers coming, staying, going, and being taken out of use.

use std::sync::Arc;
use std::time::Instant;

use skylark_protocol::body::{self, DataVersion, KvTable, RegisterBrokerBody, TopicConfigSerializeWrapper};
use skylark_protocol::error::DecodeError;
use skylark_protocol::message::record::body_crc;
use skylark_protocol::request::{
    AddWritePermOfBroker, AddWritePermOfBrokerReply, QueryDataVersion, QueryDataVersionReply, RegisterBroker,
    RegisterBrokerReply, UnregisterBroker, WipeWritePermOfBroker, WipeWritePermOfBrokerReply,
};

use crate::namesrv::kv_config::ORDER_TOPIC_CONFIG;
use crate::namesrv::limits::{check_count, check_name, check_topic};
use crate::namesrv::routes::{Announcement, Registration};
use crate::namesrv::{Namesrv, limits};
use crate::remoting::{Incoming, Refusal, Reply};

/// 3.0.11: from here on a registration also names filter servers.
const VERSION_WITH_FILTER_SERVERS: i32 = 37;

pub(super) async fn register_broker(
    namesrv: Arc<Namesrv>,
    request: Incoming<RegisterBroker>,
) -> Result<Reply<RegisterBroker>, Refusal> {
    let header = &request.header;
    if header.body_crc32 != 0 && body_crc(&request.body) != header.body_crc32 as u32 {
        return Err(Refusal::system_error("crc32 not match"));
    }
    let says = announcement(&request)?;
    let who = Registration {
        cluster: &header.cluster_name,
        broker: &header.broker_name,
        id: header.broker_id,
        address: &header.broker_addr,
        ha_address: &header.ha_server_addr,
    };
    check_names(&who, &says)?;
    let config = namesrv.config.current();
    let master = {
        let mut routes = namesrv.routes_mut();
        let (brokers, topics) = routes.counts_after(&who, &says);
        check_count("brokers", brokers, config.max_brokers)?;
        check_count("topics", topics, config.max_topics)?;
        routes.register(&who, says, request.peer.clone(), Instant::now())
    };
    // A connection that ended while its registration was on the way ran its close hook before the broker was there.
    if request.peer.is_closed() {
        namesrv.routes_mut().connection_ended(&request.peer);
    }
    let (master_addr, ha_server_addr) = master.map(|master| (master.address, master.ha_address)).unzip();
    let order = namesrv.kv_config.namespace(ORDER_TOPIC_CONFIG).map(|table| body::encode(&KvTable { table }));
    Ok(Reply::body(RegisterBrokerReply { master_addr, ha_server_addr }, order.unwrap_or_default()))
}

fn announcement(request: &Incoming<RegisterBroker>) -> Result<Announcement, DecodeError> {
    if request.body.is_empty() {
        return Ok(Announcement::default());
    }
    if request.version < VERSION_WITH_FILTER_SERVERS {
        let TopicConfigSerializeWrapper { data_version, topic_config_table } = body::decode(&request.body)?;
        return Ok(Announcement { version: data_version, topics: topic_config_table, filter_servers: None });
    }
    let decoded = RegisterBrokerBody::decode(&request.body, request.header.compressed)?;
    let TopicConfigSerializeWrapper { data_version, topic_config_table } = decoded.topic_config_serialize_wrapper;
    Ok(Announcement {
        version: data_version,
        topics: topic_config_table,
        filter_servers: Some(decoded.filter_server_list),
    })
}

fn check_names(who: &Registration<'_>, says: &Announcement) -> Result<(), Refusal> {
    check_name("cluster", who.cluster)?;
    check_name("broker", who.broker)?;
    check_name("address", who.address)?;
    if !who.ha_address.is_empty() {
        check_name("address", who.ha_address)?;
    }
    let servers = says.filter_servers.as_deref().unwrap_or_default();
    check_count("filter servers", servers.len(), limits::FILTER_SERVERS_MAX)?;
    servers.iter().try_for_each(|server| check_name("address", server))?;
    says.topics.keys().try_for_each(|topic| check_topic(topic))
}

pub(super) async fn unregister_broker(
    namesrv: Arc<Namesrv>,
    request: Incoming<UnregisterBroker>,
) -> Result<Reply<UnregisterBroker>, Refusal> {
    namesrv.routes_mut().unregister(&request.header.broker_addr);
    Ok(Reply::empty())
}

pub(super) async fn query_data_version(
    namesrv: Arc<Namesrv>,
    request: Incoming<QueryDataVersion>,
) -> Result<Reply<QueryDataVersion>, Refusal> {
    let version: DataVersion = body::decode(&request.body)?;
    let address = &request.header.broker_addr;
    let mut routes = namesrv.routes_mut();
    let changed = !routes.heard_version(address, &version, Instant::now());
    let known = routes.version_of(address).map(body::encode);
    Ok(Reply::body(QueryDataVersionReply { changed }, known.unwrap_or_default()))
}

pub(super) async fn wipe_write_perm(
    namesrv: Arc<Namesrv>,
    request: Incoming<WipeWritePermOfBroker>,
) -> Result<Reply<WipeWritePermOfBroker>, Refusal> {
    let broker = &request.header.broker_name;
    let wipe_topic_count = namesrv.routes_mut().topics.wipe_write_perm(broker);
    tracing::info!(broker, topics = wipe_topic_count, by = %request.peer.remote(), "write permission wiped");
    Ok(Reply::ok(WipeWritePermOfBrokerReply { wipe_topic_count }))
}

pub(super) async fn add_write_perm(
    namesrv: Arc<Namesrv>,
    request: Incoming<AddWritePermOfBroker>,
) -> Result<Reply<AddWritePermOfBroker>, Refusal> {
    let broker = &request.header.broker_name;
    let add_topic_count = namesrv.routes_mut().topics.add_write_perm(broker);
    tracing::info!(broker, topics = add_topic_count, by = %request.peer.remote(), "write permission restored");
    Ok(Reply::ok(AddWritePermOfBrokerReply { add_topic_count }))
}
