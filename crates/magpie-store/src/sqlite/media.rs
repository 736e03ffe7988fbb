//! Finished uploads: who has them, which messages hold them, which nobody needs any more. The files
//! themselves are another crate's business.

use std::collections::{BTreeMap, BTreeSet};

use magpie_core::{
    model::{Item, Media},
    port::store::{Append, Outcome, Rejection},
};
use magpie_proto::{ConversationId, MediaId, Seq, UserId, body::Links};
use rusqlite::{OptionalExtension, Result, Row, params};

use super::{
    decide::Decided,
    history,
    revise::same_json,
    row::{int, uint, user_id},
    state::State,
    users,
    view::View,
};
use crate::effect::{Effect, MediaRefRow, MediaRow};

const COLUMNS: &str = "m.id, m.owner, u.id, m.bytes, m.descriptor, m.poster, m.public,
    m.created_ms, m.uses, m.free_after_ms";

/// What a message is about to hold.
pub(crate) type Held = Vec<MediaRow>;

fn media(row: &Row<'_>) -> Result<MediaRow> {
    Ok(MediaRow {
        owner: row.get(1)?,
        media: Media {
            id: MediaId::from_bytes(row.get(0)?),
            owner: user_id(row, 2)?,
            bytes: uint(row, 3)?,
            descriptor: row.get(4)?,
            poster: row.get::<_, Option<[u8; 16]>>(5)?.map(MediaId::from_bytes),
            public: row.get(6)?,
            created_ms: uint(row, 7)?,
            uses: uint(row, 8)?,
            free_after_ms: uint(row, 9)?,
        },
    })
}

/// One upload.
pub(crate) fn find(view: &View<'_>, id: MediaId) -> Result<Option<MediaRow>> {
    match view.newest(|layer| layer.media(id).map(Option::<&MediaRow>::cloned)) {
        Some(known) => Ok(known),
        None => view
            .sql()?
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM media m JOIN users u ON u.no = m.owner WHERE m.id = ?1"
            ))?
            .query_row([id.to_bytes()], media)
            .optional(),
    }
}

/// What the tail says of uploads: `None` when they are gone.
fn newer(view: &View<'_>) -> BTreeMap<MediaId, Option<MediaRow>> {
    let mut newer = BTreeMap::new();
    view.each_layer(|layer| {
        for (id, row) in layer.all_media() {
            newer.entry(id).or_insert_with(|| row.cloned());
        }
    });
    newer
}

/// What a body shows may be shown: it is there, and it is the sender's if that is asked for.
pub(crate) fn held(
    view: &View<'_>,
    append: &Append,
    links: &Links,
) -> Result<Result<Held, Rejection>> {
    let Some(id) = links.media else { return Ok(Ok(Held::new())) };
    let Some(row) = find(view, id)? else { return Ok(Err(Rejection::UnknownMedia)) };
    let told = links.descriptor.as_deref().unwrap_or_default();
    let his = row.media.owner == append.sender && same_json(told, &row.media.descriptor);
    if append.guard.own_media && !his {
        return Ok(Err(Rejection::UnknownMedia));
    }
    let mut held = Held::new();
    if let Some(poster) = row.media.poster.filter(|poster| *poster != id) {
        held.extend(find(view, poster)?);
    }
    held.push(row);
    Ok(Ok(held))
}

/// A message holds these from now on.
pub(crate) fn hold(state: &mut State, conversation: ConversationId, seq: Seq, held: Held) {
    for mut row in held {
        let media = row.media.id;
        row.media.uses += 1;
        state.effect(Effect::Media(row));
        state.effect(Effect::MediaRef(MediaRefRow { media, conversation, seq, on: true }));
    }
}

/// A message holds nothing any more.
pub(crate) fn release(
    view: &View<'_>,
    state: &mut State,
    conversation: ConversationId,
    seq: Seq,
    at_ms: u64,
) -> Result<()> {
    for media in refs_at(view, conversation, seq)? {
        state.effect(Effect::MediaRef(MediaRefRow { media, conversation, seq, on: false }));
        let Some(mut row) = find(view, media)? else { continue };
        row.media.uses = row.media.uses.saturating_sub(1);
        // A user's picture is in use as long as it is one, whatever messages did with it.
        if row.media.uses == 0 && !row.media.public {
            row.media.free_after_ms = at_ms;
        }
        state.effect(Effect::Media(row));
    }
    Ok(())
}

fn refs_at(view: &View<'_>, id: ConversationId, seq: Seq) -> Result<Vec<MediaId>> {
    let mut refs: BTreeMap<MediaId, bool> = view
        .sql()?
        .prepare_cached("SELECT media FROM media_refs WHERE conversation = ?1 AND seq = ?2")?
        .query_map(params![id.to_i64(), int(seq)], |row| {
            Ok((MediaId::from_bytes(row.get(0)?), true))
        })?
        .collect::<Result<_>>()?;
    let mut newer = BTreeMap::new();
    view.rare(id, |rare| {
        for ((place, media), on) in &rare.media {
            if *place == seq {
                newer.entry(*media).or_insert(*on);
            }
        }
    });
    refs.append(&mut newer);
    Ok(refs.into_iter().filter(|(_, on)| *on).map(|(media, _)| media).collect())
}

/// `Op::PutMedia`. Which messages hold it is known here alone.
pub(crate) fn put(view: &View<'_>, state: &mut State, media: Media) -> Decided {
    let Some(owner) = users::find(view, state, &media.owner)? else {
        return Ok(Err(Rejection::UnknownUser(media.owner)));
    };
    let before = find(view, media.id)?;
    let uses = before.as_ref().map_or(0, |row| row.media.uses);
    // "Never" is a time that SQLite can compare.
    let free_after_ms = media.free_after_ms.min(i64::MAX.cast_unsigned());
    let row = MediaRow { owner: owner.no, media: Media { uses, free_after_ms, ..media } };
    if before.as_ref() != Some(&row) {
        state.next_ver();
        state.effect(Effect::Media(row));
    }
    Ok(Ok(Outcome::Done))
}

/// `Op::DropMedia`.
pub(crate) fn drop_unused(view: &View<'_>, state: &mut State, id: MediaId) -> Decided {
    let known = find(view, id)?;
    if known.as_ref().is_some_and(|row| row.media.uses > 0) {
        return Ok(Ok(Outcome::MediaDropped(false)));
    }
    if known.is_some() {
        state.next_ver();
        state.effect(Effect::MediaGone(id));
    }
    Ok(Ok(Outcome::MediaDropped(true)))
}

/// Those that a user may see, in the order of `ids`.
pub(crate) fn visible(
    view: &View<'_>,
    user: &UserId,
    agent: bool,
    ids: &[MediaId],
) -> Result<Vec<Media>> {
    let mut seen = Vec::new();
    for id in ids {
        let Some(MediaRow { media, .. }) = find(view, *id)? else { continue };
        if media.public || media.owner == *user || shown(view, user, agent, *id)? {
            seen.push(media);
        }
    }
    Ok(seen)
}

/// Whether a message that the user can see holds an upload.
fn shown(view: &View<'_>, user: &UserId, agent: bool, id: MediaId) -> Result<bool> {
    let Some(no) = view.number(user)? else { return Ok(false) };
    let mut places: BTreeSet<(ConversationId, Seq)> = view
        .sql()?
        .prepare_cached(
            "SELECT r.conversation, r.seq FROM media_refs r
             JOIN conversations c ON c.id = r.conversation
             WHERE r.media = ?1 AND (c.a = ?2 OR c.b = ?2 OR (c.kind = 2 AND ?3))",
        )?
        .query_map(params![id.to_bytes(), no, agent], |row| {
            Ok((ConversationId::from_i64(row.get(0)?), uint(row, 1)?))
        })?
        .collect::<Result<_>>()?;
    let mut holders = BTreeSet::new();
    view.each_layer(|layer| holders.extend(layer.holders(id)));
    for conversation in holders {
        view.rare(conversation, |rare| {
            let here = rare.media.keys().filter(|(_, media)| *media == id);
            places.extend(here.map(|(seq, _)| (conversation, *seq)));
        });
    }
    for (conversation, seq) in places {
        let opened = history::open(view, user, agent, conversation)?;
        let Some((conversation, viewer)) = opened else { continue };
        // A place that was recalled shows nothing, so what it held needs no look-up.
        let items = history::places(view, &conversation, &viewer, seq, seq)?;
        if items.iter().any(|item| matches!(item, Item::Message(_))) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Uploads that no message holds and whose time is over, the longest over first.
pub(crate) fn idle(view: &View<'_>, now_ms: u64, limit: u32) -> Result<Vec<Media>> {
    let newer = newer(view);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let enough = limit.saturating_add(newer.len());
    let now_ms = now_ms.min(i64::MAX.cast_unsigned());
    let mut found: Vec<Media> = view
        .sql()?
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM media m JOIN users u ON u.no = m.owner
             WHERE m.uses = 0 AND m.free_after_ms <= ?1 ORDER BY m.free_after_ms LIMIT ?2"
        ))?
        .query_map([int(now_ms), int(enough as u64)], media)?
        .map(|row| row.map(|row| row.media))
        .collect::<Result<_>>()?;
    found.retain(|media| !newer.contains_key(&media.id));
    let over = |media: &Media| media.uses == 0 && media.free_after_ms <= now_ms;
    found.extend(newer.into_values().flatten().map(|row| row.media).filter(over));
    found.sort_by_key(|media| (media.free_after_ms, media.id));
    found.truncate(limit);
    Ok(found)
}

/// Bytes of all uploads of a user.
pub(crate) fn bytes_of(view: &View<'_>, user: &UserId) -> Result<u64> {
    let Some(no) = view.number(user)? else { return Ok(0) };
    let newer = newer(view);
    let mut bytes = view
        .sql()?
        .prepare_cached("SELECT coalesce(sum(bytes), 0) FROM media WHERE owner = ?1")?
        .query_row([no], |row| uint(row, 0))?;
    for (id, row) in newer {
        let stored = view
            .sql()?
            .prepare_cached("SELECT bytes FROM media WHERE id = ?1 AND owner = ?2")?
            .query_row(params![id.to_bytes(), no], |row| uint(row, 0))
            .optional()?;
        bytes = bytes.saturating_sub(stored.unwrap_or(0));
        bytes += row.filter(|row| row.owner == no).map_or(0, |row| row.media.bytes);
    }
    Ok(bytes)
}
