//! Pictures without what they tell beside the picture: places, names, comments, and whatever hangs
//! behind their end. A walk over parts that copies the picture's own bytes as they are; of the
//! metadata only colour and the way up stay. Fails when the end is missing.

use image::ImageFormat;

/// What is left of a picture, or `None` when it is not whole.
pub(crate) fn clean(format: ImageFormat, bytes: &[u8], way_up: u8) -> Option<Vec<u8>> {
    match format {
        ImageFormat::Jpeg => jpeg(bytes, way_up),
        ImageFormat::Png => png(bytes, way_up),
        ImageFormat::WebP => webp(bytes, way_up),
        ImageFormat::Gif => gif(bytes),
        _ => None,
    }
}

/// The smallest EXIF block: which way is up (1 to 8) and nothing else.
fn exif(way_up: u8) -> [u8; 26] {
    let mut block = *b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    block[19] = way_up;
    block
}

/// Takes `n` bytes from the front.
fn take<'a>(rest: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(n)?;
    *rest = left;
    Some(taken)
}

fn jpeg(bytes: &[u8], way_up: u8) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(b"\xff\xd8");
    let mut told = way_up == 1;
    loop {
        take(&mut rest, 1).filter(|byte| *byte == [0xff])?;
        let marker = loop {
            match *take(&mut rest, 1)?.first()? {
                0xff => {}
                marker => break marker,
            }
        };
        // The picture file's own head comes first, then ours.
        if !told && marker != 0xe0 {
            out.extend_from_slice(b"\xff\xe1\0\x22Exif\0\0");
            out.extend_from_slice(&exif(way_up));
            told = true;
        }
        if marker == 0xd9 {
            out.extend_from_slice(b"\xff\xd9");
            return Some(out);
        }
        if matches!(marker, 0x01 | 0xd0..=0xd7) {
            out.extend_from_slice(&[0xff, marker]);
            continue;
        }
        let len = rest.first_chunk::<2>().map(|len| usize::from(u16::from_be_bytes(*len)))?;
        let segment = take(&mut rest, len.max(2))?;
        if jpeg_keeps(marker, segment.get(2..)?) {
            out.extend_from_slice(&[0xff, marker]);
            out.extend_from_slice(segment);
        }
        if marker == 0xda {
            let len = scan_len(rest)?;
            let scan = take(&mut rest, len)?;
            out.extend_from_slice(scan);
        }
    }
}

fn jpeg_keeps(marker: u8, body: &[u8]) -> bool {
    match marker {
        0xe0 => body.starts_with(b"JFIF\0"),
        0xe2 => body.starts_with(b"ICC_PROFILE\0"),
        0xee => body.starts_with(b"Adobe"),
        0xe1..=0xef | 0xfe => false,
        _ => true,
    }
}

/// Bytes up to the next marker that is not part of the scan.
fn scan_len(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|w| w[0] == 0xff && !matches!(w[1], 0 | 0xff | 0xd0..=0xd7))
}

const PNG_HEAD: &[u8] = b"\x89PNG\r\n\x1a\n";
const PNG_KEEPS: [&[u8; 4]; 17] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP",
    b"sBIT", b"bKGD", b"hIST", b"pHYs", b"acTL", b"fcTL", b"fdAT",
];

fn png(bytes: &[u8], way_up: u8) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(PNG_HEAD)?;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(PNG_HEAD);
    loop {
        let len = u32::from_be_bytes(*rest.first_chunk::<4>()?);
        let chunk = take(&mut rest, usize::try_from(len).ok()?.checked_add(12)?)?;
        let name = chunk.get(4..8)?;
        if PNG_KEEPS.iter().any(|kept| *kept == name) {
            out.extend_from_slice(chunk);
        }
        if name == b"IHDR" && way_up != 1 {
            let body = [b"eXIf".as_slice(), &exif(way_up)].concat();
            out.extend_from_slice(&26_u32.to_be_bytes());
            out.extend_from_slice(&body);
            out.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
        }
        if name == b"IEND" {
            return Some(out);
        }
    }
}

const WEBP_KEEPS: [&[u8; 4]; 7] = [b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
/// In the flags of an extended file: there is EXIF, there is XMP.
const WEBP_EXIF: u8 = 8;
const WEBP_XMP: u8 = 4;

fn webp(bytes: &[u8], way_up: u8) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(b"RIFF")?;
    let told = u32::from_le_bytes(*rest.first_chunk::<4>()?);
    rest = rest.get(4..)?.get(..usize::try_from(told).ok()?)?.strip_prefix(b"WEBP")?;
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    let mut extended = false;
    while !rest.is_empty() {
        let name = *rest.first_chunk::<4>()?;
        let len = u32::from_le_bytes(*rest.get(4..)?.first_chunk::<4>()?);
        let len = usize::try_from(len).ok()?;
        let chunk = take(&mut rest, len.checked_add(8)?)?;
        // The last one may lack its filler.
        let filler = if len % 2 == 1 && !rest.is_empty() { take(&mut rest, 1)? } else { &[] };
        if !WEBP_KEEPS.iter().any(|kept| **kept == name) {
            continue;
        }
        let start = out.len();
        out.extend_from_slice(chunk);
        out.extend_from_slice(filler);
        if len % 2 == 1 && filler.is_empty() {
            out.push(0);
        }
        if &name == b"VP8X" {
            extended = true;
            let flags = out.get_mut(start + 8)?;
            *flags &= !(WEBP_EXIF | WEBP_XMP);
            if way_up != 1 {
                *flags |= WEBP_EXIF;
            }
        }
    }
    if extended && way_up != 1 {
        out.extend_from_slice(b"EXIF\x1a\0\0\0");
        out.extend_from_slice(&exif(way_up));
    }
    let len = u32::try_from(out.len() - 8).ok()?;
    out.get_mut(4..8)?.copy_from_slice(&len.to_le_bytes());
    Some(out)
}

/// Most frames of an animation.
const GIF_FRAMES_MAX: usize = 3_000;

fn gif(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes;
    let mut out = Vec::with_capacity(bytes.len());
    let head = take(&mut rest, 13).filter(|head| head.starts_with(b"GIF8"))?;
    out.extend_from_slice(head);
    out.extend_from_slice(take(&mut rest, colour_table(*head.get(10)?))?);
    let mut frames = 0;
    loop {
        let before = rest;
        let kind = *take(&mut rest, 1)?.first()?;
        let keep = match kind {
            0x3b => {
                out.push(0x3b);
                return (frames > 0).then_some(out);
            }
            0x2c => {
                frames += 1;
                let about = take(&mut rest, 9)?;
                take(&mut rest, colour_table(*about.get(8)?))?;
                take(&mut rest, 1)?;
                frames <= GIF_FRAMES_MAX
            }
            0x21 => {
                let label = *take(&mut rest, 1)?.first()?;
                let name = rest.get(1..12).unwrap_or_default();
                let loops = name == b"NETSCAPE2.0" || name == b"ANIMEXTS1.0";
                label == 0xf9 || (label == 0xff && loops)
            }
            _ => return None,
        };
        while let len @ 1.. = usize::from(*take(&mut rest, 1)?.first()?) {
            take(&mut rest, len)?;
        }
        if frames > GIF_FRAMES_MAX {
            return None;
        }
        if keep {
            out.extend_from_slice(before.get(..before.len() - rest.len())?);
        }
    }
}

/// Bytes of the table that these flags announce.
fn colour_table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}
