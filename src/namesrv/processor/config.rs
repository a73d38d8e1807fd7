//! The settings of this NameServer, as properties text.

use std::sync::Arc;

use skylark_protocol::request::{GetNamesrvConfig, UpdateNamesrvConfig};

use crate::namesrv::{Namesrv, live_config};
use crate::remoting::{Incoming, Refusal, Reply};

pub(super) async fn update_config(
    namesrv: Arc<Namesrv>,
    request: Incoming<UpdateNamesrvConfig>,
) -> Result<Reply<UpdateNamesrvConfig>, Refusal> {
    let text = String::from_utf8_lossy(&request.body);
    live_config::update(&namesrv.config, &text).await?;
    Ok(Reply::empty())
}

pub(super) async fn get_config(
    namesrv: Arc<Namesrv>,
    _: Incoming<GetNamesrvConfig>,
) -> Result<Reply<GetNamesrvConfig>, Refusal> {
    Ok(Reply::only_body(namesrv.config.text()))
}
