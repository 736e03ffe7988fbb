//! The five old protocols as their pages speak them, so that one scenario can be run against
//! Magpie and against the servers that it replaces. They have no acknowledgement: a delivery is
//! the only answer, and the only thing that is verified. Nothing here proves who it is.

mod carwash;
mod helpdesk;
mod market;
mod miao;
mod miniapp;

use std::rc::Rc;

use anyhow::{Result, bail};

use crate::engine::{
    protocol::{Incoming, Login, Protocol, Request},
    stamp,
};

/// The names, as documents use them.
pub(crate) const NAMES: [&str; 5] = ["market", "miao", "miniapp", "carwash", "helpdesk"];

/// The protocol of this name; `path` replaces its address, with `{user}` and `{peer}` in it.
pub(crate) fn by_name(name: &str, path: Option<&str>) -> Result<Option<Rc<dyn Protocol>>> {
    let route = |usual: &'static str| Route::new(path.unwrap_or(usual));
    Ok(Some(match name {
        "market" => Rc::new(market::Market(route("/wx/{user}/{peer}")?)),
        "miao" => Rc::new(miao::Miao(route("/ws/{user}/{peer}")?)),
        "miniapp" => Rc::new(miniapp::Miniapp(route("/websocket/{user}")?)),
        "carwash" => Rc::new(carwash::Carwash(route("/webSocket/{user}/2")?)),
        "helpdesk" => Rc::new(helpdesk::Helpdesk(route("/webSocket/{user}")?)),
        _ => return Ok(None),
    }))
}

/// Settings with which Magpie serves a dialect as the old servers did: whoever the path names,
/// everybody may speak to all, and nobody is a stranger.
pub(crate) fn settings(name: &str) -> &'static [(&'static str, &'static str)] {
    if NAMES.contains(&name) {
        &[
            ("MAGPIE_DIALECTS__MODE", "open"),
            ("MAGPIE_DIALECTS__MARKET__STRANGER_LIMIT", "1000000"),
            ("MAGPIE_DIALECTS__MINIAPP__BROADCAST", "true"),
            ("MAGPIE_DIALECTS__HELPDESK__BROADCAST", "true"),
        ]
    } else {
        &[]
    }
}

/// An address with places for the two users.
#[derive(Debug, Clone)]
struct Route(String);

impl Route {
    fn new(template: &str) -> Result<Self> {
        if !template.starts_with('/') || !template.contains("{user}") {
            bail!("--path {template:?}: write it as /wx/{{user}}/{{peer}}, with {{user}} at least");
        }
        Ok(Self(template.to_owned()))
    }

    fn request(&self, protocol: &dyn Protocol, login: &Login) -> Request {
        let target = self.0.replace("{user}", &protocol.user(login.index));
        let target = target.replace("{peer}", &protocol.user(login.peer));
        Request { target, subprotocol: None }
    }
}

/// A number as those dialects want it whose ids are integers: 0 is none.
fn number(index: u32) -> String {
    (u64::from(index) + 1).to_string()
}

/// A measured message, or nothing of interest.
fn delivery(payload: &[u8]) -> Incoming<'_> {
    match stamp::find(payload) {
        Some((stamp, _)) => Incoming::Delivery { stamp, place: None },
        None => Incoming::Other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::engine::{
        frame::{self, Frame},
        protocol::{Ability, Outgoing, To},
        stamp::{Stamp, TEXT_BYTES, Text},
    };

    const STAMP: Stamp = Stamp { run: 9, from: 4, number: 2, due_us: 77 };

    fn dialect(name: &str) -> Rc<dyn Protocol> {
        by_name(name, None).unwrap().unwrap()
    }

    /// The payload of what is sent; `None` when the dialect has no such message.
    fn sent(name: &str, to: To) -> Option<String> {
        let mut out = Vec::new();
        let mut text = Text::new(TEXT_BYTES);
        let message = Outgoing { request: 1, stamp: STAMP, to, text: text.with(STAMP) };
        if dialect(name).send(&message, &mut out) == Ability::Absent {
            assert!(out.is_empty());
            return None;
        }
        assert_eq!(out[1] & 0x80, 0x80, "masked");
        // The mask is zeros: without its bit the server's reader takes it.
        out[1] &= 0x7f;
        let start = 2 + if out[1] == 126 { 2 } else { 0 };
        out.drain(start..start + 4);
        let (frame, length) = frame::first(&out).unwrap();
        assert_eq!(length, out.len());
        let Frame::Message(payload) = frame else { panic!("{frame:?}") };
        Some(String::from_utf8(payload.to_vec()).unwrap())
    }

    fn read(name: &str, payload: &str) -> String {
        let mut seen = String::new();
        dialect(name).read(payload.as_bytes(), &mut |what| seen += &format!("{what:?}"));
        seen
    }

    #[test]
    fn the_address_names_who_opens_and_whom_he_writes_to() {
        let login = Login { index: 4, peer: 5, ..Login::default() };
        let target = |name| dialect(name).request(&login).target;
        assert_eq!(target("market"), "/wx/u4/u5");
        assert_eq!(target("miao"), "/ws/u4/u5");
        assert_eq!(target("miniapp"), "/websocket/u4");
        assert_eq!(target("carwash"), "/webSocket/5/2");
        assert_eq!(target("helpdesk"), "/webSocket/5");
        let own = by_name("market", Some("/app/wx/{user}-{peer}")).unwrap().unwrap();
        assert_eq!(own.request(&login).target, "/app/wx/u4-u5");
    }

    #[test]
    fn an_address_without_its_user_is_refused_with_an_example() {
        for wrong in ["/wx/fixed", "wx/{user}"] {
            let error = by_name("market", Some(wrong)).err().unwrap().to_string();
            assert!(error.contains("/wx/{user}/{peer}"), "{error}");
        }
        assert!(by_name("nonsense", None).unwrap().is_none());
    }

    #[test]
    fn what_is_sent_is_what_the_pages_send() {
        for (name, keys) in [
            ("market", ["fromOpenid", "toOpenid", "content"]),
            ("miniapp", ["formUserId", "toUserId", "message"]),
        ] {
            let text = sent(name, To::User(5)).unwrap();
            let object: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!((&object[keys[0]], &object[keys[1]]), (&"u4".into(), &"u5".into()));
            assert_eq!(object[keys[2]].as_str().unwrap().len(), TEXT_BYTES);
        }
        assert_eq!(sent("miao", To::User(5)).unwrap().len(), TEXT_BYTES);
        assert_eq!(sent("helpdesk", To::Desk).unwrap().len(), TEXT_BYTES);
    }

    #[test]
    fn what_a_dialect_cannot_say_is_absent() {
        assert_eq!(sent("carwash", To::User(5)), None, "its pages only listen");
        assert_eq!(sent("carwash", To::Everyone), None);
        assert_eq!(sent("helpdesk", To::User(5)), None, "a visitor has the desk alone");
        assert_eq!(sent("miao", To::Everyone), None);
        assert_eq!(sent("market", To::Desk), None);
    }

    #[test]
    fn a_broadcast_has_the_form_that_its_old_server_knew() {
        assert!(sent("market", To::Everyone).unwrap().contains(r#""toOpenid":"-1""#));
        assert!(!sent("miniapp", To::Everyone).unwrap().contains("toUserId"));
        assert!(sent("helpdesk", To::Everyone).unwrap().starts_with('#'));
    }

    #[test]
    fn a_delivery_is_recognised_in_each_form() {
        let mut text = Text::new(TEXT_BYTES);
        let text = String::from_utf8(text.with(STAMP).to_vec()).unwrap();
        for (name, payload) in [
            ("market", format!(r#"{{"fromOpenid":"u4","toOpenid":"u5","content":"{text}"}}"#)),
            ("miao", text.clone()),
            ("miniapp", format!(r#"{{"toUserId":"u5","message":"{text}","formUserId":"u4"}}"#)),
            ("carwash", text.clone()),
            ("helpdesk", format!(r#"{{"role":"user","uid":5,"text":"{text}"}}"#)),
        ] {
            let seen = read(name, &payload);
            assert!(seen.contains("Delivery") && seen.contains("due_us: 77"), "{name}: {seen}");
        }
    }

    #[test]
    fn refusals_are_told_apart_from_messages() {
        for (name, payload) in [
            ("market", r#"{"type":"notice","code":"stranger_limit","content":"..."}"#),
            ("miniapp", r#"{"type":"error","message":"..."}"#),
            ("helpdesk", "用户信息不存在!"),
        ] {
            assert!(read(name, payload).contains("Refused"), "{name}");
        }
        assert_eq!(read("miao", "对方不在线"), "Other", "it is kept all the same");
        assert_eq!(read("miniapp", r#"{"type":"notice","message":"停机"}"#), "Other");
    }

    #[test]
    fn heartbeats_are_answered_where_there_are_any() {
        for (name, ping, pong) in [
            ("miniapp", Ability::Done, r#"{"type":"pong"}"#),
            ("helpdesk", Ability::Done, "success"),
            ("market", Ability::Absent, ""),
        ] {
            assert_eq!(dialect(name).ping(&mut Vec::new()), ping);
            if ping == Ability::Done {
                assert!(read(name, pong).contains("Pong"), "{name}");
            }
        }
    }
}
