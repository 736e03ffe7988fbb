//! The objects that several frames hold.

use super::{
    Is, Shape, Ty,
    common::{BODY, C, CID, SEQ, TS},
    may, must,
};

const MARKS: Ty = Ty::Tuple(&[Ty::Text, Ty::Integer]);
const GONE: &[&str] = &["recalled", "deleted", "expired"];
const ROLES: &[&str] = &["user", "agent", "bot", "admin"];

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "User",
        doc: "A user as others see him.",
        is: Is::Object(&[
            must("id", Ty::Text, "Id."),
            must("name", Ty::Text, "Name to show."),
            must("avatar", Ty::Text, "Address of a picture; may be empty."),
            must("role", Ty::Name(ROLES), "What he may be."),
        ]),
    },
    Shape {
        name: "Body",
        doc: "Kind and text; every kind has a text, so that an unknown kind is shown by it.",
        is: Is::Open(&[
            must("k", Ty::Text, "Kind."),
            must("x", Ty::Text, "Text, or what is shown in place of an unknown kind."),
        ]),
    },
    Shape {
        name: "Forwarded",
        doc: "Whose words a forwarded body holds: field `fw` of a body, set by the server.",
        is: Is::Object(&[
            must("from", Ty::Text, "Who said them first."),
            must("ts", Ty::Integer, "When, Unix ms."),
        ]),
    },
    Shape {
        name: "ReactionEntry",
        doc: "`[emoji, users]`, in the order of first use.",
        is: Is::Alias(Ty::Tuple(&[Ty::Text, Ty::List(&Ty::Text)])),
    },
    Shape {
        name: "Mark",
        doc: "`[conversation, seq]` of a receipt, or `[channel, version]` of a hello.",
        is: Is::Alias(MARKS),
    },
    Shape {
        name: "MessageItem",
        doc: "A message.",
        is: Is::Object(&[
            C,
            SEQ,
            must("id", Ty::Text, "Its global id."),
            must("from", Ty::Text, "Who sent it."),
            TS,
            BODY,
            CID,
            may("rev", Ty::Integer, "The conversation's number of its last change; absent: never."),
            may("edited", Ty::Integer, "When its text was changed last, Unix ms."),
            may("reactions", Ty::List(&Ty::Shape("ReactionEntry")), "Absent when there are none."),
        ]),
    },
    Shape {
        name: "GoneItem",
        doc: "Places with nothing to see.",
        is: Is::Object(&[
            must("from", Ty::Integer, "First place."),
            must("to", Ty::Integer, "Last place."),
            must("gone", Ty::Name(GONE), "Why."),
            may("by", Ty::Text, "Whose recalled messages these were."),
        ]),
    },
    Shape {
        name: "Item",
        doc: "A place of a history.",
        is: Is::OneOf(&["MessageItem", "GoneItem"]),
    },
    Shape {
        name: "Draft",
        doc: "What the user has typed and not sent.",
        is: Is::Object(&[
            must("x", Ty::Text, "The text."),
            may("re", Ty::Integer, "The message that it answers."),
        ]),
    },
    Shape {
        name: "Entry",
        doc: "A conversation in the list.",
        is: Is::Object(&[
            C,
            must("kind", Ty::Name(&["direct", "group", "desk"]), "What it is."),
            must("peer", Ty::OrNull(&Ty::Shape("User")), "The other user."),
            must("head", Ty::Integer, "Newest place; 0 without messages."),
            must("rev", Ty::Integer, "Number of its last shared change."),
            must("ts", Ty::Integer, "Time of the newest message, Unix ms; 0 without."),
            must("unread", Ty::Integer, "Messages of others that were not read."),
            must("read", Ty::Integer, "Read up to here, on any device."),
            must("cleared", Ty::Integer, "Deleted on this side up to here."),
            must("delivered", Ty::Integer, "Received up to here, on any device."),
            must("visible", Ty::Bool, "It belongs in the list."),
            must("pin", Ty::Bool, "On top of the list."),
            must("mute", Ty::Bool, "No sound, no badge."),
            must("peer_read", Ty::Integer, "What the other side has read."),
            must("peer_delivered", Ty::Integer, "What the other side has received."),
            must("last", Ty::OrNull(&Ty::Shape("Item")), "Newest message that this user may see."),
            may("draft", Ty::Shape("Draft"), "What this user has typed here and not sent."),
        ]),
    },
    Shape {
        name: "SyncEntry",
        doc: "A changed conversation in a resume.",
        is: Is::More(
            "Entry",
            &[
                may("items", Ty::List(&Ty::Shape("Item")), "What was missed or changed."),
                may(
                    "hole",
                    Ty::Tuple(&[Ty::Integer, Ty::Integer]),
                    "Older missed places, first and last.",
                ),
                may("changes", Ty::Integer, "Not all places changed after this rev were sent."),
            ],
        ),
    },
    Shape {
        name: "PresenceState",
        doc: "Whether someone is there.",
        is: Is::Object(&[
            must("user", Ty::Text, "Who."),
            must("online", Ty::Bool, "Has a connection."),
            must("last_seen", Ty::Integer, "Unix ms; 0: never."),
        ]),
    },
    Shape {
        name: "Device",
        doc: "An installation of an app that the user has signed in on.",
        is: Is::Object(&[
            must("device", Ty::Text, "Its id."),
            must("name", Ty::Text, "What it calls itself; may be empty."),
            must("first_seen", Ty::Integer, "First sign-in, Unix ms."),
            must("last_seen", Ty::Integer, "Last sign-in that was noted, Unix ms."),
            must("online", Ty::Bool, "Connected now."),
            must("current", Ty::Bool, "The one that asks."),
        ]),
    },
    Shape {
        name: "Limits",
        doc: "What the server takes.",
        is: Is::Object(&[
            must("body_bytes", Ty::Integer, "Largest body."),
            must("in_flight", Ty::Integer, "Requests that may wait for an answer."),
            must("messages_per_s", Ty::Integer, "Rate of this user."),
            must("list", Ty::Integer, "Entries of a list in a frame."),
            may("recall_ms", Ty::Integer, "How long a message can be recalled."),
            may("edit_ms", Ty::Integer, "How long a text can be edited."),
            may("draft_bytes", Ty::Integer, "Longest draft."),
            may("media_bytes", Ty::Integer, "Largest upload; 0: none."),
        ]),
    },
];
