//! The five seed protocols as doors on the core. This file is what they share: how a caller is
//! admitted in each mode, and how chat dialects take events. One file per dialect below.

pub mod carwash;
pub mod civil;
pub mod emoji;
#[doc(hidden)]
pub mod fuzz;
pub mod helpdesk;
pub mod inbound;
pub mod market;
pub mod miao;
pub mod miniapp;
pub mod object;
pub mod progress;
pub mod replay;
pub mod seats;

use std::sync::Arc;

use magpie_auth::Audience as TokenAudience;
use magpie_core::{
    Caller, Delivery, Dialect, Event, Refusal, Role,
    user::{self, Profile},
};
use magpie_proto::{Body, ErrorCode, UserId};

use crate::{
    conn::{self, Conn, Identity, Place},
    dialects::seats::Seat,
    door::Door,
    gate::Gate,
    native,
    settings::Mode,
    upgrade::query_value,
    ws::frame,
};

/// Whether and as whom a socket may open.
pub enum Admission {
    /// Native: the hello will say. A token of the handshake is kept for it.
    Anonymous {
        /// The token, if the handshake had one.
        token: Option<String>,
    },
    /// A dialect's caller, proved.
    Enter {
        /// Who and where.
        identity: Box<Identity>,
        /// When the proof expires, Unix ms; 0: never.
        expires_ms: u64,
    },
    /// The handshake succeeds and the socket closes at once: what the seed did.
    Close {
        /// With this code and an empty reason.
        code: u16,
    },
}

/// What a dialect reads out of its path.
pub struct Spot {
    /// The path's user id, without prefix; `None`: the path speaks for the desk.
    pub user: Option<String>,
    /// The other side's id, without prefix.
    pub peer: Option<String>,
    /// The channel that the page follows.
    pub channel: Option<Box<str>>,
}

/// A dialect: a door that can read its own paths.
pub trait DialectDoor: Door {
    /// Reads the decoded path parts; `None` where the seed opens and closes at once with 1000.
    fn spot(&self, parts: &[String]) -> Option<Spot>;
}

/// The door of a dialect.
#[must_use]
pub fn door(dialect: Dialect) -> &'static dyn DialectDoor {
    match dialect {
        Dialect::Market => &market::MARKET,
        Dialect::Miao => &miao::MIAO,
        Dialect::Miniapp => &miniapp::MINIAPP,
        Dialect::Carwash => &carwash::CARWASH,
        Dialect::Helpdesk => &helpdesk::HELPDESK,
    }
}

/// Decides whether a dialect socket may open.
///
/// # Errors
/// The refusal of the handshake: no or bad token, bad signature, bad id, banned.
pub async fn admit(
    gate: &Arc<Gate>,
    dialect: Dialect,
    parts: &[String],
    query: Option<&str>,
) -> Result<Admission, Refusal> {
    let proof = prove(gate, dialect, parts, query)?;
    let Some(spot) = door(dialect).spot(parts) else {
        return Ok(Admission::Close { code: magpie_proto::CloseCode::Normal.number() });
    };
    let prefix = gate.settings.dialects.id_prefix(dialect);
    let user = match (&spot.user, &proof) {
        (Some(id), _) => prefixed(prefix, id)?,
        // The desk has no id of its own: whoever proves to be an agent speaks for it.
        (None, Proof::Token(token)) => token.user.clone(),
        (None, _) => user_id(&gate.settings.dialects.helpdesk_open_agent)?,
    };
    let peer = spot.peer.as_deref().filter(|id| *id != "-1").map(|id| prefixed(prefix, id));
    let (profile, broadcast, expires_ms) = judge(&proof, &spot, &user)?;
    // Helpdesk lets strangers in and answers their texts with a sentence of its own; a token is
    // the owner's word that its user exists.
    let by_token = matches!(proof, Proof::Token(_));
    let create = dialect != Dialect::Helpdesk
        || spot.user.is_none()
        || by_token
        || gate.core.policy.create_unknown_users;
    let known = match user::sign_in(&gate.core, &user, profile, create).await {
        Ok(known) => Some(known),
        Err(refusal) if refusal.code == ErrorCode::UnknownUser => None,
        Err(refusal) => return Err(refusal),
    };
    let role = known.as_ref().map(|known| known.role).unwrap_or_default();
    if spot.user.is_none() && role != Role::Agent {
        return Err(Refusal::new(ErrorCode::Forbidden, "only an agent speaks for the desk"));
    }
    let place = Place::dialect(conn::Spot {
        peer: peer.transpose()?,
        channel: spot.channel,
        desk: spot.user.is_none(),
        unknown: known.is_none(),
        shown: known
            .filter(|_| dialect == Dialect::Helpdesk)
            .map(|known| (known.name, known.avatar)),
    });
    let seat = seat(gate, dialect, &user)?;
    let bucket = gate.hub.bucket(&user);
    let caller = Caller { user, role, broadcast, dialect: Some(dialect) };
    let identity = Box::new(Identity { caller, place, bucket, seat });
    Ok(Admission::Enter { identity, expires_ms })
}

/// A seat where the dialect caps the sockets of one user.
fn seat(gate: &Gate, dialect: Dialect, user: &UserId) -> Result<Option<Arc<Seat>>, Refusal> {
    if dialect != Dialect::Miniapp {
        return Ok(None);
    }
    let seat = gate.seats.take(user, miniapp::SOCKETS_MAX).ok_or_else(|| {
        let message = format!("this user has {} sockets open already", miniapp::SOCKETS_MAX);
        Refusal::new(ErrorCode::Overloaded, message)
    })?;
    Ok(Some(seat))
}

enum Proof {
    Token(Box<magpie_auth::Identity>),
    Path { expires_ms: u64 },
    Open,
}

fn prove(
    gate: &Gate,
    dialect: Dialect,
    parts: &[String],
    query: Option<&str>,
) -> Result<Proof, Refusal> {
    let now_ms = gate.core.now_ms();
    match gate.settings.dialects.mode {
        Mode::Open => Ok(Proof::Open),
        Mode::Token => {
            let token = query_value(query, "token").ok_or_else(|| {
                Refusal::new(
                    ErrorCode::Unauthorized,
                    "add ?token=... (audience \"dialect\") to the address",
                )
            })?;
            gate.auth
                .verify_user(&token, TokenAudience::Dialect, now_ms)
                .map(|identity| Proof::Token(Box::new(identity)))
                .map_err(|error| Refusal::new(error.code(), error.to_string()))
        }
        Mode::Signed if parts.iter().any(|part| part.contains('/')) => Err(Refusal::new(
            ErrorCode::BadRequest,
            "an id in a signed path must not contain \"/\": two paths would share a signature",
        )),
        Mode::Signed => gate
            .auth
            .verify_path(
                dialect.as_str(),
                &decoded_path(dialect, parts),
                query.unwrap_or_default(),
                now_ms,
            )
            .map(|path| Proof::Path { expires_ms: path.expires_ms })
            .map_err(|error| Refusal::new(error.code(), error.to_string())),
    }
}

/// The decoded path as it is signed: without the trailing slash.
fn decoded_path(dialect: Dialect, parts: &[String]) -> String {
    let first = match dialect {
        Dialect::Market => "wx",
        Dialect::Miao => "ws",
        Dialect::Miniapp => "websocket",
        Dialect::Carwash | Dialect::Helpdesk => "webSocket",
    };
    format!("/{first}/{}", parts.join("/"))
}

/// What the proof says about the user, and until when it holds.
fn judge(proof: &Proof, spot: &Spot, user: &UserId) -> Result<(Profile, bool, u64), Refusal> {
    match proof {
        Proof::Token(token) => {
            if token.user != *user {
                let message = "the token is for another user than the path";
                return Err(Refusal::new(ErrorCode::Forbidden, message));
            }
            let profile = Profile {
                name: token.name.clone(),
                avatar: token.avatar.clone(),
                role: crate::view::token_role(token.role),
            };
            Ok((profile, token.may("broadcast"), token.expires_ms))
        }
        Proof::Path { expires_ms } => Ok((Profile::default(), false, *expires_ms)),
        Proof::Open => {
            let role = spot.user.is_none().then_some(Role::Agent);
            Ok((Profile { role, ..Profile::default() }, true, 0))
        }
    }
}

/// An event for a socket of a dialect that takes messages and broadcasts.
pub(crate) fn deliver_chat(
    conn: &Conn,
    delivery: &Delivery,
    encode: replay::Encode,
    encode_broadcast: fn(Option<&str>, &Body) -> String,
) {
    match &delivery.event {
        Some(Event::Message(m)) => replay::live(conn.gate(), conn, m, delivery.position, encode),
        Some(Event::Broadcast { from, body }) => {
            let dialects = &conn.gate().settings.dialects;
            let prefix = conn.dialect().map_or("", |dialect| dialects.id_prefix(dialect));
            let from = from.as_ref().map(|user| inbound::bare(prefix, user.as_str()));
            conn.outbox.push_ephemeral(|_| frame::text(&encode_broadcast(from, body)));
        }
        Some(Event::Kick { device, code, .. }) => {
            native::end_if_kicked(conn, device.as_deref(), *code);
        }
        _ => {}
    }
}

/// The deployment's id behind an id of this dialect.
///
/// # Errors
/// `bad_request` when it is no id.
pub fn prefixed(prefix: &str, id: &str) -> Result<UserId, Refusal> {
    // The bare id is judged too: "-1" is reserved even where a prefix would hide it.
    user_id(id)?;
    if prefix.is_empty() { user_id(id) } else { user_id(&format!("{prefix}{id}")) }
}

fn user_id(id: &str) -> Result<UserId, Refusal> {
    UserId::parse(id).map_err(|error| Refusal::new(ErrorCode::BadRequest, error.to_string()))
}
