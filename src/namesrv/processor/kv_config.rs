//! The KV configuration, which only operators use: order of topics, and whatever they like.

use std::sync::Arc;

use skylark_protocol::body::{self, KvTable};
use skylark_protocol::request::{DeleteKvConfig, GetKvConfig, GetKvConfigReply, GetKvlistByNamespace, PutKvConfig};
use skylark_protocol::response_code::QUERY_NOT_FOUND;

use crate::namesrv::Namesrv;
use crate::namesrv::limits::{check_count, check_name};
use crate::remoting::{Incoming, Refusal, Reply};

pub(super) async fn put_kv_config(
    namesrv: Arc<Namesrv>,
    request: Incoming<PutKvConfig>,
) -> Result<Reply<PutKvConfig>, Refusal> {
    let PutKvConfig { namespace, key, value } = request.header;
    let (Some(namespace), Some(key)) = (namespace, key) else {
        return Err(Refusal::system_error("namespace or key is null"));
    };
    check_name("namespace", &namespace)?;
    check_name("key", &key)?;
    let config = namesrv.config.current();
    check_count("bytes in the value", value.len(), config.max_kv_config_size)?;
    check_count("KV entries", namesrv.kv_config.count_after(&namespace, &key), config.max_kv_configs)?;
    tracing::info!(namespace, key, value, by = %request.peer.remote(), "put KV entry");
    namesrv.kv_config.put(namespace, key, value).await.map_err(Refusal::system_error)?;
    Ok(Reply::empty())
}

pub(super) async fn get_kv_config(
    namesrv: Arc<Namesrv>,
    request: Incoming<GetKvConfig>,
) -> Result<Reply<GetKvConfig>, Refusal> {
    let GetKvConfig { namespace, key } = &request.header;
    match namesrv.kv_config.get(namespace, key) {
        Some(value) => Ok(Reply::ok(GetKvConfigReply { value: Some(value) })),
        None => Err(Refusal::new(QUERY_NOT_FOUND, format!("No config item, Namespace: {namespace} Key: {key}"))),
    }
}

pub(super) async fn delete_kv_config(
    namesrv: Arc<Namesrv>,
    request: Incoming<DeleteKvConfig>,
) -> Result<Reply<DeleteKvConfig>, Refusal> {
    let DeleteKvConfig { namespace, key } = &request.header;
    tracing::info!(namespace, key, by = %request.peer.remote(), "delete KV entry");
    namesrv.kv_config.delete(namespace, key).await.map_err(Refusal::system_error)?;
    Ok(Reply::empty())
}

pub(super) async fn get_kv_list(
    namesrv: Arc<Namesrv>,
    request: Incoming<GetKvlistByNamespace>,
) -> Result<Reply<GetKvlistByNamespace>, Refusal> {
    let namespace = &request.header.namespace;
    match namesrv.kv_config.namespace(namespace) {
        Some(table) => Ok(Reply::only_body(body::encode(&KvTable { table }))),
        None => Err(Refusal::new(QUERY_NOT_FOUND, format!("No config item, Namespace: {namespace}"))),
    }
}
