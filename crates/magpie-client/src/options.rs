//! Where to connect, as whom, since when.

use serde::Serialize;

/// How the token travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenIn {
    /// In the hello, the first frame.
    #[default]
    Hello,
    /// In the list of subprotocols, as pages do that cannot set headers.
    Subprotocol,
    /// In the `Authorization` header.
    Header,
    /// In the query: a fallback, because addresses end up in logs of proxies.
    Query,
}

/// What [`crate::connect`] needs. Not printable: it holds a token.
#[derive(Clone)]
pub struct Options {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) token_in: TokenIn,
    pub(crate) origin: Option<String>,
    pub(crate) events_max: usize,
    pub(crate) hello: Hello,
}

/// The fields of the first frame.
#[derive(Clone, Serialize, Default)]
pub(crate) struct Hello {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) device: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) instance: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) features: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) channels: Vec<(String, u64)>,
}

impl Options {
    /// Connects to `ws://HOST:PORT/v1/ws` with a user token.
    #[must_use]
    pub fn new(url: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: token.into(),
            token_in: TokenIn::default(),
            origin: None,
            events_max: 4_096,
            hello: Hello::default(),
        }
    }

    /// Stable id of this installation.
    #[must_use]
    pub fn device(mut self, device: impl Into<String>) -> Self {
        self.hello.device = device.into();
        self
    }

    /// Random id of this run: a second connection with the same device and instance replaces the
    /// first.
    #[must_use]
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.hello.instance = instance.into();
        self
    }

    /// What the device calls itself, for the user's list of devices.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.hello.name = name.into();
        self
    }

    /// Abilities to ask for: `changes` brings [`crate::Event::Changed`], `calls` brings
    /// [`crate::Event::Call`] and [`crate::Event::Signal`].
    #[must_use]
    pub fn features(mut self, features: &[&str]) -> Self {
        self.hello.features = features.iter().map(|&name| name.to_owned()).collect();
        self
    }

    /// Resumes from here.
    #[must_use]
    pub fn cursor(mut self, cursor: Option<String>) -> Self {
        self.hello.cursor = cursor;
        self
    }

    /// Last version that is known of each channel.
    #[must_use]
    pub fn channels(mut self, channels: Vec<(String, u64)>) -> Self {
        self.hello.channels = channels;
        self
    }

    /// How the token travels.
    #[must_use]
    pub fn token_in(mut self, place: TokenIn) -> Self {
        self.token_in = place;
        self
    }

    /// An `Origin` header, as a browser sends.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Events that wait for the reader. When they are that many, the socket is not read until he
    /// takes some; the server closes it as too slow when its own room is full as well.
    #[must_use]
    pub fn events_max(mut self, events_max: usize) -> Self {
        self.events_max = events_max.max(1);
        self
    }
}
