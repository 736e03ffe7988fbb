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
use magpie_proto::MediaId;
use tokio::sync::Notify;

use crate::{Depot, MediaError, staging::Slot};

/// Asked at least this often.
const EVERY: Duration = Duration::from_secs(10);
/// Uploads that are erased in one go.
const AT_A_TIME: u32 = 200;
/// Uploads whose files could not be erased that are remembered.
const UNERASED_MAX: usize = 10_000;

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
        let mut swept = false;
        loop {
            if !swept {
                match self.depot.sweep().await {
                    Ok(_) => swept = true,
                    Err(error) => {
                        tracing::warn!(%error, "files without an upload could not be swept; tried again");
                    }
                }
            }
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
    /// many finished ones. What the disk does not erase is logged, and erased by a later call.
    ///
    /// # Errors
    /// The store's reasons; what is left is erased the next time.
    pub async fn erase_idle(self: &Arc<Self>) -> Result<usize, MediaError> {
        let now_ms = self.core.now_ms();
        for slot in self.staging.over(now_ms) {
            self.erase_parts(slot).await;
        }
        let mut erased = 0;
        let again = self.unerased.lock().clone();
        for id in again {
            erased += usize::from(self.erase_files(id).await);
        }
        loop {
            let idle = self.core.store.idle_media(now_ms, AT_A_TIME).await?;
            let (count, mut dropped) = (idle.len(), 0);
            for media in idle {
                let id = media.id;
                if self.core.write(Op::DropMedia { id }).await? == Outcome::MediaDropped(true) {
                    dropped += 1;
                    erased += usize::from(self.erase_files(id).await);
                }
            }
            // Nothing was dropped when messages took them up meanwhile.
            if count < AT_A_TIME as usize || dropped == 0 {
                return Ok(erased);
            }
        }
    }

    /// Erases the parts of an upload that nobody may go on with. They are found again when the
    /// disk does not do it.
    async fn erase_parts(self: &Arc<Self>, slot: Arc<Slot>) {
        let id = slot.id;
        // Held: it is being finished right now.
        let Ok(part) = slot.part.clone().try_lock_owned() else { return };
        if let Err(error) = self.discard(slot, part).await {
            tracing::warn!(%error, media = %id, "the parts of an upload could not be erased; tried again");
        }
    }

    /// Erases the files of an upload that the store has forgotten; says whether they are gone.
    async fn erase_files(&self, id: MediaId) -> bool {
        let Err(error) = self.blobs.erase(id).await else {
            self.unerased.lock().remove(&id);
            metrics::counter!("magpie_media_erased_total").increment(1);
            return true;
        };
        let mut unerased = self.unerased.lock();
        // Those beyond the limit are found by the sweep of the next start.
        if unerased.len() < UNERASED_MAX {
            unerased.insert(id);
        }
        tracing::warn!(%error, media = %id, "a file could not be erased; tried again");
        false
    }

    /// Erases what no upload knows or needs: files that a crash left between forgetting and
    /// erasing or between putting and noting, and parts that it left behind a finished upload.
    ///
    /// # Errors
    /// The store's and the disk's reasons.
    pub async fn sweep(self: &Arc<Self>) -> Result<usize, MediaError> {
        for slot in self.staging.all() {
            if self.core.store.media(slot.id).await?.is_some() {
                self.erase_parts(slot).await;
            }
        }
        let mut swept = 0;
        for id in self.blobs.ids().await? {
            // In this order: an upload leaves the staging after it was noted.
            if self.staging.find(id).is_none() && self.core.store.media(id).await?.is_none() {
                swept += usize::from(self.erase_files(id).await);
            }
        }
        if swept > 0 {
            tracing::info!(files = swept, "swept files that no upload knows");
        }
        Ok(swept)
    }
}
