//! A conversation with its members as the writer keeps it and readers load it: head, counters,
//! marks. One row is written per conversation and commit, whatever happened in between.

use magpie_core::model::{Position, Role};
use magpie_proto::{ConversationId, ConversationKind, Seq, UserId};
use rusqlite::{Connection, OptionalExtension, Result, params};
use smallvec::{SmallVec, smallvec};

use super::{
    memberships::{self, Private},
    recent::Whose,
    row::{int, uint, user_id},
    users::{KnownUser, UserNo},
};

/// Stored code of a desk conversation; indexes on desks name it literally.
pub(crate) const DESK: i64 = 2;

pub(crate) struct Conversation {
    pub(crate) id: ConversationId,
    pub(crate) head: Seq,
    pub(crate) rev: u64,
    pub(crate) head_ms: u64,
    pub(crate) ver: Position,
    pub(crate) voids: u64,
    /// Direct: one or two (a talk with oneself has one). Desk: the visitor first, then the
    /// agents who ever did something here.
    pub(crate) members: SmallVec<[Member; 2]>,
    /// Not stored yet; the flush of its first batch inserts it.
    pub(crate) fresh: bool,
    /// The conversation's own row is to be written, not only rows of members.
    pub(crate) dirty: bool,
    /// Already in the writer's list of rows to write.
    pub(crate) queued: bool,
}

pub(crate) struct Member {
    pub(crate) no: UserNo,
    pub(crate) id: UserId,
    pub(crate) delivered_seq: Seq,
    pub(crate) read_seq: Seq,
    /// Messages that this member sent here, and the newest of them.
    pub(crate) own_total: u64,
    pub(crate) own_last: Seq,
    /// The shared row is to be written.
    pub(crate) dirty: bool,
    /// Private state, loaded when first needed.
    pub(crate) private: Option<Private>,
    pub(crate) private_dirty: bool,
}

impl Member {
    pub(crate) fn new(no: UserNo, id: UserId) -> Self {
        Self {
            no,
            id,
            delivered_seq: 0,
            read_seq: 0,
            own_total: 0,
            own_last: 0,
            dirty: false,
            private: None,
            private_dirty: false,
        }
    }
}

impl Conversation {
    pub(crate) fn kind(&self) -> ConversationKind {
        self.id.kind()
    }

    /// Place of a user among the stored members.
    pub(crate) fn index_of(&self, user: &UserId) -> Option<usize> {
        self.members.iter().position(|m| m.id == *user)
    }

    /// Whether the user takes part: stored members of a direct conversation, the visitor and
    /// whoever is an agent now at the desk.
    pub(crate) fn admits(&self, user: &UserId, agent: bool) -> bool {
        match self.kind() {
            ConversationKind::Desk => {
                agent || self.members.first().is_some_and(|visitor| visitor.id == *user)
            }
            _ => self.index_of(user).is_some(),
        }
    }

    /// The other member of a direct conversation; oneself in a talk with oneself.
    pub(crate) fn peer_of(&self, index: usize) -> Option<&Member> {
        let other = if self.members.len() > 1 { 1 - index.min(1) } else { 0 };
        self.members.get(other)
    }

    /// Who is told: both users of a direct conversation, the visitor of a desk conversation.
    pub(crate) fn audience(&self) -> [Option<UserId>; 2] {
        let first = self.members.first().map(|m| m.id.clone());
        match self.kind() {
            ConversationKind::Desk => [first, None],
            _ => {
                let second = self.members.get(1).map(|m| m.id.clone());
                [first.clone(), second.or(first)]
            }
        }
    }

    /// Place of a user who takes part; an agent's place at the desk is made on first need.
    pub(crate) fn place_of(&mut self, user: &UserId, known: KnownUser) -> Option<usize> {
        let admitted = self.admits(user, known.role == Role::Agent);
        admitted.then(|| self.make_place(user, known.no))
    }

    /// Place of a user, made when he has none.
    pub(crate) fn make_place(&mut self, user: &UserId, no: UserNo) -> usize {
        self.index_of(user).unwrap_or_else(|| {
            let mut member = Member::new(no, user.clone());
            member.dirty = true;
            self.members.push(member);
            self.members.len() - 1
        })
    }

    /// Whose resume has to show a change that all members share.
    pub(crate) fn shared_by(&self) -> Whose {
        let audience = self.audience();
        match self.kind() {
            ConversationKind::Desk => Whose::Desk(audience[0].clone()),
            _ => Whose::Users(audience),
        }
    }

    /// A member with his private state loaded.
    pub(crate) fn private(&mut self, conn: &Connection, index: usize) -> Result<&mut Private> {
        let id = self.id;
        let member = &mut self.members[index];
        if member.private.is_none() {
            member.private = Some(memberships::load(conn, member.no, id)?);
        }
        Ok(member.private.get_or_insert_default())
    }
}

/// A new direct conversation with both members and their private state, so that the list of each
/// can be read from his own rows.
pub(crate) fn new_direct(one: (UserNo, &UserId), other: (UserNo, &UserId)) -> Conversation {
    let (a, b) = if one.1 <= other.1 { (one, other) } else { (other, one) };
    let mut members: SmallVec<[Member; 2]> = smallvec![Member::new(a.0, a.1.clone())];
    if a.0 != b.0 {
        members.push(Member::new(b.0, b.1.clone()));
    }
    fresh(ConversationId::direct(a.1, b.1), members)
}

/// The new desk conversation of a visitor.
pub(crate) fn new_desk(no: UserNo, visitor: &UserId) -> Conversation {
    fresh(ConversationId::desk(visitor), smallvec![Member::new(no, visitor.clone())])
}

fn fresh(id: ConversationId, mut members: SmallVec<[Member; 2]>) -> Conversation {
    for member in &mut members {
        member.private = Some(Private::default());
        (member.dirty, member.private_dirty) = (true, true);
    }
    Conversation {
        id,
        head: 0,
        rev: 0,
        head_ms: 0,
        ver: 0,
        voids: 0,
        members,
        fresh: true,
        dirty: true,
        queued: false,
    }
}

pub(crate) fn kind_code(kind: ConversationKind) -> i64 {
    match kind {
        ConversationKind::Direct => 0,
        ConversationKind::Group => 1,
        ConversationKind::Desk => DESK,
    }
}

struct Sides {
    a: UserNo,
    own: [u64; 2],
    last: [Seq; 2],
}

/// Reads a conversation and its members.
pub(crate) fn load(conn: &Connection, id: ConversationId) -> Result<Option<Conversation>> {
    let row = conn
        .prepare_cached(
            "SELECT head, rev, head_ms, ver, voids, a, own_a, own_b, last_a, last_b
             FROM conversations WHERE id = ?1",
        )?
        .query_row([id.to_i64()], |row| {
            let sides = Sides {
                a: row.get(5)?,
                own: [uint(row, 6)?, uint(row, 7)?],
                last: [uint(row, 8)?, uint(row, 9)?],
            };
            let conversation = Conversation {
                id,
                head: uint(row, 0)?,
                rev: uint(row, 1)?,
                head_ms: uint(row, 2)?,
                ver: uint(row, 3)?,
                voids: uint(row, 4)?,
                members: SmallVec::new(),
                fresh: false,
                dirty: false,
                queued: false,
            };
            Ok((conversation, sides))
        })
        .optional()?;
    let Some((mut conversation, sides)) = row else { return Ok(None) };
    load_members(conn, &mut conversation, &sides)?;
    Ok(Some(conversation))
}

fn load_members(conn: &Connection, conversation: &mut Conversation, sides: &Sides) -> Result<()> {
    let direct = conversation.kind() == ConversationKind::Direct;
    let mut statement = conn.prepare_cached(
        "SELECT m.user, u.id, m.delivered_seq, m.read_seq, m.own_total, m.own_last
         FROM members m JOIN users u ON u.no = m.user WHERE m.conversation = ?1",
    )?;
    let mut rows = statement.query([conversation.id.to_i64()])?;
    while let Some(row) = rows.next()? {
        let mut member = Member::new(row.get(0)?, user_id(row, 1)?);
        member.delivered_seq = uint(row, 2)?;
        member.read_seq = uint(row, 3)?;
        let first = member.no == sides.a;
        if direct {
            let side = usize::from(!first);
            (member.own_total, member.own_last) = (sides.own[side], sides.last[side]);
        } else {
            (member.own_total, member.own_last) = (uint(row, 4)?, uint(row, 5)?);
        }
        // Side a (the visitor of a desk) always comes first.
        let at = if first { 0 } else { conversation.members.len() };
        conversation.members.insert(at, member);
    }
    Ok(())
}

/// Writes the conversation's row and the rows of members, each if it changed.
pub(crate) fn flush(conn: &Connection, conversation: &mut Conversation) -> Result<()> {
    conversation.queued = false;
    let direct = conversation.kind() == ConversationKind::Direct;
    if std::mem::take(&mut conversation.fresh) {
        insert_row(conn, conversation, direct)?;
    }
    if std::mem::take(&mut conversation.dirty) {
        update_row(conn, conversation, direct)?;
    }
    let id = conversation.id;
    for member in &mut conversation.members {
        flush_member(conn, id, direct, member)?;
    }
    Ok(())
}

fn insert_row(conn: &Connection, conversation: &Conversation, direct: bool) -> Result<()> {
    let a = conversation.members.first().map_or(0, |m| m.no);
    let b = direct.then(|| conversation.members.get(1).map_or(a, |m| m.no));
    conn.prepare_cached(
        "INSERT INTO conversations
         (id, kind, a, b, head, rev, head_ms, ver, voids, own_a, own_b, last_a, last_b)
         VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
    )?
    .execute(params![conversation.id.to_i64(), kind_code(conversation.kind()), a, b])?;
    Ok(())
}

fn update_row(conn: &Connection, conversation: &Conversation, direct: bool) -> Result<()> {
    let side = |index: usize| {
        let member = conversation.members.get(index).filter(|_| direct);
        member.map_or((0, 0), |m| (int(m.own_total), int(m.own_last)))
    };
    let ((own_a, last_a), (own_b, last_b)) = (side(0), side(1));
    conn.prepare_cached(
        "UPDATE conversations SET head = ?2, rev = ?3, head_ms = ?4, ver = ?5,
         own_a = ?6, own_b = ?7, last_a = ?8, last_b = ?9 WHERE id = ?1",
    )?
    .execute(params![
        conversation.id.to_i64(),
        int(conversation.head),
        int(conversation.rev),
        int(conversation.head_ms),
        int(conversation.ver),
        own_a,
        own_b,
        last_a,
        last_b
    ])?;
    Ok(())
}

fn flush_member(
    conn: &Connection,
    id: ConversationId,
    direct: bool,
    member: &mut Member,
) -> Result<()> {
    if std::mem::take(&mut member.dirty) {
        let (own, last) = if direct { (0, 0) } else { (member.own_total, member.own_last) };
        conn.prepare_cached(
            "INSERT OR REPLACE INTO members
             (conversation, user, delivered_seq, read_seq, own_total, own_last)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            id.to_i64(),
            member.no,
            int(member.delivered_seq),
            int(member.read_seq),
            int(own),
            int(last)
        ])?;
    }
    if std::mem::take(&mut member.private_dirty)
        && let Some(private) = &member.private
    {
        memberships::save(conn, member.no, id, private)?;
    }
    Ok(())
}
