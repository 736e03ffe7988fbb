//! Finishing an upload: judged by its content, put where files lie, then noted in the store. Cut
//! off at any point it can be done again; done again it answers the same.

use std::{
    fs::File,
    io::{BufReader, Read as _},
    path::PathBuf,
    sync::Arc,
};

use magpie_core::{model::Media, port::store::Op};
use magpie_proto::MediaId;

use crate::{
    Depot, Kind, MediaError, Usage, Variant,
    blobs::Content,
    depot::flush,
    descriptor::Descriptor,
    error::lost,
    kind::{self, HEAD_BYTES},
    picture, shape,
    staging::{PartGuard, Plan, Slot},
};

/// A time that never comes, for what is kept without a message.
const NEVER_MS: u64 = u64::MAX;

/// What became of the bytes.
struct Made {
    kind: Kind,
    content: Content,
    size: u64,
    pixels: Option<(u32, u32)>,
    thumb: Option<Vec<u8>>,
}

impl Depot {
    /// Finishes an upload, or answers again how it was finished.
    ///
    /// # Errors
    /// [`MediaError::Offset`] when bytes are missing; [`MediaError::Refused`] for what is not
    /// allowed, which is erased; what the disk and the store say.
    pub async fn complete(self: &Arc<Self>, id: MediaId) -> Result<Media, MediaError> {
        // Left behind by its caller it goes on: half a completion helps nobody.
        let depot = self.clone();
        let done = tokio::spawn(async move { depot.finish(id).await }).await;
        done.map_err(|error| lost(&error))?.map_err(MediaError::counted)
    }

    async fn finish(self: Arc<Self>, id: MediaId) -> Result<Media, MediaError> {
        let slot = match self.slot(id) {
            Ok(slot) => slot,
            Err(unknown) => return self.core.store.media(id).await?.ok_or(unknown),
        };
        // A request that was cut off wrote without a flush. What is told, and what is put and
        // noted below, has to be there for good.
        let (part, at) = flush(slot.clone(), slot.lock()?).await?;
        if at != slot.plan.size {
            return Err(MediaError::Offset { at });
        }
        // Noted by a completion that was cut off behind that.
        let done = match self.core.store.media(id).await? {
            Some(media) => Ok(media),
            None => self.make_and_note(&slot).await,
        };
        // The right to write is kept until the parts are gone: they may be the finished file.
        match &done {
            Ok(media) => {
                metrics::counter!("magpie_media_uploads_total").increment(1);
                metrics::counter!("magpie_media_bytes_total").increment(media.bytes);
                self.tidy_up(slot, part).await;
            }
            // What is not allowed does not become allowed; its bytes are given back.
            Err(MediaError::Refused { .. }) => self.tidy_up(slot, part).await,
            Err(_) => {}
        }
        done
    }

    /// The sweep erases what this could not.
    async fn tidy_up(self: &Arc<Self>, slot: Arc<Slot>, part: PartGuard) {
        if let Err(error) = self.discard(slot, part).await {
            tracing::warn!(%error, "the parts of an upload could not be erased yet");
        }
    }

    async fn make_and_note(&self, slot: &Arc<Slot>) -> Result<Media, MediaError> {
        let (id, plan) = (slot.id, &slot.plan);
        let owner = plan.owner()?;
        let poster = match plan.poster.as_deref().and_then(|text| MediaId::parse(text).ok()) {
            Some(poster) => Some((poster, self.poster(&owner, poster).await?)),
            None => None,
        };
        let made = self.make(slot).await?;
        let thumb_bytes = made.thumb.as_ref().map_or(0, |thumb| thumb.len() as u64);
        let avatar = plan.usage == Usage::Avatar;
        let (poster_id, poster) = poster.unzip();
        let descriptor = Descriptor {
            id: id.to_string(),
            name: plan.name.clone(),
            mime: made.kind.mime.to_owned(),
            size: made.size,
            w: made.pixels.map(|(w, _)| w),
            h: made.pixels.map(|(_, h)| h),
            ms: plan.ms,
            wave: plan.wave.clone(),
            poster,
            thumb: made.thumb.as_ref().map(|_| true),
        };
        if let Some(thumb) = made.thumb {
            self.blobs.put(id, Variant::Thumb, Content::Bytes(thumb.into())).await?;
        }
        self.blobs.put(id, Variant::File, made.content).await?;
        let now_ms = self.core.now_ms();
        let free = now_ms.saturating_add(self.settings.orphan_after_ms);
        let media = Media {
            id,
            owner,
            bytes: made.size + thumb_bytes,
            descriptor: descriptor.write(),
            poster: poster_id,
            public: avatar,
            created_ms: now_ms,
            uses: 0,
            free_after_ms: if avatar { NEVER_MS } else { free },
        };
        self.core.write(Op::PutMedia(media.clone())).await?;
        Ok(media)
    }

    /// Judges on the blocking pool, one at a time: a picture may take much memory.
    async fn make(&self, slot: &Arc<Slot>) -> Result<Made, MediaError> {
        let full = |_| MediaError::Overloaded;
        let _place = self.waiting.clone().try_acquire_owned().map_err(full)?;
        let turn = self.judge.clone().acquire_owned().await;
        let turn = turn.map_err(|_closed| MediaError::Overloaded)?;
        let (path, plan) = (slot.path.clone(), slot.plan.clone());
        let pixels_max = self.settings.pixels_max;
        let work = tokio::task::spawn_blocking(move || {
            let made = make(path, &plan, pixels_max);
            drop(turn);
            made
        });
        work.await.map_err(|error| lost(&error))?
    }
}

/// Looks at the bytes and makes of them what is kept.
fn make(path: PathBuf, plan: &Plan, pixels_max: u64) -> Result<Made, MediaError> {
    let mut file = File::open(&path)?;
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let kind = shape::judge(kind::sniff(&head), &mut file, plan.size)?;
    let reader = BufReader::new(File::open(&path)?);
    match (kind.picture, plan.usage) {
        (Some(format), Usage::Avatar) => {
            let avatar = picture::avatar(format, reader, pixels_max)?;
            Ok(Made {
                kind: kind::of_mime("image/jpeg"),
                size: avatar.bytes.len() as u64,
                content: Content::Bytes(avatar.bytes.into()),
                pixels: Some((avatar.side, avatar.side)),
                thumb: None,
            })
        }
        (Some(format), _) => {
            let kept = picture::keep(format, reader, pixels_max)?;
            Ok(Made {
                kind,
                size: kept.bytes.len() as u64,
                content: Content::Bytes(kept.bytes.into()),
                pixels: Some(kept.size),
                thumb: kept.thumb,
            })
        }
        (None, Usage::Message) => {
            let content = Content::File(path);
            Ok(Made { kind, content, size: plan.size, pixels: None, thumb: None })
        }
        (None, Usage::Poster | Usage::Avatar) => {
            let text = format!("a picture is needed here, and this is {}", kind.mime);
            Err(MediaError::refused("not_a_picture", text))
        }
    }
}
