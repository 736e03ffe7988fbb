//! A layer of the tail into SQLite: one transaction, each row once, in the order of the tables.
//! Decides nothing; what is written here was durable before.

mod rare;

use magpie_core::model::{ChannelValue, Message};
use magpie_proto::ConversationId;
use rusqlite::{Connection, Result, params};

use super::{channels::replay_code, conversations::kind_code, row::int};
use crate::{
    effect::{
        BlockRow, ConversationRow, HiddenRow, MemberRow, MessageRow, PrivateRow, PushKeyRow,
        UserRow,
    },
    tail::{Layer, Part},
};

/// Expired keys that a push takes along, so that the table stays small without a sweep.
const EXPIRED_KEYS_PER_PUSH: u32 = 8;

/// Writes a layer and how far the history reaches with it. All of it or nothing.
pub(crate) fn apply(conn: &Connection, layer: &Layer) -> Result<()> {
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let applied = rows(conn, layer).and_then(|()| {
        conn.prepare_cached("UPDATE meta SET position = ?1")?.execute([int(layer.last())])?;
        conn.prepare_cached("COMMIT")?.execute([])
    });
    if applied.is_err()
        && !conn.is_autocommit()
        && let Err(error) = conn.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "cannot roll back");
    }
    applied.map(drop)
}

fn rows(conn: &Connection, layer: &Layer) -> Result<()> {
    for row in layer.users() {
        user(conn, row)?;
    }
    for row in layer.blocks() {
        block(conn, row)?;
    }
    for (id, part) in layer.sorted_parts() {
        conversation(conn, id, part)?;
    }
    for value in layer.channels() {
        channel(conn, value)?;
    }
    for row in layer.push_keys() {
        push_key(conn, row)?;
    }
    rare::extras(conn, layer)
}

fn user(conn: &Connection, UserRow { no, user }: &UserRow) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO users (no, id, name, avatar, role, banned, created_ms, last_seen_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (no) DO UPDATE SET name = excluded.name, avatar = excluded.avatar,
         role = excluded.role, banned = excluded.banned, last_seen_ms = excluded.last_seen_ms",
    )?
    .execute(params![
        no,
        user.id.as_str(),
        user.name,
        user.avatar,
        user.role.as_str(),
        user.banned,
        int(user.created_ms),
        int(user.last_seen_ms)
    ])?;
    Ok(())
}

fn block(conn: &Connection, BlockRow { user, other, on }: BlockRow) -> Result<()> {
    let sql = if on {
        "INSERT OR IGNORE INTO blocks (user, other) VALUES (?1, ?2)"
    } else {
        "DELETE FROM blocks WHERE user = ?1 AND other = ?2"
    };
    conn.prepare_cached(sql)?.execute([user, other])?;
    Ok(())
}

fn conversation(conn: &Connection, id: ConversationId, part: &Part) -> Result<()> {
    if let Some(row) = &part.row {
        conversation_row(conn, row)?;
    }
    for row in &part.members {
        member(conn, row)?;
    }
    for row in &part.privates {
        private(conn, row)?;
    }
    for row in part.all_messages() {
        message(conn, row)?;
    }
    for row in &part.hidden {
        hidden(conn, row)?;
    }
    part.rare.as_ref().map_or(Ok(()), |rare| rare::part(conn, id, rare))
}

fn conversation_row(conn: &Connection, row: &ConversationRow) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO conversations
         (id, kind, a, b, head, rev, head_ms, ver, voids, own_a, own_b, last_a, last_b)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (id) DO UPDATE SET head = excluded.head, rev = excluded.rev,
         head_ms = excluded.head_ms, ver = excluded.ver, voids = excluded.voids,
         own_a = excluded.own_a, own_b = excluded.own_b,
         last_a = excluded.last_a, last_b = excluded.last_b",
    )?
    .execute(params![
        row.id.to_i64(),
        kind_code(row.id.kind()),
        row.a,
        row.b,
        int(row.head),
        int(row.rev),
        int(row.head_ms),
        int(row.ver),
        int(row.voids),
        int(row.own[0]),
        int(row.own[1]),
        int(row.last[0]),
        int(row.last[1])
    ])?;
    Ok(())
}

fn member(conn: &Connection, row: &MemberRow) -> Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO members
         (conversation, user, delivered_seq, read_seq, own_total, own_last)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        row.conversation.to_i64(),
        row.no,
        int(row.delivered_seq),
        int(row.read_seq),
        int(row.own_total),
        int(row.own_last)
    ])?;
    Ok(())
}

fn private(conn: &Connection, row: &PrivateRow) -> Result<()> {
    let (private, shown) = (&row.private, &row.private.shown);
    conn.prepare_cached(
        "INSERT INTO memberships (user, conversation, read_seq, cleared_seq,
         hidden_seq, pinned, muted, own_at_floor, hides, ver)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (user, conversation) DO UPDATE SET read_seq = excluded.read_seq,
         cleared_seq = excluded.cleared_seq, hidden_seq = excluded.hidden_seq,
         pinned = excluded.pinned, muted = excluded.muted, own_at_floor = excluded.own_at_floor,
         hides = excluded.hides, ver = excluded.ver",
    )?
    .execute(params![
        row.no,
        row.conversation.to_i64(),
        int(shown.read_seq),
        int(shown.cleared_seq),
        shown.hidden_seq,
        shown.pinned,
        shown.muted,
        int(private.own_at_floor),
        int(private.hides),
        int(private.ver)
    ])?;
    Ok(())
}

fn message(conn: &Connection, row: &MessageRow) -> Result<()> {
    let Message { conversation, seq, id, client_msg_id, body, sent_ms, .. } = &row.message;
    conn.prepare_cached(
        "INSERT INTO messages
         (conversation, seq, ver, sender, sent_ms, id, client_msg_id, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        conversation.to_i64(),
        int(*seq),
        int(row.ver),
        row.sender,
        int(*sent_ms),
        id.to_bytes(),
        client_msg_id,
        body.as_bytes().as_ref()
    ])?;
    Ok(())
}

fn hidden(conn: &Connection, row: &HiddenRow) -> Result<()> {
    conn.prepare_cached(
        "INSERT OR IGNORE INTO hidden (user, conversation, seq, own, ver)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        row.no,
        row.conversation.to_i64(),
        int(row.seq),
        row.own,
        int(row.ver)
    ])?;
    Ok(())
}

fn channel(conn: &Connection, value: &ChannelValue) -> Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO channels
         (user, channel, version, data, sent_ms, hold_until_ms, replay, delivered_version)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        value.user.as_str(),
        value.channel,
        int(value.version),
        value.data,
        int(value.sent_ms),
        int(value.hold_until_ms),
        replay_code(value.replay),
        int(value.delivered_version)
    ])?;
    Ok(())
}

fn push_key(conn: &Connection, PushKeyRow { key, value }: &PushKeyRow) -> Result<()> {
    conn.prepare_cached(
        "DELETE FROM push_keys WHERE rowid IN
         (SELECT rowid FROM push_keys WHERE hold_until_ms <= ?1 LIMIT ?2)",
    )?
    .execute(params![int(value.sent_ms), EXPIRED_KEYS_PER_PUSH])?;
    conn.prepare_cached(
        "INSERT OR REPLACE INTO push_keys
         (user, channel, key, version, data, sent_ms, hold_until_ms, replay)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        value.user.as_str(),
        value.channel,
        key,
        int(value.version),
        value.data,
        int(value.sent_ms),
        int(value.hold_until_ms),
        replay_code(value.replay)
    ])?;
    Ok(())
}
