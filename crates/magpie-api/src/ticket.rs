//! Signed addresses: what a [`Ticket`] opens was promised by this server and needs no token. It
//! exists only after the proof; handlers reach files through it, through `Own`, or, for public
//! ones, through `Anyone`.

use std::marker::PhantomData;

use axum::{extract::FromRequestParts, http::request::Parts};
use magpie_auth::{Purpose, TicketError};
use magpie_media::MediaError;
use magpie_proto::MediaId;

use crate::{access::Shared, extract::Path, problem::Problem, state::Media};

/// A purpose as a type.
pub(crate) trait Opens: Send + Sync + 'static {
    const PURPOSE: Purpose;
}

/// The purposes.
pub(crate) mod opens {
    use super::{Opens, Purpose};

    macro_rules! purposes {
        ($($name:ident)*) => {$(
            pub(crate) enum $name {}
            impl Opens for $name { const PURPOSE: Purpose = Purpose::$name; }
        )*};
    }
    purposes!(Content Complete File Thumb);
}

/// Whoever was given this address.
pub(crate) struct Ticket<P> {
    pub(crate) media: Media,
    pub(crate) id: MediaId,
    purpose: PhantomData<fn() -> P>,
}

impl<P: Opens> FromRequestParts<Shared> for Ticket<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let media = shared.media()?.clone();
        let Path(id) = Path::<String>::from_request_parts(parts, shared).await?;
        let id = id_of(&id)?;
        let query = parts.uri.query().unwrap_or_default();
        let pair = parameter(query, "exp").zip(parameter(query, "sig"));
        let proved = pair
            .ok_or(TicketError::Malformed)
            .and_then(|pair| media.tickets.verify(P::PURPOSE, id, pair, shared.now_ms()));
        proved.map_err(|error| Problem::Request(error.code(), error.to_string()))?;
        Ok(Self { media, id, purpose: PhantomData })
    }
}

/// An id that this server never made names nothing.
pub(crate) fn id_of(text: &str) -> Result<MediaId, Problem> {
    MediaId::parse(text).map_err(|_malformed| MediaError::Unknown.into())
}

/// A parameter that stands there once.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    values.next().filter(|_| values.next().is_none())
}

impl Media {
    /// The address of an upload, relative to the server's own.
    pub(crate) fn address(&self, purpose: Purpose, id: MediaId, exp_s: u64) -> String {
        let query = self.tickets.sign(purpose, id, exp_s);
        format!("/v1/media/{id}/{}?{query}", purpose.as_str())
    }
}
