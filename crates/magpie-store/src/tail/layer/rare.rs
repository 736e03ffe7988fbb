//! What few batches change: messages that were stored before, drafts, devices, uploads. Kept apart,
//! so that the batches of plain messages do not pay for it.

use std::collections::{BTreeMap, BTreeSet};

use magpie_proto::{Body, ConversationId, MediaId, Seq};

use super::{Layer, Part};
use crate::effect::{ChangeRow, DeviceRow, DraftRow, Effect, MediaRow, ReactionRow, UserNo};

/// Of one conversation: the newest value of each row.
#[derive(Default)]
pub(crate) struct Rare {
    /// New bodies of messages that are not in this layer.
    pub(crate) bodies: BTreeMap<Seq, Body>,
    /// Senders of messages that count for nobody.
    pub(crate) voids: BTreeMap<Seq, UserNo>,
    pub(crate) changes: BTreeMap<Seq, ChangeRow>,
    pub(crate) reactions: BTreeMap<(Seq, Box<str>, UserNo), ReactionRow>,
    pub(crate) drafts: BTreeMap<UserNo, DraftRow>,
    /// Whether a message holds an upload.
    pub(crate) media: BTreeMap<(Seq, MediaId), bool>,
}

/// Of the whole layer.
#[derive(Default)]
pub(crate) struct Extras {
    devices: BTreeMap<(UserNo, Box<str>), DeviceRow>,
    /// `None`: gone.
    media: BTreeMap<MediaId, Option<MediaRow>>,
    /// Conversations in which something was said about an upload.
    holders: BTreeMap<MediaId, BTreeSet<ConversationId>>,
}

impl Part {
    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// A message of this layer says this from now on; one of an older layer, or of SQLite, is
    /// noted apart.
    fn set_body(&mut self, seq: Seq, body: Body) {
        let place = self.first().and_then(|first| seq.checked_sub(first));
        let place = place.and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| self.messages.get_mut(place)) {
            Some(row) => row.message.body = body,
            None => drop(self.rare().bodies.insert(seq, body)),
        }
    }

    #[inline(never)]
    pub(super) fn absorb_rare(&mut self, newer: Rare) {
        for (seq, body) in newer.bodies {
            self.set_body(seq, body);
        }
        let rare = self.rare();
        rare.voids.extend(newer.voids);
        rare.changes.extend(newer.changes);
        rare.reactions.extend(newer.reactions);
        rare.drafts.extend(newer.drafts);
        rare.media.extend(newer.media);
    }
}

impl Layer {
    fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    fn rare_part(&mut self, id: ConversationId) -> &mut Rare {
        self.parts.entry(id).or_default().rare()
    }

    #[inline(never)]
    pub(super) fn insert_rare(&mut self, effect: Effect) {
        match effect {
            Effect::Body(row) => {
                self.bytes += row.body.as_bytes().len();
                self.parts.entry(row.conversation).or_default().set_body(row.seq, row.body);
            }
            Effect::Void(row) => {
                self.rare_part(row.conversation).voids.insert(row.seq, row.sender);
            }
            Effect::Change(row) => {
                self.rare_part(row.conversation).changes.insert(row.seq, row);
            }
            Effect::Reaction(row) => {
                let key = (row.seq, row.emoji.clone(), row.no);
                self.rare_part(row.conversation).reactions.insert(key, row);
            }
            Effect::Draft(row) => {
                self.bytes += row.draft.as_ref().map_or(0, |draft| draft.text.len());
                self.rare_part(row.conversation).drafts.insert(row.no, row);
            }
            Effect::Device(row) => {
                self.extras().devices.insert((row.no, row.device.id.clone()), row);
            }
            Effect::Media(row) => {
                self.bytes += row.media.descriptor.len();
                self.extras().media.insert(row.media.id, Some(row));
            }
            Effect::MediaGone(id) => {
                self.extras().media.insert(id, None);
            }
            Effect::MediaRef(row) => {
                self.extras().holders.entry(row.media).or_default().insert(row.conversation);
                self.rare_part(row.conversation).media.insert((row.seq, row.media), row.on);
            }
            // The usual ones are taken in by the caller.
            _ => {}
        }
    }

    pub(super) fn absorb_extras(&mut self, newer: Option<Box<Extras>>) {
        let Some(newer) = newer else { return };
        let extras = self.extras();
        extras.devices.extend(newer.devices);
        extras.media.extend(newer.media);
        for (media, holders) in newer.holders {
            extras.holders.entry(media).or_default().extend(holders);
        }
    }

    pub(crate) fn device(&self, user: UserNo, device: &str) -> Option<&DeviceRow> {
        self.extras.as_ref()?.devices.get(&(user, device.into()))
    }

    pub(crate) fn devices(&self) -> impl Iterator<Item = &DeviceRow> {
        self.extras.iter().flat_map(|extras| extras.devices.values())
    }

    /// What this layer says of an upload, which may be that it is gone.
    pub(crate) fn media(&self, id: MediaId) -> Option<Option<&MediaRow>> {
        self.extras.as_ref()?.media.get(&id).map(Option::as_ref)
    }

    pub(crate) fn all_media(&self) -> impl Iterator<Item = (MediaId, Option<&MediaRow>)> {
        self.extras.iter().flat_map(|e| e.media.iter().map(|(id, row)| (*id, row.as_ref())))
    }

    /// Conversations in which something was said about an upload.
    pub(crate) fn holders(&self, id: MediaId) -> impl Iterator<Item = ConversationId> + '_ {
        let holders = self.extras.as_ref().and_then(|extras| extras.holders.get(&id));
        holders.into_iter().flatten().copied()
    }
}
