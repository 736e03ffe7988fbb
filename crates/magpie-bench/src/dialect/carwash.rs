//! Payment results: the page only listens, so it can be opened, reset and counted, not measured
//! in pairs. Ids are integers.

use super::{Route, delivery, number};
use crate::engine::protocol::{Ability, Incoming, Login, Outgoing, Protocol, Request};

/// The dialect.
#[derive(Debug)]
pub(super) struct Carwash(pub(super) Route);

impl Protocol for Carwash {
    fn name(&self) -> &'static str {
        "carwash"
    }

    fn user(&self, index: u32) -> String {
        number(index)
    }

    fn request(&self, login: &Login) -> Request {
        self.0.request(self, login)
    }

    /// Frames from the page are ignored by every server.
    fn send(&self, _message: &Outgoing<'_>, _out: &mut Vec<u8>) -> Ability {
        Ability::Absent
    }

    fn read<'a>(&self, payload: &'a [u8], take: &mut dyn FnMut(Incoming<'a>)) {
        take(delivery(payload));
    }
}
