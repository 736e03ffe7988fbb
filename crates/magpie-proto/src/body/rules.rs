//! What a body may hold: fields that only the server sets, what it points at, and the fields that
//! belong to the kinds which every client knows. Other fields and other kinds pass unchanged.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::value::RawValue;

use super::BodyError;
use crate::{MediaId, UserId, client::INTEGER_MAX};

/// Longest `type` of a body of kind `custom`, in characters.
const CUSTOM_TYPE_CHARS_MAX: usize = 64;

/// What is looked at in every body.
#[derive(Deserialize)]
pub(super) struct Loose<'a> {
    #[serde(borrow)]
    pub(super) k: Cow<'a, str>,
    #[serde(borrow, rename = "x")]
    _x: Cow<'a, str>,
    #[serde(default, deserialize_with = "present")]
    raw: bool,
    #[serde(default, deserialize_with = "present")]
    fw: bool,
    #[serde(borrow, default)]
    re: Option<&'a RawValue>,
    #[serde(borrow, default)]
    media: Option<&'a RawValue>,
}

/// Said at all, be it `null`.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}

/// Checks what the server knows about bodies.
pub(super) fn check(body: &Loose<'_>, json: &str) -> Result<(), BodyError> {
    if body.raw {
        return Err(BodyError::Raw);
    }
    if body.fw {
        return Err(BodyError::Forwarded);
    }
    let fault = |rule| BodyError::Field(body.k.clone().into_owned(), rule);
    let re = body.re.map(|re| serde_json::from_str::<u64>(re.get()));
    if re.is_some_and(|re| !re.is_ok_and(|re| (1..=INTEGER_MAX).contains(&re))) {
        return Err(fault("\"re\" is the place (\"seq\") of the message that this one answers"));
    }
    if body.media.is_some_and(|media| !names_upload(media)) {
        return Err(fault(
            "\"media\" is the object that a finished upload answered, with its \"id\"",
        ));
    }
    // Whoever reads a stored body looks for these names as they are.
    if (body.re.is_some() && !json.contains("\"re\""))
        || (body.media.is_some() && !json.contains("\"media\""))
    {
        return Err(fault("the names of \"re\" and \"media\" are written without escapes"));
    }
    match &*body.k {
        "location" => location(json),
        "card" => card(json),
        "custom" => custom(json),
        "call" => return Err(BodyError::Call),
        _ => Ok(()),
    }
    .map_err(fault)
}

fn names_upload(media: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Media<'a> {
        #[serde(borrow)]
        id: Cow<'a, str>,
    }
    let media = serde_json::from_str::<Media<'_>>(media.get());
    media.is_ok_and(|media| MediaId::parse(&media.id).is_ok())
}

/// A field read by itself, so that the refusal can name it.
fn read<'a, T: Deserialize<'a>>(value: Option<&'a RawValue>) -> Option<T> {
    value.and_then(|value| serde_json::from_str(value.get()).ok())
}

/// A text, or absent.
fn is_text(value: Option<&RawValue>) -> bool {
    value.is_none() || read::<Cow<'_, str>>(value).is_some()
}

fn location(json: &str) -> Result<(), &'static str> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Location<'a> {
        #[serde(borrow)]
        lat: Option<&'a RawValue>,
        #[serde(borrow)]
        lon: Option<&'a RawValue>,
        #[serde(borrow)]
        title: Option<&'a RawValue>,
        #[serde(borrow)]
        address: Option<&'a RawValue>,
    }
    let body: Location<'_> = serde_json::from_str(json).unwrap_or_default();
    let within = |value, limit: f64| read::<f64>(value).is_some_and(|value| value.abs() <= limit);
    if !within(body.lat, 90.0) {
        return Err("\"lat\" is a number of degrees from -90 to 90");
    }
    if !within(body.lon, 180.0) {
        return Err("\"lon\" is a number of degrees from -180 to 180");
    }
    if !is_text(body.title) || !is_text(body.address) {
        return Err("\"title\" and \"address\" are texts");
    }
    Ok(())
}

fn card(json: &str) -> Result<(), &'static str> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Card<'a> {
        #[serde(borrow)]
        user: Option<&'a RawValue>,
        #[serde(borrow)]
        name: Option<&'a RawValue>,
        #[serde(borrow)]
        avatar: Option<&'a RawValue>,
    }
    let body: Card<'_> = serde_json::from_str(json).unwrap_or_default();
    let user = read::<Cow<'_, str>>(body.user);
    if user.is_none_or(|user| UserId::parse(&user).is_err()) {
        return Err("\"user\" is the id of the user that is recommended");
    }
    if !is_text(body.name) || !is_text(body.avatar) {
        return Err("\"name\" and \"avatar\" are texts");
    }
    Ok(())
}

fn custom(json: &str) -> Result<(), &'static str> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Custom<'a> {
        #[serde(borrow, rename = "type")]
        kind: Option<&'a RawValue>,
    }
    let body: Custom<'_> = serde_json::from_str(json).unwrap_or_default();
    let kind = read::<Cow<'_, str>>(body.kind);
    if kind.is_some_and(|kind| (1..=CUSTOM_TYPE_CHARS_MAX).contains(&kind.chars().count())) {
        Ok(())
    } else {
        Err("\"type\" names what it is in the app, in 1 to 64 characters")
    }
}
