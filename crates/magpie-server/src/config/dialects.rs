//! Sections `dialects` and `dialects.*`: the protocols of old clients.

use magpie_core::Dialect;

use super::{
    setting::{Raw, Setting, names, quote},
    table::section,
};

names! {
    /// How the caller of a dialect route proves who he is.
    pub enum Mode {
        /// `?token=` with a short-lived token.
        #[default]
        Token = "token",
        /// A signature of the path in the query.
        Signed = "signed",
        /// Not at all.
        Open = "open",
    }
    kind "one of \"token\", \"signed\", \"open\""
}

impl Setting for Dialect {
    const KIND: &'static str =
        "one of \"market\", \"miao\", \"miniapp\", \"carwash\", \"helpdesk\"";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let wrong = || raw.expected(<Self as Setting>::KIND);
        let text = String::read(raw).ok().ok_or_else(wrong)?;
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == text).ok_or_else(wrong)
    }

    fn show(&self) -> Option<String> {
        Some(quote(self.as_str()))
    }
}

section! {
    /// Routes for old clients that keep their own protocol; see `docs/compat.md`.
    Dialects, "dialects" {
        /// How callers prove who they are: `token` (a short-lived token as `?token=` on the address),
        /// `signed` (a signature of the path in the query) or `open` (not at all: development only,
        /// refused on an address other than loopback unless `--dev-allow-remote` is given).
        mode: Mode = Mode::Token;
        /// Which dialects are served.
        enabled: Vec<Dialect> = Dialect::ALL.to_vec();
    }
}

section! {
    /// Second-hand market chat at `/wx/{fromOpenid}/{toOpenid}`.
    Market, "dialects.market" {
        /// Put before the ids of this dialect, so that its user 7 is not another dialect's user 7.
        id_prefix: String = String::new();
        /// Messages to someone who has neither answered nor connected; 0 sets no limit.
        stranger_limit: u32 = 3, in 0..=1_000_000;
    }
}

section! {
    /// Chat between two ids at `/ws/{userId}/{target}`.
    Miao, "dialects.miao" {
        /// Put before the ids of this dialect, so that its user 7 is not another dialect's user 7.
        id_prefix: String = String::new();
    }
}

section! {
    /// Mini-program chat and notices at `/websocket/{userId}`.
    Miniapp, "dialects.miniapp" {
        /// Put before the ids of this dialect, so that its user 7 is not another dialect's user 7.
        id_prefix: String = String::new();
        /// Let every user send to everyone connected; otherwise only those with the permission
        /// `broadcast` may.
        broadcast: bool = false;
        /// Send a message also back to the socket that it came from.
        echo: bool = false;
    }
}

section! {
    /// Payment results at `/webSocket/{userId}/{carwashId}`.
    Carwash, "dialects.carwash" {
        /// Put before the ids of this dialect, so that its user 7 is not another dialect's user 7.
        id_prefix: String = String::new();
        /// Seconds for which a result is kept for a page that opens late.
        hold_s: u64 = 600, in 0..=2_592_000;
    }
}

section! {
    /// Customer service at `/webSocket/{userId}`.
    Helpdesk, "dialects.helpdesk" {
        /// Put before the ids of this dialect, so that its user 7 is not another dialect's user 7.
        id_prefix: String = String::new();
        /// Send every message to everybody, as the original did; otherwise a visitor talks with the
        /// agents only.
        broadcast: bool = false;
        /// Seconds after the last message at which a connection ends.
        lease_s: u64 = 7_200, in 10..=604_800;
        /// Offset from UTC of the times shown to these clients, like `+08:00`.
        timezone: UtcOffset = UtcOffset { minutes: 480 };
        /// The name under which agents appear.
        agent_name: String = "人工客服".to_owned();
        /// Address of the picture with which agents appear.
        agent_avatar: String = String::new();
    }
}

/// A fixed offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UtcOffset {
    /// Minutes east of Greenwich; negative in the west.
    pub minutes: i32,
}

impl Setting for UtcOffset {
    const KIND: &'static str = "an offset from UTC, like \"+08:00\"";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let wrong = || raw.expected(Self::KIND);
        let text = String::read(raw).ok().ok_or_else(wrong)?;
        let (sign, rest) = match text.split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => return Err(wrong()),
        };
        let two_digits = |part: &str| {
            (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| part.parse::<i32>().ok())
        };
        let (hours, minutes) = rest.split_once(':').ok_or_else(wrong)?;
        match (two_digits(hours).flatten(), two_digits(minutes).flatten()) {
            (Some(hours @ 0..=14), Some(minutes @ 0..=59)) => {
                Ok(Self { minutes: sign * (hours * 60 + minutes) })
            }
            _ => Err(wrong()),
        }
    }

    fn show(&self) -> Option<String> {
        let sign = if self.minutes < 0 { '-' } else { '+' };
        let minutes = self.minutes.abs();
        Some(quote(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_offset_is_read_and_written_back() {
        for (text, minutes) in [("+08:00", 480), ("-03:30", -210), ("+00:00", 0), ("+14:00", 840)] {
            let offset = UtcOffset::read(Raw::Text(text)).unwrap();
            assert_eq!(offset.minutes, minutes);
            assert_eq!(offset.show().unwrap(), format!("\"{text}\""));
        }
        for text in
            ["", "8", "+8:00", "08:00", "+15:00", "+08:60", "+08", "Asia/Shanghai", "+0８:00"]
        {
            assert!(UtcOffset::read(Raw::Text(text)).is_err(), "{text}");
        }
    }
}
