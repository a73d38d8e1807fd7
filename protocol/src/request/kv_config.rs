//! NameServer: its small key-value store.


request! {
    /// Set a value.
    100 PutKvConfig { namespace = "namespace": Option<String>, value = "value": String = String::new(), key = "key": Option<String> }
}

request! {
    /// Get a value.
    101 GetKvConfig { namespace = "namespace": String, key = "key": String }
    -> GetKvConfigReply { value = "value": Option<String> }
}

request! {
    /// Delete a value.
    102 DeleteKvConfig { namespace = "namespace": String, key = "key": String }
}

request! {
    /// All of a namespace. The body of the answer is a [`KvTable`](crate::body::KvTable).
    219 GetKvlistByNamespace { namespace = "namespace": String }
}
