//! What the server sends.

use super::{
    Frame, Told, Ty,
    common::{BODY, C, DROPPED, SEQ, TS, USER},
    frame, like, may, must,
};

const ITEMS: Ty = Ty::List(&Ty::Shape("Item"));
const WHY: &[&str] = &["counts", "own", "void", "hidden"];
const KINDS: &[&str] = &["recall", "edit", "react"];
const RETRY: &[&str] = &["never", "later", "after_ms"];

pub(super) const FRAMES: &[Frame] = &[
    frame(
        "ready",
        Told::Reply,
        "Reply to `hello`.",
        &[
            must("v", Ty::Integer, "Version of the protocol."),
            must("server", Ty::Text, "Name and version, for logs."),
            must("user", Ty::Shape("User"), "Who the token says you are."),
            must("epoch", Ty::Text, "Identity of the server's history."),
            must("conn", Ty::Text, "Id of this connection."),
            must("heartbeat_ms", Ty::Integer, "Send a ping this often."),
            must("limits", Ty::Shape("Limits"), "What the server takes."),
            may("features", Ty::List(&Ty::Text), "What it has and this connection uses."),
            must("now", Ty::Integer, "The server's clock, Unix ms."),
            must("expires", Ty::Integer, "When the token ends, Unix ms."),
        ],
    ),
    frame(
        "sync",
        Told::Event,
        "A page of the resume.",
        &[
            must("gap", Ty::Bool, "The cursor could not be used: drop the cache."),
            must("more", Ty::Bool, "Another page follows."),
            may("cur", Ty::Text, "The new cursor; on the last page."),
            must("convs", Ty::List(&Ty::Shape("SyncEntry")), "What changed."),
        ],
    ),
    frame(
        "ok",
        Told::Reply,
        "Done.",
        &[
            may("expires", Ty::Integer, "To `auth`: when the new token ends, Unix ms."),
            may("users", Ty::List(&Ty::Shape("PresenceState")), "To `presence.watch`."),
            may("connections", Ty::Integer, "To `broadcast`: how many it went to."),
        ],
    ),
    frame(
        "ack",
        Told::Reply,
        "A sent or forwarded message is on disk.",
        &[
            C,
            must("id", Ty::Text, "Its global id."),
            SEQ,
            TS,
            may("dup", Ty::Bool, "It was stored before, by an earlier send with this `cid`."),
        ],
    ),
    like("msg", Told::Durable, "A new message.", "MessageItem", &[]),
    frame("msg.hidden", Told::Durable, "The user hid a message on some device.", &[C, SEQ]),
    frame(
        "msg.change",
        Told::Durable,
        "A message was changed for everyone; only with the feature `changes`.",
        &[
            C,
            must("rev", Ty::Integer, "The conversation's number of this change, without gaps."),
            SEQ,
            must("kind", Ty::Name(KINDS), "What was done."),
            must("by", Ty::Text, "By whom."),
            must("ts", Ty::Integer, "When, Unix ms."),
            must("item", Ty::Shape("Item"), "The place as it is now."),
        ],
    ),
    frame(
        "conv.state",
        Told::Durable,
        "The user's private state of a conversation.",
        &[
            C,
            must("read", Ty::Integer, "Read up to here."),
            must("cleared", Ty::Integer, "Deleted on this side up to here."),
            must("hidden", Ty::Integer, "In the list while `head` is above; -1: opened empty."),
            must("pin", Ty::Bool, "On top of the list."),
            must("mute", Ty::Bool, "No sound, no badge."),
            must("unread", Ty::Integer, "Messages of others that were not read."),
        ],
    ),
    frame(
        "conv.draft",
        Told::Event,
        "The user typed something on another device and did not send it.",
        &[
            C,
            must("x", Ty::Text, "The text; empty: none."),
            may("re", Ty::Integer, "The message that it answers."),
            must("ts", Ty::Integer, "When, Unix ms."),
        ],
    ),
    frame(
        "receipt",
        Told::Event,
        "Someone has received or read; a lower bound.",
        &[
            C,
            USER,
            must("delivered", Ty::Integer, "Received up to here."),
            must("read", Ty::Integer, "Read up to here."),
        ],
    ),
    frame("typing", Told::Event, "Someone is typing.", &[C, USER]),
    like("presence", Told::Event, "Someone came or went.", "PresenceState", &[]),
    frame(
        "push",
        Told::Event,
        "A channel's value.",
        &[
            must("channel", Ty::Text, "Its name."),
            must("version", Ty::Integer, "0: a passing value."),
            TS,
            must("data", Ty::Any, "The value."),
            DROPPED,
        ],
    ),
    frame(
        "broadcast",
        Told::Event,
        "A passing message to everyone connected.",
        &[may("from", Ty::Text, "Who; absent: the owner's backend."), BODY, DROPPED],
    ),
    frame(
        "pong",
        Told::Reply,
        "Reply to `ping`.",
        &[
            may("cur", Ty::Text, "A cursor that covers everything before this frame."),
            must("n", Ty::Integer, "Durable events put on this connection since `ready`."),
            must("now", Ty::Integer, "The server's clock, Unix ms."),
        ],
    ),
    frame(
        "history",
        Told::Reply,
        "A page of messages.",
        &[
            C,
            must("head", Ty::Integer, "Newest place."),
            must("more", Ty::Bool, "There is more on the side asked for."),
            must("items", ITEMS, "Dense, oldest first."),
        ],
    ),
    frame(
        "inbox",
        Told::Reply,
        "A page of the conversation list.",
        &[
            must("convs", Ty::List(&Ty::Shape("Entry")), "Conversations."),
            must("next", Ty::OrNull(&Ty::Text), "Mark of the next page."),
        ],
    ),
    like("conv", Told::Reply, "One conversation as it is now.", "Entry", &[]),
    frame(
        "changes",
        Told::Reply,
        "Places that changed, each once, as they are now.",
        &[
            C,
            must("rev", Ty::Integer, "The page covers the changes up to here."),
            must("more", Ty::Bool, "Further ones follow."),
            must("items", ITEMS, "By their last change."),
        ],
    ),
    frame(
        "unread",
        Told::Reply,
        "Why the unread count is what it is.",
        &[
            C,
            must("count", Ty::Integer, "The count."),
            must("floor", Ty::Integer, "Places up to here never count."),
            must("head", Ty::Integer, "Newest place."),
            must(
                "places",
                Ty::List(&Ty::Tuple(&[Ty::Integer, Ty::Name(WHY)])),
                "Newest places above the floor and what they do.",
            ),
        ],
    ),
    frame(
        "blocks",
        Told::Reply,
        "Whom the user has blocked, by id.",
        &[must("users", Ty::List(&Ty::Shape("User")), "At most 1,000.")],
    ),
    frame(
        "channel",
        Told::Reply,
        "A channel's last value.",
        &[
            must("channel", Ty::Text, "Its name."),
            must("version", Ty::Integer, "0: nothing is kept."),
            must("ts", Ty::Integer, "When it was published, Unix ms."),
            must("data", Ty::Any, "The value."),
        ],
    ),
    frame(
        "devices",
        Told::Reply,
        "The user's devices, newest first.",
        &[must("devices", Ty::List(&Ty::Shape("Device")), "Those that are signed in.")],
    ),
    frame("user", Told::Reply, "The user as he is now.", &[must("user", Ty::Shape("User"), "He.")]),
    frame(
        "error",
        Told::Either,
        "A refusal.",
        &[
            must("code", Ty::Text, "Stable: programs decide by it."),
            must("retry", Ty::Name(RETRY), "Whether to try again."),
            may("after_ms", Ty::Integer, "When, with `retry` `after_ms`."),
            must("message", Ty::Text, "For a person."),
        ],
    ),
];
