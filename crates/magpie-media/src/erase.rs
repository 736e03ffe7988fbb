//! Erasing what no message holds any more: asked at start, every few seconds, and as soon as a
//! message is recalled. First the store forgets, then the files go; files that nobody knows are
//! swept at start.

use std::{sync::Arc, time::Duration};

use magpie_core::{
    event::{Batch, Delivery, Event},
    model::RevisionKind,
    port::{
        Lane,
        store::{Op, Outcome},
    },
};
use tokio::sync::Notify;

use crate::{Depot, MediaError};

/// Asked at least this often.
const EVERY: Duration = Duration::from_secs(10);
/// Uploads that are erased in one go.
const AT_A_TIME: u32 = 200;

/// Wakes the eraser when a message is recalled. A lane of the bus like any other.
#[derive(Default)]
pub struct Wake(Notify);

impl Lane for Wake {
    fn committed(&self, batch: &Arc<Batch>) {
        let recalled = |delivery: &Arc<Delivery>| {
            matches!(&delivery.event,
                Some(Event::Revised(revised)) if revised.kind == RevisionKind::Recall)
        };
        if batch.deliveries.iter().any(recalled) {
            self.0.notify_one();
        }
    }

    fn passing(&self, _: &Arc<Delivery>) {}
}

/// The task that erases.
pub struct Eraser {
    depot: Arc<Depot>,
    wake: Arc<Wake>,
}

impl Eraser {
    /// An eraser for these files.
    #[must_use]
    pub fn new(depot: Arc<Depot>, wake: Arc<Wake>) -> Self {
        Self { depot, wake }
    }

    /// Runs until it is dropped.
    pub async fn run(self) {
        if let Err(error) = self.depot.sweep().await {
            tracing::warn!(%error, "files without an upload could not be swept");
        }
        loop {
            if let Err(error) = self.depot.erase_idle().await {
                tracing::warn!(%error, "uploads that nobody holds could not be erased; tried again");
            }
            // Woken or not, it asks again.
            let _ = tokio::time::timeout(EVERY, self.wake.0.notified()).await;
        }
    }
}

impl Depot {
    /// Erases unfinished uploads whose time is over, and finished ones that nobody holds. Says how
    /// many finished ones.
    ///
    /// # Errors
    /// The store's and the disk's reasons; what is left is erased the next time.
    pub async fn erase_idle(self: &Arc<Self>) -> Result<usize, MediaError> {
        let now_ms = self.core.now_ms();
        for slot in self.staging.expired(now_ms) {
            match self.discard(slot).await {
                // Being finished right now, or gone already.
                Ok(()) | Err(MediaError::Busy { .. } | MediaError::Unknown) => {}
                Err(error) => return Err(error),
            }
        }
        let mut erased = 0;
        loop {
            let idle = self.core.store.idle_media(now_ms, AT_A_TIME).await?;
            let count = idle.len();
            let before = erased;
            for media in idle {
                let id = media.id;
                if self.core.write(Op::DropMedia { id }).await? == Outcome::MediaDropped(true) {
                    self.blobs.erase(id).await?;
                    erased += 1;
                    metrics::counter!("magpie_media_erased_total").increment(1);
                }
            }
            // Nothing was dropped when messages took them up meanwhile.
            if count < AT_A_TIME as usize || erased == before {
                return Ok(erased);
            }
        }
    }

    /// Erases files that no upload knows: what a crash left between forgetting and erasing, or
    /// between putting and noting.
    ///
    /// # Errors
    /// The store's and the disk's reasons.
    pub async fn sweep(&self) -> Result<usize, MediaError> {
        let mut swept = 0;
        for id in self.blobs.ids().await? {
            // In this order: an upload leaves the staging after it was noted.
            if self.staging.find(id).is_none() && self.core.store.media(id).await?.is_none() {
                self.blobs.erase(id).await?;
                swept += 1;
            }
        }
        if swept > 0 {
            tracing::info!(files = swept, "swept files that no upload knows");
        }
        Ok(swept)
    }
}
