//! Credentials for a TURN server that shares a secret with this one (coturn's `use-auth-secret`):
//! a name that carries its own expiry, and the HMAC of that name as password. Nothing is stored.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use magpie_proto::UserId;
use sha1::Sha1;

use crate::{SetupError, secret::check_strength};

/// The secret that this server shares with its TURN servers.
#[derive(Clone)]
pub struct TurnSecret(String);

/// A name and a password that a TURN server takes until they expire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnCredentials {
    /// `<Unix seconds of the expiry>:<user>`.
    pub username: String,
    /// Base64 of the HMAC.
    pub credential: String,
}

impl TurnSecret {
    /// Takes a secret; white space around it is dropped.
    ///
    /// # Errors
    /// [`SetupError::WeakSecret`] below 32 characters, [`SetupError::UnusableSecret`] when it
    /// holds spaces or characters outside ASCII.
    pub fn from_text(what: &str, text: &str) -> Result<Self, SetupError> {
        let text = text.trim();
        check_strength(what, text)?;
        Ok(Self(text.to_owned()))
    }

    /// Credentials of a user until a moment in Unix seconds.
    #[must_use]
    pub fn credentials(&self, user: &UserId, expires_s: u64) -> TurnCredentials {
        let username = format!("{expires_s}:{user}");
        // HMAC takes keys of any length; an empty credential would be refused by every server.
        let mac = Hmac::<Sha1>::new_from_slice(self.0.as_bytes()).ok().map(|mut mac| {
            mac.update(username.as_bytes());
            mac.finalize().into_bytes()
        });
        let credential = mac.map(|bytes| STANDARD.encode(bytes)).unwrap_or_default();
        TurnCredentials { username, credential }
    }
}

impl fmt::Debug for TurnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TurnSecret([hidden])")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn credentials_are_what_the_shared_secret_makes_of_expiry_and_user() {
        let secret = TurnSecret::from_text("it", "0123456789abcdef0123456789abcdef\n").unwrap();
        let made = secret.credentials(&UserId::parse("小明").unwrap(), 1_800_003_600);
        assert_eq!(made.username, "1800003600:小明");
        // printf '1800003600:小明' | openssl dgst -sha1 -hmac 0123456789abcdef0123456789abcdef -binary | base64
        assert_eq!(made.credential, "6R7Lmt1KodTYoozJ4x3S9Mo0EZU=");
    }

    #[test]
    fn a_secret_is_long_and_does_not_show_itself() {
        assert!(TurnSecret::from_text("it", &"a".repeat(31)).is_err());
        let secret = TurnSecret::from_text("it", &"abc".repeat(11)).unwrap();
        assert_eq!(format!("{secret:?}"), "TurnSecret([hidden])");
    }
}
