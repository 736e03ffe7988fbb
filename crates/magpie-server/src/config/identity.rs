//! Section `identity`: whose tokens are believed.

use std::path::PathBuf;

use magpie_auth::KeyAlgorithm;

use super::{
    setting::{Raw, Setting, quote},
    table::section,
};

/// The algorithms, as `magpie-auth` knows them.
impl Setting for KeyAlgorithm {
    const KIND: &'static str = "one of \"HS256\", \"RS256\", \"ES256\", \"EdDSA\"";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let wrong = || raw.expected(<Self as Setting>::KIND);
        let text = String::read(raw).ok().ok_or_else(wrong)?;
        Self::parse(&text).ok_or_else(wrong)
    }

    fn show(&self) -> Option<String> {
        Some(quote(self.as_str()))
    }
}

section! {
    /// Whose tokens are believed. Without any setting the server makes a signing secret in its data
    /// directory and takes the tokens signed with it.
    Identity, "identity" {
        /// File with the secret that tokens of HS256 are signed with, at least 32 characters. Without
        /// it the secret of the data directory is used, which is made at the first start.
        secret_file: Option<PathBuf> = None;
        /// How the tokens of your backend are signed. RS256, ES256 and EdDSA need `public_key_file` or
        /// `jwks_file`.
        algorithm: KeyAlgorithm = KeyAlgorithm::Hs256;
        /// File with the public key of your issuer in PEM.
        public_key_file: Option<PathBuf> = None;
        /// File with the public keys of your issuer as a JSON Web Key Set.
        jwks_file: Option<PathBuf> = None;
        /// Required `iss` of tokens signed by the keys of this section.
        issuer: Option<String> = None;
        /// Create the receiver of a message when nobody has heard of him yet; otherwise the send is
        /// refused with `unknown_user`. The user of a valid token always is created: the token is
        /// your word for him. So are users of `PUT /v1/users/{id}` and `magpie user add`.
        create_unknown_users: bool = false;
        /// Seconds by which the issuer's clock may be ahead of this one.
        leeway_s: u64 = 60, in 0..=600;
        /// File with an API key for backends, at least 32 characters: for container secrets. The
        /// environment variable `MAGPIE_API_KEY` gives the key itself.
        api_key_file: Option<PathBuf> = None;
    }
}

/// Never shown: neither in a listing nor in an error text.
impl Setting for SecretText {
    const KIND: &'static str = "a text";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let text = String::read(raw).ok().ok_or("expected a text")?;
        Ok(Self(text))
    }

    fn show(&self) -> Option<String> {
        None
    }
}

/// A secret text that does not show itself in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Takes the text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}
