//! The way in: announcing, writing and aborting uploads. Quotas are judged before a byte is taken.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
};

use magpie_core::{Core, model::Media};
use magpie_proto::{MediaId, UserId};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::{
    MediaError, Settings, Start, Writer,
    blobs::Blobs,
    descriptor::{DURATION_MS_MAX, Descriptor, Poster, WAVE_LEN_MAX, WAVE_MAX},
    error::lost,
    name,
    staging::{PartGuard, Plan, Slot, Staging},
};

/// What an upload is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// To be sent.
    Message,
    /// The still picture of a video.
    Poster,
    /// A user's picture, which anybody may see.
    Avatar,
}

/// An upload as it is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The file's name on the sender's machine.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    /// What for.
    pub usage: Usage,
    /// How long it plays, as the recorder says.
    pub ms: Option<u64>,
    /// Bars from 0 to 100, as the recorder saw them.
    pub wave: Option<Vec<u8>>,
    /// A finished upload of the same owner that shows it while it does not play.
    pub poster: Option<MediaId>,
}

/// An announced upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created {
    /// Its id.
    pub id: MediaId,
    /// Until when it may be finished, Unix ms.
    pub expires_ms: u64,
}

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    /// Bytes that are kept for certain.
    pub offset: u64,
    /// Bytes in all.
    pub size: u64,
}

/// Uploads and files of this server.
pub struct Depot {
    pub(crate) core: Arc<Core>,
    pub(crate) settings: Settings,
    pub(crate) staging: Staging,
    pub(crate) blobs: Arc<dyn Blobs>,
    /// One picture is unpacked at a time.
    pub(crate) judge: Arc<Semaphore>,
    /// Finished uploads that wait for it.
    pub(crate) waiting: Arc<Semaphore>,
    /// Files of forgotten uploads that could not be erased yet.
    pub(crate) unerased: Mutex<BTreeSet<MediaId>>,
}

/// Finished uploads that may wait to be judged.
const WAITING_MAX: usize = 64;

impl Depot {
    /// Finds the unfinished uploads of before. Blocks: it is for the start of a server.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn open(
        core: Arc<Core>,
        settings: Settings,
        blobs: Arc<dyn Blobs>,
    ) -> Result<Self, MediaError> {
        let staging = Staging::open(settings.folder.join("uploads"))?;
        let (judge, waiting) = (Semaphore::new(1), Semaphore::new(WAITING_MAX));
        let (judge, waiting) = (Arc::new(judge), Arc::new(waiting));
        let unerased = Mutex::default();
        Ok(Self { core, settings, staging, blobs, judge, waiting, unerased })
    }

    /// What the owner set.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Announces an upload of a user who is known.
    ///
    /// # Errors
    /// Sizes, quotas, and fields that cannot be.
    pub async fn create(&self, owner: &UserId, wanted: Wanted) -> Result<Created, MediaError> {
        self.announce(owner, wanted).await.map_err(MediaError::counted)
    }

    async fn announce(&self, owner: &UserId, wanted: Wanted) -> Result<Created, MediaError> {
        self.check(&wanted)?;
        if let Some(poster) = wanted.poster {
            self.poster(owner, poster).await?;
        }
        let (id, now_ms) = (self.core.ids.media_id(), self.core.now_ms());
        let expires_ms = now_ms.saturating_add(self.settings.ticket_ms);
        let plan = Plan {
            owner: owner.as_str().to_owned(),
            name: name::tidy(&wanted.name),
            size: wanted.size,
            usage: wanted.usage,
            ms: wanted.ms,
            wave: wanted.wave,
            poster: wanted.poster.map(|poster| poster.to_string()),
            expires_ms,
        };
        let per_user = self.settings.unfinished_per_user;
        let (slot, announced) = self.staging.reserve(id, plan, per_user)?;
        // The place is taken before the stored bytes are read: an upload that is finished between
        // the two is counted twice rather than not at all.
        let begun = self.begin(owner, slot, announced).await;
        if begun.is_err() {
            self.staging.unreserve(id);
        }
        begun.map(|()| Created { id, expires_ms })
    }

    async fn begin(
        &self,
        owner: &UserId,
        slot: Arc<Slot>,
        announced: u64,
    ) -> Result<(), MediaError> {
        let stored = self.core.store.media_bytes(owner.clone()).await?;
        let (used, quota) = (stored.saturating_add(announced), self.settings.user_quota_bytes);
        if used > quota {
            let used = used - slot.plan.size;
            return Err(MediaError::Quota { used, quota });
        }
        let begun = tokio::task::spawn_blocking(move || Staging::begin(&slot)).await;
        Ok(begun.map_err(|error| lost(&error))??)
    }

    fn check(&self, wanted: &Wanted) -> Result<(), MediaError> {
        let bad = |text: String| Err(MediaError::Bad(text));
        let max = self.settings.bytes_max;
        if wanted.size > max {
            return Err(MediaError::TooLarge(format!(
                "\"size\": an upload has at most {max} bytes"
            )));
        }
        if wanted.size == 0 {
            return bad("\"size\": an empty file cannot be sent".to_owned());
        }
        if wanted.ms.is_some_and(|ms| ms > DURATION_MS_MAX) {
            return bad(format!("\"ms\" is at most {DURATION_MS_MAX}"));
        }
        if wanted
            .wave
            .as_ref()
            .is_some_and(|wave| wave.len() > WAVE_LEN_MAX || wave.iter().any(|bar| *bar > WAVE_MAX))
        {
            return bad(format!(
                "\"wave\" has at most {WAVE_LEN_MAX} numbers from 0 to {WAVE_MAX}"
            ));
        }
        if wanted.poster.is_some() && wanted.usage != Usage::Message {
            return bad("\"poster\" goes with \"use\":\"message\" only".to_owned());
        }
        Ok(())
    }

    /// A poster as a descriptor names it.
    pub(crate) async fn poster(&self, owner: &UserId, id: MediaId) -> Result<Poster, MediaError> {
        let found = self.core.store.media(id).await?;
        let own = found.filter(|media| media.owner == *owner && !media.public);
        let told = own.and_then(|media: Media| Descriptor::read(&media.descriptor));
        match told {
            Some(Descriptor { id, w: Some(w), h: Some(h), .. }) => Ok(Poster { id, w, h }),
            Some(_) => Err(MediaError::Bad("\"poster\" names an upload that is no picture".into())),
            None => Err(MediaError::Unknown),
        }
    }

    pub(crate) fn slot(&self, id: MediaId) -> Result<Arc<Slot>, MediaError> {
        let live = |slot: &Arc<Slot>| !slot.is_over(self.core.now_ms());
        self.staging.find(id).filter(live).ok_or(MediaError::Unknown)
    }

    /// Where an upload stands. A finished one stands at its end.
    ///
    /// # Errors
    /// [`MediaError::Unknown`]; the disk's reason.
    pub async fn stand(&self, id: MediaId) -> Result<Stand, MediaError> {
        let slot = match self.slot(id) {
            Ok(slot) => slot,
            Err(unknown) => {
                let media = self.core.store.media(id).await?.ok_or(unknown)?;
                let size = Descriptor::read(&media.descriptor).map_or(0, |told| told.size);
                return Ok(Stand { offset: size, size });
            }
        };
        let size = slot.plan.size;
        let told = slot.flushed.load(Ordering::Acquire);
        let offset = match slot.lock() {
            Err(MediaError::Busy { at }) => at,
            Err(other) => return Err(other),
            Ok(part) if part.len == told => told,
            // Written by a request that was cut off before it flushed.
            Ok(part) => flush(slot, part).await?.1,
        };
        Ok(Stand { offset, size })
    }

    /// Begins to write.
    ///
    /// # Errors
    /// [`MediaError::Offset`] when the upload stands elsewhere, [`MediaError::Busy`] while another
    /// one writes, [`MediaError::Unknown`] also when it is finished.
    pub async fn writer(&self, id: MediaId, start: Start) -> Result<Writer, MediaError> {
        let (slot, part) = self.unfinished(id).await?;
        Writer::open(slot, part, start).await
    }

    /// An upload that is not finished, and the right to write it. The parts of a finished one may
    /// be left: a crash came, or the disk did not erase them. They may be the finished file under
    /// a second name, so whoever wrote them would change what was given out.
    async fn unfinished(&self, id: MediaId) -> Result<(Arc<Slot>, PartGuard), MediaError> {
        let slot = self.slot(id)?;
        let part = slot.lock()?;
        match self.core.store.media(id).await? {
            Some(_finished) => Err(MediaError::Unknown),
            None => Ok((slot, part)),
        }
    }

    /// Forgets an unfinished upload and gives its bytes back to the quota.
    ///
    /// # Errors
    /// [`MediaError::Unknown`] also when it is finished; [`MediaError::Busy`].
    pub async fn abort(self: &Arc<Self>, id: MediaId) -> Result<(), MediaError> {
        let (slot, part) = self.unfinished(id).await?;
        self.discard(slot, part).await
    }

    /// Erases the parts of an upload. The right to write goes with them.
    pub(crate) async fn discard(
        self: &Arc<Self>,
        slot: Arc<Slot>,
        part: PartGuard,
    ) -> Result<(), MediaError> {
        let depot = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let erased = depot.staging.erase(&slot);
            drop(part);
            erased
        });
        Ok(done.await.map_err(|error| lost(&error))??)
    }
}

/// Brings what was written to the disk; says how much that is.
pub(crate) async fn flush(
    slot: Arc<Slot>,
    part: PartGuard,
) -> Result<(PartGuard, u64), MediaError> {
    let flushed = tokio::task::spawn_blocking(move || slot.flush(&part).map(|at| (part, at))).await;
    Ok(flushed.map_err(|error| lost(&error))??)
}
