//! Requests about the user himself and how he is signed in.

use std::sync::Arc;

use bytes::Bytes;
use magpie_core::{Caller, Refusal, device, port::store::UserPatch, user};
use magpie_proto::{
    ErrorCode,
    client::{Avatar, ProfileChange},
};

use super::answer;
use crate::{
    conn::{Conn, Place},
    features::Features,
    gate::Gate,
    native,
    view::pages,
};

/// A new token for the same user on a live socket.
pub(super) fn renew(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    caller: &Caller,
    r: Option<u64>,
    token: &str,
) {
    let renewed = native::verify(gate, token).and_then(|proved| {
        if proved.user != caller.user {
            let message = "this token is for another user; open a new socket for him";
            return Err(Refusal::new(ErrorCode::Forbidden, message));
        }
        let device = conn.identity().map(|identity| identity.place.device());
        if proved.device.is_some() && proved.device.as_deref() != device {
            let message = "this token belongs to another device";
            return Err(Refusal::new(ErrorCode::Unauthorized, message));
        }
        if caller.broadcast && !proved.may("broadcast") {
            let message = "this token has fewer permissions; open a new socket with it";
            return Err(Refusal::new(ErrorCode::Forbidden, message));
        }
        conn.set_features(conn.features().fixed_by(&proved));
        conn.set_expiry(proved.expires_ms);
        pages::renewed(r, proved.expires_ms)
    });
    match renewed {
        Ok(frame) => {
            conn.outbox.push(frame);
        }
        Err(refusal) => native::refuse(conn, r, &refusal),
    }
}

/// The caller's devices, with those that are connected now.
pub(super) async fn devices(
    gate: &Gate,
    caller: &Caller,
    place: &Place,
    r: Option<u64>,
) -> Result<Bytes, Refusal> {
    let devices = device::list(&gate.core, &caller.user).await?;
    let conns = gate.hub.of(&caller.user);
    let online = |id: &str| {
        let here = |conn: &Arc<Conn>| {
            conn.dialect().is_none()
                && !conn.outbox.is_ending()
                && conn.identity().is_some_and(|identity| identity.place.device() == id)
        };
        conns.iter().any(here)
    };
    pages::devices(r, &devices, online, place.device())
}

/// What the token says about the user stands: the next sign-in would write it again.
pub(super) fn set_profile(
    gate: &Arc<Gate>,
    conn: &Arc<Conn>,
    caller: Caller,
    r: Option<u64>,
    change: ProfileChange,
) {
    let fixed = conn.features();
    answer(gate, conn, r, async move |gate| changed(&gate, &caller, fixed, r, change).await);
}

async fn changed(
    gate: &Gate,
    caller: &Caller,
    fixed: Features,
    r: Option<u64>,
    change: ProfileChange,
) -> Result<Bytes, Refusal> {
    let fixed_field = [
        ("name", change.name.is_some() && fixed.has(Features::NAME_FIXED)),
        ("avatar", change.avatar.is_some() && fixed.has(Features::AVATAR_FIXED)),
    ];
    if let Some((field, _)) = fixed_field.iter().find(|(_, fixed)| *fixed) {
        let message = format!(
            "{field:?} comes with your token: whoever makes the tokens changes it, not the app"
        );
        return Err(Refusal::new(ErrorCode::Forbidden, message));
    }
    if let Some(Avatar::Upload(id)) = &change.avatar {
        let upload = gate.core.store.media(*id).await?;
        if !upload.is_some_and(|media| media.public && media.owner == caller.user) {
            let message =
                "\"avatar\": no such picture of yours; upload one with the use \"avatar\"";
            return Err(Refusal::new(ErrorCode::UnknownMedia, message));
        }
    }
    let patch = UserPatch {
        id: caller.user.clone(),
        name: change.name.map(Into::into),
        avatar: change.avatar.map(|avatar| avatar.to_string()),
        role: None,
        banned: None,
        now_ms: gate.core.now_ms(),
    };
    pages::user(r, &user::put(&gate.core, patch).await?)
}
