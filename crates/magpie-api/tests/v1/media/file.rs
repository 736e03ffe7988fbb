//! `GET /v1/media/{id}/file`

use crate::world::{World, uploads};

const TEXT: &[u8] = b"0123456789";

async fn address(world: &World, name: &str, bytes: &[u8]) -> String {
    let done = world.upload("小明", name, "message", bytes).await;
    world.links("小明", &done["media"]["id"]).await[0]["url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn ranges_are_exact_and_what_is_not_there_is_said() {
    let world = World::new();
    let url = address(&world, "a.txt", TEXT).await;
    let get = async |range: &str| world.call("GET", &url).header("range", range).send().await;
    for (range, told, part) in [
        ("bytes=0-3", "bytes 0-3/10", "0123"),
        ("bytes=9-", "bytes 9-9/10", "9"),
        ("bytes=-2", "bytes 8-9/10", "89"),
        ("bytes=5-500", "bytes 5-9/10", "56789"),
    ] {
        let answer = get(range).await;
        assert_eq!((answer.status, answer.header("content-range")), (206, told), "{range}");
        assert_eq!(
            (answer.text.as_str(), answer.header("content-length")),
            (part, part.len().to_string().as_str())
        );
    }
    let answer = get("bytes=10-").await;
    assert_eq!((answer.status, answer.header("content-range")), (416, "bytes */10"));
    let whole = get("bytes=0-1,4-5").await;
    assert_eq!((whole.status, whole.bytes.as_slice()), (200, TEXT));
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let tag = whole.header("etag").to_owned();
    let call = || world.call("GET", &url);
    let fresh = call().header("if-none-match", &tag).send().await;
    assert_eq!((fresh.status, fresh.text.as_str()), (304, ""));
    let ranged = |tag: &str| call().header("range", "bytes=0-0").header("if-range", tag).send();
    assert_eq!(ranged(&tag).await.status, 206);
    assert_eq!(ranged("\"another\"").await.status, 200);
    let head = world.call("HEAD", &url).send().await;
    assert_eq!((head.header("content-length"), head.text.as_str()), ("10", ""));
}

#[tokio::test]
async fn a_browser_is_told_what_it_may_do_with_it() {
    let world = World::new();
    let html = b"<!DOCTYPE html><script>alert(1)</script>";
    let cases: [(&str, &[u8], &str, &str); 3] = [
        ("猫.png", &uploads::png(), "image/png", "inline"),
        ("猫.jpg", html, "application/octet-stream", "attachment"),
        ("猫.txt", TEXT, "text/plain", "attachment"),
    ];
    for (name, bytes, kind, how) in cases {
        let url = address(&world, name, bytes).await;
        let answer = world.call("GET", &url).send().await;
        assert_eq!(answer.header("content-type"), kind, "{name}");
        let told = answer.header("content-disposition");
        assert!(told.starts_with(&format!("{how}; ")), "{told}");
        assert!(told.contains("filename*=UTF-8''%E7%8C%AB."), "{told}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("sandbox; default-src 'none'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
        assert_eq!(answer.header("cache-control"), "private, max-age=3600, immutable");
        let saved = world.call("GET", &format!("{url}&dl=1")).send().await;
        assert!(saved.header("content-disposition").starts_with("attachment; "), "{name}");
    }
}

#[tokio::test]
async fn an_address_opens_its_own_file_and_no_other_way() {
    let world = World::new();
    let (one, two) = (address(&world, "1", TEXT).await, address(&world, "2", TEXT).await);
    let query = one.split('?').nth(1).unwrap();
    let (path, _) = two.split_once('?').unwrap();
    for wrong in [
        path.to_owned(),
        format!("{path}?{query}"),
        one.replace("/file?", "/thumb?"),
        one.replace("exp=1", "exp=2"),
    ] {
        let answer = world.call("GET", &wrong).bearer(&world.token("小明")).send().await;
        assert_eq!(answer.code(), "unauthorized", "{wrong}");
    }
    for id in ["..%2f..%2fetc%2fpasswd", "%00", "..", "x"] {
        let answer = world.call("GET", &format!("/v1/media/{id}/file?{query}")).send().await;
        assert_eq!(answer.code(), "unknown_media", "{id}");
    }
}
