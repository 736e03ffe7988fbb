//! The last value of each channel of a user. A version never falls, and a repeated push is
//! answered with what its first try stored.

use std::collections::BTreeMap;

use magpie_core::{
    model::{ChannelValue, Replay},
    port::store::{Outcome, Publish, Rejection},
};
use magpie_proto::UserId;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{
    decide::Decided,
    row::{uint, user_id},
    state::State,
    view::View,
};
use crate::effect::{Effect, PushKeyRow};

pub(crate) fn replay_code(replay: Replay) -> i64 {
    match replay {
        Replay::UntilDelivered => 0,
        Replay::Always => 1,
    }
}

fn replay(code: i64) -> Replay {
    if code == 0 { Replay::UntilDelivered } else { Replay::Always }
}

/// What SQLite has of a user's channels, or of one.
pub(crate) fn stored(
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

/// All channels of a user, in the order of their names.
pub(crate) fn list(view: &View<'_>, user: &UserId) -> Result<Vec<ChannelValue>> {
    let named = |value: ChannelValue| (value.channel.clone(), value);
    let stored = stored(view.sql()?, user, None)?;
    let mut values: BTreeMap<Box<str>, ChannelValue> = stored.into_iter().map(named).collect();
    // Newest first: what a newer layer says of a channel stands.
    let mut newer = BTreeMap::new();
    view.each_layer(|layer| {
        for value in layer.channels_of(user) {
            newer.entry(value.channel.clone()).or_insert_with(|| value.clone());
        }
    });
    values.append(&mut newer);
    Ok(values.into_values().collect())
}

/// `Op::Publish`.
pub(crate) fn publish(view: &View<'_>, state: &mut State, publish: Publish) -> Decided {
    let current = view.channel(&publish.user, &publish.channel)?;
    let delivered_version = current.as_ref().map_or(0, |c| c.delivered_version);
    if let Some(first) = first_value(view, &publish)? {
        return Ok(if first.data == publish.data {
            let value = ChannelValue { delivered_version, ..first };
            Ok(Outcome::Published { value, fresh: false })
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
    state.effect(Effect::Channel(value.clone()));
    if let Some(key) = publish.idempotency_key {
        state.effect(Effect::PushKey(PushKeyRow { key, value: value.clone() }));
    }
    state.next_ver();
    Ok(Ok(Outcome::Published { value, fresh: true }))
}

/// What the same key stored within its hold time.
fn first_value(view: &View<'_>, publish: &Publish) -> Result<Option<ChannelValue>> {
    let Some(key) = &publish.idempotency_key else { return Ok(None) };
    let (user, channel) = (&publish.user, &*publish.channel);
    let known = match view.newest(|layer| layer.push_key(user, channel, key).cloned()) {
        Some(row) => Some(row.value),
        None => stored_key(view.sql()?, user, channel, key)?,
    };
    Ok(known.filter(|value| value.hold_until_ms > publish.sent_ms))
}

fn stored_key(
    conn: &Connection,
    user: &UserId,
    channel: &str,
    key: &str,
) -> Result<Option<ChannelValue>> {
    conn.prepare_cached(
        "SELECT version, data, sent_ms, hold_until_ms, replay FROM push_keys
         WHERE user = ?1 AND channel = ?2 AND key = ?3",
    )?
    .query_row(params![user.as_str(), channel, key], |row| {
        Ok(ChannelValue {
            user: user.clone(),
            channel: channel.into(),
            version: uint(row, 0)?,
            data: row.get(1)?,
            sent_ms: uint(row, 2)?,
            hold_until_ms: uint(row, 3)?,
            replay: replay(row.get(4)?),
            delivered_version: 0,
        })
    })
    .optional()
}

/// `Op::PushDelivered`. Never falls, and never runs ahead of what was published.
pub(crate) fn delivered(
    view: &View<'_>,
    state: &mut State,
    user: &UserId,
    channel: &str,
    version: u64,
) -> Decided {
    if let Some(mut value) = view.channel(user, channel)?
        && value.delivered_version < version.min(value.version)
    {
        value.delivered_version = version.min(value.version);
        state.effect(Effect::Channel(value));
        state.next_ver();
    }
    Ok(Ok(Outcome::Done))
}
