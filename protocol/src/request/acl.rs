//! Accounts and white lists. Code 54, which told secrets, is unknown on purpose.


request! {
    /// Make or change an account; permissions are comma lists of `NAME=PUB|SUB`.
    50 UpdateAndCreateAclConfig {
        default_topic_perm = "defaultTopicPerm": Option<String>,
        default_group_perm = "defaultGroupPerm": Option<String>,
        topic_perms = "topicPerms": Option<String>,
        group_perms = "groupPerms": Option<String>,
        secret_key = "secretKey": Option<String>,
        white_remote_address = "whiteRemoteAddress": Option<String>,
        access_key = "accessKey": String,
        admin = "admin": bool = false,
    }
}

request! {
    /// Delete an account.
    51 DeleteAclConfig { access_key = "accessKey": String }
}

request! {
    /// Versions of the account files; `version` and `all_acl_file_version` are JSON texts.
    52 GetBrokerClusterAclInfo -> GetBrokerClusterAclInfoReply {
        all_acl_file_version = "allAclFileVersion": Option<String>,
        cluster_name = "clusterName": String,
        broker_addr = "brokerAddr": String,
        broker_name = "brokerName": String,
        version = "version": String,
    }
}

request! {
    /// Set the addresses that need no account. Stock tools leave the file out.
    53 UpdateGlobalWhiteAddrsConfig {
        global_white_addrs = "globalWhiteAddrs": String,
        acl_file_full_path = "aclFileFullPath": Option<String>,
    }
}
