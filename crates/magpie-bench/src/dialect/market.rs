//! Second-hand market: objects `{"fromOpenid","toOpenid","content"}`, one socket for each chat.

use super::{Route, delivery};
use crate::engine::{
    frame::push_with,
    protocol::{Ability, Incoming, Login, Outgoing, Protocol, Request, To},
};

/// The dialect.
#[derive(Debug)]
pub(super) struct Market(pub(super) Route);

impl Protocol for Market {
    fn name(&self) -> &'static str {
        "market"
    }

    fn request(&self, login: &Login) -> Request {
        self.0.request(self, login)
    }

    fn send(&self, message: &Outgoing<'_>, out: &mut Vec<u8>) -> Ability {
        let to = match message.to {
            To::User(index) => self.user(index),
            To::Everyone => "-1".to_owned(),
            To::Desk => return Ability::Absent,
        };
        push_with(out, |out| {
            out.extend_from_slice(br#"{"fromOpenid":""#);
            out.extend_from_slice(self.user(message.stamp.from).as_bytes());
            out.extend_from_slice(br#"","toOpenid":""#);
            out.extend_from_slice(to.as_bytes());
            out.extend_from_slice(br#"","content":""#);
            out.extend_from_slice(message.text);
            out.extend_from_slice(br#""}"#);
        });
        Ability::Done
    }

    fn read<'a>(&self, payload: &'a [u8], take: &mut dyn FnMut(Incoming<'a>)) {
        if payload.starts_with(br#"{"type":"notice","code""#) {
            take(Incoming::Refused(payload));
        } else {
            take(delivery(payload));
        }
    }
}
