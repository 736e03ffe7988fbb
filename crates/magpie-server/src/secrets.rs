//! From configuration and data directory to the keys that `magpie-auth` works with. Used by the
//! server and by `magpie token`, so that both believe and sign the same.

use std::{fs, path::Path};

use anyhow::Context as _;
use magpie_auth::{
    ApiKeys, AuthSettings, Authenticator, EnvironmentKey, KeyAlgorithm, KeySource, OriginPolicy,
    Secrets, SigningSecret, TokenKey, TokenRules,
};

use crate::config::Config;

/// Loads the secrets of the data directory and makes what is missing. The caller holds the lock of
/// the data directory.
///
/// # Errors
/// Names the file and what to do.
pub fn load_or_create(config: &Config, now_ms: u64) -> anyhow::Result<Secrets> {
    let environment_key = environment_key(config)?;
    let mut secrets =
        Secrets::load_or_create(&config.server.data, environment_key.as_ref(), now_ms)?;
    if let Some(path) = &config.identity.secret_file {
        secrets.signing = read_secret(path)?;
    }
    Ok(secrets)
}

/// The signing secret of an installation that has been started once; makes nothing.
///
/// # Errors
/// When there is none yet, or it cannot be read.
pub fn existing_signing_secret(config: &Config) -> anyhow::Result<SigningSecret> {
    if let Some(path) = &config.identity.secret_file {
        return read_secret(path);
    }
    let data = &config.server.data;
    let path = data.join(magpie_auth::secret::SIGNING_KEY_FILE);
    if !path.exists() {
        anyhow::bail!(
            "{} does not exist: `magpie serve` makes the signing secret at its first start; name the \
             server's data directory with --data DIR",
            path.display()
        );
    }
    read_secret(&path)
}

fn read_secret(path: &Path) -> anyhow::Result<SigningSecret> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(SigningSecret::from_text(&format!("the secret in {}", path.display()), &text)?)
}

/// The API key given by the environment or a file.
///
/// # Errors
/// When it is weak.
pub fn environment_key(config: &Config) -> anyhow::Result<Option<EnvironmentKey>> {
    let key = config
        .api_key
        .as_ref()
        .map(|key| EnvironmentKey::from_text("MAGPIE_API_KEY", key.expose()));
    Ok(key.transpose()?)
}

/// The keys of the configured issuer besides the signing secret.
///
/// # Errors
/// Names the file and what is wrong with it.
pub fn token_keys(config: &Config) -> anyhow::Result<Vec<TokenKey>> {
    let identity = &config.identity;
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut sources = Vec::new();
    if let Some(path) =
        identity.public_key_file.as_deref().filter(|_| identity.algorithm != KeyAlgorithm::Hs256)
    {
        sources.push(KeySource::PublicPem {
            kid: None,
            algorithm: identity.algorithm,
            pem: read(path)?,
        });
    }
    if let Some(path) = &identity.jwks_file {
        sources.push(KeySource::Jwks { json: read(path)? });
    }
    let mut keys = Vec::new();
    for source in &sources {
        keys.extend(TokenKey::load(source, identity.issuer.as_deref())?);
    }
    Ok(keys)
}

/// How times in tokens are judged.
#[must_use]
pub fn token_rules(config: &Config) -> TokenRules {
    TokenRules {
        start_leeway_ms: config.identity.leeway_s.saturating_mul(1_000),
        ..TokenRules::default()
    }
}

/// Makes and judges user tokens as the server of this installation does; knows no API keys.
///
/// # Errors
/// When the server has not been started yet, or a key cannot be read.
pub fn for_tokens(config: &Config) -> anyhow::Result<Authenticator> {
    let signing = existing_signing_secret(config)?;
    let nowhere = ApiKeys::empty(&config.server.data.join(magpie_auth::secret::API_KEYS_FILE));
    let mut settings = AuthSettings::new(signing, nowhere);
    settings.token_keys = token_keys(config)?;
    settings.rules = token_rules(config);
    Ok(Authenticator::new(settings)?)
}

/// Everything the authenticator needs, from the configuration and loaded secrets.
///
/// # Errors
/// When a key file became unreadable since the configuration was checked.
pub fn auth_settings(config: &Config, secrets: Secrets) -> anyhow::Result<AuthSettings> {
    let mut settings = AuthSettings::new(secrets.signing, secrets.api_keys);
    settings.token_keys = token_keys(config)?;
    settings.rules = token_rules(config);
    settings.environment_key = environment_key(config)?;
    settings.origins = OriginPolicy::new(&config.server.allowed_origins, true)?;
    Ok(settings)
}
