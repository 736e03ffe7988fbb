//! Uploads for tests: a depot in a directory that goes with the world, and some that are ready.

use std::{
    io::Cursor,
    sync::{Arc, LazyLock},
};

use magpie_api::Media;
use magpie_auth::{Purpose, SigningSecret, Tickets};
use magpie_core::{Core, port::Ids as _};
use magpie_media::{Depot, Settings, blobs::directory::Directory};
use magpie_proto::MediaId;
use magpie_testkit::SeqIds;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answer, NOW_MS, World};

const SECRET: &str = "test-secret-of-tickets-0123456789-abcdef";
/// The content type of a form whose parts are told apart by `--x`.
pub const BOUNDARY: &str = "multipart/form-data; boundary=x";

pub fn media(core: &Arc<Core>, folder: &TempDir, change: Option<fn(&mut Settings)>) -> Media {
    let mut settings = Settings::new(folder.path());
    if let Some(change) = change {
        change(&mut settings);
    }
    let blobs = Arc::new(Directory::open(folder.path()).unwrap());
    let depot = Arc::new(Depot::open(core.clone(), settings, blobs).unwrap());
    Media { depot, tickets: tickets() }
}

fn tickets() -> Tickets {
    Tickets::new(SigningSecret::from_text("test", SECRET).unwrap())
}

/// A signed address, as the server gives them out.
pub fn address(last: &str, id: MediaId, exp_s: u64) -> String {
    let purpose = match last {
        "content" => Purpose::Content,
        "complete" => Purpose::Complete,
        "file" => Purpose::File,
        _ => Purpose::Thumb,
    };
    format!("/v1/media/{id}/{last}?{}", tickets().sign(purpose, id, exp_s))
}

/// A picture that is wide enough to be made small.
pub fn png() -> Vec<u8> {
    let pixel = |x: u32, y: u32| image::Rgb([u8::try_from((x * 7 + y * 3) % 256).unwrap(); 3]);
    let mut out = Cursor::new(Vec::new());
    image::RgbImage::from_fn(600, 4, pixel).write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

/// The uploads of the samples. Ids count from the seed of the world, so they are known before.
pub struct Uploads {
    /// A finished picture of 小明.
    pub done: MediaId,
    /// A text of five bytes that none has come of.
    pub begun: MediaId,
    /// The same, with all of them.
    pub ready: MediaId,
    /// A picture of 小明 himself.
    pub avatar: MediaId,
}

pub static UPLOADS: LazyLock<Uploads> = LazyLock::new(|| {
    let ids = SeqIds::seeded(1);
    let next = || ids.media_id();
    Uploads { done: next(), begun: next(), ready: next(), avatar: next() }
});

impl Uploads {
    pub fn address(&self, last: &str, id: MediaId) -> String {
        address(last, id, NOW_MS / 1_000 + 600)
    }

    pub async fn prepare(&self, world: &World) {
        let done = world.upload("小明", "cat.png", "message", &png()).await;
        assert_eq!(done["media"]["id"], self.done.to_string(), "something else takes ids, too");
        let begun = world.announce("小明", "a.txt", "message", 5).await;
        assert_eq!(begun["id"], self.begun.to_string());
        let ready = world.announce("小明", "b.txt", "message", 5).await;
        world.put(ready["upload"].as_str().unwrap(), 0, b"hello").await.ok();
        assert_eq!(ready["id"], self.ready.to_string());
        let avatar = world.upload("小明", "me.png", "avatar", &png()).await;
        assert_eq!(avatar["media"]["id"], self.avatar.to_string());
    }
}

impl World {
    /// Announces an upload.
    pub async fn announce(&self, user: &str, name: &str, usage: &str, size: usize) -> Value {
        let body = json!({"name": name, "size": size, "use": usage});
        let call = self.call("POST", "/v1/media").bearer(&self.token(user));
        call.body(&body.to_string()).send().await.ok()
    }

    /// Writes a piece.
    pub async fn put(&self, upload: &str, offset: u64, bytes: &[u8]) -> Answer {
        let call = self.call("PUT", upload).header("upload-offset", &offset.to_string());
        call.raw_body(bytes.to_vec()).send().await
    }

    /// An upload from its beginning to its end.
    pub async fn upload(&self, user: &str, name: &str, usage: &str, bytes: &[u8]) -> Value {
        let made = self.announce(user, name, usage, bytes.len()).await;
        self.put(made["upload"].as_str().unwrap(), 0, bytes).await.ok();
        self.call("POST", made["complete"].as_str().unwrap()).send().await.ok()
    }

    /// The addresses that a user gets for an upload.
    pub async fn links(&self, user: &str, id: &Value) -> Value {
        let body = json!({"ids": [id]});
        let call = self.call("POST", "/v1/media/links").bearer(&self.token(user));
        call.body(&body.to_string()).send().await.ok()["links"].clone()
    }
}
