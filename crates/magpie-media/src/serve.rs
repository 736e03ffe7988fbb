//! Reading files: who may, and the facts that an answer over HTTP needs. Streams in bounded pieces.

use std::ops::Range;

use futures_util::TryStreamExt as _;
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
        let Some(len) = self.blobs.len(id, variant).await? else { return Ok(None) };
        let kind = match variant {
            Variant::File => kind::of_mime(&told.mime),
            Variant::Thumb => {
                let Some(head) = self.blobs.read(id, variant, 0..len.min(4)).await? else {
                    return Ok(None);
                };
                let head: Vec<bytes::Bytes> = head.try_collect().await?;
                kind::of_mime(picture::thumb_mime(&head.concat()))
            }
        };
        Ok(Some(Opened { id, variant, kind, name: told.name, len, public: media.public }))
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
        self.blobs.read(opened.id, opened.variant, range).await
    }
}

/// No message holds it and nobody may hold it any more: as good as erased.
fn is_over(media: &Media, now_ms: u64) -> bool {
    media.uses == 0 && media.free_after_ms <= now_ms
}
