//! What must not pass as something else: the bad input that the issue names.

use image::ImageFormat;
use magpie_media::{MediaError, Usage};

use crate::{
    samples,
    world::{World, wanted},
};

#[tokio::test]
async fn what_could_run_in_a_page_is_bytes_to_save_whatever_its_name() {
    let world = World::new();
    let polyglot = [b"GIF89a/*".as_slice(), b"*/=1;alert(1)//<script>"].concat();
    let cases: [(&str, &[u8]); 6] = [
        ("a.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"),
        ("a.png", b"<?xml version=\"1.0\"?><svg onload=\"alert(1)\"></svg>"),
        ("cat.jpg", b"<!DOCTYPE html><html><script>alert(1)</script></html>"),
        ("a.js", b"<!--\nalert(1)//"),
        ("a.txt", b"hello <img src=x onerror=alert(1)>"),
        ("a.mp4", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    ];
    for (name, bytes) in cases {
        let (_, told) = world.upload(name, bytes).await;
        assert_eq!(told["type"], "application/octet-stream", "{name}");
        assert!(told.get("w").is_none(), "{name} has no size to be shown in");
        let id = magpie_proto::MediaId::parse(told["id"].as_str().unwrap()).unwrap();
        let file = world.depot.open_file(id, magpie_media::Variant::File).await.unwrap().unwrap();
        assert!(!file.kind.inline, "{name}");
    }
    // It begins like a picture and is none.
    let done = world.try_upload(wanted("p.gif", polyglot.len()), &polyglot).await;
    assert!(matches!(done, Err(MediaError::Refused { .. })), "{done:?}");
}

#[tokio::test]
async fn a_page_behind_a_whole_picture_is_cut_off() {
    let world = World::new();
    for format in [ImageFormat::Gif, ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let bytes = [samples::picture(format), b"<script>alert(1)</script>".to_vec()].concat();
        let (media, _) = world.upload("p", &bytes).await;
        let path = world.folder.path().join(&media.id.to_string()[..2]).join(media.id.to_string());
        let kept = std::fs::read(path).unwrap();
        assert!(!kept.windows(8).any(|w| w == b"<script>"), "{format:?}");
    }
}

#[tokio::test]
async fn a_recording_that_was_cut_is_refused_where_its_container_tells() {
    let world = World::new();
    let cases = [
        ("clip.mp4", samples::mp4(b"vide"), "video/mp4"),
        ("voice.m4a", samples::mp4(b"soun"), "audio/mp4"),
        ("voice.ogg", samples::ogg(), "audio/ogg"),
        ("voice.wav", samples::wav(), "audio/wav"),
    ];
    for (name, bytes, mime) in cases {
        let (_, told) = world.upload(name, &bytes).await;
        assert_eq!(told["type"], mime);
        let cut = bytes.len() - 7;
        let done = world.try_upload(wanted(name, cut), &bytes[..cut]).await;
        assert!(matches!(done, Err(MediaError::Refused { reason: "cut", .. })), "{name}: {done:?}");
    }
    // A live recording never knew its length: it is kept as it was recorded.
    let voice = samples::webm_voice();
    let mut live = wanted("voice.webm", voice.len());
    live.ms = Some(3_200);
    live.wave = Some(vec![0, 50, 100]);
    let media = world.try_upload(live, &voice).await.unwrap();
    let told: serde_json::Value = serde_json::from_str(&media.descriptor).unwrap();
    assert_eq!((&told["type"], &told["ms"]), (&"audio/webm".into(), &3_200.into()));
    assert_eq!(told["wave"], serde_json::json!([0, 50, 100]));
}

#[tokio::test]
async fn a_name_reaches_the_descriptor_tidy_and_the_disk_never() {
    let world = World::new();
    for name in ["../../../etc/cron.d/x", "..\\x.txt", "a\0b.txt", "CON", "evil\u{202e}gpj.exe"] {
        let (media, told) = world.upload(name, b"hello").await;
        let kept = told["name"].as_str().unwrap();
        assert!(!kept.contains(['/', '\\', '\0', '\u{202e}']), "{kept:?}");
        assert!(world.files().iter().any(|path| path.ends_with(media.id.to_string())));
    }
    let root = world.folder.path().canonicalize().unwrap();
    assert!(world.files().iter().all(|path| path.canonicalize().unwrap().starts_with(&root)));
}

#[tokio::test]
async fn a_poster_is_ones_own_finished_picture() {
    let world = World::new();
    let picture = samples::picture(ImageFormat::Jpeg);
    let mut poster = wanted("poster.jpg", picture.len());
    poster.usage = Usage::Poster;
    let poster = world.try_upload(poster, &picture).await.unwrap();
    let film = samples::mp4(b"vide");
    let mut clip = wanted("clip.mp4", film.len());
    clip.poster = Some(poster.id);
    let media = world.try_upload(clip.clone(), &film).await.unwrap();
    let told: serde_json::Value = serde_json::from_str(&media.descriptor).unwrap();
    let still = serde_json::json!({"id": poster.id.to_string(), "w": 60, "h": 40});
    assert_eq!((told["poster"].clone(), media.poster), (still, Some(poster.id)));
    let other = world.depot.create(&crate::world::id("翠花"), clip.clone()).await;
    assert!(matches!(other, Err(MediaError::Unknown)), "{other:?}");
    let text = world.upload("a.txt", b"hello").await.0;
    clip.poster = Some(text.id);
    assert!(matches!(world.try_upload(clip, &film).await, Err(MediaError::Bad(_))));
}
