//! What clients send.

use super::{
    Field, Frame, Told, Ty,
    common::{BODY, C, CID, LIMIT, ON, SEQ, USER},
    frame, may, must,
};

const MARKS: Ty = Ty::List(&Ty::Shape("Mark"));
const TO: Field = may("to", Ty::Text, "The receiver; `desk:` is the customer-service desk.");
const OR_C: Field = may("c", Ty::Text, "In place of `to`: a conversation.");
const DELIVERED: Field = may("delivered", MARKS, "Received up to.");
const READ: Field = may("read", MARKS, "Read up to.");

const fn request(t: &'static str, doc: &'static str, fields: &'static [Field]) -> Frame {
    frame(t, Told::Request, doc, fields)
}

pub(super) const FRAMES: &[Frame] = &[
    request(
        "hello",
        "The first frame.",
        &[
            may("token", Ty::Text, "User token, unless the handshake had one."),
            may("device", Ty::Text, "Id of this installation, kept for ever."),
            may("instance", Ty::Text, "Random id of this page load."),
            may("name", Ty::Text, "What the device calls itself, for the list of devices."),
            may("cursor", Ty::Text, "Where to resume."),
            may("channels", MARKS, "Last version of each channel."),
            may("features", Ty::List(&Ty::Text), "Abilities of this client."),
        ],
    ),
    request("auth", "A new token for the same user.", &[must("token", Ty::Text, "The token.")]),
    request("ping", "Heartbeat.", &[DELIVERED, READ]),
    request("send", "Send a message.", &[TO, OR_C, CID, BODY]),
    request("receipt", "What was received and read.", &[DELIVERED, READ]),
    request("typing", "The user is typing.", &[TO, OR_C]),
    request(
        "presence.watch",
        "Follow the presence of these users.",
        &[must("users", Ty::List(&Ty::Text), "In place of those before.")],
    ),
    request(
        "history",
        "A page of messages.",
        &[
            C,
            may("before", Ty::Integer, "Older than this place."),
            may("after", Ty::Integer, "Newer than this place."),
            LIMIT,
        ],
    ),
    request(
        "inbox",
        "A page of the conversation list.",
        &[may("before", Ty::Text, "The `next` of the page before."), LIMIT],
    ),
    request(
        "conv.open",
        "Make the conversation with someone visible.",
        &[must("to", Ty::Text, "With whom.")],
    ),
    request("conv.pin", "Keep a conversation on top of the list.", &[C, ON]),
    request("conv.mute", "No sound, no badge.", &[C, ON]),
    request("conv.hide", "Out of the list until the next message.", &[C]),
    request("conv.delete", "Delete all messages on this side.", &[C]),
    request(
        "conv.draft",
        "Keep what was typed and not sent.",
        &[
            C,
            must("x", Ty::Text, "The text; empty forgets it."),
            may("re", Ty::Integer, "The message that it answers."),
        ],
    ),
    request("msg.hide", "Hide one message on this side.", &[C, SEQ]),
    request("msg.recall", "Take a message of one's own back for everyone.", &[C, SEQ]),
    request("msg.edit", "Give a text of one's own another text.", &[C, SEQ, BODY]),
    request(
        "msg.react",
        "Put an emoji on a message, or take it away.",
        &[C, SEQ, must("e", Ty::Text, "One emoji."), ON],
    ),
    request(
        "msg.forward",
        "Send a copy of a message that one sees.",
        &[C, SEQ, TO, may("into", Ty::Text, "In place of `to`: a conversation."), CID],
    ),
    request(
        "changes",
        "Places of a conversation that changed.",
        &[C, must("after", Ty::Integer, "The rev one has."), LIMIT],
    ),
    request("unread", "Why is the unread count what it is?", &[C]),
    request("block", "Refuse messages from someone, or accept them again.", &[USER, ON]),
    request("blocks", "Whom the user has blocked.", &[]),
    request(
        "channel",
        "The last value of a push channel.",
        &[must("channel", Ty::Text, "Its name.")],
    ),
    request("broadcast", "A passing message to everyone connected.", &[BODY]),
    request("devices", "The user's devices.", &[]),
    request(
        "device.signout",
        "End a device; it needs a new token to come back.",
        &[must("device", Ty::Text, "Its id.")],
    ),
    request(
        "profile.set",
        "Change the user's name and picture.",
        &[
            may("name", Ty::Text, "Name to show, 1 to 64 characters."),
            may("avatar", Ty::Text, "Empty, an https address, or that of an upload."),
        ],
    ),
];
