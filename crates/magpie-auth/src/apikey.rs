//! API keys of backends: `mk_<id>_<secret>`, kept as hashes in one private file.
//! A plain SHA-256 is enough because the secret has 256 random bits; a chosen text never gets here
//! except from the environment, where it needs 32 characters and is hashed in memory only.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    KeyError, Scope, Scopes, SetupError, private_file,
    secret::{check_strength, random_bytes},
};

const PREFIX: &str = "mk_";
const NAME_CHARS_MAX: usize = 100;
const FILE_HEAD: &str = "\
# API keys of this Magpie server. Only hashes are kept: a lost key cannot be read from here.
# To withdraw a key set `revoked = true` and restart. Keep this file private (chmod 600).

";

/// A backend, proved by an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiIdentity {
    /// The key's public id; `env` for the key from the environment. Fit for logs.
    pub id: String,
    /// What it may do.
    pub scopes: Scopes,
}

impl ApiIdentity {
    /// Whether the backend may do this.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.allows(scope)
    }
}

/// A key that was just made. Does not print itself in debug output.
#[derive(Clone)]
pub struct NewApiKey {
    /// The whole key: shown once, kept nowhere.
    pub key: String,
    /// Its public id.
    pub id: String,
}

impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewApiKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A key given by the environment, with all scopes; only its hash stays in memory.
#[derive(Clone)]
pub struct EnvironmentKey([u8; 32]);

impl EnvironmentKey {
    /// Takes the key; white space around it is dropped.
    ///
    /// # Errors
    /// [`SetupError::WeakSecret`] below 32 characters, [`SetupError::UnusableSecret`] when it
    /// cannot be sent in a header.
    pub fn from_text(variable: &str, text: &str) -> Result<Self, SetupError> {
        let text = text.trim();
        check_strength(&format!("the API key in {variable}"), text)?;
        Ok(Self(hash(text)))
    }

    fn fits(&self, key: &str) -> bool {
        hash(key).ct_eq(&self.0).into()
    }
}

impl fmt::Debug for EnvironmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnvironmentKey([hidden])")
    }
}

/// What the file keeps of one key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: String,
    sha256: String,
    scopes: Vec<String>,
    created_ms: u64,
    #[serde(default)]
    revoked: bool,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    #[serde(default)]
    key: Vec<Entry>,
}

#[derive(Clone)]
struct StoredKey {
    info: KeyInfo,
    sha256: [u8; 32],
}

/// What may be shown of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its public id.
    pub id: String,
    /// What the operator called it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_ms: u64,
    /// Whether it has been withdrawn.
    pub revoked: bool,
}

/// The keys of an installation and the file that keeps them.
#[derive(Clone)]
pub struct ApiKeys {
    path: PathBuf,
    keys: Vec<StoredKey>,
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.info)).finish()
    }
}

impl ApiKeys {
    /// No keys yet; the file is written with the first one.
    #[must_use]
    pub fn empty(path: &Path) -> Self {
        Self { path: path.to_owned(), keys: Vec::new() }
    }

    /// Reads the file; `None` when there is none.
    ///
    /// # Errors
    /// [`SetupError`] names the file, the place and the fault.
    pub fn load(path: &Path) -> Result<Option<Self>, SetupError> {
        let Some(text) = private_file::read(path)? else { return Ok(None) };
        let bad = |reason: String| SetupError::BadFile { path: path.to_owned(), reason };
        let file: KeyFile = toml::from_str(&text).map_err(|error| bad(error.to_string()))?;
        let mut keys: Vec<StoredKey> = Vec::with_capacity(file.key.len());
        for entry in file.key {
            let id = entry.id.clone();
            let key = stored(entry).map_err(|reason| bad(format!("key {id:?}: {reason}")))?;
            if keys.iter().any(|earlier| earlier.info.id == id) {
                return Err(bad(format!("two keys have the id {id:?}: remove one of them")));
            }
            keys.push(key);
        }
        Ok(Some(Self { path: path.to_owned(), keys }))
    }

    /// Makes a key and writes the file before returning it.
    ///
    /// # Errors
    /// [`SetupError`] when the file cannot be written; the key then does not exist.
    pub fn create(
        &mut self,
        name: &str,
        scopes: Scopes,
        now_ms: u64,
    ) -> Result<NewApiKey, SetupError> {
        let id = hex(&random_bytes::<8>()?);
        let key = format!("{PREFIX}{id}_{}", hex(&random_bytes::<32>()?));
        let name = name.chars().take(NAME_CHARS_MAX).collect();
        let info = KeyInfo { id: id.clone(), name, scopes, created_ms: now_ms, revoked: false };
        let mut keys = self.keys.clone();
        keys.push(StoredKey { info, sha256: hash(&key) });
        self.save(keys)?;
        Ok(NewApiKey { key, id })
    }

    /// Withdraws a key for good. `false` when there is no such key.
    ///
    /// # Errors
    /// [`SetupError`] when the file cannot be written; the key then stays valid.
    pub fn revoke(&mut self, id: &str) -> Result<bool, SetupError> {
        let mut keys = self.keys.clone();
        let Some(key) = keys.iter_mut().find(|key| key.info.id == id) else { return Ok(false) };
        key.info.revoked = true;
        self.save(keys)?;
        Ok(true)
    }

    /// What may be shown of the keys, oldest first.
    pub fn list(&self) -> impl Iterator<Item = &KeyInfo> {
        self.keys.iter().map(|key| &key.info)
    }

    /// Whose key this is.
    ///
    /// # Errors
    /// [`KeyError::Unknown`] or, for a withdrawn key with the right secret, [`KeyError::Revoked`].
    pub fn verify(&self, key: &str) -> Result<ApiIdentity, KeyError> {
        let id = key.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).map(|(id, _)| id);
        let stored = self.keys.iter().find(|stored| Some(stored.info.id.as_str()) == id);
        let stored = stored.ok_or(KeyError::Unknown)?;
        if !bool::from(hash(key).ct_eq(&stored.sha256)) {
            return Err(KeyError::Unknown);
        }
        if stored.info.revoked {
            return Err(KeyError::Revoked);
        }
        Ok(ApiIdentity { id: stored.info.id.clone(), scopes: stored.info.scopes })
    }

    fn save(&mut self, keys: Vec<StoredKey>) -> Result<(), SetupError> {
        let file = KeyFile { key: keys.iter().map(entry).collect() };
        let text = toml::to_string(&file).map_err(|error| SetupError::BadFile {
            path: self.path.clone(),
            reason: error.to_string(),
        })?;
        private_file::write(&self.path, &format!("{FILE_HEAD}{text}"))?;
        self.keys = keys;
        Ok(())
    }
}

/// Judges the value of an `Authorization` header.
pub(crate) fn verify_header(
    header: Option<&str>,
    keys: &ApiKeys,
    environment: Option<&EnvironmentKey>,
) -> Result<ApiIdentity, KeyError> {
    let header =
        header.map(str::trim).filter(|header| !header.is_empty()).ok_or(KeyError::Missing)?;
    let key = match header.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
        _ => return Err(KeyError::Malformed),
    };
    if environment.is_some_and(|environment| environment.fits(key)) {
        return Ok(ApiIdentity { id: "env".to_owned(), scopes: Scopes::all() });
    }
    keys.verify(key)
}

fn stored(entry: Entry) -> Result<StoredKey, String> {
    let sha256 = unhex(&entry.sha256).ok_or("`sha256` must be 64 hexadecimal digits")?;
    let scopes = Scopes::parse(&entry.scopes).map_err(|error| error.to_string())?;
    let Entry { id, name, created_ms, revoked, .. } = entry;
    Ok(StoredKey { info: KeyInfo { id, name, scopes, created_ms, revoked }, sha256 })
}

fn entry(key: &StoredKey) -> Entry {
    let KeyInfo { id, name, scopes, created_ms, revoked } = key.info.clone();
    let scopes = scopes.to_names().into_iter().map(str::to_owned).collect();
    Entry { id, name, sha256: hex(&key.sha256), scopes, created_ms, revoked }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}
