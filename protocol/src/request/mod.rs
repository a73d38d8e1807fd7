//! Requests: one struct per request code, with its ext fields and those of its answer.
//!
//! A field is `rust_name = "wireName": Type`: a plain type is required, an `Option` may be absent, `= value` stands
//! for an absent field. Fields stand in the order Java's map writes them. This list is all Skylark knows.

use crate::error::DecodeError;
use crate::fields::{Fields, HeaderFields};

/// A request: its code, its ext fields, and the ext fields of its answer.
pub trait Request: HeaderFields {
    /// The request code.
    const CODE: i32;
    /// The name, for log lines.
    const NAME: &'static str;
    /// The ext fields of the answer.
    type Reply: HeaderFields + Default;
}

/// An answer without `extFields`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Empty;

impl HeaderFields for Empty {
    fn decode(_fields: &Fields) -> Result<Self, DecodeError> {
        Ok(Empty)
    }

    fn encode(&self, _fields: &mut Fields) {}
}

/// An answer with `"extFields":{}`, as Java writes one whose header class has no values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmptyPresent;

impl HeaderFields for EmptyPresent {
    fn decode(_fields: &Fields) -> Result<Self, DecodeError> {
        Ok(EmptyPresent)
    }

    fn encode(&self, fields: &mut Fields) {
        fields.set_present();
    }
}

/// Declares a request: `code Name { fields } -> Reply { fields }`.
///
/// Without a block the request has no header class. The answer is `-> Name { .. }`, the name of a type, or nothing: [`Empty`].
#[macro_export]
macro_rules! request {
    ($(#[$meta:meta])* $code:literal $name:ident $({ $($fields:tt)* })? $(-> $reply:ident $({ $($reply_fields:tt)* })?)?) => {
        $crate::request!(@struct [$(#[$meta])*] $name $({ $($fields)* })?);
        $($($crate::header_fields! {
            #[doc = concat!("The answer to [`", stringify!($name), "`].")]
            $reply { $($reply_fields)* }
        })?)?
        impl $crate::request::Request for $name {
            const CODE: i32 = $code;
            const NAME: &'static str = stringify!($name);
            type Reply = $crate::request!(@reply $($reply)?);
        }
    };
    (@struct [$($meta:tt)*] $name:ident { $($fields:tt)* }) => {
        $crate::header_fields! { $($meta)* $name { $($fields)* } }
    };
    (@struct [$($meta:tt)*] $name:ident) => {
        $($meta)*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name;

        impl $crate::fields::HeaderFields for $name {
            fn decode(_fields: &$crate::fields::Fields) -> Result<Self, $crate::error::DecodeError> {
                Ok($name)
            }

            fn encode(&self, _fields: &mut $crate::fields::Fields) {}
        }
    };
    (@reply) => { $crate::request::Empty };
    (@reply $reply:ident) => { $reply };
}

/// Declares the modules and the table of codes.
macro_rules! requests {
    ($(mod $module:ident: $($name:ident)*;)*) => {
        $(mod $module; pub use $module::*;)*

        /// The name of a request code, for log lines.
        pub fn name(code: i32) -> Option<&'static str> {
            match code {
                $($(<$name as Request>::CODE => Some(<$name as Request>::NAME),)*)*
                _ => None,
            }
        }

        /// The codes of all requests known.
        pub const CODES: &[i32] = &[$($(<$name as Request>::CODE,)*)*];

        /// Reads the ext fields of a request by its code and writes them again: what was understood. `None`: unknown code.
        pub fn understood(code: i32, fields: &Fields) -> Option<Result<Fields, DecodeError>> {
            match code {
                $($(<$name as Request>::CODE => Some(again::<$name>(fields)),)*)*
                _ => None,
            }
        }

        /// As [`understood`], for the answer to a request of that code.
        pub fn understood_reply(code: i32, fields: &Fields) -> Option<Result<Fields, DecodeError>> {
            match code {
                $($(<$name as Request>::CODE => Some(again::<<$name as Request>::Reply>(fields)),)*)*
                _ => None,
            }
        }
    };
}

fn again<T: HeaderFields>(fields: &Fields) -> Result<Fields, DecodeError> {
    let mut written = Fields::default();
    T::decode(fields)?.encode(&mut written);
    Ok(written)
}

requests! {
    mod send_message: SendMessage SendMessageV2 SendBatchMessage SendReplyMessage SendReplyMessageV2;
    mod send_back: ConsumerSendMsgBack;
    mod pull_message: PullMessage LitePullMessage;
    mod query_message: QueryMessage ViewMessageById;
    mod client: HeartBeat UnregisterClient CheckClientConfig GetConsumerListByGroup;
    mod consumer_offset: QueryConsumerOffset UpdateConsumerOffset;
    mod transaction: EndTransaction CheckTransactionState ResumeCheckHalfMessage;
    mod queue_lock: LockBatchMq UnlockBatchMq;
    mod queue_bounds: SearchOffsetByTimestamp GetMaxOffset GetMinOffset GetEarliestMsgStoretime;
    mod callback: NotifyConsumerIdsChanged ResetConsumerClientOffset GetConsumerStatusFromClient PushReplyMessageToClient;
    mod route: GetRouteinfoByTopic GetBrokerClusterInfo GetAllTopicListFromNameserver DeleteTopicInNamesrv
        GetTopicsByCluster GetSystemTopicListFromNs GetUnitTopicList GetHasUnitSubTopicList GetHasUnitSubUnunitTopicList;
    mod registration: RegisterBroker UnregisterBroker QueryDataVersion WipeWritePermOfBroker AddWritePermOfBroker;
    mod kv_config: PutKvConfig GetKvConfig DeleteKvConfig GetKvlistByNamespace;
    mod config: UpdateNamesrvConfig GetNamesrvConfig UpdateBrokerConfig GetBrokerConfig;
    mod topic: UpdateAndCreateTopic DeleteTopicInBroker GetAllTopicConfig GetTopicConfig GetTopicStatsInfo
        QueryTopicConsumeByWho GetSystemTopicListFromBroker CleanUnusedTopic;
    mod group: UpdateAndCreateSubscriptiongroup GetAllSubscriptiongroupConfig DeleteSubscriptiongroup;
    mod connections: GetConsumerConnectionList GetProducerConnectionList GetAllProducerInfo GetConsumerRunningInfo
        ConsumeMessageDirectly;
    mod progress: GetConsumeStats GetBrokerConsumeStats QueryConsumeTimeSpan QueryCorrectionOffset
        InvokeBrokerToResetOffset InvokeBrokerToGetConsumerStatus CloneGroupOffset QueryConsumeQueue;
    mod broker: GetBrokerRuntimeInfo ViewBrokerStatsData CleanExpiredConsumequeue DeleteExpiredCommitlog;
    mod slave_sync: GetAllConsumerOffset GetAllDelayOffset;
    mod acl: UpdateAndCreateAclConfig DeleteAclConfig GetBrokerClusterAclInfo UpdateGlobalWhiteAddrsConfig;
}
