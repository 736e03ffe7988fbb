//! Reading files: who may, and the facts that an answer over HTTP needs. Streams in bounded pieces.

use std::{future::ready, ops::Range};

use bytes::Bytes;
use futures_util::{TryStreamExt as _, stream};
use magpie_core::model::Media;
use magpie_proto::{MediaId, UserId};

use crate::{Depot, Kind, MediaError, blobs::ByteStream, descriptor::Descriptor, kind, picture};

/// Which of an upload's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variant {
    /// The file itself.
    File,
    /// The small picture.
    Thumb,
}

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its upload.
    pub id: MediaId,
    /// Which file.
    pub variant: Variant,
    /// Its type.
    pub kind: Kind,
    /// The name to save it under.
    pub name: String,
    /// Its bytes.
    pub len: u64,
    /// Anybody may see it.
    pub public: bool,
    /// The bytes of a small picture: it was read to see what it is, and once is enough.
    held: Option<Bytes>,
}

impl Depot {
    /// Those of `ids` that a user may see, with whether they have a small picture.
    ///
    /// # Errors
    /// The store's reason.
    pub async fn visible(
        &self,
        user: &UserId,
        agent: bool,
        ids: Vec<MediaId>,
    ) -> Result<Vec<(MediaId, bool)>, MediaError> {
        let now_ms = self.core.now_ms();
        let seen = self.core.store.visible_media(user.clone(), agent, ids).await?;
        let live = seen.into_iter().filter(|media| !is_over(media, now_ms));
        let thumb = |media: &Media| {
            Descriptor::read(&media.descriptor).is_some_and(|told| told.thumb == Some(true))
        };
        Ok(live.map(|media| (media.id, thumb(&media))).collect())
    }

    /// A file; `None` when it is not there, or its time is over.
    ///
    /// # Errors
    /// The store's and the disk's reasons.
    pub async fn open_file(
        &self,
        id: MediaId,
        variant: Variant,
    ) -> Result<Option<Opened>, MediaError> {
        let Some(media) = self.core.store.media(id).await? else { return Ok(None) };
        if is_over(&media, self.core.now_ms()) {
            return Ok(None);
        }
        let Some(told) = Descriptor::read(&media.descriptor) else { return Ok(None) };
        let found = match variant {
            Variant::File => {
                let len = self.blobs.len(id, variant).await?;
                len.map(|len| (kind::of_mime(&told.mime), len, None))
            }
            Variant::Thumb => self.thumb(&media, &told).await?.map(|bytes| {
                let kind = kind::of_mime(picture::thumb_mime(&bytes));
                (kind, bytes.len() as u64, Some(bytes))
            }),
        };
        let opened = |(kind, len, held)| {
            let (name, public) = (told.name, media.public);
            Opened { id, variant, kind, name, len, public, held }
        };
        Ok(found.map(opened))
    }

    /// The small picture, which is at most 480 pixels wide and high.
    async fn thumb(&self, media: &Media, told: &Descriptor) -> Result<Option<Bytes>, MediaError> {
        if told.thumb != Some(true) {
            return Ok(None);
        }
        let len = media.bytes.saturating_sub(told.size);
        let Some(pieces) = self.blobs.read(media.id, Variant::Thumb, 0..len).await? else {
            return Ok(None);
        };
        let pieces: Vec<Bytes> = pieces.try_collect().await?;
        Ok(Some(pieces.concat().into()))
    }

    /// A part of an opened file; `None` when it was erased meanwhile.
    ///
    /// # Errors
    /// The disk's reason.
    pub async fn stream(
        &self,
        opened: &Opened,
        range: Range<u64>,
    ) -> Result<Option<ByteStream>, MediaError> {
        metrics::counter!("magpie_media_served_bytes_total").increment(range.end - range.start);
        let Some(bytes) = &opened.held else {
            return self.blobs.read(opened.id, opened.variant, range).await;
        };
        let place = |at| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
        let part = bytes.slice(place(range.start)..place(range.end));
        Ok(Some(Box::pin(stream::once(ready(Ok(part))))))
    }
}

/// No message holds it and nobody may hold it any more: as good as erased.
fn is_over(media: &Media, now_ms: u64) -> bool {
    media.uses == 0 && media.free_after_ms <= now_ms
}
