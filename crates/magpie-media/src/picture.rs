//! Pictures: measured by their head before anything is unpacked, cleaned, unpacked within a limit
//! of memory, and made small. One at a time; whoever calls sees to that.

use std::io::{self, BufRead, Cursor, Seek};

use image::{
    DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
    codecs::{jpeg::JpegEncoder, webp::WebPEncoder},
    imageops::FilterType,
    metadata::Orientation,
};

use crate::{MediaError, clean};

/// Longer side of the small picture.
const THUMB_SIDE: u32 = 480;
/// A picture that is no larger than this in bytes, and no wider than a thumbnail, needs none.
const SMALL_BYTES: usize = 100_000;
/// Side of a user's picture.
const AVATAR_SIDE: u32 = 256;
const THUMB_QUALITY: u8 = 80;
const AVATAR_QUALITY: u8 = 88;
/// What unpacking may take beside the pixels.
const WORKING_BYTES: u64 = 32 << 20;

/// A picture as it is kept.
pub(crate) struct Picture {
    /// Its file.
    pub(crate) bytes: Vec<u8>,
    /// Size as it is shown.
    pub(crate) size: (u32, u32),
    /// The small one.
    pub(crate) thumb: Option<Vec<u8>>,
}

/// A user's picture, made anew.
pub(crate) struct Avatar {
    /// Its file.
    pub(crate) bytes: Vec<u8>,
    /// Side in pixels.
    pub(crate) side: u32,
}

/// What the head says.
struct Measured {
    size: (u32, u32),
    orientation: Orientation,
}

fn unreadable(error: impl std::fmt::Display) -> MediaError {
    MediaError::refused("unreadable", format!("this picture cannot be read: {error}"))
}

fn limits(pixels_max: u64) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(pixels_max.saturating_mul(4).saturating_add(WORKING_BYTES));
    limits
}

/// Reads the head; refuses what is too large before a pixel is unpacked.
fn measure(
    format: ImageFormat,
    file: impl BufRead + Seek,
    pixels_max: u64,
) -> Result<Measured, MediaError> {
    let mut reader = ImageReader::with_format(file, format);
    reader.limits(limits(pixels_max));
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (w, h) = decoder.dimensions();
    let pixels = u64::from(w) * u64::from(h);
    if pixels == 0 || pixels > pixels_max {
        let text = format!("{w} x {h} pixels are refused: at most {pixels_max} in all");
        return Err(MediaError::refused("pixels", text));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let turned = orientation.to_exif() >= 5;
    Ok(Measured { size: if turned { (h, w) } else { (w, h) }, orientation })
}

fn unpack(format: ImageFormat, bytes: &[u8], pixels_max: u64) -> Result<DynamicImage, MediaError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits(pixels_max));
    reader.decode().map_err(unreadable)
}

/// Reads, judges and cleans; gives the unpacked picture, upright, too.
fn open(
    format: ImageFormat,
    mut file: impl BufRead + Seek,
    pixels_max: u64,
) -> Result<(Measured, Vec<u8>, DynamicImage), MediaError> {
    let measured = measure(format, &mut file, pixels_max)?;
    let mut bytes = Vec::new();
    file.seek(io::SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    let cleaned = clean::clean(format, &bytes, measured.orientation.to_exif());
    drop(bytes);
    let cut = || MediaError::refused("cut", "this picture ends too early or is not whole");
    let cleaned = cleaned.ok_or_else(cut)?;
    // What is unpacked is what is kept, not what came in.
    let mut pixels = unpack(format, &cleaned, pixels_max)?;
    pixels.apply_orientation(measured.orientation);
    Ok((measured, cleaned, pixels))
}

/// A picture to be kept as it came, without what it told beside the picture.
pub(crate) fn keep(
    format: ImageFormat,
    file: impl BufRead + Seek,
    pixels_max: u64,
) -> Result<Picture, MediaError> {
    let (measured, bytes, pixels) = open(format, file, pixels_max)?;
    let (w, h) = measured.size;
    let small = w.max(h) <= THUMB_SIDE && bytes.len() <= SMALL_BYTES;
    let thumb = if small { None } else { Some(thumb(&pixels)?) };
    Ok(Picture { bytes, size: measured.size, thumb })
}

/// The small picture. What can be seen through stays so.
fn thumb(pixels: &DynamicImage) -> Result<Vec<u8>, MediaError> {
    let small = if pixels.width().max(pixels.height()) > THUMB_SIDE {
        pixels.thumbnail(THUMB_SIDE, THUMB_SIDE)
    } else {
        pixels.clone()
    };
    let clear = small.color().has_alpha() && small.to_rgba8().pixels().any(|p| p.0[3] < 255);
    let mut out = Vec::new();
    if clear {
        let encoder = WebPEncoder::new_lossless(&mut out);
        small.to_rgba8().write_with_encoder(encoder).map_err(unreadable)?;
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut out, THUMB_QUALITY);
        small.to_rgb8().write_with_encoder(encoder).map_err(unreadable)?;
    }
    Ok(out)
}

/// The type of a small picture.
pub(crate) fn thumb_mime(head: &[u8]) -> &'static str {
    if head.starts_with(b"RIFF") { "image/webp" } else { "image/jpeg" }
}

/// A user's picture: the middle, on white, of one size.
pub(crate) fn avatar(
    format: ImageFormat,
    file: impl BufRead + Seek,
    pixels_max: u64,
) -> Result<Avatar, MediaError> {
    let (_, _, pixels) = open(format, file, pixels_max)?;
    let square = pixels.resize_to_fill(AVATAR_SIDE, AVATAR_SIDE, FilterType::Triangle).to_rgba8();
    let mut flat = RgbImage::new(AVATAR_SIDE, AVATAR_SIDE);
    for (to, from) in flat.pixels_mut().zip(square.pixels()) {
        let [r, g, b, a] = from.0.map(u16::from);
        let over = |c: u16| u8::try_from((c * a + 255 * (255 - a)) / 255).unwrap_or(u8::MAX);
        *to = Rgb([over(r), over(g), over(b)]);
    }
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, AVATAR_QUALITY);
    flat.write_with_encoder(encoder).map_err(unreadable)?;
    Ok(Avatar { bytes, side: AVATAR_SIDE })
}
