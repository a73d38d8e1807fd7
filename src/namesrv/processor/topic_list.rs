//! Lists of topics.

use std::sync::Arc;

use skylark_protocol::body::{self, TopicList};
use skylark_protocol::request::{
    GetAllTopicListFromNameserver, GetHasUnitSubTopicList, GetHasUnitSubUnunitTopicList, GetSystemTopicListFromNs,
    GetTopicsByCluster, GetUnitTopicList, Request,
};

use crate::namesrv::Namesrv;
use crate::namesrv::topics::Queues;
use crate::remoting::{Incoming, Refusal, Reply};

pub(super) async fn get_all_topics(
    namesrv: Arc<Namesrv>,
    _: Incoming<GetAllTopicListFromNameserver>,
) -> Result<Reply<GetAllTopicListFromNameserver>, Refusal> {
    Ok(topics_where(&namesrv, |_| true))
}

pub(super) async fn get_topics_by_cluster(
    namesrv: Arc<Namesrv>,
    request: Incoming<GetTopicsByCluster>,
) -> Result<Reply<GetTopicsByCluster>, Refusal> {
    Ok(list(namesrv.routes().topics_of_cluster(&request.header.cluster), None))
}

pub(super) async fn get_system_topics(
    namesrv: Arc<Namesrv>,
    _: Incoming<GetSystemTopicListFromNs>,
) -> Result<Reply<GetSystemTopicListFromNs>, Refusal> {
    let (names, broker) = namesrv.routes().system_topics();
    Ok(list(names, broker))
}

pub(super) async fn get_unit_topics(
    namesrv: Arc<Namesrv>,
    _: Incoming<GetUnitTopicList>,
) -> Result<Reply<GetUnitTopicList>, Refusal> {
    Ok(topics_where(&namesrv, Queues::is_unit))
}

pub(super) async fn get_unit_sub_topics(
    namesrv: Arc<Namesrv>,
    _: Incoming<GetHasUnitSubTopicList>,
) -> Result<Reply<GetHasUnitSubTopicList>, Refusal> {
    Ok(topics_where(&namesrv, Queues::has_unit_sub))
}

pub(super) async fn get_unit_sub_ununit_topics(
    namesrv: Arc<Namesrv>,
    _: Incoming<GetHasUnitSubUnunitTopicList>,
) -> Result<Reply<GetHasUnitSubUnunitTopicList>, Refusal> {
    Ok(topics_where(&namesrv, |queues| !queues.is_unit() && queues.has_unit_sub()))
}

/// Java: RouteInfoManager: the first broker speaks for a topic.
fn topics_where<R: Request>(namesrv: &Namesrv, wanted: impl Fn(&Queues) -> bool) -> Reply<R> {
    let routes = namesrv.routes();
    let wanted = routes.topics.iter().filter(|(_, queues)| queues.first().is_some_and(&wanted));
    list(wanted.map(|(topic, _)| topic.to_owned()).collect(), None)
}

fn list<R: Request>(topic_list: Vec<String>, broker_addr: Option<String>) -> Reply<R> {
    Reply::only_body(body::encode(&TopicList { broker_addr, topic_list }))
}
