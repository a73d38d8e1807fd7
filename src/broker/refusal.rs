//! Store errors as answers: the one table.

use skylark_protocol::response_code::{MESSAGE_ILLEGAL, SERVICE_NOT_AVAILABLE, SYSTEM_ERROR};

use crate::remoting::Refusal;
use crate::store::StoreError;

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        let code = match &error {
            StoreError::MessageIllegal(_) => MESSAGE_ILLEGAL,
            // The code that makes a stock producer try another broker.
            StoreError::DiskFull(_) | StoreError::Busy(_) | StoreError::Poisoned(_) | StoreError::Closed => {
                SERVICE_NOT_AVAILABLE
            }
            StoreError::Io { .. } | StoreError::Database { .. } | StoreError::Layout(_) => SYSTEM_ERROR,
        };
        let remark = match code {
            SERVICE_NOT_AVAILABLE => format!("service not available now. {error}"),
            _ => error.to_string(),
        };
        Refusal::new(code, remark)
    }
}

/// The refusal of a message that the store cannot take, in Java's words: clients show them.
pub(crate) fn message_illegal(message_size_max: usize) -> Refusal {
    let remark = format!(
        "the message is illegal, maybe msg body or properties length not matched. \
         msg body length limit {message_size_max}B, msg properties length limit 32KB."
    );
    Refusal::new(MESSAGE_ILLEGAL, remark)
}

/// Runs work that blocks for the disk where it holds up no other request.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Refusal::from),
        Err(failed) => Err(Refusal::system_error(failed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_takes_no_more_sends_producers_elsewhere() {
        assert_eq!(Refusal::from(StoreError::Poisoned("fsync failed".into())).code, SERVICE_NOT_AVAILABLE);
        assert_eq!(Refusal::from(StoreError::Closed).code, SERVICE_NOT_AVAILABLE);
        assert_eq!(Refusal::from(StoreError::MessageIllegal("too long".into())).code, MESSAGE_ILLEGAL);
    }
}
