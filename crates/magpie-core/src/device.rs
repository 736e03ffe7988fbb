//! The devices of a user: noted at sign-in, listed, and signed out one by one. A device that was
//! signed out needs a token that was issued after that.

use magpie_proto::{ErrorCode, UserId};

use crate::{
    core::Core,
    model::Device,
    port::store::{Op, Origin},
    refusal::Refusal,
};

/// A sign-in is noted again after so long: a reconnect writes nothing.
const NOTED_AGAIN_AFTER_MS: u64 = 3_600_000;

/// A device as it presents itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented<'a> {
    /// Its stable id; devices without one are not listed and cannot be signed out.
    pub id: &'a str,
    /// What it calls itself; may be empty.
    pub name: &'a str,
    /// When its token was issued, Unix ms.
    pub issued_ms: u64,
}

/// Judges a device by what the store has of it. A token knows whole seconds only: one of the very
/// second of the signing out is not taken.
///
/// # Errors
/// `signed_out` when it was signed out after its token was issued.
pub async fn judge(core: &Core, user: &UserId, device: Presented<'_>) -> Result<(), Refusal> {
    if device.id.is_empty() {
        return Ok(());
    }
    let (_, known) = core.store.user_and_device(user.clone(), device.id.into()).await?;
    judge_known(device, known.as_ref())
}

/// The same where it was read already. Tokens that do not say when they were issued are taken
/// until the device is signed out for the first time.
pub(crate) fn judge_known(device: Presented<'_>, known: Option<&Device>) -> Result<(), Refusal> {
    let signed_out_ms = known.map_or(0, |known| known.signed_out_ms);
    if signed_out_ms > 0 && device.issued_ms <= signed_out_ms {
        let message = "this device was signed out; sign in again with a new token";
        return Err(Refusal::new(ErrorCode::SignedOut, message));
    }
    Ok(())
}

/// Notes the sign-in of a device that was judged, unless `known` says that it was noted lately.
/// Nobody waits for it.
pub(crate) fn note(core: &Core, user: &UserId, device: Presented<'_>, known: Option<&Device>) {
    let now_ms = core.now_ms();
    let noted = known.is_some_and(|known| {
        let same_name = device.name.is_empty() || *known.name == *device.name;
        let listed = known.last_ms > known.signed_out_ms;
        listed && same_name && known.last_ms + NOTED_AGAIN_AFTER_MS > now_ms
    });
    if device.id.is_empty() || noted {
        return;
    }
    let (user, at_ms) = (user.clone(), now_ms);
    let op = Op::DeviceSeen { user, device: device.id.into(), name: device.name.into(), at_ms };
    if let Err(refusal) = core.submit(op, Origin::None) {
        // Reading goes on while the disk is full; the list is only older.
        tracing::debug!(%refusal, "a sign-in was not noted");
    }
}

/// The user's devices, newest first.
///
/// # Errors
/// The store's reason.
pub async fn list(core: &Core, user: &UserId) -> Result<Vec<Device>, Refusal> {
    Ok(core.store.devices(user.clone()).await?)
}

/// Ends a device's connections and takes none of its present tokens any more.
///
/// # Errors
/// `bad_request` when the user has no such device.
pub async fn sign_out(core: &Core, user: &UserId, device: &str) -> Result<(), Refusal> {
    let at_ms = core.now_ms();
    core.write(Op::SignOutDevice { user: user.clone(), device: device.into(), at_ms })
        .await
        .map(drop)
}
