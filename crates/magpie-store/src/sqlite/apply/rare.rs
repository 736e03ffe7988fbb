//! The rows that few layers have: what became of stored messages, drafts, devices, uploads.

use magpie_core::model::RevisionKind;
use magpie_proto::ConversationId;
use rusqlite::{Connection, Result, params};

use super::super::row::int;
use crate::{
    effect::{ChangeRow, DeviceRow, DraftRow, MediaRow, ReactionRow},
    tail::{Layer, Rare},
};

/// Of a conversation; its messages and private rows are there already.
pub(super) fn part(conn: &Connection, id: ConversationId, rare: &Rare) -> Result<()> {
    for (seq, body) in &rare.bodies {
        conn.prepare_cached("UPDATE messages SET body = ?3 WHERE conversation = ?1 AND seq = ?2")?
            .execute(params![id.to_i64(), int(*seq), body.as_bytes().as_ref()])?;
    }
    for (seq, sender) in &rare.voids {
        conn.prepare_cached(
            "INSERT OR IGNORE INTO voids (conversation, seq, sender) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![id.to_i64(), int(*seq), sender])?;
    }
    // In the order in which they were made: no two rows ever have the same rev.
    let mut changes: Vec<&ChangeRow> = rare.changes.values().collect();
    changes.sort_unstable_by_key(|row| row.rev);
    for row in changes {
        change(conn, row)?;
    }
    for row in rare.reactions.values() {
        reaction(conn, row)?;
    }
    for row in rare.drafts.values() {
        draft(conn, row)?;
    }
    for ((seq, media), on) in &rare.media {
        let sql = if *on {
            "INSERT OR IGNORE INTO media_refs (media, conversation, seq) VALUES (?1, ?2, ?3)"
        } else {
            "DELETE FROM media_refs WHERE media = ?1 AND conversation = ?2 AND seq = ?3"
        };
        conn.prepare_cached(sql)?.execute(params![media.to_bytes(), id.to_i64(), int(*seq)])?;
    }
    Ok(())
}

pub(super) fn extras(conn: &Connection, layer: &Layer) -> Result<()> {
    for row in layer.devices() {
        device(conn, row)?;
    }
    for (id, row) in layer.all_media() {
        match row {
            Some(row) => media(conn, row)?,
            None => {
                conn.prepare_cached("DELETE FROM media WHERE id = ?1")?.execute([id.to_bytes()])?;
            }
        }
    }
    Ok(())
}

fn change(conn: &Connection, row: &ChangeRow) -> Result<()> {
    let kind = match row.kind {
        RevisionKind::Recall => 0,
        RevisionKind::Edit => 1,
        RevisionKind::React => 2,
    };
    conn.prepare_cached(
        "INSERT OR REPLACE INTO changes (conversation, seq, rev, ver, kind, by, at_ms, edited_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        row.conversation.to_i64(),
        int(row.seq),
        int(row.rev),
        int(row.ver),
        kind,
        row.by,
        int(row.at_ms),
        row.edited_ms.map(int)
    ])?;
    Ok(())
}

fn reaction(conn: &Connection, row: &ReactionRow) -> Result<()> {
    let (id, seq) = (row.conversation.to_i64(), int(row.seq));
    if row.on {
        conn.prepare_cached(
            "INSERT OR REPLACE INTO reactions (conversation, seq, emoji, user, rev, first_rev)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![id, seq, row.emoji, row.no, int(row.rev), int(row.first_rev)])?;
    } else {
        conn.prepare_cached(
            "DELETE FROM reactions
             WHERE conversation = ?1 AND seq = ?2 AND emoji = ?3 AND user = ?4",
        )?
        .execute(params![id, seq, row.emoji, row.no])?;
    }
    Ok(())
}

fn draft(conn: &Connection, row: &DraftRow) -> Result<()> {
    let draft = row.draft.as_deref();
    conn.prepare_cached(
        "UPDATE memberships SET draft = ?3, draft_re = ?4 WHERE user = ?1 AND conversation = ?2",
    )?
    .execute(params![
        row.no,
        row.conversation.to_i64(),
        draft.map(|draft| &*draft.text),
        draft.and_then(|draft| draft.reply_to).map(int)
    ])?;
    Ok(())
}

fn device(conn: &Connection, DeviceRow { no, device }: &DeviceRow) -> Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO devices (user, device, name, first_ms, last_ms, signed_out_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        no,
        device.id,
        device.name,
        int(device.first_ms),
        int(device.last_ms),
        int(device.signed_out_ms)
    ])?;
    Ok(())
}

fn media(conn: &Connection, MediaRow { owner, media }: &MediaRow) -> Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO media
         (id, owner, bytes, descriptor, poster, public, created_ms, uses, free_after_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        media.id.to_bytes(),
        owner,
        int(media.bytes),
        media.descriptor,
        media.poster.map(|poster| poster.to_bytes()),
        media.public,
        int(media.created_ms),
        int(media.uses),
        // "Never" is a time that SQLite can compare.
        int(media.free_after_ms.min(i64::MAX.cast_unsigned()))
    ])?;
    Ok(())
}
