//! Files made for the tests: real pictures out of the encoder, and recordings as far as their
//! containers go.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

/// A picture that does not compress to nothing.
pub fn colours(w: u32, h: u32) -> DynamicImage {
    let pixel = |x: u32, y: u32| {
        let byte = |n: u32| u8::try_from(n % 256).unwrap();
        Rgb([byte(x * 7 + y), byte(x ^ y), byte(x * y / 3 + 40)])
    };
    RgbImage::from_fn(w, h, pixel).into()
}

pub fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

pub fn picture(format: ImageFormat) -> Vec<u8> {
    encode(&colours(60, 40), format)
}

/// A picture with holes.
pub fn clear_png(w: u32, h: u32) -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        Rgba([200, 10, 10, if (x / 8 + y / 8).is_multiple_of(2) { 0 } else { 255 }])
    };
    encode(&RgbaImage::from_fn(w, h, pixel).into(), ImageFormat::Png)
}

/// An EXIF block with a way up and a place on earth.
fn exif(way_up: u8) -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0\0\0\0".to_vec();
    block[19] = way_up;
    // The GPS tag, and a text that stands for the place.
    block.extend_from_slice(b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x26\0\0\0\0");
    block.extend_from_slice(b"\0\x01\0\x01\0\x02\0\0\0\x02N\0\0\0\0\0\0\0GPS-31.2304N");
    block
}

/// A JPEG as a phone writes it: a way up, a place, XMP, a comment, and a film behind its end.
pub fn phone_jpeg(way_up: u8) -> Vec<u8> {
    let plain = picture(ImageFormat::Jpeg);
    let segment = |marker: u8, body: &[u8]| {
        let len = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], len.as_slice(), body].concat()
    };
    let told = [
        segment(0xe1, &[b"Exif\0\0".as_slice(), &exif(way_up)].concat()),
        segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x>XMP-Shanghai</x>"),
        segment(0xfe, b"COMMENT-by-me"),
    ];
    [&plain[..2], &told.concat(), &plain[2..], b"TRAILER<script>alert(1)</script>"].concat()
}

/// The same as a PNG.
pub fn phone_png(way_up: u8) -> Vec<u8> {
    let plain = picture(ImageFormat::Png);
    let chunk = |name: &[u8], body: &[u8]| {
        let named = [name, body].concat();
        let len = u32::try_from(body.len()).unwrap().to_be_bytes();
        [len.as_slice(), &named, &crc32fast::hash(&named).to_be_bytes()].concat()
    };
    let told = [chunk(b"eXIf", &exif(way_up)), chunk(b"tEXt", b"Comment\0COMMENT-by-me")].concat();
    // Behind the header, which ends at byte 33.
    [&plain[..33], &told, &plain[33..], b"PK\x03\x04TRAILER"].concat()
}

/// A PNG head that announces so many pixels; the rest is hardly there.
pub fn png_bomb(w: u32, h: u32) -> Vec<u8> {
    let mut bytes = picture(ImageFormat::Png);
    bytes[16..20].copy_from_slice(&w.to_be_bytes());
    bytes[20..24].copy_from_slice(&h.to_be_bytes());
    let crc = crc32fast::hash(&bytes[12..29]).to_be_bytes();
    bytes[29..33].copy_from_slice(&crc);
    bytes
}

pub fn one_box(name: &[u8], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap().to_be_bytes();
    [size.as_slice(), name, body].concat()
}

/// A film, or sound alone.
pub fn mp4(track: &[u8]) -> Vec<u8> {
    let handler = one_box(b"hdlr", &[&[0; 8], track, &[0; 12]].concat());
    let parts =
        [one_box(b"ftyp", b"isom\0\0\0\0"), one_box(b"moov", &handler), one_box(b"mdat", &[7; 99])];
    parts.concat()
}

/// What a browser's recorder writes: the length is never told.
pub fn webm_voice() -> Vec<u8> {
    let head = b"\x1aE\xdf\xa3\x88\x42\x82\x84webm\0\x18\x53\x80\x67\xff\x86\x86A_OPUS";
    [head.as_slice(), &[3; 400]].concat()
}

pub fn ogg() -> Vec<u8> {
    let page = [b"OggS\0\x02".as_slice(), &[0; 20], &[1, 60], b"OpusHead", &[5; 52]].concat();
    page.repeat(3)
}

pub fn wav() -> Vec<u8> {
    [b"RIFF".as_slice(), &136_u32.to_le_bytes(), b"WAVEfmt ", &[0; 128]].concat()
}
