//! Mini-program chat and notices: objects `{"formUserId","toUserId","message"}` (the spelling of
//! the original), and a heartbeat.

use super::{Route, delivery};
use crate::engine::{
    frame::{self, push_with},
    protocol::{Ability, Incoming, Login, Outgoing, Protocol, Request, To},
};

/// The dialect.
#[derive(Debug)]
pub(super) struct Miniapp(pub(super) Route);

impl Protocol for Miniapp {
    fn name(&self) -> &'static str {
        "miniapp"
    }

    fn request(&self, login: &Login) -> Request {
        self.0.request(self, login)
    }

    fn send(&self, message: &Outgoing<'_>, out: &mut Vec<u8>) -> Ability {
        if message.to == To::Desk {
            return Ability::Absent;
        }
        push_with(out, |out| {
            out.extend_from_slice(br#"{"formUserId":""#);
            out.extend_from_slice(self.user(message.stamp.from).as_bytes());
            // Without a receiver it is for everybody.
            if let To::User(index) = message.to {
                out.extend_from_slice(br#"","toUserId":""#);
                out.extend_from_slice(self.user(index).as_bytes());
            }
            out.extend_from_slice(br#"","message":""#);
            out.extend_from_slice(message.text);
            out.extend_from_slice(br#""}"#);
        });
        Ability::Done
    }

    fn read<'a>(&self, payload: &'a [u8], take: &mut dyn FnMut(Incoming<'a>)) {
        if payload == br#"{"type":"pong"}"# {
            take(Incoming::Pong { cursor: b"" });
        } else if payload.starts_with(br#"{"type":"error""#) {
            take(Incoming::Refused(payload));
        } else {
            take(delivery(payload));
        }
    }

    fn ping(&self, out: &mut Vec<u8>) -> Ability {
        frame::push(out, b"ping");
        Ability::Done
    }
}
