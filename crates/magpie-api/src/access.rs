//! Who is calling. Handlers cannot name the state; they reach the core only through the values of
//! this file, and each of them exists only after the proof that it stands for: [`Key`] an API key
//! with a scope, [`Access`] such a key or the user's own token, [`Own`] that token, [`Anyone`] a
//! public route. Signed addresses are `ticket.rs`.

use std::{marker::PhantomData, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use magpie_auth::{Audience, Authenticator, Identity, KeyError, Scope, TokenError};
use magpie_core::{
    Core, Refusal, Role, User,
    access::Caller,
    device::{self, Presented},
    user::{self, Profile},
};
use magpie_proto::{ErrorCode, UserId};
use tokio::sync::{OnceCell, watch};

use crate::{
    params,
    problem::Problem,
    rate::Rates,
    state::{ApiState, Demo, Limits, Media, Site},
};

struct Inner {
    state: ApiState,
    rates: Rates,
    /// Set when the system user is known to exist.
    system: OnceCell<UserId>,
}

/// The state as axum carries it. Opaque outside this file.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

impl Shared {
    pub(crate) fn new(state: ApiState) -> Self {
        Self(Arc::new(Inner { state, rates: Rates::default(), system: OnceCell::new() }))
    }

    pub(crate) fn limits(&self) -> Limits {
        self.0.state.limits
    }

    pub(crate) fn uptime_ms(&self) -> u64 {
        self.0.state.core.clock.uptime_ms()
    }

    /// A user's own allowance, and whether the device that his token is bound to was signed out.
    async fn admit(&self, identity: &Identity) -> Result<(), Problem> {
        self.0.rates.take(&identity.user, self.limits(), self.uptime_ms())?;
        if let Some(id) = &identity.device {
            let presented = Presented { id, name: "", issued_ms: identity.issued_ms };
            device::judge(&self.0.state.core, &identity.user, presented).await?;
        }
        Ok(())
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.0.state.core.now_ms()
    }

    pub(crate) fn media(&self) -> Result<&Media, Problem> {
        self.0.state.media.as_ref().ok_or_else(|| {
            let text = "this server takes no uploads: they are switched off (media.enabled)";
            Problem::Request(ErrorCode::NotFound, text.to_owned())
        })
    }

    /// Whether a page may read answers: by its `Origin`, against the allow-list.
    pub(crate) fn allows_origin(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let text =
            |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
        let (origin, host) = (text(header::ORIGIN), text(header::HOST));
        self.0
            .state
            .auth
            .check_origin(origin, host)
            .map_err(|error| Problem::Request(error.code(), error.to_string()))
    }
}

/// A scope as a type.
pub(crate) trait Needs: Send + Sync + 'static {
    const SCOPE: Scope;
}

/// The scopes.
pub(crate) mod need {
    use super::{Needs, Scope};

    macro_rules! scopes {
        ($($name:ident)*) => {$(
            pub(crate) enum $name {}
            impl Needs for $name { const SCOPE: Scope = Scope::$name; }
        )*};
    }
    scopes!(Users Tokens Messages Conversations Presence Push Broadcast Kick);
}

/// A backend with an API key that holds the scope `S`.
pub(crate) struct Key<S> {
    shared: Shared,
    scope: PhantomData<fn() -> S>,
}

impl<S> Key<S> {
    pub(crate) fn core(&self) -> &Core {
        &self.shared.0.state.core
    }

    pub(crate) fn auth(&self) -> &Authenticator {
        &self.shared.0.state.auth
    }

    /// The user in whose name the system speaks, made on first use.
    pub(crate) async fn system_user<F>(&self, make: F) -> Result<UserId, Problem>
    where
        F: AsyncFnOnce(&Core) -> Result<UserId, Problem>,
    {
        self.shared.0.system.get_or_try_init(|| make(self.core())).await.cloned()
    }
}

impl<S: Needs> FromRequestParts<Shared> for Key<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let identity = shared.0.state.auth.verify_key(authorization(&parts.headers)?)?;
        if !identity.may(S::SCOPE) {
            return Err(Problem::Scope(S::SCOPE));
        }
        Ok(Self { shared: shared.clone(), scope: PhantomData })
    }
}

enum Who {
    Backend,
    User(Identity),
}

/// A backend with the scope `S`, or a user with a token of his own: says for whom it may act.
pub(crate) struct Access<S> {
    shared: Shared,
    who: Who,
    scope: PhantomData<fn() -> S>,
}

impl<S: Needs> FromRequestParts<Shared> for Access<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let header = authorization(&parts.headers)?;
        let auth = &shared.0.state.auth;
        let who = match auth.verify_key(header) {
            Ok(identity) if identity.may(S::SCOPE) => Who::Backend,
            Ok(_) => return Err(Problem::Scope(S::SCOPE)),
            Err(error) => match user_token(header) {
                Some(token) => {
                    let identity = identity(auth, token, shared.0.state.core.now_ms())?;
                    shared.admit(&identity).await?;
                    Who::User(identity)
                }
                None if error == KeyError::Missing => return Err(TokenError::Missing.into()),
                None => return Err(error.into()),
            },
        };
        Ok(Self { shared: shared.clone(), who, scope: PhantomData })
    }
}

/// The user named by the path, whom the caller may act for. He need not be known to the store.
pub(crate) struct Subject<'a> {
    pub(crate) core: &'a Core,
    pub(crate) user: UserId,
    pub(crate) draining: watch::Receiver<bool>,
}

/// The user named by the path with his role, for what he sees and changes himself.
pub(crate) struct Member<'a> {
    pub(crate) core: &'a Core,
    pub(crate) caller: Caller,
}

impl<S> Access<S> {
    /// Proves that the caller may act for the user of the path, and gives what is stored of him.
    async fn prove(&self, id: &str) -> Result<(UserId, Option<User>), Problem> {
        let user = params::user("the user in the path", id)?;
        if let Who::User(identity) = &self.who
            && identity.user != user
        {
            let text = "a user's token opens his own data only; the path names someone else";
            return Err(Problem::Request(ErrorCode::Forbidden, text.to_owned()));
        }
        let known = self.shared.0.state.core.store.user(user.clone()).await?;
        if matches!(self.who, Who::User(_)) && known.as_ref().is_some_and(|user| user.banned) {
            let text = "this user is banned";
            return Err(Problem::Request(ErrorCode::Forbidden, text.to_owned()));
        }
        Ok((user, known))
    }

    pub(crate) async fn subject(&self, id: &str) -> Result<Subject<'_>, Problem> {
        let (user, _) = self.prove(id).await?;
        let state = &self.shared.0.state;
        Ok(Subject { core: &state.core, user, draining: state.draining.clone() })
    }

    pub(crate) async fn member(&self, id: &str) -> Result<Member<'_>, Problem> {
        let (user, known) = self.prove(id).await?;
        let stored = known.map(|user| user.role);
        let role = match &self.who {
            Who::Backend => stored.ok_or_else(|| Refusal::unknown_user(&user))?,
            Who::User(identity) => role(identity.role, stored),
        };
        let caller = Caller { user, role, broadcast: false, dialect: None };
        Ok(Member { core: &self.shared.0.state.core, caller })
    }
}

/// The store's role stands unless the token names one.
fn role(named: Role, stored: Option<Role>) -> Role {
    if named == Role::User { stored.unwrap_or_default() } else { named }
}

/// A user with a token of his own, who acts for himself and for nobody else.
pub(crate) struct Own {
    shared: Shared,
    pub(crate) caller: Caller,
}

impl FromRequestParts<Shared> for Own {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let header = authorization(&parts.headers)?;
        let state = &shared.0.state;
        let token = user_token(header).ok_or_else(|| {
            let text = "this route is for users: send a user's token as Authorization: Bearer";
            Problem::Request(ErrorCode::Unauthorized, text.to_owned())
        })?;
        let identity = identity(&state.auth, token, state.core.now_ms())?;
        shared.admit(&identity).await?;
        // A token is the owner's word that the user exists.
        let known = user::sign_in(&state.core, &identity.user, Profile::default(), true).await?;
        let role = role(identity.role, Some(known.role));
        let caller = Caller { user: identity.user, role, broadcast: false, dialect: None };
        Ok(Self { shared: shared.clone(), caller })
    }
}

impl Own {
    pub(crate) fn media(&self) -> Result<&Media, Problem> {
        self.shared.media()
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.shared.now_ms()
    }
}

/// A route for everyone: what it gives is public.
pub(crate) struct Anyone(Shared);

impl FromRequestParts<Shared> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        Ok(Self(shared.clone()))
    }
}

impl Anyone {
    pub(crate) fn site(&self) -> &Site {
        &self.0.0.state.site
    }

    pub(crate) fn media(&self) -> Result<&Media, Problem> {
        self.0.media()
    }

    pub(crate) fn has_demo(&self) -> bool {
        self.0.0.state.demo.is_some()
    }

    pub(crate) fn metrics_text(&self) -> String {
        self.0.0.state.metrics.render()
    }

    /// Whether requests should come here now.
    pub(crate) fn ready(&self) -> Result<(), Problem> {
        let state = &self.0.0.state;
        if *state.draining.borrow() {
            let text = "the server is going down".to_owned();
            return Err(Problem::Request(ErrorCode::Draining, text));
        }
        state.core.store.health().map_err(Problem::from)
    }
}

/// The demo of this server; without one its routes do not exist.
pub(crate) struct DemoDoor(Shared, Demo);

impl FromRequestParts<Shared> for DemoDoor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        match &shared.0.state.demo {
            Some(demo) => Ok(Self(shared.clone(), demo.clone())),
            None => Err(Problem::not_found(parts.uri.path())),
        }
    }
}

impl DemoDoor {
    pub(crate) fn demo(&self) -> &Demo {
        &self.1
    }

    pub(crate) fn core(&self) -> &Core {
        &self.0.0.state.core
    }

    pub(crate) fn auth(&self) -> &Authenticator {
        &self.0.0.state.auth
    }
}

fn authorization(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Problem::bad("the Authorization header came twice; send one"));
    }
    match first.map(|value| value.to_str()) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text)),
        Some(Err(_)) => Err(KeyError::Malformed.into()),
    }
}

/// The header's token, if it looks like one: three parts, and not one of our keys.
fn user_token(header: Option<&str>) -> Option<&str> {
    let (scheme, token) = header?.trim().split_once(' ')?;
    let token = token.trim();
    let looks = scheme.eq_ignore_ascii_case("bearer")
        && !token.starts_with("mk_")
        && token.bytes().filter(|byte| *byte == b'.').count() == 2;
    looks.then_some(token)
}

/// Old clients hold tokens of audience `dialect`; what these open over HTTP their sockets open too.
fn identity(auth: &Authenticator, token: &str, now_ms: u64) -> Result<Identity, TokenError> {
    match auth.verify_user(token, Audience::Native, now_ms) {
        Err(TokenError::WrongAudience { .. }) => auth.verify_user(token, Audience::Dialect, now_ms),
        judged => judged,
    }
}
