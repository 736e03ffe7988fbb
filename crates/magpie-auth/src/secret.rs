//! Secrets of an installation: made at the first start, loaded at later ones, never guessable.
//! Gives a new API key to the caller once; afterwards only its hash exists.

use std::{fmt, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;

use crate::{
    ApiKeys, EnvironmentKey, KeyAlgorithm, NewApiKey, Scopes, SetupError, TokenKey, private_file,
    token::LOCAL_KEY_ID,
};

/// File with the signing secret, in the data directory.
pub const SIGNING_KEY_FILE: &str = "signing.key";
/// File with the secret behind tickets for files, in the data directory.
pub const MEDIA_KEY_FILE: &str = "media.key";
/// File with the hashed API keys, in the data directory.
pub const API_KEYS_FILE: &str = "api-keys.toml";
/// Fewest characters of a secret.
pub const SECRET_CHARS_MIN: usize = 32;

/// Refuses a secret that can be guessed or cannot be handled as one line of visible ASCII.
pub(crate) fn check_strength(what: &str, secret: &str) -> Result<(), SetupError> {
    let len = secret.chars().count();
    if len < SECRET_CHARS_MIN {
        return Err(SetupError::WeakSecret { what: what.to_owned(), len });
    }
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SetupError::UnusableSecret { what: what.to_owned() });
    }
    Ok(())
}

/// Fresh bytes from the system's generator.
#[allow(clippy::disallowed_methods, reason = "secrets are made here and must not be repeatable")]
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], SetupError> {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => Err(SetupError::Random(error.to_string())),
    }
}

/// The secret behind tokens and signed paths made here. Its text is the HMAC key, so a backend
/// may paste the file's line into any JWT library and sign HS256 itself.
#[derive(Clone)]
pub struct SigningSecret(String);

impl SigningSecret {
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

    /// Makes one: 32 random bytes, written as 43 characters.
    ///
    /// # Errors
    /// [`SetupError::Random`] when the system gives no random bytes.
    pub fn random() -> Result<Self, SetupError> {
        Ok(Self(URL_SAFE_NO_PAD.encode(random_bytes::<32>()?)))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn token_key(&self) -> TokenKey {
        TokenKey {
            kid: Some(LOCAL_KEY_ID.to_owned()),
            algorithm: KeyAlgorithm::Hs256,
            issuer: None,
            key: DecodingKey::from_secret(self.as_bytes()),
        }
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret([hidden])")
    }
}

/// What a start found or made in the data directory.
#[derive(Debug)]
pub struct Secrets {
    /// The signing secret.
    pub signing: SigningSecret,
    /// The secret behind tickets for files. Apart from the other, which backends may know.
    pub media: SigningSecret,
    /// The API keys.
    pub api_keys: ApiKeys,
    /// The key made at the first start: print it now, it cannot be read again.
    pub new_api_key: Option<NewApiKey>,
    /// What the operator should mend, one line each.
    pub warnings: Vec<String>,
}

impl Secrets {
    /// Loads the secrets of a data directory and makes what is missing: the secrets, and one
    /// API key with all scopes unless there is a key file or the environment brings a key.
    /// The caller holds the lock of the data directory.
    ///
    /// # Errors
    /// [`SetupError`] names the file and what to do.
    pub fn load_or_create(
        data_dir: &Path,
        environment_key: Option<&EnvironmentKey>,
        now_ms: u64,
    ) -> Result<Self, SetupError> {
        let signing_path = data_dir.join(SIGNING_KEY_FILE);
        let media_path = data_dir.join(MEDIA_KEY_FILE);
        let (signing, media) = (load_or_make(&signing_path)?, load_or_make(&media_path)?);
        let keys_path = data_dir.join(API_KEYS_FILE);
        let (api_keys, new_api_key) = match ApiKeys::load(&keys_path)? {
            Some(keys) => (keys, None),
            None if environment_key.is_some() => (ApiKeys::empty(&keys_path), None),
            None => {
                let mut keys = ApiKeys::empty(&keys_path);
                let made = keys.create("first start", Scopes::all(), now_ms)?;
                (keys, Some(made))
            }
        };
        let warnings = [&signing_path, &media_path, &keys_path]
            .into_iter()
            .filter_map(|path| private_file::warn_if_open(path));
        Ok(Self { signing, media, api_keys, new_api_key, warnings: warnings.collect() })
    }
}

fn load_or_make(path: &Path) -> Result<SigningSecret, SetupError> {
    match private_file::read(path)? {
        Some(text) => SigningSecret::from_text(&format!("the secret in {}", path.display()), &text),
        None => {
            let made = SigningSecret::random()?;
            private_file::write(path, &format!("{}\n", made.0))?;
            Ok(made)
        }
    }
}
