//! The settings of this broker, as properties text (25, 26).

use std::sync::Arc;

use skylark_protocol::body::{self, DataVersion};
use skylark_protocol::request::{GetBrokerConfig, GetBrokerConfigReply, UpdateBrokerConfig};

use crate::broker::registration::ADMIN_WAIT_MAX;
use crate::broker::{Broker, rules};
use crate::remoting::{Incoming, Refusal, Reply};

/// Changes settings: at once, and for the next start. All of them or, with a reason, none.
pub(crate) async fn update_broker_config(
    broker: Arc<Broker>,
    request: Incoming<UpdateBrokerConfig>,
) -> Result<Reply<UpdateBrokerConfig>, Refusal> {
    tracing::info!(peer = %request.peer.remote(), "update the configuration");
    if request.body.is_empty() {
        return Ok(Reply::empty());
    }
    let command = String::from_utf8_lossy(&request.body);
    let now = broker.settings.current();
    let mut topics_changed = false;
    let changed = broker.settings.change(
        &command,
        |key| now.is_protected(key),
        broker.settings_file.clone(),
        |config| topics_changed = rules::apply(&broker, config),
    );
    if let Err(error) = changed.await {
        tracing::warn!(%error, peer = %request.peer.remote(), "a change of the configuration is refused");
        return Err(Refusal::new(error.code(), error.to_string()));
    }
    if topics_changed {
        broker.registration.request().wait(ADMIN_WAIT_MAX).await;
    }
    Ok(Reply::empty())
}

/// All settings with the number of changes since the start.
pub(crate) async fn get_broker_config(
    broker: Arc<Broker>,
    _request: Incoming<GetBrokerConfig>,
) -> Result<Reply<GetBrokerConfig>, Refusal> {
    let (counter, timestamp) = broker.settings.version();
    let version = String::from_utf8_lossy(&body::encode(&DataVersion { counter, timestamp })).into_owned();
    Ok(Reply::body(GetBrokerConfigReply { version }, broker.settings.text()))
}
