//! Reading and changing configuration: bodies are properties text, `key=value` lines.


request! {
    /// Change settings of the NameServer; they are in the body.
    318 UpdateNamesrvConfig
}

request! {
    /// Settings of the NameServer, in the answer's body.
    319 GetNamesrvConfig
}

request! {
    /// Change settings of the broker; they are in the body.
    25 UpdateBrokerConfig
}

request! {
    /// Settings of the broker, in the answer's body; `version` is the JSON text of a [`DataVersion`](crate::body::DataVersion).
    26 GetBrokerConfig -> GetBrokerConfigReply { version = "version": String }
}
