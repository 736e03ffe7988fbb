//! Replies with many fields: `ready`, `sync`, `history`, `inbox`, `channel`, `presence.watch`.
//! The order of the fields is the order on the wire; golden files hold them to it.

use bytes::Bytes;
use magpie_core::{
    Policy, Refusal, User,
    conversation::draft::DRAFT_BYTES_MAX,
    model::{ChangesPage, ChannelValue, Device, HistoryPage, InboxMark, InboxPage, ResumePage},
    presence::State,
};
use magpie_proto::{ConversationId, ErrorCode, client};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{EntryView, ItemView, MissedView, UserView, items, reply};
use crate::{features::Features, settings::Settings};

/// What `ready` says besides the settings.
#[derive(Debug, Clone, Copy)]
pub struct Ready<'a> {
    /// Who signed in.
    pub user: &'a User,
    /// Identity of the store's history.
    pub epoch: u64,
    /// Number of the connection.
    pub conn: u64,
    /// The server's clock, Unix ms.
    pub now_ms: u64,
    /// When the token expires, Unix ms.
    pub expires_ms: u64,
    /// What the client asked for.
    pub features: Features,
    /// Times in which messages may be changed.
    pub policy: &'a Policy,
}

/// Reply to `hello`.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn ready(r: Option<u64>, settings: &Settings, ready: &Ready<'_>) -> Result<Bytes, Refusal> {
    #[derive(Serialize)]
    struct Limits {
        body_bytes: usize,
        in_flight: usize,
        messages_per_s: u32,
        list: usize,
        #[serde(flatten)]
        more: Option<More>,
    }
    /// For clients that named an ability; others get what they always got.
    #[derive(Serialize)]
    struct More {
        recall_ms: u64,
        edit_ms: u64,
        draft_bytes: usize,
        media_bytes: u64,
    }
    #[derive(Serialize)]
    struct Fields<'a> {
        v: u32,
        server: &'a str,
        user: UserView<'a>,
        epoch: String,
        conn: String,
        heartbeat_ms: u64,
        limits: Limits,
        #[serde(skip_serializing_if = "Option::is_none")]
        features: Option<Vec<&'static str>>,
        now: u64,
        expires: u64,
    }
    let limits = &settings.limits;
    let features = ready.features.used(settings);
    let more = features.is_some().then_some(More {
        recall_ms: ready.policy.recall_window_ms,
        edit_ms: ready.policy.edit_window_ms,
        draft_bytes: DRAFT_BYTES_MAX,
        media_bytes: settings.media_bytes_max,
    });
    let fields = Fields {
        v: 1,
        server: &settings.server_name,
        user: UserView::of(ready.user),
        epoch: format!("{:016x}", ready.epoch),
        conn: ready.conn.to_string(),
        heartbeat_ms: settings.times.heartbeat_interval_ms,
        limits: Limits {
            body_bytes: limits.body_bytes_max,
            in_flight: limits.in_flight_max,
            messages_per_s: limits.messages.per_second,
            list: client::LIST_MAX,
            more,
        },
        features,
        now: ready.now_ms,
        expires: ready.expires_ms,
    };
    reply("ready", r, &fields)
}

/// One page of a resume; the last one carries the cursor.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn sync(
    page: &ResumePage,
    viewer: &str,
    gap: bool,
    cursor: Option<&str>,
) -> Result<Bytes, Refusal> {
    #[derive(Serialize)]
    struct Fields<'a> {
        gap: bool,
        more: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        cur: Option<&'a str>,
        convs: Vec<MissedView<'a>>,
    }
    let convs = page.changed.iter().map(|missed| MissedView::of(missed, viewer)).collect();
    reply("sync", None, &Fields { gap, more: cursor.is_none(), cur: cursor, convs })
}

/// Reply to `history`.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn history(
    r: Option<u64>,
    conversation: ConversationId,
    page: &HistoryPage,
    viewer: &str,
) -> Result<Bytes, Refusal> {
    #[derive(Serialize)]
    struct Fields<'a> {
        c: String,
        head: u64,
        more: bool,
        items: Vec<ItemView<'a>>,
    }
    let fields = Fields {
        c: conversation.to_string(),
        head: page.head,
        more: page.more,
        items: items(&page.items, viewer),
    };
    reply("history", r, &fields)
}

/// Reply to `changes`.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn changes(
    r: Option<u64>,
    conversation: ConversationId,
    page: &ChangesPage,
    viewer: &str,
) -> Result<Bytes, Refusal> {
    #[derive(Serialize)]
    struct Fields<'a> {
        c: String,
        rev: u64,
        more: bool,
        items: Vec<ItemView<'a>>,
    }
    let fields = Fields {
        c: conversation.to_string(),
        rev: page.rev,
        more: page.more,
        items: items(&page.items, viewer),
    };
    reply("changes", r, &fields)
}

/// Reply to `inbox`.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn inbox(r: Option<u64>, page: &InboxPage, viewer: &str) -> Result<Bytes, Refusal> {
    #[derive(Serialize)]
    struct Fields<'a> {
        convs: Vec<EntryView<'a>>,
        next: Option<String>,
    }
    let convs = page.entries.iter().map(|entry| EntryView::of(entry, viewer)).collect();
    reply("inbox", r, &Fields { convs, next: page.next.map(mark_text) })
}

/// The wire form of an inbox mark; clients hand it back as it came.
fn mark_text(mark: InboxMark) -> String {
    format!("{}.{}.{}", u8::from(mark.pinned), mark.head_ms, mark.conversation)
}

/// Reads the wire form of an inbox mark.
///
/// # Errors
/// `bad_request` for a text that no page gave out.
pub fn parse_mark(text: &str) -> Result<InboxMark, Refusal> {
    let parse = || {
        let mut parts = text.splitn(3, '.');
        let pinned = match parts.next()? {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        let head_ms = parts.next()?.parse().ok().filter(|ms| *ms <= client::INTEGER_MAX)?;
        let conversation = ConversationId::parse(parts.next()?).ok()?;
        Some(InboxMark { pinned, head_ms, conversation })
    };
    parse().ok_or_else(|| {
        Refusal::new(ErrorCode::BadRequest, "\"before\" must be the \"next\" of the page before")
    })
}

/// Reply to `channel`; `value` is `None` when nothing is held.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn channel(
    r: Option<u64>,
    channel: &str,
    value: Option<&ChannelValue>,
) -> Result<Bytes, Refusal> {
    #[derive(Serialize)]
    struct Fields<'a> {
        channel: &'a str,
        version: u64,
        ts: u64,
        data: Option<&'a RawValue>,
    }
    let fields = Fields {
        channel,
        version: value.map_or(0, |value| value.version),
        ts: value.map_or(0, |value| value.sent_ms),
        data: value.and_then(|value| serde_json::from_str(&value.data).ok()),
    };
    reply("channel", r, &fields)
}

/// Reply to `presence.watch`: how everyone asked for is now.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn presence(r: Option<u64>, states: &[State]) -> Result<Bytes, Refusal> {
    #[derive(Serialize)]
    struct One<'a> {
        user: &'a str,
        online: bool,
        last_seen: u64,
    }
    #[derive(Serialize)]
    struct Fields<'a> {
        users: Vec<One<'a>>,
    }
    let mut users = Vec::with_capacity(states.len());
    for State { user, online, last_seen_ms } in states {
        users.push(One { user: user.as_str(), online: *online, last_seen: *last_seen_ms });
    }
    reply("ok", r, &Fields { users })
}

/// Reply to `devices`.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn devices(
    r: Option<u64>,
    devices: &[Device],
    online: impl Fn(&str) -> bool,
    current: &str,
) -> Result<Bytes, Refusal> {
    #[derive(Serialize)]
    struct One<'a> {
        device: &'a str,
        name: &'a str,
        first_seen: u64,
        last_seen: u64,
        online: bool,
        current: bool,
    }
    #[derive(Serialize)]
    struct Fields<'a> {
        devices: Vec<One<'a>>,
    }
    let mut views = Vec::with_capacity(devices.len());
    for device in devices {
        views.push(One {
            device: &device.id,
            name: &device.name,
            first_seen: device.first_ms,
            last_seen: device.last_ms,
            online: online(&device.id),
            current: *device.id == *current,
        });
    }
    reply("devices", r, &Fields { devices: views })
}

/// Reply to `profile.set`: the user as he is now.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn user(r: Option<u64>, user: &User) -> Result<Bytes, Refusal> {
    #[derive(Serialize)]
    struct Fields<'a> {
        user: UserView<'a>,
    }
    reply("user", r, &Fields { user: UserView::of(user) })
}

/// Reply to `blocks`: whom the caller has blocked.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn blocks(r: Option<u64>, users: &[User]) -> Result<Bytes, Refusal> {
    #[derive(Serialize)]
    struct Fields<'a> {
        users: Vec<UserView<'a>>,
    }
    reply("blocks", r, &Fields { users: users.iter().map(UserView::of).collect() })
}

/// Reply to `auth`.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn renewed(r: Option<u64>, expires_ms: u64) -> Result<Bytes, Refusal> {
    #[derive(Serialize)]
    struct Fields {
        expires: u64,
    }
    reply("ok", r, &Fields { expires: expires_ms })
}

/// Reply to `broadcast`: connections that were open at that moment.
///
/// # Errors
/// `internal`, when it cannot be encoded: a bug.
pub fn reached(r: Option<u64>, connections: u64) -> Result<Bytes, Refusal> {
    #[derive(Serialize)]
    struct Fields {
        connections: u64,
    }
    reply("ok", r, &Fields { connections })
}
