//! Requests that read pages: history, changes, the conversation list, unread, a channel's last value.

use bytes::Bytes;
use magpie_core::{Caller, Refusal, conversation::directory, push::publish};
use magpie_proto::{
    ConversationId, UserId,
    client::{Changes, History},
};

use crate::{
    gate::Gate,
    view::{self, pages},
};

pub(super) async fn history(
    gate: &Gate,
    caller: &Caller,
    r: Option<u64>,
    request: &History,
) -> Result<Bytes, Refusal> {
    let History { conversation, edge, limit } = *request;
    let page = gate
        .core
        .store
        .history(caller.user.clone(), caller.is_agent(), conversation, edge, limit)
        .await?
        .ok_or_else(Refusal::unknown_conversation)?;
    pages::history(r, conversation, &page, caller.user.as_str())
}

pub(super) async fn changes(
    gate: &Gate,
    caller: &Caller,
    r: Option<u64>,
    request: Changes,
) -> Result<Bytes, Refusal> {
    let Changes { conversation, after, limit } = request;
    let page = gate
        .core
        .store
        .changes(caller.user.clone(), caller.is_agent(), conversation, after, limit)
        .await?
        .ok_or_else(Refusal::unknown_conversation)?;
    pages::changes(r, conversation, &page, caller.user.as_str())
}

pub(super) async fn inbox(
    gate: &Gate,
    caller: &Caller,
    r: Option<u64>,
    before: Option<&str>,
    limit: u32,
) -> Result<Bytes, Refusal> {
    let after = before.map(pages::parse_mark).transpose()?;
    let page = gate.core.store.inbox(caller.user.clone(), caller.is_agent(), after, limit).await?;
    pages::inbox(r, &page, caller.user.as_str())
}

pub(super) async fn unread(
    gate: &Gate,
    caller: &Caller,
    r: Option<u64>,
    conversation: ConversationId,
) -> Result<Bytes, Refusal> {
    directory::known(&gate.core, conversation, &caller.user, caller.is_agent()).await?;
    let unread = gate
        .core
        .store
        .unread(caller.user.clone(), caller.is_agent(), conversation)
        .await?
        .ok_or_else(Refusal::unknown_conversation)?;
    view::reply("unread", r, &view::unread(conversation, &unread))
}

pub(super) async fn last_value(
    gate: &Gate,
    user: &UserId,
    r: Option<u64>,
    channel: &str,
) -> Result<Bytes, Refusal> {
    let values = publish::held(&gate.core, user, Some(channel)).await?;
    pages::channel(r, channel, values.first())
}
