//! Users: made, changed, looked up. The writer keeps their numbers and roles at hand, because
//! every send asks for them.

use magpie_core::{
    model::{Role, User},
    port::store::{Outcome, Rejection, UserPatch},
};
use magpie_proto::UserId;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::{
    apply::Applied,
    row::{int, uint, user_id},
    state::State,
};

/// How other tables name a user.
pub(crate) type UserNo = i64;

/// What the writer remembers of a user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownUser {
    pub(crate) no: UserNo,
    pub(crate) role: Role,
}

const COLUMNS: &str = "id, name, avatar, role, banned, created_ms, last_seen_ms";

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

pub(crate) fn get(conn: &Connection, id: &UserId) -> Result<Option<User>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE id = ?1"))?
        .query_row([id.as_str()], user)
        .optional()
}

pub(crate) fn by_no(conn: &Connection, no: UserNo) -> Result<Option<User>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE no = ?1"))?
        .query_row([no], user)
        .optional()
}

pub(crate) fn list(conn: &Connection, after: Option<&UserId>, limit: u32) -> Result<Vec<User>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE id > ?1 ORDER BY id LIMIT ?2"))?
        .query_map(params![after.map_or("", UserId::as_str), limit], user)?
        .collect()
}

pub(crate) fn number(conn: &Connection, id: &UserId) -> Result<Option<UserNo>> {
    conn.prepare_cached("SELECT no FROM users WHERE id = ?1")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()
}

/// Whom a user has blocked, in id order.
pub(crate) fn blocked(conn: &Connection, id: &UserId) -> Result<Vec<UserId>> {
    conn.prepare_cached(
        "SELECT o.id FROM users u JOIN blocks b ON b.user = u.no JOIN users o ON o.no = b.other
         WHERE u.id = ?1 ORDER BY o.id",
    )?
    .query_map([id.as_str()], |row| user_id(row, 0))?
    .collect()
}

/// The writer's view of a user.
pub(crate) fn find(conn: &Connection, state: &mut State, id: &UserId) -> Result<Option<KnownUser>> {
    if let Some(known) = state.users.get(id) {
        return Ok(Some(*known));
    }
    let found = conn
        .prepare_cached("SELECT no, role FROM users WHERE id = ?1")?
        .query_row([id.as_str()], |row| {
            let role = Role::parse(row.get_ref(1)?.as_str()?).unwrap_or_default();
            Ok(KnownUser { no: row.get(0)?, role })
        })
        .optional()?;
    if let Some(known) = found {
        state.users.insert(id.clone(), known);
    }
    Ok(found)
}

/// Adds a user of whom nothing but the id is known.
pub(crate) fn create(
    conn: &Connection,
    state: &mut State,
    id: &UserId,
    now_ms: u64,
) -> Result<KnownUser> {
    conn.prepare_cached(
        "INSERT INTO users (id, name, avatar, role, banned, created_ms, last_seen_ms)
         VALUES (?1, '', '', ?2, 0, ?3, 0)",
    )?
    .execute(params![id.as_str(), Role::default().as_str(), int(now_ms)])?;
    let known = KnownUser { no: conn.last_insert_rowid(), role: Role::default() };
    state.users.insert(id.clone(), known);
    Ok(known)
}

/// `Op::PutUser`.
pub(crate) fn put(conn: &Connection, state: &mut State, patch: UserPatch) -> Applied {
    let known = match find(conn, state, &patch.id)? {
        Some(known) => known,
        None => create(conn, state, &patch.id, patch.now_ms)?,
    };
    conn.prepare_cached(
        "UPDATE users SET name = coalesce(?2, name), avatar = coalesce(?3, avatar),
         role = coalesce(?4, role), banned = coalesce(?5, banned) WHERE no = ?1",
    )?
    .execute(params![
        known.no,
        patch.name,
        patch.avatar,
        patch.role.map(Role::as_str),
        patch.banned
    ])?;
    if let Some(role) = patch.role {
        state.users.insert(patch.id.clone(), KnownUser { no: known.no, role });
    }
    state.next_ver();
    let stored = by_no(conn, known.no)?;
    Ok(stored.map(Outcome::User).ok_or(Rejection::UnknownUser(patch.id)))
}

/// `Op::Seen`.
pub(crate) fn seen(conn: &Connection, state: &mut State, id: UserId, at_ms: u64) -> Applied {
    let Some(known) = find(conn, state, &id)? else {
        return Ok(Err(Rejection::UnknownUser(id)));
    };
    let moved = conn
        .prepare_cached("UPDATE users SET last_seen_ms = ?2 WHERE no = ?1 AND last_seen_ms < ?2")?
        .execute(params![known.no, int(at_ms)])?;
    if moved > 0 {
        state.next_ver();
    }
    Ok(Ok(Outcome::Done))
}

/// `Op::Block`.
pub(crate) fn block(
    conn: &Connection,
    state: &mut State,
    user: UserId,
    other: UserId,
    on: bool,
) -> Applied {
    let Some(refuser) = find(conn, state, &user)? else {
        return Ok(Err(Rejection::UnknownUser(user)));
    };
    let Some(refused) = find(conn, state, &other)? else {
        return Ok(Err(Rejection::UnknownUser(other)));
    };
    let sql = if on {
        "INSERT OR IGNORE INTO blocks (user, other) VALUES (?1, ?2)"
    } else {
        "DELETE FROM blocks WHERE user = ?1 AND other = ?2"
    };
    if conn.prepare_cached(sql)?.execute([refuser.no, refused.no])? > 0 {
        state.next_ver();
        state.blocks.insert((refuser.no, refused.no), on);
    }
    Ok(Ok(Outcome::Done))
}

/// Whether `user` has blocked `other`, as the writer sees it.
pub(crate) fn blocks(
    conn: &Connection,
    state: &mut State,
    user: UserNo,
    other: UserNo,
) -> Result<bool> {
    if let Some(on) = state.blocks.get(&(user, other)) {
        return Ok(*on);
    }
    let on = conn
        .prepare_cached("SELECT 1 FROM blocks WHERE user = ?1 AND other = ?2")?
        .exists([user, other])?;
    state.blocks.insert((user, other), on);
    Ok(on)
}
