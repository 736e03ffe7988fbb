//! One good call for every operation: the table that the rules walk over. An operation that is
//! missing here fails every rule.

use magpie_api::Demo;
use serde_json::{Value, json};

use crate::world::{
    ROOT, Setup, World, contract, direct, id,
    uploads::{BOUNDARY, UPLOADS},
};

/// Headers and bytes of a call that is no JSON.
type Raw = (&'static [(&'static str, &'static str)], &'static [u8]);

/// A call that succeeds in [`world`].
pub struct Sample {
    pub operation: contract::Operation,
    pub path: String,
    pub body: Option<Value>,
    /// Headers and bytes of a call that is no JSON.
    pub raw: Option<Raw>,
    pub status: u16,
}

impl Sample {
    /// The scope that the document names; `None` for public routes.
    pub fn scope(&self) -> Option<&str> {
        let security = self.operation.value["security"].as_array()?;
        security.iter().find_map(|entry| entry["api_key"][0].as_str())
    }

    /// Whether nobody but a user may come.
    pub fn is_for_users_only(&self) -> bool {
        self.scope().is_none() && self.takes_user_tokens()
    }

    /// What opens it.
    pub fn credential(&self, world: &World) -> String {
        if self.is_for_users_only() { world.token("小明") } else { ROOT.to_owned() }
    }

    /// Whether a user may come with a token of his own.
    pub fn takes_user_tokens(&self) -> bool {
        let security = self.operation.value["security"].as_array();
        security.is_some_and(|list| list.iter().any(|entry| entry.get("user_token").is_some()))
    }
}

/// A world where every sample succeeds: a demo, one message from 翠花 to 小明, and his phone.
pub async fn world() -> World {
    let demo = Demo { users: vec![id("小明"), id("翠花")], token_ttl_s: 3_600 };
    let world = World::with(Setup { demo: Some(demo), ..Setup::default() });
    world.say("翠花", "小明", "嗨").await;
    let push = json!({"user": "小明", "channel": "2", "data": {"step": 1}});
    world.json("POST", "/v1/push", &push).await.ok();
    world.sign_in("小明", "phone", "Chrome on Linux").await;
    UPLOADS.prepare(&world).await;
    world
}

/// 小明 as he stands in an address.
pub const XM: &str = "%E5%B0%8F%E6%98%8E";

fn call(operation: &str) -> (String, Option<Value>, u16) {
    let c = direct("小明", "翠花");
    let own = format!("/v1/users/{XM}");
    match operation {
        "list_users" => ("/v1/users".into(), None, 200),
        "put_user" => (own, Some(json!({"name": "小明"})), 200),
        "get_user" => (own, None, 200),
        "ban_user" => ("/v1/users/17/ban".into(), None, 200),
        "unban_user" => ("/v1/users/17/unban".into(), None, 200),
        "kick_user" => (own + "/kick", Some(json!({"device": "phone"})), 200),
        "list_blocks" => (own + "/blocks", None, 200),
        "put_block" | "delete_block" => (own + "/blocks/17", None, 204),
        "create_token" => ("/v1/tokens".into(), Some(json!({"user": "小明", "ttl_s": 60})), 201),
        "create_dialect_link" => {
            let body = json!({"dialect": "carwash", "path": ["17", "2"], "ttl_s": 600});
            ("/v1/dialect-links".into(), Some(body), 201)
        }
        "send_message" => {
            let body = json!({"from": "小明", "to": "翠花", "text": "在吗"});
            ("/v1/messages".into(), Some(body), 201)
        }
        "list_messages" => (format!("{own}/conversations/{c}/messages"), None, 200),
        "list_conversations" => (own + "/conversations", None, 200),
        "get_conversation" => (format!("{own}/conversations/{c}"), None, 200),
        "delete_conversation" => (format!("{own}/conversations/{c}"), None, 204),
        "read_conversation" => {
            (format!("{own}/conversations/{c}/read"), Some(json!({"seq": 1})), 200)
        }
        "list_changes" => (format!("{own}/conversations/{c}/changes?after=0"), None, 200),
        "recall_message" => (format!("/v1/conversations/{c}/messages/1"), None, 204),
        "edit_message" => {
            (format!("/v1/conversations/{c}/messages/1"), Some(json!({"text": "嗨!"})), 204)
        }
        "list_devices" => (own + "/devices", None, 200),
        "sign_out_device" => (own + "/devices/phone", None, 204),
        "explain_unread" => (format!("{own}/conversations/{c}/unread"), None, 200),
        "list_presence" => ("/v1/presence".into(), None, 200),
        "get_presence" => (own + "/presence", None, 200),
        "create_push" => {
            let body = json!({"user": "17", "channel": "2", "data": "0_扣费成功_剩余次数: 5"});
            ("/v1/push".into(), Some(body), 200)
        }
        "create_push_batch" => {
            let item = json!({"user": "17", "channel": "2", "data": "0_扣费成功_剩余次数: 5"});
            ("/v1/push/batch".into(), Some(json!({"items": [item]})), 200)
        }
        "list_channels" => (own + "/channels", None, 200),
        "get_channel" => (own + "/channels/2", None, 200),
        "create_broadcast" => ("/v1/broadcast".into(), Some(json!({"text": "维护"})), 200),
        other => apart(other).unwrap_or_else(|| {
            panic!("the operation {other} has no sample: add one here and a test file for it")
        }),
    }
}

/// The same for files, the demo and the probes.
fn apart(operation: &str) -> Option<(String, Option<Value>, u16)> {
    Some(match operation {
        "create_media" => {
            let body = json!({"name": "cat.jpg", "size": 12_345, "use": "message"});
            ("/v1/media".into(), Some(body), 201)
        }
        "create_media_links" => {
            let body = json!({"ids": [UPLOADS.done.to_string()]});
            ("/v1/media/links".into(), Some(body), 200)
        }
        "get_upload" => (UPLOADS.address("content", UPLOADS.begun), None, 200),
        "put_upload" | "post_upload" | "delete_upload" => {
            (UPLOADS.address("content", UPLOADS.begun), None, 204)
        }
        "complete_media" => (UPLOADS.address("complete", UPLOADS.ready), None, 200),
        "get_media_file" => (UPLOADS.address("file", UPLOADS.done), None, 200),
        "get_media_thumb" => (UPLOADS.address("thumb", UPLOADS.done), None, 200),
        "get_avatar" => (format!("/v1/avatars/{}", UPLOADS.avatar), None, 200),
        "get_info" => ("/v1/info".into(), None, 200),
        "list_demo_users" => ("/v1/demo/users".into(), None, 200),
        "demo_sign_in" => ("/v1/demo/sign-in".into(), Some(json!({"user": "小明"})), 200),
        "healthz" => ("/healthz".into(), None, 200),
        "readyz" => ("/readyz".into(), None, 200),
        "metrics" => ("/metrics".into(), None, 200),
        "openapi" => ("/openapi.json".into(), None, 200),
        _ => return None,
    })
}

/// What a call carries that is no JSON: the five bytes of the upload that is begun.
fn raw(operation: &str) -> Option<Raw> {
    match operation {
        "put_upload" => Some((&[("upload-offset", "0")], b"hello")),
        "post_upload" => Some((
            &[("content-type", BOUNDARY)],
            b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhello\r\n--x--\r\n",
        )),
        _ => None,
    }
}

/// Every operation of the document.
pub fn all() -> Vec<Sample> {
    let each = contract::operations().into_iter().map(|operation| {
        let (path, body, status) = call(&operation.id);
        let raw = raw(&operation.id);
        Sample { operation, path, body, raw, status }
    });
    each.collect()
}

/// Sends a sample, with a credential or without.
pub async fn send(world: &World, sample: &Sample, bearer: Option<&str>) -> crate::world::Answer {
    let mut call = world.call(&sample.operation.method, &sample.path);
    if let Some(credential) = bearer {
        call = call.bearer(credential);
    }
    if let Some(body) = &sample.body {
        call = call.body(&body.to_string());
    }
    if let Some((headers, bytes)) = sample.raw {
        call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        call = call.raw_body(bytes.to_vec());
    }
    call.send().await
}
