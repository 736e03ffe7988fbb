//! Customer service: bare text in, objects out, and a heartbeat. A visitor has the desk to talk
//! to and nobody else; the old server told everything to everybody. Ids are integers.

use super::{Route, delivery, number};
use crate::engine::{
    frame,
    protocol::{Ability, Incoming, Login, Outgoing, Protocol, Request, To},
};

/// The dialect.
#[derive(Debug)]
pub(super) struct Helpdesk(pub(super) Route);

impl Protocol for Helpdesk {
    fn name(&self) -> &'static str {
        "helpdesk"
    }

    fn user(&self, index: u32) -> String {
        number(index)
    }

    fn request(&self, login: &Login) -> Request {
        self.0.request(self, login)
    }

    fn send(&self, message: &Outgoing<'_>, out: &mut Vec<u8>) -> Ability {
        if matches!(message.to, To::User(_)) {
            return Ability::Absent;
        }
        frame::push(out, message.text);
        Ability::Done
    }

    fn read<'a>(&self, payload: &'a [u8], take: &mut dyn FnMut(Incoming<'a>)) {
        if payload == b"success" {
            take(Incoming::Pong { cursor: b"" });
        } else if payload.starts_with(b"{") {
            take(delivery(payload));
        } else {
            take(Incoming::Refused(payload));
        }
    }

    fn ping(&self, out: &mut Vec<u8>) -> Ability {
        frame::push(out, b"heartbeat");
        Ability::Done
    }
}
