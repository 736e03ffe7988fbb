//! Post 003: payment results at `/webSocket/{userId}/{carwashId}`. The backend's text goes out as
//! it is; what the page sends is ignored. The last result waits for a page that opens late.

use std::{borrow::Cow, sync::Arc};

use magpie_core::{Delivery, Dialect, Event, model::ChannelValue, port::store::WriteResult};

use crate::{
    conn::{Conn, Mark},
    dialects::{
        DialectDoor, Spot, inbound, object,
        replay::{self, Source},
    },
    door::Door,
    gate::Gate,
    native,
    outbox::Pushed,
    ws::frame,
};

/// The dialect.
pub struct Carwash;

/// The one door of it.
pub static CARWASH: Carwash = Carwash;

impl Door for Carwash {
    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Carwash)
    }

    fn opened(&self, gate: &Arc<Gate>, conn: &Arc<Conn>) {
        gate.register(conn);
        replay::start(gate, conn, Source::Channel, |_, _, _| None);
    }

    fn text(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, text: &str) {
        // Ignored, but not for free.
        if let Some(identity) = conn.identity()
            && inbound::fits(gate, conn, text)
        {
            inbound::charge(gate, conn, identity);
        }
    }

    fn wants(&self, conn: &Conn, _siblings: &[Arc<Conn>], delivery: &Delivery) -> bool {
        match &delivery.event {
            Some(Event::Push { value, .. }) => {
                let place = conn.identity().map(|identity| &identity.place);
                place.is_some_and(|place| place.channel() == Some(&*value.channel))
            }
            Some(Event::Kick { .. }) => true,
            _ => false,
        }
    }

    fn deliver(&self, conn: &Conn, delivery: &Delivery, _is_origin: bool) {
        match &delivery.event {
            Some(Event::Push { value, stored: true }) => put(conn, value, Some(delivery.position)),
            Some(Event::Push { value, stored: false }) => {
                if let Some(text) = text_of(&value.data) {
                    conn.outbox.push_ephemeral(|_| frame::text(&text));
                }
            }
            Some(Event::Kick { device, code, .. }) => {
                native::end_if_kicked(conn, device.as_deref(), *code);
            }
            _ => {}
        }
    }

    fn reply(&self, conn: &Conn, r: u64, result: &WriteResult) {
        // These pages send nothing: only a replay waits for an answer.
        inbound::answered(conn, r, result);
    }

    fn proved(&self, gate: &Arc<Gate>, conn: &Arc<Conn>, marks: Vec<Mark>) {
        replay::proved(gate, conn, marks);
    }

    fn closing(&self, _gate: &Arc<Gate>, conn: &Arc<Conn>) {
        conn.progress(|progress| progress.tell_settled());
    }
}

impl DialectDoor for Carwash {
    fn spot(&self, parts: &[String]) -> Option<Spot> {
        let [user, channel] = parts else { return None };
        let (user, channel) = (integer(user)?, integer(channel)?);
        // -1 is never a user: no result of his can ever come.
        (user != -1).then(|| Spot {
            user: Some(user.to_string()),
            peer: None,
            channel: Some(channel.to_string().into()),
        })
    }
}

/// A 32-bit integer as the post reads it: a sign and digits, leading zeros allowed.
pub(crate) fn integer(part: &str) -> Option<i32> {
    part.parse().ok()
}

/// The text of a pushed value; a value that is no string is not for these pages.
pub(crate) fn text_of(data: &str) -> Option<Cow<'static, str>> {
    object::string(data).map(Cow::Owned)
}

/// Puts a held value on a page unless it was put there before. `position`: live, in its order
/// with the replay; a replay itself has none.
pub(crate) fn put(conn: &Conn, value: &ChannelValue, position: Option<u64>) {
    let Some(text) = text_of(&value.data) else { return };
    let mut queued = false;
    conn.progress(|progress| {
        if progress.channel_version >= value.version {
            return;
        }
        // Every result counts on its own: none is overwritten by the next one.
        let pushed = match position {
            Some(position) => conn.outbox.push_durable(|| frame::text(&text), position),
            None => conn.outbox.push(frame::text(&text)),
        };
        queued = pushed == Pushed::Queued;
        if queued {
            progress.channel_version = value.version;
        } else if pushed == Pushed::Noted {
            progress.noted_version = value.version;
        }
    });
    if queued {
        conn.prove(Mark::Channel(value.channel.clone(), value.version));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn spot(user: &str, wash: &str) -> Option<(String, String)> {
        let spot = CARWASH.spot(&[user.to_owned(), wash.to_owned()])?;
        Some((spot.user?, spot.channel?.into()))
    }

    #[test]
    fn ids_are_32_bit_integers_and_leading_zeros_mean_nothing() {
        assert_eq!(spot("17", "2"), Some(("17".into(), "2".into())));
        assert_eq!(spot("007", "002"), Some(("7".into(), "2".into())));
        assert_eq!(spot("2147483647", "-2147483648").unwrap().0, "2147483647");
        assert_eq!(spot("-5", "+3"), Some(("-5".into(), "3".into())));
        for (user, wash) in
            [("x", "2"), ("17", "2.0"), ("", "1"), ("2147483648", "1"), ("１7", "2"), ("-1", "2")]
        {
            assert_eq!(spot(user, wash), None, "{user}/{wash}");
        }
    }

    #[test]
    fn only_text_reaches_a_page_that_prints_every_frame() {
        assert_eq!(text_of(r#""0_扣费成功_剩余次数: 5""#).unwrap(), "0_扣费成功_剩余次数: 5");
        assert_eq!(text_of(r#"{"code":0}"#), None);
        assert_eq!(text_of("5"), None);
    }
}
