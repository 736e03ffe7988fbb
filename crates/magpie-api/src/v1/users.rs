//! Users: create or change, read, list, ban, kick.

use magpie_core::{Refusal, port::store::UserPatch, user};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{Key, Shared, need},
    params,
    problem::Problem,
    shapes::UserView,
};

mod ban;
mod get;
mod kick;
mod list;
mod put;
mod unban;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list::list_users))
        .routes(routes!(put::put_user, get::get_user))
        .routes(routes!(ban::ban_user))
        .routes(routes!(unban::unban_user))
        .routes(routes!(kick::kick_user))
}

async fn set_banned(key: &Key<need::Users>, id: &str, banned: bool) -> Result<UserView, Problem> {
    let core = key.core();
    let id = params::user("the user in the path", id)?;
    // A patch would create him, and a misspelled id must not become a banned user.
    if core.store.user(id.clone()).await?.is_none() {
        return Err(Refusal::unknown_user(&id).into());
    }
    let now_ms = core.now_ms();
    let patch =
        UserPatch { id, name: None, avatar: None, role: None, banned: Some(banned), now_ms };
    Ok(user::put(core, patch).await?.into())
}
