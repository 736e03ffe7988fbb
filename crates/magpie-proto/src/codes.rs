//! The two code tables: error codes of replies and HTTP answers, close codes of sockets.
//! The only place where a code gets its number, its HTTP status and its retry rule.

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same request fails again.
    Never,
    /// A later try may succeed; back off.
    Later,
    /// A try after this many milliseconds may succeed.
    AfterMs(u32),
}

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $status:literal, $retry:expr;)*) => {
        /// Why a request failed. The text form is stable and the same on sockets and over HTTP.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[doc = $doc])+ $name,)* }

        impl ErrorCode {
            /// Every code, for documents and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The stable text.
            #[must_use]
            pub fn as_str(self) -> &'static str { match self { $(Self::$name => $text,)* } }
            /// The HTTP status that carries it.
            #[must_use]
            pub fn http_status(self) -> u16 { match self { $(Self::$name => $status,)* } }
            /// Whether trying again can help.
            #[must_use]
            pub fn retry(self) -> Retry { match self { $(Self::$name => $retry,)* } }
            /// What it means, for the table in the documentation.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)* }
            }
        }
    };
}

error_codes! {
    /// The text is not JSON, or breaks a rule of the JSON that we accept.
    BadJson = "bad_json", 400, Retry::Never;
    /// A field is missing, has the wrong type or an impossible value.
    BadRequest = "bad_request", 400, Retry::Never;
    /// The frame's `t` is not known to this server.
    UnknownType = "unknown_type", 400, Retry::Never;
    /// The first frame of a native connection must be `hello`.
    HelloRequired = "hello_required", 400, Retry::Never;
    /// No token, or one that is not valid here.
    Unauthorized = "unauthorized", 401, Retry::Never;
    /// The token has expired: get a new one.
    TokenExpired = "token_expired", 401, Retry::Never;
    /// This device was signed out; sign in again with a new token.
    SignedOut = "signed_out", 401, Retry::Never;
    /// The caller may not do this.
    Forbidden = "forbidden", 403, Retry::Never;
    /// The page's origin is not on the allow-list.
    OriginRefused = "origin_refused", 403, Retry::Never;
    /// The receiver has blocked the sender.
    Blocked = "blocked", 403, Retry::Never;
    /// Too many messages to someone who has neither answered nor connected.
    StrangerLimit = "stranger_limit", 403, Retry::Later;
    /// The time in which a message may be recalled or edited is over.
    TooLate = "too_late", 403, Retry::Never;
    /// No such route.
    NotFound = "not_found", 404, Retry::Never;
    /// No such user.
    UnknownUser = "unknown_user", 404, Retry::Never;
    /// No such conversation, or the caller is not in it.
    UnknownConversation = "unknown_conversation", 404, Retry::Never;
    /// No such message in this conversation, or the caller cannot see it.
    UnknownMessage = "unknown_message", 404, Retry::Never;
    /// No such upload, or the caller may not use it.
    UnknownMedia = "unknown_media", 404, Retry::Never;
    /// No such call, or the caller is not in it.
    UnknownCall = "unknown_call", 404, Retry::Never;
    /// The route exists, not with this method.
    MethodNotAllowed = "method_not_allowed", 405, Retry::Never;
    /// The same idempotency key came with another body.
    ClientMsgIdReused = "client_msg_id_reused", 409, Retry::Never;
    /// The call was answered on another device, or is over.
    CallTaken = "call_taken", 409, Retry::Never;
    /// This user is in a call already.
    Busy = "busy", 409, Retry::Later;
    /// The bytes do not begin where the upload stands: ask for its offset and go on there.
    UploadOffset = "upload_offset", 409, Retry::Later;
    /// The message was recalled.
    Recalled = "recalled", 410, Retry::Never;
    /// The body or frame is larger than allowed.
    TooLarge = "too_large", 413, Retry::Never;
    /// The user's uploads take all the room that he may have.
    QuotaExceeded = "quota_exceeded", 413, Retry::Never;
    /// The request's content type is not JSON.
    UnsupportedMediaType = "unsupported_media_type", 415, Retry::Never;
    /// The file is not what it says, is not allowed here, or cannot be read.
    MediaRefused = "media_refused", 422, Retry::Never;
    /// A plain request came to a socket path.
    UpgradeRequired = "upgrade_required", 426, Retry::Never;
    /// Over the rate limit.
    RateLimited = "rate_limited", 429, Retry::AfterMs(1_000);
    /// A fault of the server; the log has it.
    Internal = "internal", 500, Retry::Later;
    /// The disk is full: nothing was stored, reading still works.
    StorageFull = "storage_full", 507, Retry::Later;
    /// The store refuses writes; the message says why.
    StorageUnavailable = "storage_unavailable", 503, Retry::Later;
    /// Too much work is queued.
    Overloaded = "overloaded", 503, Retry::AfterMs(500);
    /// The server is going down; connect again.
    Draining = "draining", 503, Retry::AfterMs(1_000);
}

/// What a client does after a socket was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Connects again after a back-off.
    Reconnect,
    /// Connects again after the wait that the reason text names.
    Wait,
    /// Does not connect again by itself.
    Stop,
}

macro_rules! close_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal, $text:literal, $after:expr;)*) => {
        /// Why the server closed a socket. 4000-4499: connect again with back-off; 4500-4999: do
        /// not; 1012: connect again after the wait in the reason text.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CloseCode { $($(#[doc = $doc])+ $name,)* }

        impl CloseCode {
            /// Every code, for documents and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The number on the wire.
            #[must_use]
            pub fn number(self) -> u16 { match self { $(Self::$name => $number,)* } }
            /// The reason text on the wire, in short.
            #[must_use]
            pub fn reason(self) -> &'static str { match self { $(Self::$name => $text,)* } }
            /// What the client does next.
            #[must_use]
            pub fn after(self) -> After { match self { $(Self::$name => $after,)* } }
            /// What it means, for the table in the documentation.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)* }
            }
        }
    };
}

close_codes! {
    /// Regular end.
    Normal = 1000, "", After::Stop;
    /// The peer broke RFC 6455.
    ProtocolError = 1002, "protocol error", After::Reconnect;
    /// A frame of a type that is not taken here.
    Unsupported = 1003, "only text frames are taken here", After::Reconnect;
    /// Text that is not UTF-8.
    InvalidUtf8 = 1007, "text is not UTF-8", After::Reconnect;
    /// A limit of the connection's budget was broken.
    PolicyViolation = 1008, "policy violation", After::Reconnect;
    /// A message larger than allowed.
    TooLarge = 1009, "message too large", After::Reconnect;
    /// The server goes down; the reason is `retry_after_ms=N`.
    Draining = 1012, "retry_after_ms=1000", After::Wait;
    /// A dialect's way to refuse a send that could not be stored.
    TryAgainLater = 1013, "try again later", After::Reconnect;
    /// The reader was too slow; resume.
    SlowReader = 4000, "too slow: reconnect and resume", After::Reconnect;
    /// No sign of life within the heartbeat time.
    HeartbeatLost = 4001, "no heartbeat", After::Reconnect;
    /// No hello within the time allowed.
    HelloTimeout = 4002, "no hello in time", After::Reconnect;
    /// The token expired while the socket was open: reconnect with a new one.
    TokenExpired = 4003, "token expired", After::Reconnect;
    /// Too much unanswered work; reconnect later.
    Overloaded = 4005, "overloaded", After::Reconnect;
    /// The token is not valid.
    Unauthorized = 4500, "unauthorized", After::Stop;
    /// A new socket of the same page took over.
    Replaced = 4501, "replaced by the same page", After::Stop;
    /// Ended by an administrator or the owner's backend.
    Kicked = 4502, "kicked", After::Stop;
    /// The user is banned.
    Banned = 4503, "banned", After::Stop;
    /// This path does not take the caller.
    Forbidden = 4504, "forbidden", After::Stop;
    /// Over the limit of connections per user: this one, the quietest, made room for a new one.
    /// Connect again when the user comes back to this page; by itself it would push out the next.
    DeviceLimit = 4505, "replaced by a newer connection of this user", After::Stop;
    /// The user signed this device out on another one.
    SignedOut = 4506, "signed out on another device", After::Stop;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_code_is_given_twice() {
        let texts: HashSet<_> = ErrorCode::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(texts.len(), ErrorCode::ALL.len());
        let numbers: HashSet<_> = CloseCode::ALL.iter().map(|c| c.number()).collect();
        assert_eq!(numbers.len(), CloseCode::ALL.len());
    }

    #[test]
    fn the_range_of_a_close_code_says_whether_to_reconnect() {
        for code in CloseCode::ALL {
            match code.number() {
                4000..=4499 => assert_eq!(code.after(), After::Reconnect, "{code:?}"),
                4500..=4999 => assert_eq!(code.after(), After::Stop, "{code:?}"),
                1012 => assert_eq!(code.after(), After::Wait),
                _ => {}
            }
        }
    }

    #[test]
    fn close_reasons_fit_a_control_frame() {
        assert!(CloseCode::ALL.iter().all(|c| c.reason().len() <= 123));
    }
}
