//! Transactions: ending them, and asking producers how they ended.

use super::EmptyPresent;

request! {
    /// The half message at `commit_log_offset` is committed (8), rolled back (12) or still open (0).
    37 EndTransaction {
        producer_group = "producerGroup": String,
        broker_name = "bname": Option<String>,
        commit_log_offset = "commitLogOffset": i64,
        msg_id = "msgId": Option<String>,
        tran_state_table_offset = "tranStateTableOffset": i64,
        commit_or_rollback = "commitOrRollback": i32,
        from_transaction_check = "fromTransactionCheck": bool = false,
        transaction_id = "transactionId": Option<String>,
    } -> EmptyPresent
}

request! {
    /// Broker to producer: how did it end? The body is the half message's record, its real topic and queue restored.
    39 CheckTransactionState {
        commit_log_offset = "commitLogOffset": i64,
        msg_id = "msgId": Option<String>,
        tran_state_table_offset = "tranStateTableOffset": i64,
        offset_msg_id = "offsetMsgId": Option<String>,
        transaction_id = "transactionId": Option<String>,
        broker_name = "bname": Option<String>,
    }
}

request! {
    /// Check a half message again that was given up.
    323 ResumeCheckHalfMessage { msg_id = "msgId": Option<String> }
}
