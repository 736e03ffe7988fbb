//! The native protocol v1 as the engine speaks it: frames put together from pieces, incoming ones
//! told apart by their first bytes and scanned for the few fields that count. No JSON parser.

use crate::engine::{
    frame::{after, decimal, push_decimal, push_with, quoted},
    protocol::{Ability, Incoming, Login, Outgoing, Place, Protocol, Request, To},
    stamp,
};

/// Protocol v1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Native;

/// Requests that no scenario numbers itself.
const SIGN_IN: u64 = 1 << 50;
const PING: u64 = SIGN_IN + 1;

impl Protocol for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn audience(&self) -> Option<&'static str> {
        Some("magpie")
    }

    fn request(&self, _login: &Login) -> Request {
        Request { target: "/v1/ws".to_owned(), subprotocol: Some(magpie_proto::SUBPROTOCOL) }
    }

    fn sign_in(&self, login: &Login, out: &mut Vec<u8>) -> Ability {
        push_with(out, |out| {
            out.extend_from_slice(br#"{"t":"hello","r":"#);
            push_decimal(out, SIGN_IN);
            out.extend_from_slice(br#","token":""#);
            out.extend_from_slice(login.token.as_bytes());
            out.extend_from_slice(br#"","device":"bench","instance":"1"#);
            if !login.cursor.is_empty() {
                out.extend_from_slice(br#"","cursor":""#);
                out.extend_from_slice(&login.cursor);
            }
            out.extend_from_slice(br#""}"#);
        });
        Ability::Done
    }

    fn acks(&self) -> bool {
        true
    }

    fn send(&self, message: &Outgoing<'_>, out: &mut Vec<u8>) -> Ability {
        push_with(out, |out| {
            if message.to == To::Everyone {
                out.extend_from_slice(br#"{"t":"broadcast","r":"#);
                push_decimal(out, message.request);
            } else {
                out.extend_from_slice(br#"{"t":"send","r":"#);
                push_decimal(out, message.request);
                push_receiver(message, out);
            }
            out.extend_from_slice(br#","b":{"k":"text","x":""#);
            out.extend_from_slice(message.text);
            out.extend_from_slice(br#""}}"#);
        });
        Ability::Done
    }

    fn read<'a>(&self, payload: &'a [u8], take: &mut dyn FnMut(Incoming<'a>)) {
        let Some(kind) = payload.strip_prefix(br#"{"t":""#) else {
            return take(Incoming::Other);
        };
        if let Some(rest) = kind.strip_prefix(br#"ack","r":"#) {
            take(Incoming::Ack { request: decimal(rest) });
        } else if let Some(rest) = kind.strip_prefix(br#"msg","c":""#) {
            take(delivery(rest));
        } else if kind.starts_with(br#"broadcast""#) || kind.starts_with(br#"push""#) {
            take(
                stamp::find(kind).map_or(Incoming::Other, |(stamp, _)| Incoming::Delivery {
                    stamp,
                    place: None,
                }),
            );
        } else if kind.starts_with(br#"typing""#) {
            take(Incoming::Typing);
        } else if kind.starts_with(br#"pong""#) {
            take(Incoming::Pong { cursor: quoted(kind, br#""cur":""#).unwrap_or_default() });
        } else if kind.starts_with(br#"sync""#) {
            read_sync(kind, take);
        } else if kind.starts_with(br#"history""#) {
            read_items(kind, take);
            take(reply(payload));
        } else if kind.starts_with(br#"error""#) {
            take(Incoming::Refused(payload));
        } else if kind.starts_with(br#"ok""#) || kind.starts_with(br#"inbox""#) {
            take(reply(payload));
        } else {
            take(Incoming::Other);
        }
    }

    fn ping(&self, out: &mut Vec<u8>) -> Ability {
        push_with(out, |out| {
            out.extend_from_slice(br#"{"t":"ping","r":"#);
            push_decimal(out, PING);
            out.push(b'}');
        });
        Ability::Done
    }

    fn receipt(&self, places: &[Place], out: &mut Vec<u8>) -> Ability {
        push_with(out, |out| {
            out.extend_from_slice(br#"{"t":"receipt","delivered":["#);
            for (index, place) in places.iter().enumerate() {
                out.extend_from_slice(if index == 0 { br#"[""# } else { br#",[""# });
                out.extend_from_slice(&place.conversation);
                out.extend_from_slice(br#"","#);
                push_decimal(out, place.seq);
                out.push(b']');
            }
            out.extend_from_slice(b"]}");
        });
        Ability::Done
    }

    fn typing(&self, to: u32, out: &mut Vec<u8>) -> Ability {
        push_with(out, |out| {
            out.extend_from_slice(br#"{"t":"typing","to":"u"#);
            push_decimal(out, u64::from(to));
            out.extend_from_slice(br#""}"#);
        });
        Ability::Done
    }
}

/// Receiver and idempotency key of a send.
fn push_receiver(message: &Outgoing<'_>, out: &mut Vec<u8>) {
    match message.to {
        To::User(index) => {
            out.extend_from_slice(br#","to":"u"#);
            push_decimal(out, u64::from(index));
        }
        To::Desk | To::Everyone => out.extend_from_slice(br#","to":"desk:"#),
    }
    out.extend_from_slice(br#"","cid":""#);
    push_decimal(out, u64::from(message.stamp.run));
    out.push(b'-');
    push_decimal(out, u64::from(message.stamp.number));
    out.push(b'"');
}

/// A `msg` from its conversation on.
fn delivery(rest: &[u8]) -> Incoming<'_> {
    match stamp::find(rest) {
        Some((stamp, _)) => Incoming::Delivery { stamp, place: place(rest) },
        None => Incoming::Other,
    }
}

/// `0123456789abcdef","seq":12`
fn place(rest: &[u8]) -> Option<Place> {
    let (conversation, rest) = rest.split_first_chunk::<16>()?;
    let seq = decimal(rest.strip_prefix(br#"","seq":"#)?);
    Some(Place { conversation: *conversation, seq })
}

fn reply(payload: &[u8]) -> Incoming<'_> {
    let request = after(payload, br#""r":"#).map_or(0, decimal);
    Incoming::Reply { request, payload }
}

/// A page of a resume: the missed messages of each entry, what was left out, the end.
fn read_sync<'a>(page: &'a [u8], take: &mut dyn FnMut(Incoming<'a>)) {
    let mut rest = page;
    // `last` of an entry repeats its newest message: only `items` count.
    while let Some(at) = memchr::memmem::find(rest, br#""items":["#) {
        rest = read_list(&rest[at + 9..], take);
        if let Some(hole) = rest.strip_prefix(br#"],"hole":["#) {
            let to = memchr::memchr(b',', hole).map_or(0, |comma| decimal(&hole[comma + 1..]));
            let before = &page[..page.len() - rest.len()];
            take(Incoming::Hole { conversation: entry(before), from: decimal(hole), to });
        }
    }
    // The flag stands before the entries.
    let head = &page[..page.len().min(64)];
    if memchr::memmem::find(head, br#""more":true"#).is_none() {
        take(Incoming::SignedIn { cursor: quoted(page, br#""cur":""#).unwrap_or_default() });
    }
}

fn read_items<'a>(page: &'a [u8], take: &mut dyn FnMut(Incoming<'a>)) {
    if let Some(items) = after(page, br#""items":["#) {
        read_list(items, take);
    }
}

/// The messages of a list, and what follows from its closing bracket on. Measured texts hold no
/// brackets.
fn read_list<'a>(list: &'a [u8], take: &mut dyn FnMut(Incoming<'a>)) -> &'a [u8] {
    let end = memchr::memchr(b']', list).unwrap_or(list.len());
    let mut items = &list[..end];
    while let Some(at) = memchr::memmem::find(items, br#"{"c":""#) {
        let message = &items[at + 6..];
        let Some((stamp, behind)) = stamp::find(message) else { break };
        take(Incoming::Delivery { stamp, place: place(message) });
        items = &message[behind..];
    }
    &list[end..]
}

/// The conversation of the last entry that begins in this text.
fn entry(text: &[u8]) -> &[u8] {
    let start = memchr::memmem::rfind(text, br#"{"c":""#).map_or(0, |at| at + 6);
    text.get(start..start + 16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::engine::{
        frame,
        stamp::{Stamp, TEXT_BYTES, Text},
    };

    const STAMP: Stamp = Stamp { run: 9, from: 3, number: 5, due_us: 77 };

    /// What one frame of the server tells.
    fn heard(payload: &str) -> Vec<String> {
        let mut all = Vec::new();
        Native.read(payload.as_bytes(), &mut |what| all.push(format!("{what:?}")));
        all
    }

    fn text() -> String {
        String::from_utf8(Text::new(TEXT_BYTES).with(STAMP).to_vec()).unwrap()
    }

    fn message(seq: u64) -> String {
        let text = text();
        format!(
            r#"{{"c":"1dc8ed6837bc9e7e","seq":{seq},"id":"0193","from":"u3","ts":1,"b":{{"k":"text","x":"{text}"}}}}"#
        )
    }

    fn golden(name: &str) -> String {
        let crates = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let file = |owner| format!("{crates}/{owner}/golden/v1/server/{name}.json");
        let text = std::fs::read_to_string(file("magpie-proto"))
            .or_else(|_| std::fs::read_to_string(file("magpie-gateway")));
        text.unwrap().trim().to_owned()
    }

    /// A frame put together here, read by the protocol's own decoder.
    fn decoded(out: &[u8]) -> magpie_proto::client::Request {
        let mut bytes = out.to_vec();
        bytes[1] &= 0x7f;
        let header = if bytes[1] == 126 { 4 } else { 2 };
        bytes.drain(header..header + 4);
        let (frame::Frame::Message(payload), _) = frame::first(&bytes).unwrap() else {
            panic!("no message");
        };
        magpie_proto::client::decode(std::str::from_utf8(payload).unwrap()).unwrap()
    }

    #[test]
    fn the_golden_frames_of_the_server_are_told_apart() {
        assert_eq!(heard(&golden("ack")), ["Ack { request: 5 }"]);
        assert!(heard(&golden("pong"))[0].starts_with("Pong"));
        assert_eq!(heard(&golden("typing")), ["Typing"]);
        assert!(heard(&golden("error"))[0].starts_with("Refused"));
        assert!(heard(&golden("ok"))[0].starts_with("Reply { request: 8,"));
        assert!(heard(&golden("inbox"))[0].starts_with("Reply { request: 13,"));
        assert!(heard(&golden("sync-nothing"))[0].starts_with("SignedIn"));
        for other in ["ready", "receipt", "presence", "msg", "broadcast", "push", "sync-gap"] {
            assert!(heard(&golden(other)).iter().all(|what| what == "Other"), "{other}");
        }
    }

    #[test]
    fn a_live_message_tells_its_stamp_and_place() {
        let frame = message(12).replacen('{', r#"{"t":"msg","#, 1);
        let mut seen = None;
        Native.read(frame.as_bytes(), &mut |what| seen = Some(format!("{what:?}")));
        let place = Place { conversation: *b"1dc8ed6837bc9e7e", seq: 12 };
        let wanted = Incoming::Delivery { stamp: STAMP, place: Some(place) };
        assert_eq!(seen.unwrap(), format!("{wanted:?}"));
    }

    #[test]
    fn a_measured_push_tells_its_stamp() {
        let text = text();
        let frame = format!(
            r#"{{"t":"push","channel":"live","version":0,"ts":1,"data":{{"k":"text","x":"{text}"}}}}"#
        );
        let wanted = Incoming::Delivery { stamp: STAMP, place: None };
        assert_eq!(heard(&frame), [format!("{wanted:?}")]);
    }

    #[test]
    fn a_resume_tells_each_missed_message_once_and_its_end() {
        let entry = format!(
            r#"{{"c":"1dc8ed6837bc9e7e","kind":"direct","last":{},"items":[{},{}],"hole":[4,9]}}"#,
            message(11),
            message(10),
            message(11)
        );
        let page = |more, end: &str| {
            format!(r#"{{"t":"sync","gap":false,"more":{more}{end},"convs":[{entry},{entry}]}}"#)
        };
        let seen = heard(&page(true, ""));
        let count = |what: &str| seen.iter().filter(|seen| seen.starts_with(what)).count();
        assert_eq!((count("Delivery"), count("Hole"), seen.len()), (4, 2, 6), "{seen:?}");
        assert!(seen[2].contains("from: 4, to: 9"), "{seen:?}");
        let seen = heard(&page(false, r#","cur":"AZ""#));
        assert!(seen.last().unwrap().starts_with("SignedIn"), "{seen:?}");
    }

    #[test]
    fn what_is_sent_is_what_the_server_reads() {
        let mut text = Text::new(TEXT_BYTES);
        let text = text.with(STAMP).to_vec();
        for to in [To::User(4), To::Desk, To::Everyone] {
            let mut out = Vec::new();
            let message = Outgoing { request: 8, stamp: STAMP, to, text: &text };
            assert_eq!(Native.send(&message, &mut out), Ability::Done);
            decoded(&out);
        }
        let login = Login { token: "t".to_owned(), cursor: b"AZ".to_vec(), ..Login::default() };
        let place = Place { conversation: *b"1dc8ed6837bc9e7e", seq: 12 };
        let mut outs = vec![Vec::new(); 4];
        let done = [
            Native.sign_in(&login, &mut outs[0]),
            Native.ping(&mut outs[1]),
            Native.receipt(&[place, place], &mut outs[2]),
            Native.typing(4, &mut outs[3]),
        ];
        assert_eq!(done, [Ability::Done; 4]);
        outs.iter().for_each(|out| drop(decoded(out)));
    }
}
