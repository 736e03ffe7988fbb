//! Web chat between two ids: bare text in and out, nothing else.

use super::{Route, delivery};
use crate::engine::{
    frame,
    protocol::{Ability, Incoming, Login, Outgoing, Protocol, Request, To},
};

/// The dialect.
#[derive(Debug)]
pub(super) struct Miao(pub(super) Route);

impl Protocol for Miao {
    fn name(&self) -> &'static str {
        "miao"
    }

    fn request(&self, login: &Login) -> Request {
        self.0.request(self, login)
    }

    /// To whom is said by the address alone.
    fn send(&self, message: &Outgoing<'_>, out: &mut Vec<u8>) -> Ability {
        if !matches!(message.to, To::User(_)) {
            return Ability::Absent;
        }
        frame::push(out, message.text);
        Ability::Done
    }

    fn read<'a>(&self, payload: &'a [u8], take: &mut dyn FnMut(Incoming<'a>)) {
        take(delivery(payload));
    }
}
