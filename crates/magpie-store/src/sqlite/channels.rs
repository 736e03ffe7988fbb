//! The last value of each channel of a user. A version never falls, and a repeated push is
//! answered with what its first try stored.

use magpie_core::{
    model::{ChannelValue, Replay},
    port::store::{Outcome, Publish, Rejection},
};
use magpie_proto::UserId;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{
    apply::Applied,
    row::{int, uint, user_id},
    state::State,
};

/// Expired keys that a push takes along, so that the table stays small without a sweep.
const EXPIRED_KEYS_PER_PUSH: u32 = 8;

fn replay_code(replay: Replay) -> i64 {
    match replay {
        Replay::UntilDelivered => 0,
        Replay::Always => 1,
    }
}

fn replay(code: i64) -> Replay {
    if code == 0 { Replay::UntilDelivered } else { Replay::Always }
}

/// Current values of a user's channels, or of one.
pub(crate) fn list(
    conn: &Connection,
    user: &UserId,
    channel: Option<&str>,
) -> Result<Vec<ChannelValue>> {
    conn.prepare_cached(
        "SELECT user, channel, version, data, sent_ms, hold_until_ms, replay, delivered_version
         FROM channels WHERE user = ?1 AND (?2 IS NULL OR channel = ?2) ORDER BY channel",
    )?
    .query_map(params![user.as_str(), channel], |row| {
        Ok(ChannelValue {
            user: user_id(row, 0)?,
            channel: row.get(1)?,
            version: uint(row, 2)?,
            data: row.get(3)?,
            sent_ms: uint(row, 4)?,
            hold_until_ms: uint(row, 5)?,
            replay: replay(row.get(6)?),
            delivered_version: uint(row, 7)?,
        })
    })?
    .collect()
}

/// `Op::Publish`.
pub(crate) fn publish(conn: &Connection, state: &mut State, publish: Publish) -> Applied {
    forget_expired(conn, &publish)?;
    let current = list(conn, &publish.user, Some(&publish.channel))?.pop();
    let delivered_version = current.as_ref().map_or(0, |c| c.delivered_version);
    if let Some(first) = first_value(conn, &publish, delivered_version)? {
        return Ok(if first.data == publish.data {
            Ok(Outcome::Published { value: first, fresh: false })
        } else {
            Err(Rejection::PushKeyReused)
        });
    }
    let value = ChannelValue {
        version: current.map_or(0, |c| c.version) + 1,
        delivered_version,
        user: publish.user,
        channel: publish.channel,
        data: publish.data,
        sent_ms: publish.sent_ms,
        hold_until_ms: publish.hold_until_ms,
        replay: publish.replay,
    };
    store(conn, &value)?;
    if let Some(key) = &publish.idempotency_key {
        remember(conn, &value, key)?;
    }
    state.next_ver();
    Ok(Ok(Outcome::Published { value, fresh: true }))
}

fn forget_expired(conn: &Connection, publish: &Publish) -> Result<()> {
    conn.prepare_cached(
        "DELETE FROM push_keys WHERE rowid IN
         (SELECT rowid FROM push_keys WHERE hold_until_ms <= ?1 LIMIT ?2)",
    )?
    .execute(params![int(publish.sent_ms), EXPIRED_KEYS_PER_PUSH])?;
    Ok(())
}

/// What the same key stored within its hold time.
fn first_value(
    conn: &Connection,
    publish: &Publish,
    delivered_version: u64,
) -> Result<Option<ChannelValue>> {
    let Some(key) = &publish.idempotency_key else { return Ok(None) };
    conn.prepare_cached(
        "SELECT version, data, sent_ms, hold_until_ms, replay FROM push_keys
         WHERE user = ?1 AND channel = ?2 AND key = ?3 AND hold_until_ms > ?4",
    )?
    .query_row(params![publish.user.as_str(), publish.channel, key, int(publish.sent_ms)], |row| {
        Ok(ChannelValue {
            user: publish.user.clone(),
            channel: publish.channel.clone(),
            version: uint(row, 0)?,
            data: row.get(1)?,
            sent_ms: uint(row, 2)?,
            hold_until_ms: uint(row, 3)?,
            replay: replay(row.get(4)?),
            delivered_version,
        })
    })
    .optional()
}

fn store(conn: &Connection, value: &ChannelValue) -> Result<()> {
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

fn remember(conn: &Connection, value: &ChannelValue, key: &str) -> Result<()> {
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

/// `Op::PushDelivered`. Never falls, and never runs ahead of what was published.
pub(crate) fn delivered(
    conn: &Connection,
    state: &mut State,
    user: &UserId,
    channel: &str,
    version: u64,
) -> Applied {
    let moved = conn
        .prepare_cached(
            "UPDATE channels SET delivered_version = min(?3, version)
             WHERE user = ?1 AND channel = ?2 AND delivered_version < min(?3, version)",
        )?
        .execute(params![user.as_str(), channel, int(version)])?;
    if moved > 0 {
        state.next_ver();
    }
    Ok(Ok(Outcome::Done))
}
