//! Users: made, changed, looked up. The writer keeps their numbers and roles at hand, because
//! every send asks for them.

use std::collections::BTreeMap;

use magpie_core::{
    model::{Role, User},
    port::store::{Outcome, Rejection, UserPatch},
};
use magpie_proto::UserId;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::{
    decide::Decided,
    row::{uint, user_id},
    state::State,
    view::View,
};
use crate::effect::{BlockRow, Effect, UserNo, UserRow};

/// What the writer remembers of a user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownUser {
    pub(crate) no: UserNo,
    pub(crate) role: Role,
}

const COLUMNS: &str = "id, name, avatar, role, banned, created_ms, last_seen_ms, no";

fn user(row: &Row<'_>) -> Result<User> {
    Ok(User {
        id: user_id(row, 0)?,
        name: row.get(1)?,
        avatar: row.get(2)?,
        role: Role::parse(row.get_ref(3)?.as_str()?).unwrap_or_default(),
        banned: row.get(4)?,
        created_ms: uint(row, 5)?,
        last_seen_ms: uint(row, 6)?,
    })
}

/// What SQLite has of a user.
pub(crate) fn stored(conn: &Connection, id: &UserId) -> Result<Option<UserRow>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE id = ?1"))?
        .query_row([id.as_str()], |row| Ok(UserRow { no: row.get(7)?, user: user(row)? }))
        .optional()
}

/// Users in id order.
pub(crate) fn list(view: &View<'_>, after: Option<&UserId>, limit: u32) -> Result<Vec<User>> {
    let mut users: BTreeMap<UserId, User> = view
        .sql()?
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE id > ?1 ORDER BY id LIMIT ?2"))?
        .query_map(params![after.map_or("", UserId::as_str), limit], user)?
        .map(|found| found.map(|user| (user.id.clone(), user)))
        .collect::<Result<_>>()?;
    // Newest first: what a newer layer says of somebody stands.
    let mut newer = BTreeMap::new();
    view.each_layer(|layer| {
        for row in layer.users().filter(|row| after.is_none_or(|after| row.user.id > *after)) {
            newer.entry(row.user.id.clone()).or_insert_with(|| row.user.clone());
        }
    });
    users.append(&mut newer);
    Ok(users.into_values().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
}

/// The highest number that SQLite has given out.
pub(crate) fn highest_no(conn: &Connection) -> Result<UserNo> {
    conn.query_row("SELECT coalesce(max(no), 0) FROM users", [], |row| row.get(0))
}

/// Whom a user has blocked, in id order.
pub(crate) fn blocked(view: &View<'_>, id: &UserId) -> Result<Vec<UserId>> {
    let Some(no) = view.number(id)? else { return Ok(Vec::new()) };
    let mut blocked: BTreeMap<UserNo, bool> = view
        .sql()?
        .prepare_cached("SELECT other FROM blocks WHERE user = ?1")?
        .query_map([no], |row| Ok((row.get(0)?, true)))?
        .collect::<Result<_>>()?;
    let mut newer = BTreeMap::new();
    view.each_layer(|layer| {
        for row in layer.blocks().filter(|row| row.user == no) {
            newer.entry(row.other).or_insert(row.on);
        }
    });
    blocked.append(&mut newer);
    let mut ids = Vec::new();
    for (other, _) in blocked.into_iter().filter(|(_, on)| *on) {
        ids.extend(id_of(view, other)?);
    }
    ids.sort_unstable();
    Ok(ids)
}

/// The same with all that is known of them, at most `limit`.
pub(crate) fn blocked_users(view: &View<'_>, id: &UserId, limit: u32) -> Result<Vec<User>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let ids = blocked(view, id)?.into_iter().take(limit);
    ids.filter_map(|id| view.user(&id).transpose()).collect()
}

fn id_of(view: &View<'_>, no: UserNo) -> Result<Option<UserId>> {
    let found =
        view.newest(|layer| layer.users().find(|row| row.no == no).map(|row| row.user.id.clone()));
    match found {
        Some(id) => Ok(Some(id)),
        None => view
            .sql()?
            .prepare_cached("SELECT id FROM users WHERE no = ?1")?
            .query_row([no], |row| user_id(row, 0))
            .optional(),
    }
}

/// The writer's view of a user.
pub(crate) fn find(view: &View<'_>, state: &mut State, id: &UserId) -> Result<Option<KnownUser>> {
    if let Some(known) = state.users.get(id) {
        return Ok(Some(*known));
    }
    let found = view.number_and_role(id)?.map(|(no, role)| KnownUser { no, role });
    if let Some(known) = found {
        state.users.insert(id.clone(), known);
    }
    Ok(found)
}

/// Adds a user of whom nothing but the id is known.
pub(crate) fn create(state: &mut State, id: &UserId, now_ms: u64) -> KnownUser {
    let user = User {
        id: id.clone(),
        name: String::new(),
        avatar: String::new(),
        role: Role::default(),
        banned: false,
        created_ms: now_ms,
        last_seen_ms: 0,
    };
    let known = KnownUser { no: state.next_user_no(), role: user.role };
    state.users.insert(id.clone(), known);
    state.effect(Effect::User(UserRow { no: known.no, user }));
    known
}

/// `Op::PutUser`.
pub(crate) fn put(view: &View<'_>, state: &mut State, patch: UserPatch) -> Decided {
    if find(view, state, &patch.id)?.is_none() {
        create(state, &patch.id, patch.now_ms);
    }
    let Some(mut row) = view.user_row(&patch.id)? else {
        return Ok(Err(Rejection::UnknownUser(patch.id)));
    };
    row.user.name = patch.name.unwrap_or(row.user.name);
    row.user.avatar = patch.avatar.unwrap_or(row.user.avatar);
    row.user.role = patch.role.unwrap_or(row.user.role);
    row.user.banned = patch.banned.unwrap_or(row.user.banned);
    state.users.insert(patch.id, KnownUser { no: row.no, role: row.user.role });
    state.next_ver();
    let user = row.user.clone();
    state.effect(Effect::User(row));
    Ok(Ok(Outcome::User(user)))
}

/// `Op::Seen`.
pub(crate) fn seen(view: &View<'_>, state: &mut State, id: UserId, at_ms: u64) -> Decided {
    let Some(mut row) = view.user_row(&id)? else {
        return Ok(Err(Rejection::UnknownUser(id)));
    };
    if row.user.last_seen_ms < at_ms {
        row.user.last_seen_ms = at_ms;
        state.next_ver();
        state.effect(Effect::User(row));
    }
    Ok(Ok(Outcome::Done))
}

/// `Op::Block`.
pub(crate) fn block(
    view: &View<'_>,
    state: &mut State,
    user: UserId,
    other: UserId,
    on: bool,
) -> Decided {
    let Some(refuser) = find(view, state, &user)? else {
        return Ok(Err(Rejection::UnknownUser(user)));
    };
    let Some(refused) = find(view, state, &other)? else {
        return Ok(Err(Rejection::UnknownUser(other)));
    };
    if blocks(view, state, refuser.no, refused.no)? != on {
        state.next_ver();
        state.blocks.insert((refuser.no, refused.no), on);
        state.effect(Effect::Block(BlockRow { user: refuser.no, other: refused.no, on }));
    }
    Ok(Ok(Outcome::Done))
}

/// Whether `user` has blocked `other`, as the writer sees it.
pub(crate) fn blocks(
    view: &View<'_>,
    state: &mut State,
    user: UserNo,
    other: UserNo,
) -> Result<bool> {
    if let Some(on) = state.blocks.get(&(user, other)) {
        return Ok(*on);
    }
    let on = view.blocks(user, other)?;
    state.blocks.insert((user, other), on);
    Ok(on)
}
