//! Judges the HTTP request that asks for a WebSocket and says what to answer, as data.
//! Opens nothing and knows no tokens: it finds one in the subprotocol list and hands it on.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose};
use http::header::{
    CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use sha1::{Digest as _, Sha1};

/// Entry of the subprotocol list that carries a token, up to where the token begins.
pub const TOKEN_PREFIX: &str = "magpie.token.";

/// Fixed by RFC 6455: hashed together with the key, it shows that the server speaks WebSocket.
const ACCEPT_GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Keys are only ever hashed, so the unused bits of the last character may be anything.
const KEY_ENCODING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A request that may become a WebSocket.
#[derive(Clone, PartialEq, Eq)]
pub struct Upgrade {
    accept: HeaderValue,
    /// The chosen subprotocol, echoed to the client.
    pub protocol: Option<&'static str>,
    /// The token in the subprotocol list. Never echoed, never logged.
    pub token: Option<String>,
}

impl Upgrade {
    /// The answer that turns the connection into a WebSocket.
    #[must_use]
    pub fn response<B: Default>(&self) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept.clone());
        if let Some(protocol) = self.protocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
        }
        response
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade")
            .field("protocol", &self.protocol)
            .field("token", &self.token.as_ref().map(|_| "<hidden>"))
            .finish_non_exhaustive()
    }
}

/// Why a request cannot become a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not a GET.
    Method,
    /// Not HTTP/1.1.
    HttpVersion,
    /// No `Upgrade: websocket`.
    NoUpgrade,
    /// `Upgrade` without `Connection: Upgrade`.
    NoConnectionUpgrade,
    /// A body, whose end and the first frame could not be told apart safely.
    Body,
    /// Another version of the WebSocket protocol than 13.
    WebSocketVersion,
    /// No key, several, or not 16 bytes in base64.
    Key,
}

impl Refusal {
    /// The HTTP status to answer with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::HttpVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::NoUpgrade | Self::WebSocketVersion => StatusCode::UPGRADE_REQUIRED,
            Self::NoConnectionUpgrade | Self::Body | Self::Key => StatusCode::BAD_REQUEST,
        }
    }

    /// Headers that tell the client what would be accepted.
    #[must_use]
    pub fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Method => &[("allow", "GET")],
            Self::NoUpgrade => &[("upgrade", "websocket"), ("connection", "Upgrade")],
            Self::WebSocketVersion => &[
                ("sec-websocket-version", "13"),
                ("upgrade", "websocket"),
                ("connection", "Upgrade"),
            ],
            _ => &[],
        }
    }

    /// What was wrong and what to do.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Method => "a WebSocket is opened with GET",
            Self::HttpVersion => "a WebSocket is opened with HTTP/1.1",
            Self::NoUpgrade => {
                "this address speaks WebSocket: send \"Upgrade: websocket\" (a proxy in between \
                 may have removed it)"
            }
            Self::NoConnectionUpgrade => {
                "\"Connection\" must name \"Upgrade\" (a proxy in between may have removed it)"
            }
            Self::Body => "a request that opens a WebSocket has no body",
            Self::WebSocketVersion => "send \"Sec-WebSocket-Version: 13\"",
            Self::Key => "send one \"Sec-WebSocket-Key\": 16 random bytes in base64",
        }
    }

    /// The whole answer, with the text as its body.
    #[must_use]
    pub fn response<B: From<&'static str>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.text()));
        *response.status_mut() = self.status();
        for (name, value) in self.headers() {
            response.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        response
    }
}

/// Judges a request; `supported` are the subprotocols of this address, best first.
///
/// A client that offers none of them gets an answer without a subprotocol, as RFC 6455 has it.
///
/// # Errors
/// The first thing that keeps the request from becoming a WebSocket.
pub fn judge<B>(request: &Request<B>, supported: &[&'static str]) -> Result<Upgrade, Refusal> {
    if request.method() != Method::GET {
        return Err(Refusal::Method);
    }
    if request.version() != Version::HTTP_11 {
        return Err(Refusal::HttpVersion);
    }
    let headers = request.headers();
    if !list(headers, &UPGRADE).any(|name| name.eq_ignore_ascii_case("websocket")) {
        return Err(Refusal::NoUpgrade);
    }
    if !list(headers, &CONNECTION).any(|name| name.eq_ignore_ascii_case("upgrade")) {
        return Err(Refusal::NoConnectionUpgrade);
    }
    let has_length = headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0");
    if has_length || headers.contains_key(TRANSFER_ENCODING) {
        return Err(Refusal::Body);
    }
    if only(headers, &SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(Refusal::WebSocketVersion);
    }
    let accept = only(headers, &SEC_WEBSOCKET_KEY).and_then(accept_value).ok_or(Refusal::Key)?;
    let offered = |name: &str| list(headers, &SEC_WEBSOCKET_PROTOCOL).any(|other| other == name);
    let protocol = supported.iter().copied().find(|name| offered(name));
    let token = list(headers, &SEC_WEBSOCKET_PROTOCOL)
        .find_map(|name| name.strip_prefix(TOKEN_PREFIX))
        .map(str::to_owned);
    Ok(Upgrade { accept, protocol, token })
}

/// The value of `Sec-WebSocket-Accept`; `None` when the key is not 16 bytes in base64.
fn accept_value(key: &str) -> Option<HeaderValue> {
    let mut decoded = [0; 18];
    if KEY_ENCODING.decode_slice(key, &mut decoded) != Ok(16) {
        return None;
    }
    let digest = Sha1::new().chain_update(key).chain_update(ACCEPT_GUID).finalize();
    HeaderValue::from_str(&general_purpose::STANDARD.encode(digest)).ok()
}

/// The items of a comma-separated header, over all its lines.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|item| !item.is_empty())
}

/// The value of a header that must not be repeated.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut lines = headers.get_all(name).into_iter();
    let first = lines.next()?;
    if lines.next().is_some() { None } else { first.to_str().ok().map(str::trim) }
}

#[cfg(test)]
mod tests;
