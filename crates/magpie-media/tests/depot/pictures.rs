//! What becomes of pictures: measured upright, cleaned without a loss, made small, never unpacked
//! over the limit.

use image::{GenericImageView as _, ImageFormat, ImageReader};
use magpie_media::{MediaError, Usage, Variant};
use magpie_proto::ErrorCode;

use crate::{
    samples,
    world::{World, collect, wanted},
};

const FORMATS: [(ImageFormat, &str); 4] = [
    (ImageFormat::Jpeg, "image/jpeg"),
    (ImageFormat::Png, "image/png"),
    (ImageFormat::WebP, "image/webp"),
    (ImageFormat::Gif, "image/gif"),
];

fn unpack(bytes: &[u8], format: ImageFormat) -> image::DynamicImage {
    ImageReader::with_format(std::io::Cursor::new(bytes), format).decode().unwrap()
}

async fn stored(world: &World, told: &serde_json::Value, variant: Variant) -> Vec<u8> {
    let id = magpie_proto::MediaId::parse(told["id"].as_str().unwrap()).unwrap();
    let opened = world.depot.open_file(id, variant).await.unwrap().unwrap();
    let stream = world.depot.stream(&opened, 0..opened.len).await.unwrap().unwrap();
    collect(stream).await
}

#[tokio::test]
async fn each_kind_is_told_with_its_size_and_its_pixels_stay_as_they_are() {
    let world = World::new();
    for (format, mime) in FORMATS {
        let bytes = samples::picture(format);
        let (media, told) = world.upload("p", &bytes).await;
        assert_eq!((told["type"].as_str(), told["w"].as_u64()), (Some(mime), Some(60)), "{told}");
        assert_eq!((told["h"].as_u64(), told.get("thumb")), (Some(40), None), "{told}");
        let kept = stored(&world, &told, Variant::File).await;
        assert_eq!(kept.len() as u64, media.bytes);
        assert_eq!(unpack(&kept, format), unpack(&bytes, format), "{mime}");
    }
}

#[tokio::test]
async fn a_picture_cut_anywhere_is_refused_and_nothing_of_it_stays() {
    let world = World::new();
    for (format, mime) in FORMATS {
        let bytes = samples::picture(format);
        let step = bytes.len() / 40 + 1;
        for cut in (16..bytes.len()).step_by(step).chain([bytes.len() - 1]) {
            let done = world.try_upload(wanted("p", cut), &bytes[..cut]).await;
            let code = done.as_ref().err().map(|error| error.refusal().code);
            assert_eq!(code, Some(ErrorCode::MediaRefused), "{mime} cut at {cut}: {done:?}");
        }
        assert!(world.files().is_empty(), "{mime}: {:?}", world.files());
    }
}

#[tokio::test]
async fn places_comments_and_what_hangs_behind_are_gone_and_the_way_up_is_kept() {
    let world = World::new();
    let cases = [
        ("jpeg", samples::phone_jpeg(6), ImageFormat::Jpeg, 6),
        ("png", samples::phone_png(6), ImageFormat::Png, 6),
        ("jpeg", samples::phone_jpeg(1), ImageFormat::Jpeg, 1),
    ];
    for (name, bytes, format, way_up) in cases {
        let (_, told) = world.upload(name, &bytes).await;
        let shown = if way_up == 6 { (40, 60) } else { (60, 40) };
        let size = (told["w"].as_u64().unwrap(), told["h"].as_u64().unwrap());
        assert_eq!(size, shown, "{name} {way_up}");
        let kept = stored(&world, &told, Variant::File).await;
        for word in ["GPS", "XMP", "COMMENT", "TRAILER", "script"] {
            let found = kept.windows(word.len()).any(|w| w == word.as_bytes());
            assert!(!found, "{name} still tells {word}");
        }
        assert_eq!(unpack(&kept, format), unpack(&bytes, format), "{name}");
        let mut decoder =
            ImageReader::with_format(std::io::Cursor::new(&kept), format).into_decoder().unwrap();
        let orientation = image::ImageDecoder::orientation(&mut decoder).unwrap();
        assert_eq!(orientation.to_exif(), way_up, "{name}");
    }
}

#[tokio::test]
async fn a_large_picture_gets_an_upright_small_one_and_a_clear_one_stays_clear() {
    let world = World::new();
    let wide = samples::encode(&samples::colours(1_200, 300), ImageFormat::Jpeg);
    let (media, told) = world.upload("wide.jpg", &wide).await;
    assert_eq!(told["thumb"], true);
    let thumb = stored(&world, &told, Variant::Thumb).await;
    assert_eq!(unpack(&thumb, ImageFormat::Jpeg).dimensions(), (480, 120));
    assert!(media.bytes > told["size"].as_u64().unwrap(), "the small one counts, too");
    let (_, told) = world.upload("clear.png", &samples::clear_png(900, 900)).await;
    let thumb = stored(&world, &told, Variant::Thumb).await;
    let pixels = unpack(&thumb, ImageFormat::WebP).to_rgba8();
    assert!(pixels.pixels().any(|p| p.0[3] == 0) && pixels.pixels().any(|p| p.0[3] == 255));
}

#[tokio::test]
async fn pixels_are_counted_in_the_head_and_too_many_are_refused() {
    let world = World::new();
    for (w, h) in [(50_000, 50_000), (7_100, 7_100), (u32::MAX, 1), (1, 50_000_001), (0, 5)] {
        let bomb = samples::png_bomb(w, h);
        let done = world.try_upload(wanted("b.png", bomb.len()), &bomb).await;
        let refused = matches!(&done, Err(MediaError::Refused { .. }));
        assert!(refused, "{w} x {h}: {done:?}");
    }
    assert!(world.files().is_empty());
    let world = World::with(|settings| settings.pixels_max = 60 * 40);
    for (format, _) in FORMATS {
        world.upload("p", &samples::picture(format)).await;
        let larger = samples::encode(&samples::colours(61, 40), format);
        let done = world.try_upload(wanted("p", larger.len()), &larger).await;
        assert!(matches!(done, Err(MediaError::Refused { reason: "pixels", .. })), "{done:?}");
    }
}

#[tokio::test]
async fn a_users_picture_is_made_anew_and_is_public() {
    let world = World::new();
    let bytes = samples::clear_png(700, 300);
    let mut avatar = wanted("me.png", bytes.len());
    avatar.usage = Usage::Avatar;
    let media = world.try_upload(avatar.clone(), &bytes).await.unwrap();
    assert!(media.public);
    let told: serde_json::Value = serde_json::from_str(&media.descriptor).unwrap();
    assert_eq!((told["type"].as_str(), told["w"].as_u64()), (Some("image/jpeg"), Some(256)));
    let kept = stored(&world, &told, Variant::File).await;
    assert_eq!(unpack(&kept, ImageFormat::Jpeg).dimensions(), (256, 256));
    // It is kept without a message.
    world.clock.advance_ms(10 * 86_400_000);
    assert_eq!(world.depot.erase_idle().await.unwrap(), 0);
    for bytes in [samples::mp4(b"vide"), b"%PDF-1.7".to_vec()] {
        avatar.size = bytes.len() as u64;
        let done = world.try_upload(avatar.clone(), &bytes).await;
        assert!(matches!(done, Err(MediaError::Refused { reason: "not_a_picture", .. })));
    }
}
