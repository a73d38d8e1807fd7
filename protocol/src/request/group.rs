//! Administration of subscription groups.


request! {
    /// Make or change a group. The body is a [`SubscriptionGroupConfig`](crate::body::SubscriptionGroupConfig).
    200 UpdateAndCreateSubscriptiongroup
}

request! {
    /// All groups. The body of the answer is a [`SubscriptionGroupWrapper`](crate::body::SubscriptionGroupWrapper).
    201 GetAllSubscriptiongroupConfig
}

request! {
    /// Delete a group, and its offsets if asked.
    207 DeleteSubscriptiongroup {
        group_name = "groupName": String,
        remove_offset = "removeOffset": bool = false,
    }
}
