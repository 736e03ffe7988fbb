//! What is told about an upload: the JSON object that its completion answers and that a message
//! carries unchanged.

use serde::{Deserialize, Serialize};

/// Longest recording, in ms: a day.
pub(crate) const DURATION_MS_MAX: u64 = 86_400_000;
/// Most bars of a waveform.
pub(crate) const WAVE_LEN_MAX: usize = 64;
/// Highest bar.
pub(crate) const WAVE_MAX: u8 = 100;

/// The object. Duration and waveform are what the recorder said; everything else was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Descriptor {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) mime: String,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) w: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) h: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wave: Option<Vec<u8>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) poster: Option<Poster>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) thumb: Option<bool>,
}

/// The still picture of a video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Poster {
    pub(crate) id: String,
    pub(crate) w: u32,
    pub(crate) h: u32,
}

impl Descriptor {
    /// Reads a stored one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// As it is stored and told.
    pub(crate) fn write(&self) -> Box<str> {
        // Made of strings and numbers: writing it cannot fail.
        serde_json::to_string(self).unwrap_or_default().into()
    }
}
