//! What a file is, by its content and never by its name. Whatever is not on the list is kept as
//! bytes to be saved, never to be shown: pages, scripts and drawings with scripts in them, too.

use image::ImageFormat;

/// Bytes of the head that are looked at.
pub(crate) const HEAD_BYTES: usize = 8_192;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The type that is told.
    pub mime: &'static str,
    /// Whether a browser may show it in place.
    pub inline: bool,
    /// Set for pictures.
    pub(crate) picture: Option<ImageFormat>,
    /// How its wholeness is judged.
    pub(crate) shape: Shape,
}

/// Containers whose end can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Boxes up to the end of the file.
    Boxes,
    /// Ogg pages.
    Pages,
    /// RIFF with its length in front.
    Riff,
    /// Matroska: a live recording does not say how long it is.
    Matroska,
    /// Nothing can be told.
    Open,
}

const fn bytes(mime: &'static str) -> Kind {
    Kind { mime, inline: false, picture: None, shape: Shape::Open }
}

const fn sound(mime: &'static str, shape: Shape) -> Kind {
    Kind { mime, inline: true, picture: None, shape }
}

const fn picture(mime: &'static str, format: ImageFormat) -> Kind {
    Kind { mime, inline: true, picture: Some(format), shape: Shape::Open }
}

/// What nothing is known of, or what must not be shown.
pub(crate) const BYTES: Kind = bytes("application/octet-stream");

/// The list. The first column is what the library calls it.
const KNOWN: &[(&str, Kind)] = &[
    ("image/jpeg", picture("image/jpeg", ImageFormat::Jpeg)),
    ("image/png", picture("image/png", ImageFormat::Png)),
    ("image/webp", picture("image/webp", ImageFormat::WebP)),
    ("image/gif", picture("image/gif", ImageFormat::Gif)),
    ("video/mp4", sound("video/mp4", Shape::Boxes)),
    ("video/x-m4v", sound("video/mp4", Shape::Boxes)),
    ("video/quicktime", Kind { inline: false, ..sound("video/quicktime", Shape::Boxes) }),
    ("video/webm", sound("video/webm", Shape::Matroska)),
    ("audio/m4a", sound("audio/mp4", Shape::Boxes)),
    ("audio/mpeg", sound("audio/mpeg", Shape::Open)),
    ("audio/ogg", sound("audio/ogg", Shape::Pages)),
    ("audio/opus", sound("audio/ogg", Shape::Pages)),
    ("audio/x-wav", sound("audio/wav", Shape::Riff)),
    ("audio/amr", sound("audio/amr", Shape::Open)),
    ("audio/aac", sound("audio/aac", Shape::Open)),
    ("application/pdf", bytes("application/pdf")),
    ("application/zip", bytes("application/zip")),
    ("application/msword", bytes("application/msword")),
    ("application/vnd.ms-excel", bytes("application/vnd.ms-excel")),
    ("application/vnd.ms-powerpoint", bytes("application/vnd.ms-powerpoint")),
    (DOCX, bytes(DOCX)),
    (XLSX, bytes(XLSX)),
    (PPTX, bytes(PPTX)),
];
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

/// What a stored descriptor's type stands for.
#[must_use]
pub(crate) fn of_mime(mime: &str) -> Kind {
    let known = KNOWN.iter().map(|(_, kind)| *kind).chain(DERIVED).find(|kind| kind.mime == mime);
    known.unwrap_or(BYTES)
}

/// Types that are told apart after the library has spoken.
const DERIVED: [Kind; 3] =
    [sound("audio/webm", Shape::Matroska), sound("video/ogg", Shape::Pages), bytes("text/plain")];

/// Judges the first [`HEAD_BYTES`] of a file.
pub(crate) fn sniff(head: &[u8]) -> Kind {
    if is_mp4_brand(head) {
        return of_mime("video/mp4");
    }
    match infer::get(head).map(|found| found.mime_type()) {
        Some("audio/ogg" | "audio/opus") if head.windows(7).any(|w| w == b"\x80theora") => {
            of_mime("video/ogg")
        }
        Some("video/webm") if matroska_tracks(head) == (false, true) => of_mime("audio/webm"),
        Some(name) => KNOWN.iter().find(|(known, _)| *known == name).map_or(BYTES, |(_, k)| *k),
        // A header that is not longer than a few bytes is missed by the library.
        None if head.starts_with(b"\x1aE\xdf\xa3") && contains(head, b"webm") => {
            if matroska_tracks(head) == (false, true) {
                of_mime("audio/webm")
            } else {
                of_mime("video/webm")
            }
        }
        None if is_plain_text(head) => of_mime("text/plain"),
        None => BYTES,
    }
}

/// Brands that recorders write and the library does not know.
fn is_mp4_brand(head: &[u8]) -> bool {
    let brand = head.get(8..12).filter(|_| head.get(4..8) == Some(b"ftyp"));
    brand.is_some_and(|brand| {
        [b"iso4", b"iso5", b"iso6", b"iso8", b"iso9", b"mp41", b"mp42", b"isom", b"iso2", b"avc1"]
            .iter()
            .any(|known| *known == brand)
    })
}

/// Whether the tracks in the head are video and audio, by their codecs.
fn matroska_tracks(head: &[u8]) -> (bool, bool) {
    // CodecID is element 0x86; its text begins with the kind of the track.
    let codec = |kind: u8| head.windows(4).any(|w| w[0] == 0x86 && w[2] == kind && w[3] == b'_');
    (codec(b'V'), codec(b'A'))
}

fn contains(head: &[u8], word: &[u8]) -> bool {
    head.windows(word.len()).any(|window| window == word)
}

/// Text without any mark-up.
fn is_plain_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The head may end inside a character.
        Err(error) if error.error_len().is_none() && head.len() == HEAD_BYTES => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let plain = |c: char| c != '<' && (!c.is_control() || matches!(c, '\t' | '\n' | '\r'));
    !text.is_empty() && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_run_is_bytes_whatever_it_is_called() {
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
        let cases: [&[u8]; 9] = [
            svg,
            b"<?xml version=\"1.0\"?><svg onload=\"alert(1)\"/>",
            b"<!DOCTYPE html><script>alert(1)</script>",
            b"  <html><body onload=alert(1)>",
            b"text first\n<script>alert(1)</script>",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0",
            b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0",
            b"#!/bin/sh\nrm -rf /\n",
            b"\0asm\x01\0\0\0",
        ];
        for content in cases {
            assert!(!sniff(content).inline, "{content:?}");
            let mime = sniff(content).mime;
            assert!(mime == BYTES.mime, "{mime}: {content:?}");
        }
    }

    #[test]
    fn plain_text_and_archives_are_named_and_only_saved() {
        assert_eq!(sniff("你好, 世界\n".as_bytes()).mime, "text/plain");
        assert_eq!(sniff(b"%PDF-1.7\n").mime, "application/pdf");
        assert_eq!(sniff(b"PK\x03\x04\x14\0\0\0\x08\0").mime, "application/zip");
        assert_eq!(sniff(b"").mime, BYTES.mime);
        for mime in ["text/plain", "application/pdf", "application/zip", "text/html"] {
            assert!(!of_mime(mime).inline, "{mime}");
        }
        // A text longer than the head, cut inside a character.
        let long = format!("a{}", "猫".repeat(4_000));
        assert_eq!(sniff(&long.as_bytes()[..HEAD_BYTES]).mime, "text/plain");
    }

    #[test]
    fn recordings_without_a_picture_are_sound() {
        let voice = b"\x1aE\xdf\xa3\x9f\x42\x82\x84webm\x18\x53\x80\x67\xff\xff\x86\x86A_OPUS";
        assert_eq!(sniff(voice).mime, "audio/webm");
        let video = b"\x1aE\xdf\xa3\x9f\x42\x82\x84webm\x86\x85V_VP8\x86\x86A_OPUS";
        assert_eq!(sniff(video).mime, "video/webm");
    }

    #[test]
    fn every_told_type_is_read_back_as_the_same_kind() {
        for kind in KNOWN.iter().map(|(_, kind)| *kind).chain(DERIVED) {
            assert_eq!(of_mime(kind.mime).inline, kind.inline, "{}", kind.mime);
            assert_eq!(of_mime(kind.mime).picture, kind.picture, "{}", kind.mime);
        }
    }
}
