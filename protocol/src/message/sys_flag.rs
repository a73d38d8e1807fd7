//! Bits of a message's sysFlag and of a pull's.

/// The body is compressed.
pub const COMPRESSED: i32 = 0x1;
/// More than one tag; unused by 4.x.
pub const MULTI_TAGS: i32 = 0x2;
/// Mask of the transaction type.
pub const TRANSACTION_MASK: i32 = 0xc;
/// No transaction.
pub const TRANSACTION_NOT: i32 = 0x0;
/// A half message; as the commitOrRollback of a request: not decided yet is 0.
pub const TRANSACTION_PREPARED: i32 = 0x4;
/// Committed; also the commitOrRollback of a request.
pub const TRANSACTION_COMMIT: i32 = 0x8;
/// Rolled back; also the commitOrRollback of a request.
pub const TRANSACTION_ROLLBACK: i32 = 0xc;
/// The born host has 16 address bytes.
pub const BORN_HOST_V6: i32 = 0x10;
/// The store host has 16 address bytes.
pub const STORE_HOST_V6: i32 = 0x20;
/// Defined by 4.9.4, unused.
pub const NEED_UNWRAP: i32 = 0x40;
/// Defined by 4.9.4, unused.
pub const INNER_BATCH: i32 = 0x80;
/// Mask of the compression type; 0 is zlib too.
pub const COMPRESSION_MASK: i32 = 0x700;
/// Compressed with LZ4.
pub const COMPRESSION_LZ4: i32 = 0x100;
/// Compressed with ZSTD.
pub const COMPRESSION_ZSTD: i32 = 0x200;
/// Compressed with zlib.
pub const COMPRESSION_ZLIB: i32 = 0x300;

/// The transaction type bits of a sysFlag.
pub fn transaction_type(sys_flag: i32) -> i32 {
    sys_flag & TRANSACTION_MASK
}

/// The sysFlag with another transaction type.
pub fn with_transaction_type(sys_flag: i32, transaction_type: i32) -> i32 {
    (sys_flag & !TRANSACTION_MASK) | (transaction_type & TRANSACTION_MASK)
}

/// Bits of the sysFlag of PULL_MESSAGE.
pub mod pull {
    /// Commit the request's commitOffset.
    pub const COMMIT_OFFSET: i32 = 0x1;
    /// Wait for messages up to suspendTimeoutMillis.
    pub const SUSPEND: i32 = 0x2;
    /// The subscription is in the request.
    pub const SUBSCRIPTION: i32 = 0x4;
    /// Filter by class; unused since filter servers went.
    pub const CLASS_FILTER: i32 = 0x8;
    /// Sent by a lite pull consumer.
    pub const LITE_PULL: i32 = 0x10;
}
