//! The one door for identity: the gateway and the HTTP API ask here who a caller is.
//! Built once at start from plain settings; holds secrets, prints none.

use crate::{
    ApiIdentity, ApiKeys, Audience, EnvironmentKey, Identity, Issuer, KeyError, MintedToken,
    OriginError, OriginPolicy, PathError, PathSigner, SetupError, SignedQuery, SigningSecret,
    TokenError, TokenKey, TokenRequest, TokenRules, Verifier, apikey, signed::SignedPath,
};

/// Everything identity depends on. No defaults for secrets: they come from [`crate::Secrets`].
#[derive(Debug, Clone)]
pub struct AuthSettings {
    /// The local signing secret: signs tokens made here and dialect paths.
    pub signing: SigningSecret,
    /// Further keys that tokens may be signed with, from [`TokenKey::load`].
    pub token_keys: Vec<TokenKey>,
    /// How times in tokens are judged.
    pub rules: TokenRules,
    /// API keys of backends.
    pub api_keys: ApiKeys,
    /// The API key from the environment.
    pub environment_key: Option<EnvironmentKey>,
    /// Pages that may connect.
    pub origins: OriginPolicy,
}

impl AuthSettings {
    /// Only what one secret and one key file give: the state after a first start.
    #[must_use]
    pub fn new(signing: SigningSecret, api_keys: ApiKeys) -> Self {
        Self {
            signing,
            token_keys: Vec::new(),
            rules: TokenRules::default(),
            api_keys,
            environment_key: None,
            origins: OriginPolicy::default(),
        }
    }
}

/// Answers who a caller is.
#[derive(Debug)]
pub struct Authenticator {
    verifier: Verifier,
    issuer: Issuer,
    paths: PathSigner,
    api_keys: ApiKeys,
    environment_key: Option<EnvironmentKey>,
    origins: OriginPolicy,
}

impl Authenticator {
    /// Takes the settings.
    ///
    /// # Errors
    /// [`SetupError::BadKey`] when two token keys share an id (`local` is taken by the signing
    /// secret) or there are too many.
    pub fn new(settings: AuthSettings) -> Result<Self, SetupError> {
        let mut keys = vec![settings.signing.token_key()];
        keys.extend(settings.token_keys);
        Ok(Self {
            verifier: Verifier::new(keys, settings.rules)?,
            issuer: Issuer::new(&settings.signing, settings.rules),
            paths: PathSigner::new(&settings.signing),
            api_keys: settings.api_keys,
            environment_key: settings.environment_key,
            origins: settings.origins,
        })
    }

    /// Who the bearer of a user token is.
    ///
    /// # Errors
    /// [`TokenError`], fit to be sent back.
    pub fn verify_user(
        &self,
        token: &str,
        audience: Audience,
        now_ms: u64,
    ) -> Result<Identity, TokenError> {
        self.verifier.verify(token, audience, now_ms)
    }

    /// Which backend sent this `Authorization` header (`Bearer <key>`).
    ///
    /// # Errors
    /// [`KeyError`], fit to be sent back.
    pub fn verify_key(&self, header: Option<&str>) -> Result<ApiIdentity, KeyError> {
        apikey::verify_header(header, &self.api_keys, self.environment_key.as_ref())
    }

    /// Until when a signed dialect path may be used. `path` is percent-decoded, `query` raw.
    ///
    /// # Errors
    /// [`PathError`], fit to be sent back.
    pub fn verify_path(
        &self,
        dialect: &str,
        path: &str,
        query: &str,
        now_ms: u64,
    ) -> Result<SignedPath, PathError> {
        self.paths.verify(dialect, path, &SignedQuery::parse(query)?, now_ms)
    }

    /// Signs a dialect path; `exp_s` is in Unix seconds, within the next 24 hours.
    ///
    /// # Errors
    /// [`PathError`] when path or time cannot be signed.
    pub fn sign_path(
        &self,
        dialect: &str,
        path: &str,
        exp_s: u64,
        now_ms: u64,
    ) -> Result<SignedQuery, PathError> {
        self.paths.sign(dialect, path, exp_s, now_ms)
    }

    /// Makes a user token with the local secret.
    ///
    /// # Errors
    /// [`TokenError`] when a value breaks a rule of tokens.
    pub fn mint(&self, request: &TokenRequest, now_ms: u64) -> Result<MintedToken, TokenError> {
        self.issuer.mint(request, now_ms)
    }

    /// Whether a page may connect, by its `Origin` and `Host` headers.
    ///
    /// # Errors
    /// [`OriginError`], fit to be sent back.
    pub fn check_origin(
        &self,
        origin: Option<&str>,
        host: Option<&str>,
    ) -> Result<(), OriginError> {
        self.origins.check(origin, host)
    }
}
