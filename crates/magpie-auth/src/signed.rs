//! Signed dialect paths: an old client's address with an expiry and an HMAC behind it, made by the
//! owner's backend, checked at the handshake. Says which path may be opened until when, no more.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::{
    PathError, SetupError, SigningSecret, apikey::unhex, secret::check_strength,
    token::LOCAL_KEY_ID,
};

/// How far ahead `exp` may lie, in seconds.
pub const PATH_TTL_S_MAX: u64 = 24 * 3_600;
const KID_BYTES_MAX: usize = 64;

/// The three query parameters of a signed path.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedQuery {
    /// Id of the key.
    pub kid: String,
    /// Until when the path may be used, in Unix seconds.
    pub exp_s: u64,
    signature: [u8; 32],
}

impl fmt::Debug for SignedQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedQuery")
            .field("kid", &self.kid)
            .field("exp_s", &self.exp_s)
            .finish_non_exhaustive()
    }
}

impl SignedQuery {
    /// Reads the query of a request (the text behind `?`); other parameters are left alone.
    ///
    /// # Errors
    /// [`PathError`] names the parameter that is missing, twice there or unreadable.
    pub fn parse(query: &str) -> Result<Self, PathError> {
        let kid = parameter(query, "kid")?;
        let readable = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if kid.is_empty() || kid.len() > KID_BYTES_MAX || !kid.bytes().all(readable) {
            let reason = "it must be 1 to 64 letters, digits, dots, dashes or underscores";
            return Err(PathError::BadParameter { name: "kid", reason });
        }
        let exp = parameter(query, "exp")?;
        // The number is part of what is signed: only its one plain form is taken.
        let exp_s = exp.parse::<u64>().ok().filter(|number| number.to_string() == exp);
        let reason = "it must be a plain number of Unix seconds";
        let exp_s = exp_s.ok_or(PathError::BadParameter { name: "exp", reason })?;
        let reason = "it must be 32 bytes in base64url without padding, or 64 hexadecimal digits";
        let signature = read_signature(parameter(query, "sig")?)
            .ok_or(PathError::BadParameter { name: "sig", reason })?;
        Ok(Self { kid: kid.to_owned(), exp_s, signature })
    }

    /// The text to put behind `?`.
    #[must_use]
    pub fn to_query(&self) -> String {
        format!(
            "kid={}&exp={}&sig={}",
            self.kid,
            self.exp_s,
            URL_SAFE_NO_PAD.encode(self.signature)
        )
    }
}

/// A path that was proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedPath {
    /// When its socket is closed.
    pub expires_ms: u64,
    /// Id of the key that signed it.
    pub key_id: String,
}

/// Signs and verifies dialect paths.
#[derive(Clone)]
pub struct PathSigner {
    keys: Vec<(String, Vec<u8>)>,
}

impl fmt::Debug for PathSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(kid, _)| kid)).finish()
    }
}

impl PathSigner {
    /// Signs with the local signing secret, under the key id `local`.
    #[must_use]
    pub fn new(secret: &SigningSecret) -> Self {
        Self { keys: vec![(LOCAL_KEY_ID.to_owned(), secret.as_bytes().to_vec())] }
    }

    /// Accepts a further key, for a change of secrets or a second backend.
    ///
    /// # Errors
    /// [`SetupError`] for a weak secret, or an id that is taken or cannot stand in a query.
    pub fn with_key(mut self, kid: &str, secret: &str) -> Result<Self, SetupError> {
        check_strength(&format!("the secret of path key {kid:?}"), secret)?;
        let probe = SignedQuery { kid: kid.to_owned(), exp_s: 0, signature: [0; 32] };
        if SignedQuery::parse(&probe.to_query()).is_err() || self.secret(kid).is_some() {
            let reason =
                "the id is taken, or not 1 to 64 letters, digits, dots, dashes or underscores";
            return Err(SetupError::BadKey { name: format!("{kid:?}"), reason: reason.to_owned() });
        }
        self.keys.push((kid.to_owned(), secret.as_bytes().to_vec()));
        Ok(self)
    }

    /// Signs a path with the local secret.
    ///
    /// # Errors
    /// [`PathError`] when the path cannot be signed or `exp_s` is not within the next 24 hours.
    pub fn sign(
        &self,
        dialect: &str,
        path: &str,
        exp_s: u64,
        now_ms: u64,
    ) -> Result<SignedQuery, PathError> {
        check_expiry(exp_s, now_ms)?;
        let secret = self.secret(LOCAL_KEY_ID).ok_or(PathError::UnknownKey)?;
        let signature = path_signature(secret, LOCAL_KEY_ID, dialect, path, exp_s)?;
        Ok(SignedQuery { kid: LOCAL_KEY_ID.to_owned(), exp_s, signature })
    }

    /// Proves a path. `path` is percent-decoded, without the query.
    ///
    /// # Errors
    /// [`PathError`] names the rule that was broken.
    pub fn verify(
        &self,
        dialect: &str,
        path: &str,
        query: &SignedQuery,
        now_ms: u64,
    ) -> Result<SignedPath, PathError> {
        let secret = self.secret(&query.kid).ok_or(PathError::UnknownKey)?;
        let wanted = path_signature(secret, &query.kid, dialect, path, query.exp_s)?;
        if !bool::from(wanted.ct_eq(&query.signature)) {
            return Err(PathError::BadSignature);
        }
        check_expiry(query.exp_s, now_ms)?;
        Ok(SignedPath { expires_ms: query.exp_s * 1_000, key_id: query.kid.clone() })
    }

    fn secret(&self, kid: &str) -> Option<&[u8]> {
        self.keys.iter().find(|(id, _)| id == kid).map(|(_, secret)| secret.as_slice())
    }
}

fn check_expiry(exp_s: u64, now_ms: u64) -> Result<(), PathError> {
    let now_s = now_ms / 1_000;
    if exp_s <= now_s {
        return Err(PathError::Expired);
    }
    // One more minute than the rule: the signing backend's clock may be ahead of ours.
    if exp_s - now_s > PATH_TTL_S_MAX + 60 { Err(PathError::TooFarAhead) } else { Ok(()) }
}

fn path_signature(
    secret: &[u8],
    kid: &str,
    dialect: &str,
    path: &str,
    exp_s: u64,
) -> Result<[u8; 32], PathError> {
    // The fields are told apart by line breaks, so none may stand inside one.
    if path.chars().any(char::is_control) || dialect.chars().any(char::is_control) {
        return Err(PathError::BadPath);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok().ok_or(PathError::UnknownKey)?;
    mac.update(format!("v1\n{kid}\n{dialect}\n{path}\n{exp_s}").as_bytes());
    Ok(mac.finalize().into_bytes().into())
}

fn parameter<'a>(query: &'a str, name: &'static str) -> Result<&'a str, PathError> {
    let mut found =
        query.split('&').filter_map(|pair| pair.split_once('=')).filter(|(key, _)| *key == name);
    let value = found.next().ok_or(PathError::Missing(name))?.1;
    if found.next().is_some() {
        return Err(PathError::BadParameter { name, reason: "it stands there twice" });
    }
    Ok(value)
}

fn read_signature(text: &str) -> Option<[u8; 32]> {
    unhex(text).or_else(|| URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok())
}
