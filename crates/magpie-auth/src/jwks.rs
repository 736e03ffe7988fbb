//! Reads a JSON Web Key Set into pinned token keys.
//! Text in, keys out: never fetches a set, and takes no secret or private key from one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use crate::{KeyAlgorithm, SetupError, TokenKey, token_key::bad_key};

/// The keys of a set that verify tokens with an algorithm we take.
pub(crate) fn read(json: &str) -> Result<Vec<TokenKey>, SetupError> {
    let set: Value =
        serde_json::from_str(json).map_err(|error| bad_set(&format!("not JSON ({error})")))?;
    let Some(entries) = set.get("keys").and_then(Value::as_array) else {
        return Err(bad_set("the file must be an object with a list `keys`"));
    };
    let mut keys: Vec<TokenKey> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let entry = entry
            .as_object()
            .ok_or_else(|| bad_set(&format!("entry {} of `keys` is not an object", index + 1)))?;
        if let Some(key) = read_key(entry)? {
            keys.push(key);
        }
    }
    if keys.is_empty() {
        return Err(bad_set("no key in it can verify RS256, ES256 or EdDSA"));
    }
    Ok(keys)
}

fn read_key(entry: &Map<String, Value>) -> Result<Option<TokenKey>, SetupError> {
    let kid = member(entry, "kid")?;
    let kind = member(entry, "kty")?.unwrap_or_default();
    if kind == "oct" || entry.contains_key("d") {
        return Err(bad_key(
            kid,
            "it holds a secret or private key: a JWKS file lists public keys only; \
            configure a shared secret as such",
        ));
    }
    let curve = member(entry, "crv")?;
    let signs = matches!(member(entry, "use")?, None | Some("sig"));
    let algorithm = match (kind, curve, member(entry, "alg")?) {
        ("RSA", _, None | Some("RS256")) => KeyAlgorithm::Rs256,
        ("EC", Some("P-256"), None | Some("ES256")) => KeyAlgorithm::Es256,
        ("OKP", Some("Ed25519"), None | Some("EdDSA" | "Ed25519")) => KeyAlgorithm::EdDsa,
        _ => return Ok(left_out(kid, "its kind or algorithm is not used for tokens here")),
    };
    if !signs {
        return Ok(left_out(kid, "it is not for signatures"));
    }
    let part = |name: &'static str| {
        member(entry, name)?.ok_or_else(|| bad_key(kid, &format!("`{name}` is missing")))
    };
    let key = match algorithm {
        KeyAlgorithm::Rs256 => DecodingKey::from_rsa_components(part("n")?, part("e")?),
        KeyAlgorithm::Es256 => DecodingKey::from_ec_components(part("x")?, part("y")?),
        _ => DecodingKey::from_ed_components(part("x")?),
    };
    let key =
        key.map_err(|error| bad_key(kid, &format!("its parts are not base64url: {error}")))?;
    TokenKey::checked(kid.map(str::to_owned), algorithm, key).map(Some)
}

fn left_out(kid: Option<&str>, reason: &'static str) -> Option<TokenKey> {
    tracing::warn!(kid, reason, "a key of the JWKS file is left out");
    None
}

fn member<'a>(entry: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, SetupError> {
    match entry.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(bad_set(&format!("`{name}` of a key is not a text"))),
    }
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn bad_set(reason: &str) -> SetupError {
    SetupError::BadKey { name: "set (JWKS)".to_owned(), reason: reason.to_owned() }
}
