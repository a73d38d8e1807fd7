//! The requests that a NameServer answers; this list is all of them.

mod registration;
mod route;
mod topic_list;
mod kv_config;
mod config;

use std::sync::Arc;

use super::Namesrv;
use crate::remoting::{Dispatcher, UnknownCode};

/// A NameServer says nothing to a code it does not know.
pub(super) fn dispatcher(namesrv: Arc<Namesrv>) -> Dispatcher<Arc<Namesrv>> {
    Dispatcher::new(namesrv, UnknownCode::Silence)
        .on(registration::register_broker)
        .on(registration::unregister_broker)
        .on(registration::query_data_version)
        .on(registration::wipe_write_perm)
        .on(registration::add_write_perm)
        .on(route::get_route)
        .on(route::get_cluster_info)
        .on(route::delete_topic)
        .on(topic_list::get_all_topics)
        .on(topic_list::get_topics_by_cluster)
        .on(topic_list::get_system_topics)
        .on(topic_list::get_unit_topics)
        .on(topic_list::get_unit_sub_topics)
        .on(topic_list::get_unit_sub_ununit_topics)
        .on(kv_config::put_kv_config)
        .on(kv_config::get_kv_config)
        .on(kv_config::delete_kv_config)
        .on(kv_config::get_kv_list)
        .on(config::update_config)
        .on(config::get_config)
}
