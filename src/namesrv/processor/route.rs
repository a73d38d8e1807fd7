//! Where a topic is, which brokers there are, and forgetting a topic.

use std::sync::Arc;

use skylark_protocol::body::{self, ClusterInfo};
use skylark_protocol::request::{DeleteTopicInNamesrv, GetBrokerClusterInfo, GetRouteinfoByTopic};
use skylark_protocol::response_code::TOPIC_NOT_EXIST;

use crate::namesrv::Namesrv;
use crate::namesrv::kv_config::ORDER_TOPIC_CONFIG;
use crate::remoting::{Incoming, Refusal, Reply};

/// 4.9.4: from here on clients read standard JSON; older ones of some languages need fastjson's bare number keys.
const VERSION_WITH_STANDARD_JSON: i32 = 401;

pub(super) async fn get_route(
    namesrv: Arc<Namesrv>,
    request: Incoming<GetRouteinfoByTopic>,
) -> Result<Reply<GetRouteinfoByTopic>, Refusal> {
    let topic = &request.header.topic;
    let Some(mut route) = namesrv.routes().route(topic) else {
        let remark = format!(
            "No topic route info in name server for the topic: {topic}\n\
            See http://rocketmq.apache.org/docs/faq/ for further details."
        );
        return Err(Refusal::new(TOPIC_NOT_EXIST, remark));
    };
    if namesrv.config.current().order_message_enable {
        route.order_topic_conf = namesrv.kv_config.get(ORDER_TOPIC_CONFIG, topic);
    }
    let standard =
        request.version >= VERSION_WITH_STANDARD_JSON || request.header.accept_standard_json_only.unwrap_or_default();
    let body = if standard { body::encode_standard(&route) } else { body::encode(&route) };
    Ok(Reply::only_body(body))
}

pub(super) async fn get_cluster_info(
    namesrv: Arc<Namesrv>,
    _: Incoming<GetBrokerClusterInfo>,
) -> Result<Reply<GetBrokerClusterInfo>, Refusal> {
    let clusters = ClusterInfo::from(&namesrv.routes().brokers);
    Ok(Reply::only_body(body::encode(&clusters)))
}

pub(super) async fn delete_topic(
    namesrv: Arc<Namesrv>,
    request: Incoming<DeleteTopicInNamesrv>,
) -> Result<Reply<DeleteTopicInNamesrv>, Refusal> {
    let DeleteTopicInNamesrv { topic, cluster_name } = &request.header;
    let cluster = cluster_name.as_deref().filter(|cluster| !cluster.is_empty());
    namesrv.routes_mut().delete_topic(topic, cluster);
    tracing::info!(topic, cluster, by = %request.peer.remote(), "topic deleted");
    Ok(Reply::empty())
}
