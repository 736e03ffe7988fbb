//! Devices and uploads of the in-memory store.

use magpie_core::{
    model::{Device, Item, Media},
    port::store::{Append, Outcome, Rejection, WriteResult},
};
use magpie_proto::{ConversationId, MediaId, Seq, UserId};

use super::{
    data::{Conversation, Data},
    revise::same_json,
    view,
};

const LISTED_MAX: usize = 100;

pub(crate) fn device_seen(
    data: &mut Data,
    user: UserId,
    id: Box<str>,
    name: Box<str>,
    at_ms: u64,
) -> WriteResult {
    if !data.users.contains_key(&user) {
        return Err(Rejection::UnknownUser(user));
    }
    let fresh = Device {
        id: id.clone(),
        name: name.clone(),
        first_ms: at_ms,
        last_ms: at_ms,
        signed_out_ms: 0,
    };
    let key = (user, id);
    let before = data.devices.get(&key).cloned();
    let mut device = before.clone().unwrap_or(fresh);
    device.last_ms = device.last_ms.max(at_ms);
    if !name.is_empty() {
        device.name = name;
    }
    data.position += u64::from(before.as_ref() != Some(&device));
    data.devices.insert(key, device);
    Ok(Outcome::Done)
}

pub(crate) fn sign_out(data: &mut Data, user: UserId, id: Box<str>, at_ms: u64) -> WriteResult {
    let Some(device) = data.devices.get_mut(&(user.clone(), id.clone())) else {
        return Err(Rejection::UnknownDevice);
    };
    if device.signed_out_ms < at_ms {
        device.signed_out_ms = at_ms;
        data.position += 1;
    }
    Ok(Outcome::SignedOut { user, device: id })
}

pub(crate) fn devices(data: &Data, user: &UserId) -> Vec<Device> {
    let mine = data.devices.iter().filter(|((owner, _), _)| owner == user).map(|(_, d)| d);
    let here = |d: &&Device| d.signed_out_ms == 0 || d.last_ms > d.signed_out_ms;
    let mut listed: Vec<Device> = mine.filter(here).cloned().collect();
    listed.sort_by(|a, b| b.last_ms.cmp(&a.last_ms).then_with(|| a.id.cmp(&b.id)));
    listed.truncate(LISTED_MAX);
    listed
}

/// What a message may not point at, and what it holds.
pub(crate) fn held(
    data: &Data,
    target: &Conversation,
    send: &Append,
) -> Result<Vec<MediaId>, Rejection> {
    let links = send.body.links();
    if links.reply_to.is_some_and(|seq| target.message(seq).is_none()) {
        return Err(Rejection::UnknownMessage);
    }
    let Some(id) = links.media else { return Ok(Vec::new()) };
    let media = data.media.get(&id).ok_or(Rejection::UnknownMedia)?;
    let told = links.descriptor.unwrap_or_default();
    let his = media.owner == send.sender && same_json(&told, &media.descriptor);
    if send.guard.own_media && !his {
        return Err(Rejection::UnknownMedia);
    }
    let poster = media.poster.filter(|poster| data.media.contains_key(poster));
    Ok([Some(id), poster].into_iter().flatten().collect())
}

pub(crate) fn hold(data: &mut Data, id: ConversationId, seq: Seq, held: Vec<MediaId>) {
    data.refs.extend(held.into_iter().map(|media| (media, id, seq)));
}

pub(crate) fn put(data: &mut Data, media: Media) -> WriteResult {
    if !data.users.contains_key(&media.owner) {
        return Err(Rejection::UnknownUser(media.owner));
    }
    let free_after_ms = media.free_after_ms.min(i64::MAX.cast_unsigned());
    let media = Media { uses: 0, free_after_ms, ..media };
    let before = data.media.insert(media.id, media.clone());
    data.position += u64::from(before != Some(media));
    Ok(Outcome::Done)
}

pub(crate) fn drop_unused(data: &mut Data, id: MediaId) -> Outcome {
    if data.upload(id).is_some_and(|media| media.uses > 0) {
        return Outcome::MediaDropped(false);
    }
    data.position += u64::from(data.media.remove(&id).is_some());
    Outcome::MediaDropped(true)
}

pub(crate) fn visible(data: &Data, user: &UserId, agent: bool, ids: &[MediaId]) -> Vec<Media> {
    let shown = |id: MediaId| {
        data.refs.iter().filter(|(media, ..)| *media == id).any(|(_, conversation, seq)| {
            let opened = view::find(data, user, agent, *conversation);
            let item = opened.and_then(|c| view::place(c, user, *seq));
            matches!(item, Some(Item::Message(_)))
        })
    };
    let all = ids.iter().filter_map(|id| data.upload(*id));
    all.filter(|media| media.public || media.owner == *user || shown(media.id)).collect()
}

pub(crate) fn idle(data: &Data, now_ms: u64, limit: u32) -> Vec<Media> {
    let all = data.media.keys().filter_map(|id| data.upload(*id));
    let over = |media: &Media| media.uses == 0 && media.free_after_ms <= now_ms;
    let mut idle: Vec<Media> = all.filter(over).collect();
    idle.sort_by_key(|media| (media.free_after_ms, media.id));
    idle.truncate(limit as usize);
    idle
}

pub(crate) fn bytes_of(data: &Data, user: &UserId) -> u64 {
    data.media.values().filter(|media| media.owner == *user).map(|media| media.bytes).sum()
}
