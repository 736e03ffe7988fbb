//! A conversation with its members as the writer keeps it and readers load it: head, counters,
//! marks. One row changes per conversation and commit, whatever happened in between.

use magpie_core::model::{Position, Role};
use magpie_proto::{ConversationId, ConversationKind, Seq, UserId};
use rusqlite::{Connection, OptionalExtension, Result};
use smallvec::{SmallVec, smallvec};

use super::{
    memberships,
    recent::Whose,
    row::{uint, user_id},
    users::KnownUser,
    view::View,
};
use crate::effect::{ConversationRow, Effect, MemberRow, Private, PrivateRow, UserNo};

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
    /// The conversation's own row has changed, not only rows of members.
    pub(crate) dirty: bool,
    /// Already in the writer's list of what changed.
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
    /// The shared row has changed.
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
    pub(crate) fn private(&mut self, view: &View<'_>, index: usize) -> Result<&mut Private> {
        let id = self.id;
        let member = &mut self.members[index];
        if member.private.is_none() {
            member.private = Some(memberships::load(view, member.no, id)?);
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

/// A conversation and its members as they are now.
pub(crate) fn load(view: &View<'_>, id: ConversationId) -> Result<Option<Conversation>> {
    let (mut row, mut members): (Option<ConversationRow>, Vec<MemberRow>) = (None, Vec::new());
    view.parts(id, |part| {
        row = row.or(part.row);
        for member in &part.members {
            if members.iter().all(|newer| newer.no != member.no) {
                members.push(member.clone());
            }
        }
    });
    if let Some(stored) = stored_row(view.sql()?, id)? {
        row = row.or(Some(stored));
        for member in stored_members(view.sql()?, id)? {
            if members.iter().all(|newer| newer.no != member.no) {
                members.push(member);
            }
        }
    }
    Ok(row.map(|row| assemble(&row, members)))
}

fn assemble(row: &ConversationRow, mut members: Vec<MemberRow>) -> Conversation {
    // Side a (the visitor of a desk) always comes first.
    members.sort_by_key(|member| (member.no != row.a, member.no));
    let direct = row.id.kind() == ConversationKind::Direct;
    let members = members.into_iter().enumerate().map(|(index, stored)| {
        let mut member = Member::new(stored.no, stored.id);
        (member.delivered_seq, member.read_seq) = (stored.delivered_seq, stored.read_seq);
        (member.own_total, member.own_last) = if direct {
            (row.own[index.min(1)], row.last[index.min(1)])
        } else {
            (stored.own_total, stored.own_last)
        };
        member
    });
    Conversation {
        id: row.id,
        head: row.head,
        rev: row.rev,
        head_ms: row.head_ms,
        ver: row.ver,
        voids: row.voids,
        members: members.collect(),
        dirty: false,
        queued: false,
    }
}

fn stored_row(conn: &Connection, id: ConversationId) -> Result<Option<ConversationRow>> {
    conn.prepare_cached(
        "SELECT a, b, head, rev, head_ms, ver, voids, own_a, own_b, last_a, last_b
         FROM conversations WHERE id = ?1",
    )?
    .query_row([id.to_i64()], |row| {
        Ok(ConversationRow {
            id,
            a: row.get(0)?,
            b: row.get(1)?,
            head: uint(row, 2)?,
            rev: uint(row, 3)?,
            head_ms: uint(row, 4)?,
            ver: uint(row, 5)?,
            voids: uint(row, 6)?,
            own: [uint(row, 7)?, uint(row, 8)?],
            last: [uint(row, 9)?, uint(row, 10)?],
        })
    })
    .optional()
}

fn stored_members(conn: &Connection, id: ConversationId) -> Result<Vec<MemberRow>> {
    conn.prepare_cached(
        "SELECT m.user, u.id, m.delivered_seq, m.read_seq, m.own_total, m.own_last
         FROM members m JOIN users u ON u.no = m.user WHERE m.conversation = ?1",
    )?
    .query_map([id.to_i64()], |row| {
        Ok(MemberRow {
            conversation: id,
            no: row.get(0)?,
            id: user_id(row, 1)?,
            delivered_seq: uint(row, 2)?,
            read_seq: uint(row, 3)?,
            own_total: uint(row, 4)?,
            own_last: uint(row, 5)?,
        })
    })?
    .collect()
}

/// Hands out what the batch changed: the conversation's row and the rows of members.
pub(crate) fn flush(conversation: &mut Conversation, mut effect: impl FnMut(Effect)) {
    conversation.queued = false;
    if std::mem::take(&mut conversation.dirty) {
        effect(Effect::Conversation(row(conversation)));
    }
    let id = conversation.id;
    let direct = conversation.kind() == ConversationKind::Direct;
    for member in &mut conversation.members {
        if std::mem::take(&mut member.dirty) {
            effect(Effect::Member(member_row(id, direct, member)));
        }
        if std::mem::take(&mut member.private_dirty)
            && let Some(private) = member.private
        {
            effect(Effect::Private(PrivateRow { conversation: id, no: member.no, private }));
        }
    }
}

fn row(conversation: &Conversation) -> ConversationRow {
    let direct = conversation.kind() == ConversationKind::Direct;
    let a = conversation.members.first().map_or(0, |m| m.no);
    let side = |index: usize| {
        let member = conversation.members.get(index).filter(|_| direct);
        member.map_or((0, 0), |m| (m.own_total, m.own_last))
    };
    let ((own_a, last_a), (own_b, last_b)) = (side(0), side(1));
    ConversationRow {
        id: conversation.id,
        a,
        b: direct.then(|| conversation.members.get(1).map_or(a, |m| m.no)),
        head: conversation.head,
        rev: conversation.rev,
        head_ms: conversation.head_ms,
        ver: conversation.ver,
        voids: conversation.voids,
        own: [own_a, own_b],
        last: [last_a, last_b],
    }
}

fn member_row(id: ConversationId, direct: bool, member: &Member) -> MemberRow {
    let (own_total, own_last) = if direct { (0, 0) } else { (member.own_total, member.own_last) };
    MemberRow {
        conversation: id,
        no: member.no,
        id: member.id.clone(),
        delivered_seq: member.delivered_seq,
        read_seq: member.read_seq,
        own_total,
        own_last,
    }
}
