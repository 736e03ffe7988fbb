//! Frames about the user himself: his devices, his name and his picture.

use crate::{MediaId, ids};

use super::{
    Rest,
    fields::{Fault, bad},
};

/// Longest name of a device, in bytes.
pub const DEVICE_NAME_BYTES_MAX: usize = 64;
/// Longest name of a user, in characters.
pub const NAME_CHARS_MAX: usize = 64;
/// Longest address of a picture, in bytes.
const AVATAR_BYTES_MAX: usize = 1_024;
/// Where the server shows pictures that were uploaded to it.
const AVATAR_PATH: &str = "/v1/avatars/";

/// The caller's name and picture; `None` leaves what is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileChange {
    /// How others see him.
    pub name: Option<Box<str>>,
    /// Address of his picture; empty: none.
    pub avatar: Option<Avatar>,
}

/// Where a user's picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Avatar {
    /// Nowhere: he has none.
    None,
    /// At another server.
    Url(Box<str>),
    /// Uploaded to this one.
    Upload(MediaId),
}

impl std::fmt::Display for Avatar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Url(url) => f.write_str(url),
            Self::Upload(id) => write!(f, "{AVATAR_PATH}{id}"),
        }
    }
}

pub(super) fn device(device: Option<String>) -> Result<String, Fault> {
    let device = device.ok_or_else(|| bad("\"device\" (its id) is missing"))?;
    ids::check_text(&device, DEVICE_NAME_BYTES_MAX).map_err(|e| bad(format!("\"device\": {e}")))?;
    Ok(device)
}

pub(super) fn profile(rest: Rest) -> Result<ProfileChange, Fault> {
    let change = ProfileChange {
        name: rest.name.map(|name| name_of(&name)).transpose()?,
        avatar: rest.avatar.map(|avatar| avatar_of(&avatar)).transpose()?,
    };
    if change == ProfileChange::default() {
        return Err(bad("say what to change: \"name\", \"avatar\" or both"));
    }
    Ok(change)
}

fn name_of(name: &str) -> Result<Box<str>, Fault> {
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.trim().is_empty();
    if !fits || name.chars().any(char::is_control) {
        let rule = format!("\"name\" has 1 to {NAME_CHARS_MAX} characters, no control characters");
        return Err(bad(rule));
    }
    Ok(name.into())
}

fn avatar_of(avatar: &str) -> Result<Avatar, Fault> {
    if avatar.is_empty() {
        return Ok(Avatar::None);
    }
    if let Some(id) = avatar.strip_prefix(AVATAR_PATH).map(MediaId::parse).and_then(Result::ok) {
        return Ok(Avatar::Upload(id));
    }
    let odd = |c: char| c.is_control() || c.is_whitespace() || "\"<>\\^`{|}".contains(c);
    let host =
        avatar.strip_prefix("https://").is_some_and(|rest| !rest.starts_with(['/', '?', '#']));
    if !host || avatar.len() > AVATAR_BYTES_MAX || avatar.len() < 9 || avatar.chars().any(odd) {
        return Err(bad(format!(
            "\"avatar\" is \"\" (none), an https address of at most {AVATAR_BYTES_MAX} bytes, or the \
             \"avatar\" that a finished upload answered"
        )));
    }
    Ok(Avatar::Url(avatar.into()))
}
