//! Whether sound and video are whole, as far as their container tells: a walk over lengths.
//! Decodes nothing; a live recording that never knew its length passes as it is.

use std::{
    io::{self, Read, Seek, SeekFrom},
    ops::ControlFlow,
};

use crate::{
    MediaError,
    kind::{self, Kind, Shape},
};

/// Of the index of an MP4 so much is looked at.
const INDEX_BYTES_MAX: u64 = 4 << 20;
/// More top-level parts than this are no recording.
const PARTS_MAX: usize = 500_000;

/// Judges the rest of the file after its head was sniffed; may name the kind more exactly.
pub(crate) fn judge(
    kind: Kind,
    file: &mut (impl Read + Seek),
    len: u64,
) -> Result<Kind, MediaError> {
    let whole = match kind.shape {
        Shape::Open => Some(kind),
        Shape::Boxes => boxes(kind, file, len)?,
        Shape::Pages => pages(file, len)?.then_some(kind),
        Shape::Riff => riff(file, len)?.then_some(kind),
        Shape::Matroska => matroska(file, len)?.then_some(kind),
    };
    let text = format!("this {} ends too early or is not whole", kind.mime);
    whole.ok_or_else(|| MediaError::refused("cut", text))
}

/// Reads as much as is there.
fn read_at<const N: usize>(file: &mut (impl Read + Seek), at: u64) -> io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at))?;
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// MP4 and QuickTime: boxes side by side up to the last byte, an index and content among them.
fn boxes(kind: Kind, file: &mut (impl Read + Seek), len: u64) -> Result<Option<Kind>, MediaError> {
    let (mut at, mut index, mut content) = (0, None, false);
    for _ in 0..PARTS_MAX {
        if at == len {
            let Some(index) = index.filter(|_| content) else { return Ok(None) };
            return Ok(Some(tracks(kind, file, index)?));
        }
        let Some(head) = read_at::<8>(file, at)? else { return Ok(None) };
        let short = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let size = match short {
            // Up to the end of the file.
            0 => len - at,
            1 => match read_at::<8>(file, at + 8)? {
                Some(long) => u64::from_be_bytes(long),
                None => return Ok(None),
            },
            size => size,
        };
        if size < 8 || size > len - at {
            return Ok(None);
        }
        if &head[4..] == b"moov" {
            index = Some((at, size));
        }
        content |= &head[4..] == b"mdat";
        at += size;
    }
    Ok(None)
}

/// Sound in the clothes of a video: no track of it shows anything.
fn tracks(
    kind: Kind,
    file: &mut (impl Read + Seek),
    (at, size): (u64, u64),
) -> Result<Kind, MediaError> {
    let mut index = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.by_ref().take(size.min(INDEX_BYTES_MAX)).read_to_end(&mut index)?;
    // A handler box: its name, version and flags, four bytes, then what it handles.
    let handles =
        |what: &[u8]| index.windows(16).any(|w| w.starts_with(b"hdlr") && &w[12..] == what);
    let silent_picture = kind.mime == "video/mp4" && !handles(b"vide") && handles(b"soun");
    Ok(if silent_picture { kind::of_mime("audio/mp4") } else { kind })
}

/// Ogg: the last page is all there.
fn pages(file: &mut (impl Read + Seek), len: u64) -> Result<bool, MediaError> {
    let mut at = 0;
    for _ in 0..PARTS_MAX {
        if at == len {
            return Ok(true);
        }
        let Some(head) = read_at::<27>(file, at)? else { return Ok(false) };
        if !head.starts_with(b"OggS") {
            return Ok(false);
        }
        let mut lengths = vec![0; usize::from(head[26])];
        let body = match file.read_exact(&mut lengths) {
            Ok(()) => lengths.iter().map(|len| u64::from(*len)).sum::<u64>(),
            Err(_) => return Ok(false),
        };
        at += 27 + u64::from(head[26]) + body;
        if at > len {
            return Ok(false);
        }
    }
    Ok(false)
}

/// WAVE: not shorter than its head says. A stream has no length there, or all ones.
fn riff(file: &mut (impl Read + Seek), len: u64) -> Result<bool, MediaError> {
    let Some(head) = read_at::<12>(file, 0)? else { return Ok(false) };
    let told = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    let open = told == 0 || told == u32::MAX;
    Ok(&head[8..] == b"WAVE" && (open || u64::from(told) + 8 <= len))
}

/// Matroska: elements at the top level, those of unknown length up to the end.
fn matroska(file: &mut (impl Read + Seek), len: u64) -> Result<bool, MediaError> {
    let (mut at, mut segments) = (0, 0);
    for _ in 0..PARTS_MAX {
        if at >= len {
            break;
        }
        match element(file, at, len)? {
            ControlFlow::Break(whole) => return Ok(whole),
            ControlFlow::Continue((id, next)) => {
                segments += u32::from(id == 0x1853_8067);
                at = next;
            }
        }
    }
    Ok(at == len && segments > 0)
}

/// The id of an element and where the next one begins.
fn element(
    file: &mut (impl Read + Seek),
    at: u64,
    len: u64,
) -> Result<ControlFlow<bool, (u64, u64)>, MediaError> {
    let mut head = [0; 12];
    file.seek(SeekFrom::Start(at))?;
    let mut got = 0;
    while got < head.len() {
        match file.read(&mut head[got..])? {
            0 => break,
            n => got += n,
        }
    }
    let head = &head[..got];
    let Some((id, id_len)) = number(head, false) else { return Ok(ControlFlow::Break(false)) };
    let Some((size, size_len)) = number(&head[id_len..], true) else {
        return Ok(ControlFlow::Break(false));
    };
    let start = at + (id_len + size_len) as u64;
    let unknown = size == (1 << (7 * size_len)) - 1;
    if unknown {
        return Ok(ControlFlow::Break(id == 0x1853_8067));
    }
    Ok(match start.checked_add(size) {
        Some(next) if next <= len => ControlFlow::Continue((id, next)),
        _ => ControlFlow::Break(false),
    })
}

/// A number whose first byte says how long it is.
fn number(bytes: &[u8], masked: bool) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    // A first byte without a bit set would announce nine bytes; there are eight at most.
    let len = first.leading_zeros() as usize + 1;
    if len > 8 {
        return None;
    }
    let rest = bytes.get(1..len)?;
    let first = if masked { u64::from(first) & ((1 << (8 - len)) - 1) } else { u64::from(first) };
    Some((rest.iter().fold(first, |sum, byte| sum << 8 | u64::from(*byte)), len))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::io::Cursor;

    use super::*;
    use crate::kind::of_mime;

    fn passes(mime: &str, bytes: &[u8]) -> Option<&'static str> {
        judge(of_mime(mime), &mut Cursor::new(bytes), bytes.len() as u64).ok().map(|kind| kind.mime)
    }

    fn one_box(name: &[u8], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap().to_be_bytes();
        [&size, name, body].concat()
    }

    #[test]
    fn an_mp4_is_whole_only_at_its_end_and_sound_alone_is_sound() {
        let handler = |what: &[u8]| one_box(b"hdlr", &[&[0; 8], what, &[0; 12]].concat());
        let film = |what: &[u8]| {
            let moov = one_box(b"moov", &handler(what));
            [one_box(b"ftyp", b"mp42\0\0\0\0"), moov, one_box(b"mdat", &[7; 300])].concat()
        };
        assert_eq!(passes("video/mp4", &film(b"vide")), Some("video/mp4"));
        assert_eq!(passes("video/mp4", &film(b"soun")), Some("audio/mp4"));
        let film = film(b"vide");
        for cut in 0..film.len() {
            assert_eq!(passes("video/mp4", &film[..cut]), None, "cut at {cut}");
        }
        assert_eq!(passes("video/mp4", &one_box(b"ftyp", b"mp42\0\0\0\0")), None, "no index");
    }

    #[test]
    fn ogg_and_wave_are_whole_only_at_their_end() {
        let page = [b"OggS".as_slice(), &[0; 22], &[2, 100, 50], &[7; 150]].concat();
        let ogg = [page.clone(), page.clone()].concat();
        assert_eq!(passes("audio/ogg", &ogg), Some("audio/ogg"));
        for cut in (0..ogg.len()).filter(|cut| *cut != 0 && *cut != page.len()) {
            assert_eq!(passes("audio/ogg", &ogg[..cut]), None, "cut at {cut}");
        }
        let wave = [b"RIFF".as_slice(), &40_u32.to_le_bytes(), b"WAVE", &[0; 36]].concat();
        assert_eq!(passes("audio/wav", &wave), Some("audio/wav"));
        assert_eq!(passes("audio/wav", &wave[..47]), None);
    }

    #[test]
    fn a_live_webm_passes_and_one_with_lengths_is_held_to_them() {
        let header = [0x1a, 0x45, 0xdf, 0xa3, 0x84, 1, 2, 3, 4];
        let live = [&header[..], &[0x18, 0x53, 0x80, 0x67, 0xff], &[9; 50]].concat();
        assert_eq!(passes("video/webm", &live), Some("video/webm"));
        let told = [&header[..], &[0x18, 0x53, 0x80, 0x67, 0x80 | 50], &[9; 50]].concat();
        assert_eq!(passes("video/webm", &told), Some("video/webm"));
        assert_eq!(passes("video/webm", &told[..told.len() - 1]), None);
        assert_eq!(passes("video/webm", &header), None, "no segment");
        let endless = [&header[..], &[0x18, 0x53, 0x80, 0x67, 0, 1, 2, 3, 4, 5, 6, 7, 8]].concat();
        assert_eq!(passes("video/webm", &endless), None, "a number of nine bytes");
    }
}
