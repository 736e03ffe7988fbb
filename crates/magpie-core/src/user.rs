//! Users: made known by the owner's backend, by a token, or on first sight in development mode.

use magpie_proto::{CloseCode, ErrorCode, UserId};

use crate::{
    core::Core,
    device::{self, Presented},
    event::{Audience, Delivery, Event},
    model::{Role, User},
    port::store::{Op, Outcome, UserPatch},
    refusal::Refusal,
};

/// Creates or changes a user.
///
/// # Errors
/// The store's reason.
pub async fn put(core: &Core, patch: UserPatch) -> Result<User, Refusal> {
    let banned = patch.banned == Some(true);
    match core.write(Op::PutUser(patch)).await? {
        Outcome::User(user) => {
            if banned {
                kick(core, user.id.clone(), None, CloseCode::Banned);
            }
            Ok(user)
        }
        other => Err(Refusal::new(ErrorCode::Internal, format!("unexpected outcome {other:?}"))),
    }
}

/// The user behind a verified identity, created when he is new. The store's role stands unless
/// the token names one.
///
/// # Errors
/// `forbidden` when he is banned; `unknown_user` when he is new and `create` is off.
pub async fn sign_in(
    core: &Core,
    id: &UserId,
    profile: Profile,
    create: bool,
) -> Result<User, Refusal> {
    let known = core.store.user(id.clone()).await?;
    admit(core, id, known, profile, create).await
}

/// The same on a device, which is judged before anything is written (the token of one that was
/// signed out changes nothing) and noted after it.
///
/// # Errors
/// Those of [`sign_in`]; `signed_out` for a token that is older than the device's signing out.
pub async fn sign_in_on(
    core: &Core,
    id: &UserId,
    profile: Profile,
    create: bool,
    device: Presented<'_>,
) -> Result<User, Refusal> {
    let (user, known) = core.store.user_and_device(id.clone(), device.id.into()).await?;
    device::judge_known(device, known.as_ref())?;
    let user = admit(core, id, user, profile, create).await?;
    device::note(core, &user.id, device, known.as_ref());
    Ok(user)
}

async fn admit(
    core: &Core,
    id: &UserId,
    known: Option<User>,
    profile: Profile,
    create: bool,
) -> Result<User, Refusal> {
    let user = match known {
        Some(user) if profile.matches(&user) => user,
        None if !create => return Err(Refusal::unknown_user(id)),
        _ => put(core, profile.into_patch(id.clone(), core.now_ms())).await?,
    };
    if user.banned {
        return Err(Refusal::new(ErrorCode::Forbidden, "this user is banned"));
    }
    Ok(user)
}

/// What an identity says about its user; `None` leaves the store's value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Shown name.
    pub name: Option<String>,
    /// Picture address.
    pub avatar: Option<String>,
    /// Role.
    pub role: Option<Role>,
}

impl Profile {
    fn matches(&self, user: &User) -> bool {
        self.name.as_ref().is_none_or(|name| *name == user.name)
            && self.avatar.as_ref().is_none_or(|avatar| *avatar == user.avatar)
            && self.role.is_none_or(|role| role == user.role)
    }

    fn into_patch(self, id: UserId, now_ms: u64) -> UserPatch {
        UserPatch {
            id,
            name: self.name,
            avatar: self.avatar,
            role: self.role,
            banned: None,
            now_ms,
        }
    }
}

/// Ends a user's connections, on every node.
pub fn kick(core: &Core, user: UserId, device: Option<Box<str>>, code: CloseCode) {
    let audience = Audience::user(&user);
    core.bus.announce(Delivery::passing(audience, Event::Kick { user, device, code }));
}
