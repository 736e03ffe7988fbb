//! Identity: user tokens, API keys, signed dialect paths, tickets for files, the origin allow-list.
//! The gateway and the HTTP API ask [`Authenticator`]; nobody else decides who someone is.
//! Knows no sockets and no configuration files, fetches nothing, and takes the time as a number.

pub mod apikey;
pub mod authenticator;
pub mod claims;
pub mod error;
mod jwks;
pub mod origin;
mod private_file;
pub mod scope;
pub mod secret;
pub mod signed;
pub mod ticket;
pub mod token;
pub mod token_key;
pub mod turn;

pub use apikey::{ApiIdentity, ApiKeys, EnvironmentKey, NewApiKey};
pub use authenticator::{AuthSettings, Authenticator};
pub use claims::{Audience, Identity, TokenRules};
pub use error::{KeyError, OriginError, PathError, SetupError, TokenError};
pub use magpie_core::Role;
pub use origin::OriginPolicy;
pub use scope::{Scope, Scopes};
pub use secret::{Secrets, SigningSecret};
pub use signed::{PathSigner, SignedQuery};
pub use ticket::{Purpose, TicketError, Tickets};
pub use token::{Issuer, MintedToken, TokenRequest, Verifier};
pub use token_key::{KeyAlgorithm, KeySource, TokenKey};
pub use turn::{TurnCredentials, TurnSecret};
