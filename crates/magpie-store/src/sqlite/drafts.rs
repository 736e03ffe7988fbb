//! What a user has typed in a conversation and not sent. It lies in his private row, so that his
//! list shows it without another look-up.

use magpie_core::{
    model::Draft,
    port::store::{Outcome, Rejection},
};
use magpie_proto::{ConversationId, UserId};
use rusqlite::{OptionalExtension, Result, Row};

use super::{decide::Decided, marks, state::State, view::View};
use crate::effect::{DraftRow, Effect, UserNo};

/// A draft from two columns.
pub(crate) fn draft(row: &Row<'_>, column: usize) -> Result<Option<Box<Draft>>> {
    let Some(text) = row.get::<_, Option<Box<str>>>(column)? else { return Ok(None) };
    let reply_to = row.get::<_, Option<i64>>(column + 1)?.map(i64::cast_unsigned);
    Ok(Some(Box::new(Draft { text, reply_to })))
}

/// What the tail says of a user's draft, if it says anything.
pub(crate) fn newer(view: &View<'_>, no: UserNo, id: ConversationId) -> Option<Option<Box<Draft>>> {
    let mut newest = None;
    view.rare(id, |rare| {
        if newest.is_none() {
            newest = rare.drafts.get(&no).map(|row| row.draft.clone());
        }
    });
    newest
}

fn load(view: &View<'_>, no: UserNo, id: ConversationId) -> Result<Option<Box<Draft>>> {
    if let Some(draft) = newer(view, no, id) {
        return Ok(draft);
    }
    let stored = view
        .sql()?
        .prepare_cached(
            "SELECT draft, draft_re FROM memberships WHERE user = ?1 AND conversation = ?2",
        )?
        .query_row([no, id.to_i64()], |row| draft(row, 0))
        .optional()?;
    Ok(stored.flatten())
}

/// `Op::Draft`. The user's other devices find it on resume.
pub(crate) fn keep(
    view: &View<'_>,
    state: &mut State,
    user: UserId,
    id: ConversationId,
    mut draft: Option<Box<Draft>>,
    at_ms: u64,
) -> Decided {
    if let Some(draft) = &mut draft {
        draft.reply_to = draft.reply_to.filter(|seq| *seq != 0);
    }
    let ver = state.position() + 1;
    let Some((conversation, index)) = marks::place(view, state, &user, id)? else {
        return Ok(Err(Rejection::UnknownConversation));
    };
    let no = conversation.members[index].no;
    if load(view, no, id)? != draft {
        let noted = marks::touch(view, conversation, index, ver)?;
        state.next_ver();
        state.changed(noted);
        let row = DraftRow { conversation: id, no, draft: draft.clone() };
        state.effect(Effect::Draft(row));
    }
    Ok(Ok(Outcome::Draft { user, conversation: id, draft, at_ms }))
}
