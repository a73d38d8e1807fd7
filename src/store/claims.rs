//! Who settles which waiting message right now: a delivery, a cancellation, a commit, a rollback, a giving up.
//!
//! **Invariant:** a waiting message is looked at and its outcome is put by one holder of its claim at a time, so of all
//! who race to settle it one does, and the others see that it is settled.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::PhysicalOffset;

/// The messages that are being settled, by where their records begin.
#[derive(Default)]
pub(crate) struct Claims {
    held: Mutex<HashSet<PhysicalOffset>>,
    released: Notify,
}

/// The right to settle one waiting message, until it is dropped.
pub struct Claim {
    claims: Arc<Claims>,
    physical_offset: PhysicalOffset,
}

impl Claims {
    pub(crate) fn try_take(self: &Arc<Self>, physical_offset: PhysicalOffset) -> Option<Claim> {
        self.held().insert(physical_offset).then(|| Claim { claims: self.clone(), physical_offset })
    }

    pub(crate) async fn take(self: &Arc<Self>, physical_offset: PhysicalOffset) -> Claim {
        loop {
            // Subscribe, then look.
            let released = self.released.notified();
            if let Some(claim) = self.try_take(physical_offset) {
                return claim;
            }
            released.await;
        }
    }

    fn held(&self) -> MutexGuard<'_, HashSet<PhysicalOffset>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.held().remove(&self.physical_offset);
        self.claims.released.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_claim_is_held_by_one_at_a_time() {
        let claims = Arc::new(Claims::default());
        let first = claims.take(7).await;
        assert!(claims.try_take(7).is_none());
        assert!(claims.try_take(8).is_some());
        let waiting = tokio::spawn({
            let claims = claims.clone();
            async move { drop(claims.take(7).await) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.expect("the second gets it");
        assert!(claims.try_take(7).is_some());
    }
}
